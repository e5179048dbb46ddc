"""Rows of a scored cohort in words and round numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from elvmass_core.domain import age_in_words

_FEWEST_DRAWN = 5


def cohort_counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many recordings, and how many of them got no answer."""
    refused = sum(row["refusal"] is not None for row in rows)
    return {"Recordings": len(rows), "With an answer": len(rows) - refused, "Refused": refused}


def enough_to_draw(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a distribution of these rows says anything."""
    return sum(row["lvm_g"] is not None for row in rows) >= _FEWEST_DRAWN


def cohort_rows(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Rows as a table for reading; the download has all columns."""
    return [
        {
            "Recording": row["record"],
            "Sex": row["sex"],
            "Age": "" if row["age"] is None else age_in_words(row["age"]),
            "LV mass, g": _whole(row["lvm_g"]),
            "Interval, g": "" if row["low_g"] is None else f"{row['low_g']:.0f}–{row['high_g']:.0f}",
            "Index, g/m²": _whole(row["lvmi_g_m2"]),
            "LVH": (row["lvh"] or "").replace("_", " "),
            "Why": row["refusal"] or row["lvh_reason"] or "",
        }
        for row in rows
    ]


def _whole(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"
