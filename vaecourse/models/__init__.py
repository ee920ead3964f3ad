"""What learns: autoencoders, variational autoencoders, and the classifier that judges them."""

from vaecourse.models.autoencoder import Autoencoder
from vaecourse.models.networks import Classifier
from vaecourse.models.vae import CVAE, VAE, ConvVAE, GaussianVAE

__all__ = ["CVAE", "VAE", "Autoencoder", "Classifier", "ConvVAE", "GaussianVAE"]
