"""How the stored result of a benchmark is read: content of its JSON file → (measured value in words, figure reached).

None in place of a verdict: the measurement is smaller than was asked (fewer files, fewer turns), or the value is only
told. What a file does not hold raises a `LookupError`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Content = Mapping[str, Any]
Answer = tuple[str, bool | None]
LUDB_MS = {"qrs_on": ("QRS onset", 6.5), "qrs_off": ("QRS end", 11.6), "t_end": ("T end", 30.6)}
"""CSE tolerances (SD against cardiologists)."""
EXCEPTED = "left arm and left leg"
LIMB = re.compile(r"right arm and left|limb electrodes are probably rotated|and RL exchanged|left arm and left leg")
REAL_SINUS, REAL_REPORTING, SIMULATED = "real, both halves, sinus", "real, reporting half, sinus", "simulated"
CHANGES = ("IEC noise, all", "R ±20 ms", "500 ↔ 1000 Hz")
MIN_PER_FORMAT, MIN_MUTATED, MIN_FAULTS, MIN_UPLOADS, MIN_TURNS = 1000, 10_000, 10_000, 2000, 1000
AT_ONCE, THINKING = "8 at one instant, to grams", "8 with 10 s to think, to grams"


# --- reliability ------------------------------------------------------------------------------------------------------


def fuzzed(content: Content) -> Answer:
    """Mutated files."""
    formats = {name: one for name, one in content.items() if isinstance(one, dict) and "files" in one}
    files = sum(one["files"] for one in formats.values())
    least = min(one["files"] for one in formats.values())
    deaths = sum(one["deaths"] for one in formats.values())
    raised = sum(len(one.get("tracebacks", [])) + one.get("bad_sentences", 0) for one in formats.values())
    in_app = [one["sandboxed"] for one in formats.values()]
    raised += sum(len(one["tracebacks"]) + one["bad_sentences"] for one in in_app)
    p99 = max(max(one["p99_ms"] for one in formats.values()), max(one["p99_ms"] for one in in_app)) / 1000
    growth = max(one["memory_growth_mb"] for one in formats.values())
    words = (
        f"{files} files of {len(formats)} formats (at least {least} each); {deaths} deaths, {raised} untyped; "
        f"p99 of the slowest format {p99:.2f} s; at most +{growth:.0f} MB"
    )
    if least < MIN_PER_FORMAT or files < MIN_MUTATED:
        return words, None
    return words, deaths == 0 and raised == 0 and p99 <= 2.0 and growth <= 256


def faults(content: Content) -> Answer:
    """Injected signal faults."""
    total = content["total"]
    words = (
        f"{total['silent_flags']} silent flags of {total['n']} faults (at most {100 * total['silent_at_most']:.2f} %), "
        f"{content['bases']} base recordings, {content['real_bases']} of them real"
    )
    return words, None if total["n"] < MIN_FAULTS else total["silent_flags"] == 0


def formats(content: Content) -> Answer:
    """One ECG in every format."""
    apart, refused = content["largest_difference_g"], content["refused_in_one_format"]
    worst = max(apart, key=apart.get)
    words = f"{apart[worst]:.4f} g at most ({worst}), {content['ecgs']} ECGs in {len(apart)} formats"
    return words, apart[worst] <= 0.1 and not refused


def repeated(content: Content) -> Answer:
    """The same file again and again, and in eight sessions."""
    again, sessions = content["same_file_100_times_g"], content["eight_sessions_g"]
    return f"{again:.4g} g in 100 readings, {sessions:.4g} g in 8 sessions", max(again, sessions) <= 1e-3


def golden(content: Content) -> Answer:
    """The golden set and thread counts."""
    one = content["golden"]
    words = (
        f"{one['n']} recordings: largest change {one['largest_g']:g} g, {one['flips']} flips; "
        f"thread counts {content['thread_counts_g']:.2g} g apart"
    )
    return words, None if one["n"] < 200 else one["largest_g"] <= 0.5 and one["flips"] == 0


def borders(content: Content) -> Answer:
    """SD of the borders on the reporting half of LUDB."""
    half = content["reporting"]
    found = {name: half["ours"]["borders"][name]["sd_ms"] for name in LUDB_MS}
    words = ", ".join(f"{LUDB_MS[name][0]} {sd:.1f}" for name, sd in found.items())
    return f"SD {words} ms ({half['recordings']} recordings)", all(sd <= LUDB_MS[name][1] for name, sd in found.items())


def as_accurate(content: Content) -> Answer:
    """SD of ours against NeuroKit2's better method."""
    half = content["reporting"]
    pairs = {}
    for name in LUDB_MS:
        theirs = [
            half[method]["borders"][name]["sd_ms"] for method in ("dwt", "cwt") if name in half[method]["borders"]
        ]
        pairs[name] = (half["ours"]["borders"][name]["sd_ms"], min(theirs))
    words = ", ".join(f"{LUDB_MS[name][0]} {ours:.1f} against {theirs:.1f}" for name, (ours, theirs) in pairs.items())
    return f"SD {words} ms", all(ours <= theirs for ours, theirs in pairs.values())


