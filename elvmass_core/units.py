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
