"""Where the numbers of a virtual patient come from, by the name that the sensitivity table gives each.

What is not listed is assumed. "fitted" means: to published means of normal ECGs and to the tuning half of the public
real recordings, without a label of mass (docs/realism.md).
"""

from collections.abc import Mapping
from types import MappingProxyType

_CT = "within Asian CT/CMR ranges (men 121–145 g, women 86–108 g); spread set so that body and sex explain 40–60 %"
_FITTED = "fitted"

SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "heart.lvm_g": _CT,
        "heart.edv_ml": "within Asian CT/CMR ranges",
        "heart.rvedv_ml": "within Asian CT/CMR ranges",
        "heart.elongation": "assumed; half-axes of the prolate LV in echocardiography about 2:1 to 3:1",
        "pose.azimuth_deg": _FITTED,
        "pose.elevation_deg": f"{_FITTED}; falls with age and BMI as the QRS axis does",
        "pose.roll_deg": _FITTED,
        "pose.base_cm[]": _FITTED,
        "torso.lungs.conductivity": "Gabriel et al. 1996, doi 10.1088/0031-9155/41/11/003",
        "torso.fat_cm": f"{_FITTED}; conductivity of fat from Gabriel et al. 1996, doi 10.1088/0031-9155/41/11/003",
        "torso.breast_cm": _FITTED,
        "placement.shift_x_cm[]": f"{_FITTED}; published errors of technicians 1–3 cm",
        "placement.shift_z_cm[]": f"{_FITTED}; V1 and V2 too high in many, published errors 1–3 cm",
        "conduction.fibre_cm_ms": f"{_FITTED}; human 0.5–0.7 m/s (Durrer et al. 1970, doi 10.1161/01.CIR.41.6.899)",
        "conduction.transverse_cm_ms": f"{_FITTED}; human 0.2–0.5 m/s",
        "conduction.lv_endo_cm_ms": f"{_FITTED}; breakthroughs as in Durrer et al. 1970, doi 10.1161/01.CIR.41.6.899",
        "conduction.rv_endo_cm_ms": _FITTED,
        "conduction.roots[].height": f"{_FITTED}; sites as in Durrer et al. 1970, doi 10.1161/01.CIR.41.6.899",
        "conduction.roots[].theta_deg": f"{_FITTED}; sites as in Durrer et al. 1970, doi 10.1161/01.CIR.41.6.899",
        "conduction.roots[].delay_ms": _FITTED,
        "repolarisation.apd_ms": f"{_FITTED}; rate by Framingham (Sagie et al. 1992, doi 10.1016/0002-9149(92)90562-D)",
        "repolarisation.activation_coupling": "assumed between the 0.3 and 1.3 of human endocardial recordings",
        "repolarisation.transmural_ms": _FITTED,
        "repolarisation.apicobasal_ms": _FITTED,
        "repolarisation.anteroposterior_ms": _FITTED,
        "repolarisation.septolateral_ms": _FITTED,
        "repolarisation.rv_ms": _FITTED,
        "repolarisation.notch_epi": _FITTED,
        "repolarisation.notch_rv": _FITTED,
        "source.gain": "fitted; its spread assumed (the fit gave 0.05–0.09 log-SD, 0.16 is used)",
        "source.strength_modes[]": _FITTED,
        "source.electrode_gains[]": _FITTED,
        "atria.pr_ms": _FITTED,
        "atria.duration_ms": _FITTED,
    }
)