def _share(row: Content) -> str:
    low, high = row["wilson"]
    return f"{row['alarms']}/{row['n']} ({100 * low:.1f}–{100 * high:.1f} %)"


def false_alarms(content: Content) -> Answer:
    """Alarms on recordings that nobody changed."""
    real, simulated = content[REAL_SINUS]["unchanged"], content[SIMULATED]["unchanged"]
    words = f"real {_share(real)}, simulated {_share(simulated)}"
    if simulated["n"] < 2000:
        return words, None
    return words, real["alarms"] == 0 and simulated["alarms"] <= 0.005 * simulated["n"]


def sensitivity(content: Content) -> Answer:
    """Limb swaps that are noticed."""
    found: list[tuple[float, str, str]] = []
    excepted = []
    for group in (REAL_REPORTING, SIMULATED):
        for name, row in content[group].items():
            if LIMB.search(name):
                where = group.split(",")[0]
                if EXCEPTED in name:
                    excepted.append(f"{where} {_share(row)}")
                else:
                    found.append((row["alarms"] / row["n"], f"{where} {_share(row)}", name))
    share, words, name = min(found)
    short = name.removesuffix(" Reconnect and record again.").rstrip(".")
    return f"lowest: {words} ({short}); LA–LL: {', '.join(excepted)}", share >= 0.9


def stable(content: Content) -> Answer:
    """Change of the mass by noise, jitter and resampling."""
    rows = [(group, name, content[group][name]) for group in ("real", "simulated") for name in CHANGES]
    words = "; ".join(
        f"{group}, {name}: {row['median_percent']:.1f} / {row['p95_percent']:.1f} %" for group, name, row in rows
    )
    return f"median / p95: {words}", all(r["median_percent"] <= 3.0 and r["p95_percent"] <= 6.0 for *_, r in rows)


def _row(content: Content, words: str) -> dict[str, list[float]]:
    """Numbers of one row of the shipped figures, by sex."""
    row = next(one for one in content["shipped"]["rows"] if one["words"] == words)
    return {sex: [float(one) for one in re.findall(r"[\d.]+", row[sex])] for sex in ("men", "women")}


def coverage(content: Content) -> Answer:
    """How often the 90 % interval holds the mass: all, by sex, by thirds of the estimate."""
    kind = "patients of the same kind"
    n, sexes = _row(content, f"{kind}: patients"), _row(content, f"{kind}: 90 % interval covers")
    thirds = _row(content, f"{kind}: by thirds of the estimate")
    total = sum(values[0] for values in n.values())
    overall = sum(n[sex][0] * sexes[sex][0] for sex in n) / total
    words = (
        f"{overall:.1f} % of {total:.0f}; men {sexes['men'][0]:.1f}, women {sexes['women'][0]:.1f} %; thirds: men "
        f"{_joined(thirds['men'])}, women {_joined(thirds['women'])} %"
    )
    groups = [*(one[0] for one in sexes.values()), *(share for one in thirds.values() for share in one)]
    return words, 88.0 <= overall <= 92.0 and all(85.0 <= share <= 95.0 for share in groups)


def _joined(values: list[float]) -> str:
    return ", ".join(f"{value:.0f}" for value in values)


def coverage_elsewhere(content: Content) -> Answer:
    """The same on patients of another kind: told, not judged."""
    sexes = _row(content, "patients of another kind: 90 % interval covers")
    thirds = _row(content, "patients of another kind: by thirds of the estimate")
    parts = [f"{sex} {sexes[sex][0]:.1f} % (thirds {_joined(thirds[sex])} %)" for sex in ("men", "women")]
    return "; ".join(parts), None


# --- the running app --------------------------------------------------------------------------------------------------


def waiting(key: str, limit_s: float) -> Callable[[Content], Answer]:
    """95th percentile of a waiting time."""

    def read(content: Content) -> Answer:
        one = content[key]
        return f"p95 {one['p95_s']:.2f} s (median {one['p50_s']:.2f} s, n {one['n']})", one["p95_s"] <= limit_s

    return read


def all_answered(content: Content) -> Answer:
    """Eight at the same instant."""
    grams, saliency = content[AT_ONCE], content[AT_ONCE.replace("grams", "saliency")]
    words = (
        f"{grams['n']} of 8 answered: grams within {grams['max_s']:.1f} s, saliency within {saliency['max_s']:.1f} s"
    )
    return words, grams["n"] == 8 and saliency["n"] == 8


