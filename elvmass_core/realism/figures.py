"""Pictures of a comparison: averaged beats and distributions, real and simulated."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from elvmass_core.realism.measures import BeatTable
from elvmass_core.segments import beat_times_ms
from elvmass_core.units import LEADS

REAL, SIMULATED = "#1f4e79", "#c55a11"
PANEL_MEASURES = {
    "rate_bpm": "rate, bpm", "pr_ms": "PR, ms", "qrs_ms": "QRS, ms", "qtc_framingham_ms": "QTc (Framingham), ms",
    "qrs_axis_deg": "axis, °", "p_mv_II": "P in II, mV", "r_mv_V1": "R V1, mV", "s_mv_V1": "S V1, mV",
    "pp_mv_II": "QRS span II, mV", "r_mv_aVL": "R aVL, mV", "s_mv_V3": "S V3, mV", "r_mv_V5": "R V5, mV",
    "t_mv_II": "T in II, mV", "t_mv_V2": "T in V2, mV", "t_mv_V5": "T in V5, mV", "stj_mv_V2": "J point V2, mV",
}  # fmt: skip


def mean_beats(real: BeatTable, simulated: BeatTable) -> Figure:
    """Mean ± SD of the averaged beat in the twelve leads."""
    figure = Figure(figsize=(11.0, 7.0), dpi=100, layout="constrained")
    times = beat_times_ms()
    for row, (axes, lead) in enumerate(zip(_panels(figure, 3, 4), LEADS, strict=True)):
        for table, colour, name in ((real, REAL, "real"), (simulated, SIMULATED, "simulated")):
            beats = table.beats_mv[:, row]
            mean, sd = beats.mean(axis=0), beats.std(axis=0)
            axes.fill_between(times, mean - sd, mean + sd, color=colour, alpha=0.18, linewidth=0)
            axes.plot(times, mean, color=colour, linewidth=1.2, label=f"{name}, n = {len(table)}")
        axes.set_title(lead, fontsize=9)
        axes.set_xlim(times[0], times[-1])
    figure.axes[0].legend(fontsize=7, loc="upper right")
    figure.supxlabel("ms from R", fontsize=9)
    figure.supylabel("mV (mean ± SD)", fontsize=9)
    return figure


def distributions(real: BeatTable, simulated: BeatTable) -> Figure:
    """Cumulative distributions of the key measures."""
    figure = Figure(figsize=(11.0, 8.0), dpi=100, layout="constrained")
    for axes, (measure, title) in zip(_panels(figure, 4, 4), PANEL_MEASURES.items(), strict=True):
        for table, colour, name in ((real, REAL, "real"), (simulated, SIMULATED, "simulated")):
            values = np.sort(table.table[measure].dropna().to_numpy(dtype=float))
            share = (np.arange(values.size) + 0.5) / max(values.size, 1)
            axes.step(values, share, color=colour, linewidth=1.3, where="post", label=name)
        axes.set_title(title, fontsize=9)
    figure.axes[0].legend(fontsize=7)
    figure.supylabel("share of patients at or below", fontsize=9)
    return figure


def _panels(figure: Figure, rows: int, columns: int) -> list[Axes]:
    """A grid of small panels with faint lines."""
    panels: list[Axes] = list(figure.subplots(rows, columns).ravel())
    for axes in panels:
        axes.grid(visible=True, color="#dddddd", linewidth=0.5)
        axes.tick_params(labelsize=7)
    return panels
