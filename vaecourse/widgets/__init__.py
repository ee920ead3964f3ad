"""What to play with: a widget is a pure ``render`` function, a thin layer of controls, and a still twin.

``render`` turns parameters into a picture and needs no browser; the controls only ask for it; ``figure()`` carries
the same message where nothing runs (a stored notebook, an HTML page). A cell that shows a widget shows both.
"""

from vaecourse.widgets.beta_sweep import BetaSweep
from vaecourse.widgets.denoise import Denoise
from vaecourse.widgets.label_style import LabelStyle
from vaecourse.widgets.latent_plane import LatentPlane
from vaecourse.widgets.two_gaussians import TwoGaussians

__all__ = ["BetaSweep", "Denoise", "LabelStyle", "LatentPlane", "TwoGaussians"]
