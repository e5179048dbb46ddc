"""Names that the study writes and its readers look for; reading them loads no network."""

POOLED, POOLED_HALF, SEX_SPECIFIC = "tcn_pooled", "tcn_pooled_half", "tcn_sex_specific"
SHUFFLED = "tcn_shuffled"
DEMOGRAPHICS, MEASUREMENTS = "demographics_ridge", "measurements_ridge_log"
PLACES = {"internal": "Internal cohort", "external": "Shifted simulated cohort"}
CROSS_VALIDATION = "cross_validation"
KINDS = {
    CROSS_VALIDATION: "patients, each answered by the network of the other four folds",
    "test": "patients of the same kind",
    "shifted": "patients of another kind",
}
"""Whom bundles are tested on, as far as tables were given."""
RESULT, PAGE, ESTIMATES, SHIPPED = "study.json", "study.md", "study.npz", "shipped.json"
"""Files: numbers, page, patients, and what the shipped weights were measured to do."""
