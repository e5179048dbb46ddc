"""Leads, amplitude units and body-size formulas: the only place where units are converted."""

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
LIMB_LEADS = LEADS[:6]
PRECORDIAL_LEADS = LEADS[6:]
INDEPENDENT_LEADS = ("I", "II", *PRECORDIAL_LEADS)
"""The eight leads that are measured; III, aVR, aVL and aVF follow from I and II."""

LEAD_INDEX = {lead: index for index, lead in enumerate(LEADS)}
INDEPENDENT_ROWS = [LEAD_INDEX[lead] for lead in INDEPENDENT_LEADS]
_BY_LOWER_NAME = {lead.lower(): lead for lead in LEADS}
_PREFIXES = ("mdc_ecg_lead_", "lead ", "lead_", "lead-")

MILLIVOLTS_PER = {"mV": 1.0, "uV": 1e-3, "nV": 1e-6, "V": 1e3}
"""Millivolts in one of each unit a reader may meet."""

_UNIT_SPELLINGS = {
    "mv": "mV", "millivolt": "mV", "millivolts": "mV",
    "uv": "uV", "µv": "uV", "μv": "uV", "microvolt": "uV", "microvolts": "uV",
    "nv": "nV", "nanovolt": "nV",
    "v": "V", "volt": "V", "volts": "V",
}  # fmt: skip


def standard_lead(name: str) -> str | None:
    """Return the standard name of a lead ("avr", "Lead aVR", "MDC_ECG_LEAD_AVR" → "aVR"), or None."""
    plain = name.strip().lower()
    for prefix in _PREFIXES:
        plain = plain.removeprefix(prefix)
    return _BY_LOWER_NAME.get(plain.strip())


def standard_unit(text: str) -> str | None:
    """Return "mV", "uV", "nV" or "V" for any common spelling, or None when the text names no voltage."""
    return _UNIT_SPELLINGS.get(text.strip().lower())


def body_surface_area_m2(height_cm: float, weight_kg: float) -> float:
    """Body surface area in m² after DuBois & DuBois 1916 (doi 10.1001/archinte.1916.00080130010002)."""
    return 0.007184 * height_cm**0.725 * weight_kg**0.425


def body_mass_index(height_cm: float, weight_kg: float) -> float:
    """Body mass index in kg/m²."""
    return weight_kg / (height_cm / 100.0) ** 2


INCHES_PER_FOOT = 12
CM_PER_INCH = 2.54
KG_PER_POUND = 0.45359237
"""Both exact (international yard and pound agreement, 1959)."""


def cm_from_feet(feet: float | None, inches: float | None) -> float | None:
    """Height in cm from feet and inches; None when both are None, an absent one of the two counts as 0."""
    if feet is None and inches is None:
        return None
    return ((feet or 0.0) * INCHES_PER_FOOT + (inches or 0.0)) * CM_PER_INCH


def feet_from_cm(height_cm: float | None) -> tuple[float | None, float | None]:
    """Height in whole feet and the inches that remain."""
    if height_cm is None:
        return None, None
    feet, inches = divmod(height_cm / CM_PER_INCH, INCHES_PER_FOOT)
    return feet, inches


def kg_from_pounds(pounds: float | None) -> float | None:
    """Weight in kg."""
    return None if pounds is None else pounds * KG_PER_POUND


def pounds_from_kg(weight_kg: float | None) -> float | None:
    """Weight in pounds."""
    return None if weight_kg is None else weight_kg / KG_PER_POUND
