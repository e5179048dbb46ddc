"""A report as one A4 page: the answer and its doubts above, the ECG true to scale below.

Drawn with fpdf2 straight in millimetres: a 5 mm square of the grid is 5 mm on paper without a figure size, a DPI or a
margin in between, and its polylines stay vectors. (matplotlib would need every axes placed in fractions of a figure.)
The page lies on its side because 10 s at 25 mm/s are 250 mm wide. High voltages are drawn at 5 mm/mV or less when the
leads would not fit at 10, and the page says so.

No name, identifier or date is in it, unless it is typed in as `for_name` or `note`.
"""

from collections.abc import Sequence

from elvmass_core.domain import Beat, Estimate, Finding, Lvh, Report, Severity
from elvmass_core.figures.paper import Sheet, lay_out
from elvmass_core.quality import distances_in_words, scope_words
from elvmass_core.report.canvas import PAGE_MM, Canvas, Rgb, line_mm
from elvmass_core.report.drawings import (
    INK,
    LOWERS,
    MUTED,
    RAISES,
    SMALL_PT,
    Box,
    draw_beat,
    draw_scale,
    draw_sheet,
)
from elvmass_core.report.words import (
    BOTH_MODELS,
    HASH_LETTERS,
    LVH_WORDS,
    NOT_EXCLUDED,
    NOT_SIMULATED,
    SEX_WORDS,
    criteria_words,
    finding_words,
    interval_words,
    map_words,
    measurement_words,
    models_words,
    patients_words,
    person_words,
    probability_words,
    stops,
)
from elvmass_core.wording import LOW_VOLTAGE, MODEL_REFERENCE, alone_words, lvh_in_test_words, reference_words

TITLE = "ELVMass — LV mass estimated from a 12-lead ECG (research; not for diagnosis)"
_MARGIN_X, _MARGIN_Y = 13.5, 5.5
_WIDTH = PAGE_MM[0] - 2.0 * _MARGIN_X
_TEXT_PT, _HEAD_PT, _TITLE_PT, _NUMBER_PT = 6.6, 7.6, 12.0, 14.0
_NUMBERS_MM, _FINDINGS_MM, _COLUMN_GAP_MM = 98.0, 72.0, 4.0
_LEAST_UPPER_MM = 52.0
"""Height of the upper half below which the numbers do not fit."""
_MOST_AIR_MM = 1.8
"""Room that a low ECG leaves is spread between the numbers."""
_GUTTER_MM, _BETWEEN_MM, _ALL_LINES = 3.5, 0.5, 99
_GAINS = (10.0, 5.0, 2.5, 1.0, 0.1, 0.01)
"""mm/mV, in the order tried. The last ones are for a wrong unit: then the ECG can be seen, and how wrong it is."""
_STOP_COLOR: Rgb = (176, 0, 32)
_WASH: Rgb = (255, 244, 224)
_RULE: Rgb = (190, 194, 200)
_SIGNS = {
    Severity.STOP: ("■", "Stop", _STOP_COLOR),
    Severity.CAUTION: ("▲", "Caution", RAISES),
    Severity.NOTE: ("●", "Note", MUTED),
}
_LVH_SIGNS = {
    Lvh.FLAGGED: ("▲", RAISES),
    Lvh.NOT_FLAGGED: ("●", LOWERS),
    Lvh.UNCERTAIN: ("◆", MUTED),
    Lvh.NO_RESULT: ("○", MUTED),
}


