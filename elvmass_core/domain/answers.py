"""What is said of a recording: criteria, estimates, explanations, the report."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from elvmass_core.domain.ecg import (
    BEAT_SAMPLES,
    DISCLAIMER,
    N_LEADS,
    Beat,
    Distance,
    Features,
    Finding,
    FloatArray,
    Patient,
    Recording,
    Sex,
    blocks,
    by_severity,
    frozen_array,
    set_fields,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionResult:
    """One classical LVH criterion applied: ``met`` is None (with a reason) where it does not apply."""

    name: str
    value: float | None
    unit: str
    cutoff: float
    comparison: str
    met: bool | None
    reason: str
    formula: str
    source: str


class Lvh(StrEnum):
    """The answer on LVH: never a bare yes or no."""

    FLAGGED = "flagged"
    NOT_FLAGGED = "not_flagged"
    UNCERTAIN = "uncertain"
    NO_RESULT = "no_result"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """LV mass of one patient by one model.

    Parameters
    ----------
    model : str
        Identifier of the weight bundle; `bundle_sha256` is the hash of its manifest, which holds that of the weights.
    lvm_g : float
        Mean of the ensemble members, in g; `members_g` are their own answers.
    interval_g : (float, float)
        Conformal interval with nominal `coverage` among simulated patients.
    lvmi_g_m2, p_lvh : float or None
        Index on DuBois body surface area and probability of LVH in the simulated population with `prevalence`;
        None without height and weight.
    lvh : Lvh
        `lvh_reason` says in words why; ``no_result``, and no `p_lvh`, on an ECG outside the models' scope.
    demographics_only_g : float
        What sex, age and body size alone would have said.
    cutoff_g_m2, cutoff_source : float, str
        LVH cut-off of the index and the modality and publication it comes from.
    reference_g : float
        Estimate for the reference beat and reference person of the model: where attributions start.
    reference_range_g : (float, float)
        Where about nine of ten training patients of this sex lie, healthy and not: mean ± 1.645 SD.
    lvh_in_test : (int, int, int) or None
        How many test patients with LVH were flagged, uncertain and not flagged; None without a test.
    simulated : bool
        Whether training and test patients were simulated.
    """

    model: str
    bundle_sha256: str
    sex: Sex
    lvm_g: float
    members_g: tuple[float, ...]
    interval_g: tuple[float, float]
    coverage: float
    lvmi_g_m2: float | None
    p_lvh: float | None
    prevalence: float
    lvh: Lvh
    lvh_reason: str
    demographics_only_g: float
    cutoff_g_m2: float
    cutoff_source: str
    reference_g: float
    reference_range_g: tuple[float, float]
    lvh_in_test: tuple[int, int, int] | None = None
    simulated: bool = True

    def __post_init__(self) -> None:
        low, high = self.interval_g
        if not all(map(math.isfinite, (self.lvm_g, low, high, self.reference_g))) or not low <= self.lvm_g <= high:
            raise ValueError(f"estimate {self.lvm_g} g with interval {self.interval_g} is not a finite, ordered answer")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OtherAttribution:
    """What another method says of the same estimate, to compare.

    Parameters
    ----------
    method, baseline : str
        Name of the method and of the reference it starts from.
    rows_g : mapping row → segment → g or None
        Limb leads together, then V1–V6; an absent segment is None.
    tabular_g : mapping
        Grams per non-waveform input.
    delta_g : float or None
        Sum of all attributions − (estimate − its own reference); None for a method whose parts need not add up.
    agreement : float or None
        Spearman's correlation of `rows_g` with the first method's.
    """

    method: str
    baseline: str
    rows_g: Mapping[str, Mapping[str, float | None]]
    tabular_g: Mapping[str, float]
    delta_g: float | None
    agreement: float | None

    def __post_init__(self) -> None:
        rows = {row: MappingProxyType(dict(cells)) for row, cells in self.rows_g.items()}
        set_fields(self, rows_g=MappingProxyType(rows), tabular_g=MappingProxyType(dict(self.tabular_g)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attribution:
    """Why the model said what it said, in signed grams against its reference.

    Parameters
    ----------
    method, baseline : str
        Name of the method and of the reference it starts from.
    beat_g : array (12, 400)
        Grams per lead and sample. The limb leads depend on one another: read them as one group.
    tabular_g : mapping
        Grams per non-waveform input.
    segments_g : mapping lead → segment → g or None
        `beat_g` summed over P, PR, QRS, ST, T and ``rest``; an absent segment is None.
    delta_g : float
        Sum of all attributions − (estimate − reference): the error of the integration.
    st_t_share : float or None
        Absolute attribution on ST and T ÷ absolute attribution on the beat, from `segments_g`.
    agreement : float or None
        Mean pairwise correlation of the members' own maps (lead × segment): how far to believe the map.
    others : tuple of OtherAttribution
        The same estimate explained by other methods.
    """

    method: str
    baseline: str
    beat_g: FloatArray
    tabular_g: Mapping[str, float]
    segments_g: Mapping[str, Mapping[str, float | None]]
    delta_g: float
    st_t_share: float | None
    agreement: float | None
    others: tuple[OtherAttribution, ...] = ()

    def __post_init__(self) -> None:
        segments = {lead: MappingProxyType(dict(row)) for lead, row in self.segments_g.items()}
        set_fields(
            self,
            beat_g=frozen_array(self.beat_g, (N_LEADS, BEAT_SAMPLES), "beat_g"),
            tabular_g=MappingProxyType(dict(self.tabular_g)),
            segments_g=MappingProxyType(segments),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report:
    """Everything said about one recording.

    `beat` and what follows is None when it could not be made; then `findings` holds the reason. `estimates` holds one
    estimate for a known sex, both models' for an unknown one, none after a STOP. `attribution` explains `estimate`.
    `distances` say how far the beat lies from real ECGs and from those the models learned from.
    """

    recording: Recording
    patient: Patient
    beat: Beat | None
    features: Features | None
    criteria: tuple[CriterionResult, ...]
    estimates: tuple[Estimate, ...]
    attribution: Attribution | None
    findings: tuple[Finding, ...]
    versions: Mapping[str, str]
    distances: tuple[Distance, ...] = ()
    disclaimer: str = DISCLAIMER

    def __post_init__(self) -> None:
        set_fields(self, findings=by_severity(self.findings), versions=MappingProxyType(dict(self.versions)))
        if blocks(self.findings) and self.estimates:
            raise ValueError("a report with a STOP finding cannot hold an estimate")

    @property
    def estimate(self) -> Estimate | None:
        """The one estimate, or None after a refusal or when the sex is unknown."""
        return self.estimates[0] if len(self.estimates) == 1 else None

    @property
    def refused(self) -> bool:
        """Whether a STOP finding blocked the estimate."""
        return blocks(self.findings)
