"""Everything ELVMass raises on purpose, one tree.

    ElvmassError
    ├── RecordingError            the bytes are not a usable 12-lead ECG
    │   ├── UnreadableError       not an ECG, truncated, or the format is broken
    │   ├── UnsupportedError      a format or feature we refuse by name (PDF, photo, deflated DICOM, …)
    │   ├── LimitError            a limit of size, rate, duration or channels is passed
    │   ├── ReaderStoppedError    reading took too much time or memory, or broke the reading process
    │   ├── UnitNeededError       the file states no amplitude unit: ask
    │   └── RateNeededError       the file states no sampling rate: ask
    ├── PatientError              a patient field is impossible
    ├── TableError                a table of recordings lacks a column or usable patients
    ├── ArchiveError              an archive cannot be scored, or its scoring not resumed, as asked
    ├── CohortError               a virtual cohort or patient cannot be made as asked
    ├── BeatError                 no averaged beat can be formed
    ├── FiducialError            a border set by hand lies outside the beat or in the wrong order
    ├── EstimateError             the model's answer is no mass a heart can have
    └── BundleError               a weight bundle is missing, changed or of another layout

Each message is one plain sentence: what is wrong, where, and what to do. It never holds a patient's data.
"""


class ElvmassError(Exception):
    """Root of every error raised on purpose."""


class RecordingError(ElvmassError):
    """The input cannot be used as a 12-lead ECG."""


class UnreadableError(RecordingError):
    """The bytes are not an ECG in a known format, or the file is damaged."""


class UnsupportedError(RecordingError):
    """A known kind of file that ELVMass refuses."""


class LimitError(RecordingError):
    """A limit of size, channels, rate or duration is passed."""


class ReaderStoppedError(RecordingError):
    """The process that read the file was stopped by a limit or broke on it."""


class UnitNeededError(RecordingError):
    """The file states no amplitude unit; the caller must pass ``unit="mV"`` or ``unit="uV"``.

    Attributes
    ----------
    peak_to_peak : float
        Median over leads of the 1st-to-99th percentile span, in the file's own numbers: lets a page show both readings.
    """

    def __init__(self, message: str, *, peak_to_peak: float) -> None:
        super().__init__(message)
        self.peak_to_peak = peak_to_peak

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_unit_needed, (str(self), self.peak_to_peak)


def _rebuild_unit_needed(message: str, peak_to_peak: float) -> UnitNeededError:
    """Unpickle: keyword-only arguments do not survive ``Exception.__reduce__``."""
    return UnitNeededError(message, peak_to_peak=peak_to_peak)


class RateNeededError(RecordingError):
    """The file states no sampling rate; the caller must pass ``fs_hz``."""


class PatientError(ElvmassError):
    """A patient field is impossible (for example a height of 1.75 cm)."""


class BeatError(ElvmassError):
    """No averaged beat can be formed from this recording."""


class FiducialError(ElvmassError):
    """A border set by hand lies outside the averaged beat, or before one that it must follow."""


class TableError(ElvmassError):
    """A table of recordings lacks a column, a recording, or enough usable patients."""


class ArchiveError(ElvmassError):
    """An archive of recordings cannot be scored, or an interrupted scoring cannot be resumed, as asked."""


class CohortError(ElvmassError):
    """A virtual cohort or patient cannot be made as asked."""


class EstimateError(ElvmassError):
    """The model's answer is not finite, or no mass an adult's heart can have."""


class BundleError(ElvmassError):
    """A weight bundle is missing, changed, or does not match this version of the code."""