def to_pdf(report: Report, *, for_name: str = "", note: str = "") -> bytes:
    """The report as a PDF of one A4 page.

    Parameters
    ----------
    report : Report
        A refused one gives a page that says why, with the ECG.
    for_name : str
        Whom the page is for, as typed in; nothing is printed without it.
    note : str
        A remark to print below the patient, at most two lines of it.

    Returns
    -------
    bytes
        The same report gives the same bytes.
    """
    canvas = Canvas(TITLE)
    top = _header(canvas, report, for_name, note)
    footer = _footer_lines(canvas, report)
    footer_y = PAGE_MM[1] - _MARGIN_Y - len(footer) * line_mm(SMALL_PT)
    room = footer_y - top - _LEAST_UPPER_MM - line_mm(_HEAD_PT) - line_mm(SMALL_PT) - 3.0
    sheet = _sheet(report, room)
    height = min(sheet.height_mm, 5.0 * (room // 5.0))
    ecg_y = footer_y - 1.5 - line_mm(SMALL_PT) - height
    heading_y = ecg_y - line_mm(_HEAD_PT) - 0.5
    _upper(canvas, report, Box(x=_MARGIN_X, y=top, width=_WIDTH, height=heading_y - 1.0 - top))
    _ecg(canvas, report, sheet, heading_y, Box(x=_MARGIN_X, y=ecg_y, width=sheet.width_mm, height=height))
    canvas.lines(_MARGIN_X, footer_y, footer, SMALL_PT, MUTED)
    return canvas.pdf_bytes()


# --- Header and footer ------------------------------------------------------------------------------------------------


def _header(canvas: Canvas, report: Report, for_name: str, note: str) -> float:
    """Title, disclaimer and patient; returns where the page goes on."""
    top = _MARGIN_Y
    canvas.text(_MARGIN_X, top, TITLE, _TITLE_PT, INK, bold=True)
    top += line_mm(_TITLE_PT) + 0.6
    strip_mm = line_mm(_HEAD_PT) + 1.2
    canvas.area(_MARGIN_X, top, _WIDTH, strip_mm, _WASH)
    canvas.text(_MARGIN_X + 1.5, top + 0.6, report.disclaimer, _HEAD_PT, INK, bold=True)
    top += strip_mm + 0.8
    person = person_words(report.patient)
    canvas.text(_MARGIN_X, top, person, _HEAD_PT, INK, bold=True)
    label = canvas.printable(for_name)
    if label:
        room = _WIDTH - canvas.text_width(person, _HEAD_PT, bold=True) - 10.0
        words = canvas.shortened(f"For: {label}", room, _HEAD_PT)[0]
        canvas.text(_MARGIN_X + _WIDTH, top, words, _HEAD_PT, INK, align="right")
    top += line_mm(_HEAD_PT) + 0.4
    remark = canvas.printable(note)
    if remark:
        lines = canvas.shortened(f"Remark: {remark}", _WIDTH, _TEXT_PT, max_lines=2)
        top = canvas.lines(_MARGIN_X, top, lines, _TEXT_PT, INK)
    canvas.line(_MARGIN_X, top + 0.3, _MARGIN_X + _WIDTH, top + 0.3, _RULE, 0.2)
    return top + 1.5


def _footer_lines(canvas: Canvas, report: Report) -> list[str]:
    """What the reference is, what made the numbers, from which signal, and what the models have never seen."""
    versions = ", ".join(f"{name} {value}" for name, value in report.versions.items())
    models = f"Model {models_words(report.estimates)}. " if report.estimates else ""
    recording = report.recording
    digest = f"{recording.digest[:HASH_LETTERS]}…"
    made = f"{models}Versions: {versions}. ECG: {recording.format}, SHA-256 {digest}"
    reference = "" if report.estimate is None else f"◇ {MODEL_REFERENCE}: {reference_words(report.estimate)}. "
    simulated = patients_words(report.estimates) == "simulated patients"
    paragraphs = (made, f"{reference}{LOW_VOLTAGE}", NOT_SIMULATED if simulated else "")
    return [line for words in paragraphs for line in canvas.wrapped(words, _WIDTH, SMALL_PT)]


# --- ECG --------------------------------------------------------------------------------------------------------------


def _sheet(report: Report, room_mm: float) -> Sheet:
    """The ECG at the largest gain that fits; the smallest is cut if it does not."""
    for gain in _GAINS:
        sheet = lay_out(report.recording, gain_mm_mv=gain)
        if sheet.height_mm <= room_mm:
            break
    return sheet


def _ecg(canvas: Canvas, report: Report, sheet: Sheet, top: float, box: Box) -> None:
    """Scale and measurements above the sheet, what was done to the signal below it."""
    scale = f"ECG, {sheet.speed_mm_s:g} mm/s, {sheet.gain_mm_mv:g} mm/mV"
    if sheet.gain_mm_mv != _GAINS[0]:
        scale += f" ({_GAINS[0]:g} does not fit the page)"
    canvas.text(box.x, top, scale, _HEAD_PT, INK, bold=True)
    if report.features is not None:
        words = measurement_words(report.features)
        canvas.text(box.right, top + 0.3, words, _TEXT_PT, INK, align="right")
    draw_sheet(canvas, sheet, box)
    footer = f"{sheet.footer} · true to scale when printed at 100 %"
    canvas.text(box.x, box.bottom + 0.3, canvas.shortened(footer, box.width, SMALL_PT)[0], SMALL_PT, MUTED)


# --- Upper half -------------------------------------------------------------------------------------------------------


def _upper(canvas: Canvas, report: Report, box: Box) -> None:
    """Numbers, averaged beat, findings, side by side."""
    numbers = Box(x=box.x, y=box.y, width=_NUMBERS_MM, height=box.height)
    findings = Box(x=box.right - _FINDINGS_MM, y=box.y, width=_FINDINGS_MM, height=box.height)
    left = numbers.right + _COLUMN_GAP_MM
    middle = Box(x=left, y=box.y, width=findings.x - _COLUMN_GAP_MM - left, height=box.height)
    if report.estimates:
        _numbers(canvas, report, numbers)
    else:
        _refusal(canvas, report, numbers)
    if report.beat is not None:
        _beat(canvas, report, report.beat, middle)
    else:
        canvas.text(middle.x, middle.y, "Averaged beat: none could be formed.", _HEAD_PT, INK, bold=True)
    _findings(canvas, report, findings)


def _beat(canvas: Canvas, report: Report, beat: Beat, box: Box) -> None:
    top = _heading(canvas, box, f"Averaged beat of {beat.n_used} beats ({beat.n_rejected} left out)")
    said = [] if report.attribution is None else canvas.wrapped(map_words(report.attribution), box.width, SMALL_PT)
    bottom = box.bottom - len(said) * line_mm(SMALL_PT)
    draw_beat(canvas, beat, report.attribution, Box(x=box.x, y=top, width=box.width, height=bottom - top))
    canvas.lines(box.x, bottom, said, SMALL_PT, MUTED)


def _numbers(canvas: Canvas, report: Report, box: Box) -> None:
    """What the model says, how sure it is, and what to compare it with."""
    top = _heading(canvas, box, f"Model output (trained on {patients_words(report.estimates)})")
    outside = scope_words(report.findings)
    if outside:
        top = canvas.paragraph(box.x, top, outside, box.width, _TEXT_PT, _STOP_COLOR, bold=True) + 0.5
    if report.estimate is None:
        top = _both(canvas, report.estimates, box, top)
    else:
        top = _one(canvas, report, report.estimate, box, top, outside=bool(outside))
    for words in (criteria_words(report.criteria), _shape_words(report)):
        top = _if_it_fits(canvas, words, box, top)


def _heading(canvas: Canvas, box: Box, words: str) -> float:
    canvas.text(box.x, box.y, words, _HEAD_PT, INK, bold=True)
    return box.y + line_mm(_HEAD_PT) + 0.5


def _if_it_fits(canvas: Canvas, words: str, box: Box, top: float) -> float:
    """A paragraph, or nothing where the box has no room for it."""
    lines = canvas.wrapped(words, box.width, _TEXT_PT)
    if top + len(lines) * line_mm(_TEXT_PT) > box.bottom:
        return top
    return canvas.lines(box.x, top, lines, _TEXT_PT, INK)


def _one(canvas: Canvas, report: Report, estimate: Estimate, box: Box, top: float, *, outside: bool) -> float:
    """One model's answer."""
    index = "—" if estimate.lvmi_g_m2 is None else f"{estimate.lvmi_g_m2:.0f} g/m²"
    half = _number(canvas, box.x, top, f"{estimate.lvm_g:.0f} g", _mass_words(estimate), outside=outside)
    _number(canvas, half + 2.5, top, index, _index_words(estimate, outside=outside), outside=outside)
    air = min(_MOST_AIR_MM, max(0.0, (box.height - _LEAST_UPPER_MM) / 5.0))
    top += 2.0 * line_mm(SMALL_PT) + 1.4 + air
    scale = Box(x=box.x, y=top, width=box.width, height=box.bottom - top)
    top = draw_scale(canvas, estimate, scale, bsa_m2=report.patient.bsa_m2, outside=outside) + 0.4 + air
    alone = alone_words(estimate, report.patient, outside=outside)
    top = canvas.paragraph(box.x, top, alone, box.width, _TEXT_PT, INK) + 0.4 + air
    top = _lvh(canvas, estimate, box, top)
    in_test = "" if estimate.lvh is Lvh.NO_RESULT else lvh_in_test_words(estimate)
    for words in (probability_words(estimate), in_test):
        top = canvas.paragraph(box.x, top, words, box.width, _TEXT_PT, INK)
    return top + 0.4 + air


def _number(canvas: Canvas, x: float, top: float, number: str, words: Sequence[str], *, outside: bool = False) -> float:
    """A number with what it is in small lines beside it; returns where they end."""
    size, color = (_HEAD_PT, MUTED) if outside else (_NUMBER_PT, INK)
    middle = top + line_mm(SMALL_PT)
    canvas.text(x, middle - 0.52 * line_mm(size), number, size, color, bold=not outside)
    x += canvas.text_width(number, size, bold=not outside) + 1.5
    canvas.lines(x, top, words, SMALL_PT, INK)
    return x + max(canvas.text_width(line, SMALL_PT) for line in words)


def _mass_words(estimate: Estimate) -> tuple[str, str]:
    return "LV mass", interval_words(estimate)


def _index_words(estimate: Estimate, *, outside: bool) -> tuple[str, str]:
    """The index is judged by a cut-off that belongs to one imaging method."""
    if estimate.lvmi_g_m2 is None:
        return "index", "needs height and weight"
    if outside:
        return "index", "not judged against a cut-off"
    modality = estimate.cutoff_source.partition(":")[0]
    return f"index; LVH above {estimate.cutoff_g_m2:.0f} g/m²,", modality


def _lvh(canvas: Canvas, estimate: Estimate, box: Box, top: float) -> float:
    """The answer on LVH as a badge, then its reason."""
    sign, color = _LVH_SIGNS[estimate.lvh]
    badge = f"{sign} {LVH_WORDS[estimate.lvh]}"
    canvas.text(box.x, top, badge, _HEAD_PT, color, bold=True)
    indent = canvas.text_width(f"{badge}  ", _HEAD_PT, bold=True)
    reason = f"{estimate.lvh_reason}." if estimate.lvh_reason else ""
    if estimate.lvh is Lvh.NOT_FLAGGED:
        reason = f"{reason} {NOT_EXCLUDED}"
    beside = box.width - indent
    if canvas.text_width(reason, _TEXT_PT) <= beside:
        canvas.text(box.x + indent, top + 0.35, reason, _TEXT_PT, INK)
        return top + line_mm(_HEAD_PT)
    return canvas.paragraph(box.x, top + line_mm(_HEAD_PT), reason, box.width, _TEXT_PT, INK)


def _both(canvas: Canvas, estimates: Sequence[Estimate], box: Box, top: float) -> float:
    """Both models' answers for an unknown sex."""
    top = canvas.paragraph(box.x, top, BOTH_MODELS, box.width, _TEXT_PT, INK) + 1.0
    for number, estimate in enumerate(estimates):
        alone = f"without the ECG {estimate.demographics_only_g:.0f} g"
        words = (f"model for {SEX_WORDS[estimate.sex]}", interval_words(estimate), alone)
        _number(canvas, box.x + number * 0.5 * box.width, top, f"{estimate.lvm_g:.0f} g", words)
    return top + 3.0 * line_mm(SMALL_PT) + 1.5


def _refusal(canvas: Canvas, report: Report, box: Box) -> None:
    """Why there is no number."""
    canvas.text(box.x, box.y, "No estimate", _TITLE_PT, _STOP_COLOR, bold=True)
    top = box.y + line_mm(_TITLE_PT) + 0.8
    top = _listed(canvas, stops(report), box, top, _HEAD_PT) + 1.0
    shown = "The ECG, its averaged beat and its measurements are shown as far as they could be made."
    for words in (shown, criteria_words(report.criteria), _shape_words(report)):
        top = _if_it_fits(canvas, words, box, top) + 0.5


def _shape_words(report: Report) -> str:
    if not report.distances:
        return ""
    return f"The shape of the heartbeat lies {distances_in_words(report.distances)}."


def _findings(canvas: Canvas, report: Report, box: Box) -> None:
    """Most serious first; after a refusal, what was found beside its reasons."""
    refused = not report.estimates
    shown = [finding for finding in report.findings if not (refused and finding.severity is Severity.STOP)]
    top = _heading(canvas, box, "Also found" if refused else "Can this ECG be used?")
    if not shown:
        canvas.text(box.x, top, "Nothing else." if refused else "No check objected.", _TEXT_PT, INK)
    _listed(canvas, shown, box, top, _TEXT_PT)


def _listed(canvas: Canvas, findings: Sequence[Finding], box: Box, top: float, size: float) -> float:
    """Findings below each other, and how many more there are when not all fit; returns where they end."""
    lines = _fitting_lines(canvas, findings, box.width - _GUTTER_MM, box.bottom - top, size)
    for number, finding in enumerate(findings):
        needed = len(lines[number]) * line_mm(size)
        after = line_mm(size) if number + 1 < len(findings) else 0.0
        if top + needed + after > box.bottom:
            canvas.text(box.x, top, _more_words(findings[number:]), _TEXT_PT, INK, bold=True)
            return top + line_mm(_TEXT_PT)
        sign, _, color = _SIGNS[finding.severity]
        canvas.text(box.x, top, sign, size, color, bold=True)
        top = canvas.lines(box.x + _GUTTER_MM, top, lines[number], size, INK) + _BETWEEN_MM
    return top


def _fitting_lines(
    canvas: Canvas, findings: Sequence[Finding], width: float, room: float, size: float
) -> list[list[str]]:
    """Each finding as lines: in full where all fit, else each cut to three or two lines."""
    lines: list[list[str]] = []
    for most in (_ALL_LINES, 3, 2):
        lines = [canvas.shortened(_said(finding), width, size, max_lines=most) for finding in findings]
        if sum(len(one) * line_mm(size) + _BETWEEN_MM for one in lines) <= room:
            break
    return lines


def _said(finding: Finding) -> str:
    return f"{_SIGNS[finding.severity][1]}: {finding_words(finding)}"


def _more_words(left_out: Sequence[Finding]) -> str:
    """How many findings did not fit, and how serious they are."""
    counted = ((severity, sum(one.severity is severity for one in left_out)) for severity in Severity)
    kinds = ", ".join(f"{n} {severity.value.lower()}{'s' if n > 1 else ''}" for severity, n in counted if n)
    return f"… and {len(left_out)} more ({kinds}): see the JSON report."
