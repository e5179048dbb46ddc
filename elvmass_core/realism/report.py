"""docs/realism.md and its pictures, written from the numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from elvmass_core.domain import DISCLAIMER, Sex
from elvmass_core.realism.compare import Comparison
from elvmass_core.realism.documents import provenance
from elvmass_core.realism.figures import distributions, mean_beats
from elvmass_core.realism.measures import GROUPS, BeatTable
from elvmass_core.realism.paper import ecg_paper, save_png
from elvmass_core.realism.simulated import has_lvh, has_scar, index_g_m2
from elvmass_core.realism.tables import interval, markdown, sections, with_limits
from elvmass_core.virtual import VirtualPatient, sample_patient, simulate_recording
from elvmass_core.virtual.presets import preset_named
from elvmass_core.virtual.rhythm import RECORDING_FS_HZ
from elvmass_core.wording import SEX_NAMES

PICTURES = "realism"
PAPERS_PER_SEX = 12
N_WORST = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """What a report is about: the samples, the comparison, and where they came from."""

    real: BeatTable
    simulated: BeatTable
    comparison: Comparison
    preset: str
    part: str
    seed: int
    date: str


def write_report(out: Path, compared: Compared) -> Path:
    """Write ``realism.md`` and ``realism/*.png`` into a folder.

    Returns
    -------
    Path
        Of the Markdown file.
    """
    folder = out / PICTURES
    save_png(mean_beats(compared.real, compared.simulated), folder / "beats.png", colours=96)
    save_png(distributions(compared.real, compared.simulated), folder / "distributions.png", colours=64)
    papers = write_papers(folder, compared.preset, compared.seed)
    path = out / "realism.md"
    path.write_text("\n\n".join(_text(compared, papers)) + "\n", encoding="utf-8")
    return path


def write_papers(folder: Path, preset: str, seed: int) -> pd.DataFrame:
    """Draw the first twelve patients of each sex that the seed gives, unselected; one PNG each.

    Returns
    -------
    DataFrame
        ``picture, sex, age, rhythm, conduction, LVMI, LVH, strain``.
    """
    rows = []
    for sex in (Sex.FEMALE, Sex.MALE):
        for number in range(1, PAPERS_PER_SEX + 1):
            rng = np.random.default_rng([seed, int(sex is Sex.MALE), number])
            patient = sample_patient(rng, preset_named(preset), sex=sex)
            name = f"{SEX_NAMES[sex]}-{number:02d}.png"
            caption = f"Simulated {sex.value} {patient.age_years:.0f} y, no. {number}"
            figure = ecg_paper(simulate_recording(patient, rng), RECORDING_FS_HZ, caption)
            save_png(figure, folder / name)
            rows.append({"picture": f"[{name}]({PICTURES}/{name})", **_truth(patient)})
    return pd.DataFrame(rows)


def _truth(patient: VirtualPatient) -> dict[str, object]:
    return {
        "sex": Sex(patient.sex).value,
        "age": f"{patient.age_years:.0f}",
        "rhythm": str(patient.rhythm.kind).replace("_", " "),
        "conduction": patient.block + (", scar" if has_scar(patient) else ""),
        "LVMI, g/m²": f"{index_g_m2(patient):.0f}",
        "LVH": "yes" if has_lvh(patient) else "no",
        "strain": f"{patient.repolarisation.strain:.2f}",
    }


def _text(compared: Compared, papers: pd.DataFrame) -> Iterator[str]:
    comparison = compared.comparison
    yield "# How real the simulated ECGs look"
    yield DISCLAIMER
    yield _what(compared)
    yield "## In short"
    yield "\n".join(f"- {line}" for line in findings(comparison))
    yield "## What this does not show"
    yield LIMITS
    yield "## Pictures"
    yield f"![Mean and SD of the averaged beats]({PICTURES}/beats.png)"
    yield f"![Cumulative distributions of key measures]({PICTURES}/distributions.png)"
    yield "Twelve simulated patients of each sex on ECG paper, as the seed gives them; none was chosen or left out."
    yield markdown(papers)
    yield "## Tables"
    for title, table in sections(comparison):
        yield f"### {title}"
        yield table


LIMITS = (
    "The real recordings are few, come from several hospitals, devices and filters, and carry no measured LV mass: "
    "that they are without LVH is a reader's statement. An interval that holds zero means that these patients cannot "
    "show a difference, not that there is none. No realism of the ECG validates its link to LV mass: that is assumed, "
    "within published correlations (`python -m elvmass_core population`)."
)


def _what(compared: Compared) -> str:
    n, normal = len(compared.simulated), int(compared.real.table["is_normal"].sum())
    half = f"the {compared.part} half" + ("" if compared.part == "reporting" else ", which the simulator was fitted to")
    command = f"realism --part {compared.part} --n {n} --seed {compared.seed} --preset {compared.preset}"
    return (
        f"Real: {len(compared.real)} public recordings of adults in sinus rhythm without stated LVH, pacing or "
        f"complete block, QRS below 124 ms, rate 45–110 bpm ({half}; {normal} of them with nothing abnormal stated). "
        f"Simulated: {n} patients of the same sex and age (± 2 years), without LVH, chosen by the same rules "
        f"({provenance(compared.preset, compared.seed)}). Both went through the same extraction and the same "
        f"measurements. Intervals are 95 %, over patients. Written {compared.date} by `python -m elvmass_core "
        f"{command}`."
    )


def findings(comparison: Comparison) -> Iterator[str]:
    """The main results in sentences, good or bad."""
    for one in comparison.classified.separations:
        yield f"{one.classifier} on {one.on}: AUC {interval(one.auc)}; {_told(one.auc.low, one.auc.high)}."
    groups = comparison.classified.groups.set_index("group")["alone"].reindex(GROUPS).sort_values(ascending=False)
    yield "Groups of measures alone, AUC: " + ", ".join(f"{group} {value:.2f}" for group, value in groups.items()) + "."
    yield from _coverage_words(comparison)
    yield (
        "Spread of log amplitudes, simulated over real (median of eight leads): "
        + ", ".join(
            f"{row.wave.upper() if len(row.wave) == 1 else 'QRS span'} {with_limits(row.ratio, row.low, row.high)}"
            for row in comparison.log_sd_summary.itertuples(index=False)
        )
        + "."
    )
    yield _differences(comparison.measures)
    yield _shape_words(comparison.shapes)


def _told(low: float, high: float) -> str:
    """What an interval of an AUC means."""
    if low <= 0.5 <= high:
        return "real and simulated cannot be told apart by it in these patients"
    return "real and simulated are told apart easily" if low > 0.8 else "real and simulated can be told apart in part"


def _coverage_words(comparison: Comparison) -> Iterator[str]:
    for one in comparison.coverage:
        share = f"{100 * one.share.value:.0f} % ({100 * one.share.low:.0f}…{100 * one.share.high:.0f})"
        yield f"Inside the 99 % region of the {one.region_of} ({one.k} components): {share} of the {one.points_of}."


def _differences(measures: pd.DataFrame) -> str:
    """How many measures differ, and the largest differences."""
    known = measures[measures["smd"].notna()]
    apart = known[(known["smd_low"] > 0) | (known["smd_high"] < 0)]
    worst = apart.reindex(apart["smd"].abs().sort_values(ascending=False).index).head(N_WORST)
    listed = ", ".join(f"{row.measure} {row.smd:+.1f}" for row in worst.itertuples(index=False)) or "none"
    return (
        f"{len(apart)} of {len(known)} measures differ in the mean beyond chance (about {0.05 * len(known):.0f} would "
        f"by chance alone); the largest, in SD, simulated minus real: {listed}."
    )


def _shape_words(shapes: pd.DataFrame) -> str:
    apart = shapes[(shapes["sim_low"] > shapes["real_high"]) | (shapes["sim_high"] < shapes["real_low"])]
    listed = [
        f"{row.measure} {100 * row.sim:.0f} % against {100 * row.real:.0f} %" for row in apart.itertuples(index=False)
    ]
    return f"Shapes whose shares differ (intervals apart): {', '.join(listed) or 'none'}, of {len(shapes)}."
