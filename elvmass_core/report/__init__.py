"""A report in the forms that leave the program: JSON, FHIR, and one page on paper.

`to_pdf` stands in `elvmass_core.report.pdf` and is imported from there, because it loads what draws.
"""

from elvmass_core.domain import AGE_SHOWN_UP_TO
from elvmass_core.report.as_json import saved_json, to_dict, to_json
from elvmass_core.report.fhir import fhir_json, to_fhir

__all__ = ["AGE_SHOWN_UP_TO", "fhir_json", "saved_json", "to_dict", "to_fhir", "to_json"]
