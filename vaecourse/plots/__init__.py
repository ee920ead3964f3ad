"""Every figure of the course.

A function takes plain tensors or arrays and returns a matplotlib Figure; :func:`show` puts a Figure into the
notebook together with its alt text. Colours stay apart for colour-blind readers, and no figure tells its classes by
colour alone. A module draws figures of one topic, from what ``base`` and ``pictures`` have in common for all; no module
has the name of a function, which it would hide here.
"""

from vaecourse.plots.base import COLOURS, DPI, MARKERS, STYLE, WIDTH, bundle, class_colour, png, show, styled, svg
from vaecourse.plots.charts import VALIDATION, curves, history, log_dots, shares
from vaecourse.plots.dimensions import Gauge, code_use, diagnosis, factor_maps
from vaecourse.plots.divergences import (
    NEGATIVE,
    POSITIVE,
    both_ways,
    bound,
    estimates,
    gaussian_axes,
    gaussian_cases,
    kl_directions,
)
from vaecourse.plots.latent import (
    latent_plane,
    latent_planes,
    latent_probes,
    loss_panel,
    manifold,
    plane_background,
    plane_extent,
)
from vaecourse.plots.likelihoods import bits, conv_steps, level_probabilities, line_panels
from vaecourse.plots.paths import arrow_fields, trajectories
from vaecourse.plots.pictures import captioned_rows, picture_rows, picture_sheet
from vaecourse.plots.posteriors import gradient_paths, number_or_distribution, posterior_overlaps, posterior_plane
from vaecourse.plots.representation import (
    detection,
    gaps,
    importance_bounds,
    panels,
    posterior_maps,
    probes,
    score_histograms,
    surprise_clouds,
)
from vaecourse.plots.tradeoff import beta_sweep, rate_distortion, schedules, schemes_on_the_curve

__all__ = [
    "COLOURS",
    "DPI",
    "MARKERS",
    "NEGATIVE",
    "POSITIVE",
    "STYLE",
    "VALIDATION",
    "WIDTH",
    "Gauge",
    "arrow_fields",
    "beta_sweep",
    "bits",
    "both_ways",
    "bound",
    "bundle",
    "captioned_rows",
    "class_colour",
    "code_use",
    "conv_steps",
    "curves",
    "detection",
    "diagnosis",
    "estimates",
    "factor_maps",
    "gaps",
    "gaussian_axes",
    "gaussian_cases",
    "gradient_paths",
    "history",
    "importance_bounds",
    "kl_directions",
    "latent_plane",
    "latent_planes",
    "latent_probes",
    "level_probabilities",
    "line_panels",
    "log_dots",
    "loss_panel",
    "manifold",
    "number_or_distribution",
    "panels",
    "picture_rows",
    "picture_sheet",
    "plane_background",
    "plane_extent",
    "png",
    "posterior_maps",
    "posterior_overlaps",
    "posterior_plane",
    "probes",
    "rate_distortion",
    "schedules",
    "schemes_on_the_curve",
    "score_histograms",
    "shares",
    "show",
    "styled",
    "surprise_clouds",
    "svg",
    "trajectories",
]