def soaked(content: Content) -> Answer:
    """Uploads in a row: errors, memory, what is left."""
    one = content["soak"]
    memory = one["memory"]
    app, reader = memory["app_mb"], memory["reader_mb"]
    quarters = " → ".join(f"{value:.0f}" for value in app["quarters"]) or "too few looks"
    left = len(one["left"])
    sessions = one["closed"]["sessions"]
    words = (
        f"{one['uploads']} uploads, {one['errors']} errors, {left} files and {sessions} sessions left; "
        f"resident memory by quarters {quarters} MB"
    )
    if reader["quarters"]:
        words += f", reading server {reader['quarters'][0]:.0f} → {reader['quarters'][-1]:.0f} MB"
    is_sound = one["errors"] == 0 and left == 0 and sessions == 0
    is_flat = all(kind["flat"] is not False for kind in memory.values())
    if is_sound and is_flat and (one["uploads"] < MIN_UPLOADS or app["flat"] is None):
        return words, None
    return words, is_sound and is_flat


def interleaved(content: Content) -> Answer:
    """Two sessions at once."""
    one = content["interleaved"]
    bad = one["values_of_the_other_or_wrong"] + len(one["errors"])
    words = f"{one['turns']} turns, {one['values_compared']} values compared, {bad} of the other session or wrong"
    return words, False if bad else None if one["turns"] < MIN_TURNS else True


def planted(content: Content) -> Answer:
    """Names, ids and dates in files."""
    one = content["planted"]
    words = (
        f"{one['found_in_all']} found of {one['planted_in_all']} planted in {one['formats']} formats and "
        f"{one['broken_files']} broken files; searched: {', '.join(one['bytes_searched'])}"
    )
    return words, one["found_in_all"] == 0 and one["typed_fields_found_in_the_pdf"] > 0


def started(content: Content) -> Answer:
    """From the start of the process to a page that takes an upload."""
    one = content["start"]
    cold, warm = one["cold"][0], [run["page_s"] for run in one["warm"]]
    words = f"cold {cold['page_s']:.1f} s (first grams at {cold['first_grams_s']:.1f} s), again {max(warm):.1f} s"
    return f"{words}, load average {one['load_average']:g}", cold["page_s"] <= 15.0


def session_memory(content: Content) -> Answer:
    """Resident memory: told, not judged."""
    one = content["session"]
    words = (
        f"idle {one['idle_mb']:.0f} MB, with the models {one['loaded_mb']:.0f} MB; each further visitor (memory no "
        f"file backs) {one['per_session_mb']:.1f} MB, with an ECG open {one['per_session_with_ecg_mb']:.1f} MB"
    )
    return words, None


# --- speed ------------------------------------------------------------------------------------------------------------


def faster(content: Content) -> Answer:
    """Against NeuroKit2."""
    ratio, ms = content["neurokit_times_as_long"], content["ms"]
    ours, theirs = ms["beat, borders and measurements"], ms["NeuroKit2 per lead (dwt)"]
    return f"{ratio:.0f} times ({ours:.0f} against {theirs:.0f} ms)", ratio >= 10.0


def explained(content: Content) -> Answer:
    """What an explanation adds to an estimate."""
    ms = content["ms"]
    seconds = (ms["estimate with explanation"] - ms["estimate, without explanation"]) / 1000.0
    return f"{seconds:.2f} s on one core, two other methods included", seconds <= 2.0


def simulated(content: Content) -> Answer:
    """One virtual patient."""
    ms = content["ms"]["virtual patient, noise-free beat"]
    return f"{ms:.0f} ms", ms <= 60.0


def archive(content: Content) -> Answer:
    """ECGs a second on two cores."""
    two = next(one for one in content["rate"] if one["workers"] == 2)
    words = f"{two['per_s_without_start']:.1f} a second once started, {two['per_s']:.1f} with the start of the workers"
    return words, two["per_s_without_start"] >= content["goal_per_s_on_2_cores"]


def linear(content: Content) -> Answer:
    """Two workers against one."""
    rates = {one["workers"]: one["per_s_without_start"] for one in content["rate"]}
    ratio = rates[2] / rates[1]
    return f"{ratio:.2f} times as fast with 2 workers as with 1, once started", ratio >= 1.8


# --- beside the tables ------------------------------------------------------------------------------------------------


def without_a_heart(content: Content) -> Answer:
    """Noise that must be refused; real normal recordings that must not."""
    noise, real = content["without_a_heart"].values(), content["real_normal"]
    refused, n = sum(one["refused"] for one in noise), sum(one["n"] for one in noise)
    low, high = real["wilson"]
    words = (
        f"{refused} of {n} refused; of {real['n']} real normal recordings {real['stopped']} stopped "
        f"({100 * low:.1f}–{100 * high:.1f} %)"
    )
    return words, refused == n


def complete(content: Content) -> Answer:
    """Attributions that sum to the difference from the reference."""
    groups = [content[name] for name in ("simulated", "real") if content[name]["n"]]
    done, n = sum(one["complete"] for one in groups), sum(one["n"] for one in groups)
    worst = max(one["delta_g"]["1"] for one in groups)
    return f"{done} of {n} maps, largest difference {worst:.2f} g", done == n
