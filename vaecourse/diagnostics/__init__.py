"""What a VAE suffers from, if anything: a verdict with its evidence and an advice.

:func:`diagnose` gives a :class:`Report`. The single measures are functions of their own.
"""

from vaecourse.diagnostics.diagnosis import diagnose
from vaecourse.diagnostics.measures import (
    TwoSampleTest,
    active_units,
    kl_per_dimension,
    mean_picture_baseline,
    two_sample_test,
)
from vaecourse.diagnostics.report import Report
from vaecourse.diagnostics.verdict import DIAGNOSES, THRESHOLDS

__all__ = [
    "DIAGNOSES",
    "THRESHOLDS",
    "Report",
    "TwoSampleTest",
    "active_units",
    "diagnose",
    "kl_per_dimension",
    "mean_picture_baseline",
    "two_sample_test",
]
