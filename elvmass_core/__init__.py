"""Left ventricular mass from a 12-lead ECG: the pure library under the ELVMass app."""

__version__ = "0.1.0.dev0"
