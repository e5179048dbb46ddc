"""The registry of faults: what can be wrong with a recording, or with what is said of the person it comes from.

    Case → fault(case, rng) → Case → to_recording → analyse

Each fault names the row of the table "what each fault must give" that it belongs to; `ROWS` holds the rows. Faults of
potentials (noise, electrodes on the wrong place) act on the nine electrodes, so that Einthoven's law holds as it does
in life; faults of data (gains, missing samples, channels) act on single leads. Ranges are assumed.
"""

from benchmarks.faults import electrodes, hearts, samples
from benchmarks.faults.registry import FAULTS, ROWS, Case, Fault, electrodes_mv, leads_mv

__all__ = ["FAULTS", "ROWS", "Case", "Fault", "electrodes", "electrodes_mv", "hearts", "leads_mv", "samples"]
