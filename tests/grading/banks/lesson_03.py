"""Right and wrong answers to the tasks of lesson 03, as they stand in a cell below the exercise's imports.

``VARIANTS[task]`` are different right ways, by what is special about them. ``MISTAKES[task]`` are wrong answers that
people give, each with the name of the mistake that has to be recognised in it.
"""

from banks import changed

VARIANTS = {}
MISTAKES = {}


# Reparameterization ---------------------------------------------------------------------------------------

_DRAW = """
def reparameterize(mu, logvar):
    sigma = torch.exp(logvar / 2)
    eps = torch.randn_like(mu)
    return mu + sigma * eps
"""
VARIANTS["03.reparameterize"] = {
    "root of the variance": changed(_DRAW, ("torch.exp(logvar / 2)", "logvar.exp().sqrt()")),
    "rsample": """
from torch.distributions import Normal

def reparameterize(mean, log_variance):
    return Normal(mean, torch.exp(0.5 * log_variance)).rsample()
""",
    "noise under no_grad": """
def reparameterize(mu, logvar):
    with torch.no_grad():
        eps = torch.empty_like(logvar).normal_()
    return torch.addcmul(mu, eps, logvar.mul(0.5).exp())
""",
    "row by row": """
def reparameterize(mu, logvar):
    rows = [m + torch.randn(mu.shape[1]) * (v / 2).exp() for m, v in zip(mu, logvar)]
    return torch.stack(rows)
""",
    "numpy's noise": """
import numpy as np

def reparameterize(mu, logvar):
    eps = torch.as_tensor(np.random.standard_normal(mu.shape), dtype=mu.dtype)
    return mu + torch.e ** (0.5 * logvar) * eps
""",
    "multivariate": """
def reparameterize(mu, logvar):
    scale = torch.diag_embed(torch.exp(logvar / 2))
    return torch.distributions.MultivariateNormal(mu, scale_tril=scale).rsample()
""",
}
_SIGMA = "torch.exp(logvar / 2)"
_NOISE = "torch.randn_like(mu)"
MISTAKES["03.reparameterize"] = [
    (changed(_DRAW, (_SIGMA, "torch.exp(logvar)")), "variance-as-sigma"),
    (changed(_DRAW, (_SIGMA, "0.5 * torch.exp(logvar)")), "half-outside"),
    (changed(_DRAW, (_SIGMA, "torch.sqrt(logvar)")), "not-a-number"),
    (changed(_DRAW, (_SIGMA, "logvar")), "logvar-as-sigma"),
    (changed(_DRAW, (_SIGMA, "0.5 * logvar")), "log-sigma-as-sigma"),
    (changed(_DRAW, (_SIGMA, "torch.exp(-logvar / 2)")), "inverse-sigma"),
    (changed(_DRAW, (_SIGMA, "torch.exp(logvar / 4)")), "root-of-sigma"),
    (changed(_DRAW, ("mu + sigma * eps", "mu + mu * eps")), "mu-scaled"),
    (changed(_DRAW, ("mu + sigma * eps", "sigma * (mu + eps)")), "mu-times-sigma"),
    (changed(_DRAW, ("mu + sigma * eps", "sigma * eps")), "mu-missing"),
    (changed(_DRAW, ("mu + sigma * eps", "mu + eps")), "sigma-missing"),
    (changed(_DRAW, ("mu + sigma * eps", "mu")), "no-noise"),
    (changed(_DRAW, ("mu + sigma * eps", "mu + sigma")), "no-noise"),
    (changed(_DRAW, (_NOISE, "torch.rand_like(mu)")), "uniform"),
    (changed(_DRAW, (_NOISE, "2 * torch.rand_like(mu) - 1")), "uniform"),
    (changed(_DRAW, (_NOISE, "torch.randn(mu.shape[1])")), "same-for-all-pictures"),
    (changed(_DRAW, (_NOISE, "torch.randn(len(mu), 1)")), "same-for-all-dimensions"),
    (changed(_DRAW, (_NOISE, "torch.randn(())")), "same-for-all-pictures"),
    (changed(_DRAW, ("    eps", "    torch.manual_seed(0)\n    eps")), "drawn-once"),
    (changed(_DRAW, (_NOISE, "torch.randn(mu.shape, generator=torch.Generator().manual_seed(1))")), "drawn-once"),
    (changed(_DRAW, ("\ndef", "\n@torch.no_grad()\ndef")), "no-gradient"),
    ("def reparameterize(mu, logvar):\n    return torch.distributions.Normal(mu, torch.exp(logvar / 2)).sample()",
     "no-gradient"),
    ("def reparameterize(mu, logvar):\n    return torch.normal(mu, torch.exp(logvar / 2))", "no-gradient"),
    (changed(_DRAW, (_SIGMA, "torch.exp(logvar.detach() / 2)")), "logvar-detached"),
    (changed(_DRAW, ("mu + sigma * eps", "mu.detach() + sigma * eps")), "mu-detached"),
    (changed(_DRAW, ("return mu + sigma * eps", "mu += sigma * eps\n    return mu")), "changes-input"),
    (changed(_DRAW, ("return mu", "z = mu")), "none"),
]  # fmt: skip

# The encoder ----------------------------------------------------------------------------------------------

_ENCODER = """
class GaussianEncoder(nn.Module):
    def __init__(self, latent_dim, hidden, picture_shape):
        super().__init__()
        pixels = torch.Size(picture_shape).numel()
        self.first = nn.Linear(pixels, hidden)
        self.mean = nn.Linear(hidden, latent_dim)
        self.spread = nn.Linear(hidden, latent_dim)

    def forward(self, x):
        h = self.first(x.flatten(1)).relu()
        mu = self.mean(h)
        logvar = self.spread(h)
        return mu, logvar
"""
VARIANTS["03.GaussianEncoder"] = {
    "two heads": _ENCODER,
    "one layer, cut in two": """
class GaussianEncoder(nn.Module):
    def __init__(self, d, width, shape):
        super().__init__()
        c, h, w = shape
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(c * h * w, width), nn.Tanh(), nn.Linear(width, 2 * d))

    def forward(self, pictures):
        return self.net(pictures).chunk(2, dim=1)
""",
    "two networks, a list": """
def network(pixels, hidden, latent_dim):
    return nn.Sequential(nn.Flatten(), nn.Linear(pixels, hidden), nn.SiLU(), nn.Linear(hidden, latent_dim))

class GaussianEncoder(nn.Module):
    def __init__(self, latent_dim, hidden, picture_shape):
        super().__init__()
        pixels = picture_shape[0] * picture_shape[1] * picture_shape[2]
        self.nets = nn.ModuleList(network(pixels, hidden, latent_dim) for _ in range(2))

    def forward(self, x):
        return [net(x) for net in self.nets]
""",
    "log sigma within, clamped": changed(_ENCODER, ("self.spread(h)", "(2 * self.spread(h)).clamp(-20, 20)")),
    "batch norm, dropout": changed(
        _ENCODER,
        ("        self.mean",
         "        self.norm, self.drop = nn.BatchNorm1d(hidden), nn.Dropout(0.1)\n        self.mean"),
        ("h = self.first(x.flatten(1)).relu()", "h = self.drop(self.norm(self.first(x.flatten(1))).relu())")),
    "a first layer that counts its inputs itself": changed(_ENCODER, ("nn.Linear(pixels, ", "nn.LazyLinear(")),
    "convolution": """
class GaussianEncoder(nn.Module):
    def __init__(self, latent_dim, hidden, picture_shape):
        super().__init__()
        c, h, w = picture_shape
        self.body = nn.Sequential(nn.Conv2d(c, hidden, 3, padding=1), nn.LeakyReLU(), nn.Flatten())
        self.heads = nn.ModuleDict({k: nn.Linear(hidden * h * w, latent_dim) for k in ("mu", "logvar")})

    def forward(self, x):
        h = self.body(x)
        return self.heads["mu"](h), self.heads["logvar"](h)
""",
}  # fmt: skip
MISTAKES["03.GaussianEncoder"] = [
    (changed(_ENCODER, ("return mu, logvar", "return torch.cat([mu, logvar], 1)")), "one-tensor"),
    (changed(_ENCODER, ("return mu, logvar", "return mu + torch.exp(logvar / 2) * torch.randn_like(mu)")),
     "one-tensor"),
    (changed(_ENCODER, ("return mu, logvar", "return {'mu': mu, 'logvar': logvar}")), "not-a-pair"),
    (changed(_ENCODER, ("return mu, logvar", "return torch.distributions.Normal(mu, logvar.exp())")), "not-a-pair"),
    (changed(_ENCODER, ("self.spread(h)", "self.spread(h).exp()")), "positive-spread"),
    (changed(_ENCODER, ("self.spread(h)", "nn.functional.softplus(self.spread(h))")), "positive-spread"),
    (changed(_ENCODER, ("self.spread(h)", "self.spread(h).relu()")), "positive-spread"),
    (changed(_ENCODER, ("self.mean(h)", "self.mean(h).relu()")), "positive-mean"),
    (changed(_ENCODER, ("self.mean(h)", "self.mean(h).relu()"), ("self.spread(h)", "self.spread(h).relu()")),
     "positive-both"),
    (changed(_ENCODER, ("        self.spread = nn.Linear(hidden, latent_dim)\n", ""),
              ("        mu = self.mean(h)\n        logvar = self.spread(h)\n        return mu, logvar",
               "        return self.mean(h).chunk(2, dim=1)")), "too-few"),
    (changed(_ENCODER, ("self.mean(h)", "self.mean(h).tanh()")), "squashed"),
    (changed(_ENCODER, ("self.spread(h)", "torch.zeros_like(mu)"),
              ("        self.spread = nn.Linear(hidden, latent_dim)\n", "")), "does-not-look"),
    (changed(_ENCODER, ("self.spread(h)", "self.spread.expand_as(mu)"),
              ("self.spread = nn.Linear(hidden, latent_dim)", "self.spread = nn.Parameter(torch.zeros(latent_dim))")),
     "does-not-look"),
    (changed(_ENCODER, ("x.flatten(1)", "x")), "first-layer"),
    (changed(_ENCODER, ("torch.Size(picture_shape).numel()", "28 * 28")), "first-layer"),
    (changed(_ENCODER, ("        super().__init__()\n", "")), "no-super"),
    (changed(_ENCODER, ("        super().__init__()", "        super().__init__()\n        hidden = 400")),
     "hidden-ignored"),
    (changed(_ENCODER, ("        self.spread = nn.Linear(hidden, latent_dim)\n", ""),
              ("self.mean = nn.Linear(hidden, latent_dim)", "self.mean = nn.Linear(hidden, 2 * latent_dim)"),
              ("        mu = self.mean(h)\n        logvar = self.spread(h)\n        return mu, logvar",
               "        return self.mean(h).chunk(2)")), "pictures-halved"),
    (changed(_ENCODER, ("self.spread(h)", "self.mean(h)"),
              ("        self.spread = nn.Linear(hidden, latent_dim)\n", "")), "same-numbers"),
    (changed(_ENCODER, (".relu()", "")), "linear"),
    (changed(_ENCODER, ("self.mean(h)", "self.mean(h) + torch.randn(self.mean.out_features)")), "not-repeatable"),
    (changed(_ENCODER, ("return mu, logvar", "return mu - mu.mean(0), logvar")), "pictures-mixed"),
    (changed(_ENCODER, ("return mu, logvar", "return h, logvar")), "hidden-as-code"),
    (changed(_ENCODER, ("self.spread(h)", "self.spread(h.detach()).detach()")), "logvar-detached"),
    (changed(_ENCODER, ("self.mean(h)", "self.mean(h).detach()")), "mu-detached"),
    (changed(_ENCODER, ("        self.mean", "        self.spare = nn.Linear(hidden, hidden)\n        self.mean")),
     "no-gradient"),
    (changed(_ENCODER, ("self.mean = nn.Linear(hidden, latent_dim)", "self.mean = [nn.Linear(hidden, latent_dim)]"),
              ("self.mean(h)", "self.mean[0](h)")), "not-registered"),
    (changed(_ENCODER, ("(nn.Module)", ""), ("        super().__init__()\n", "")).replace("forward", "__call__"),
     "no-module"),
]  # fmt: skip

# The likelihood -------------------------------------------------------------------------------------------

VARIANTS["03.log_likelihood"] = {
    "functional": """
import torch.nn.functional as F

def log_likelihood(x, logits):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(dim=(1, 2, 3))
""",
    "logsigmoid": """
def log_likelihood(x, logits):
    log_m, log_not_m = nn.functional.logsigmoid(logits), nn.functional.logsigmoid(-logits)
    return (x * log_m + (1 - x) * log_not_m).flatten(1).sum(1)
""",
    "softplus": """
def log_likelihood(pictures, output):
    return (pictures * output - nn.functional.softplus(output)).reshape(len(pictures), -1).sum(-1)
""",
    "distributions": """
from torch.distributions import Bernoulli, Independent

def log_likelihood(x, logits):
    return Independent(Bernoulli(logits=logits, validate_args=False), 3).log_prob(x)
""",
    "logaddexp, picture by picture": """
def log_likelihood(x, logits):
    pixels = x * logits - torch.logaddexp(logits, torch.zeros(()))
    return torch.stack([picture.sum() for picture in pixels])
""",
}
_LOG_PX = """
def log_likelihood(x, logits):
    loss = nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none")
    return -loss.flatten(1).sum(1)
"""
_BY_HAND = """
def log_likelihood(x, logits):
    m = torch.sigmoid(logits)
    return (x * torch.log(m) + (1 - x) * torch.log(1 - m)).flatten(1).sum(1)
"""
MISTAKES["03.log_likelihood"] = [
    (_BY_HAND, "saturated"),
    (changed(_BY_HAND, ("log(m)", "log(m + 1e-9)"), ("log(1 - m)", "log(1 - m + 1e-9)")), "saturated"),
    ("def log_likelihood(x, logits):\n"
     "    loss = nn.functional.binary_cross_entropy(logits.sigmoid(), x, reduction='none')\n"
     "    return -loss.flatten(1).sum(1)", "saturated"),
    ("from torch.distributions import Bernoulli\n\n\ndef log_likelihood(x, logits):\n"
     "    return Bernoulli(logits=logits).log_prob(x).flatten(1).sum(1)", "grey-levels"),
    (changed(_LOG_PX, (".flatten(1).sum(1)", ".sum((2, 3))")), "per-channel"),
    (changed(_LOG_PX, ("(logits, x,", "(logits, x.round(),")), "rounded"),
    (changed(_BY_HAND, ("torch.log(m)", "m"), ("torch.log(1 - m)", "(1 - m)")), "not-logarithms"),
    ("def log_likelihood(x, logits):\n    return -0.5 * (x - logits.sigmoid()).square().flatten(1).sum(1)",
     "squared-error"),
    (changed(_LOG_PX, ("return -", "return ")), "negative"),
    (changed(_LOG_PX, (".sum(1)", ".mean(1)")), "mean-over-pixels"),
    (changed(_LOG_PX, (".flatten(1).sum(1)", ".sum()")), "one-number"),
    (changed(_LOG_PX, (', reduction="none"', ""), (".flatten(1).sum(1)", "")), "one-number"),
    (changed(_LOG_PX, (".flatten(1).sum(1)", "")), "not-summed"),
    (changed(_LOG_PX, ("(logits, x", "(logits.sigmoid(), x")), "double-sigmoid"),
    (changed(_LOG_PX, ("_with_logits", "")), "no-sigmoid"),
    (changed(_BY_HAND, ("torch.sigmoid(logits)", "logits")), "no-sigmoid"),
    (changed(_LOG_PX, ("(logits, x", "(x, logits")), "swapped"),
    (changed(_BY_HAND, ("log(m)", "log2(m)"), ("log(1 - m)", "log2(1 - m)")), "bits"),
    (changed(_BY_HAND, (" + (1 - x) * torch.log(1 - m)", "")), "white-only"),
    (changed(_BY_HAND, ("x * torch.log(m) + ", "")), "black-only"),
    ("def log_likelihood(x, logits):\n    return -(x - logits.sigmoid()).square().flatten(1).sum(1)",
     "squared-error"),
    (changed(_LOG_PX, ("(logits, x", "(logits.detach(), x")), "no-gradient"),
    (changed(_LOG_PX, ("return -", "")), "none"),
]  # fmt: skip

# The ELBO -------------------------------------------------------------------------------------------------

VARIANTS["03.elbo"] = {
    "two means": """
def elbo(log_px, mu, logvar):
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp(), dim=1)
    return log_px.mean() - kl.mean()
""",
    "distributions": """
from torch.distributions import Normal, kl_divergence

def elbo(log_px, mu, logvar):
    kl = kl_divergence(Normal(mu, torch.exp(logvar / 2)), Normal(0.0, 1.0))
    return torch.mean(log_px - kl.sum(-1))
""",
    "sums divided, expm1": """
def elbo(rec, m, lv):
    return (rec.sum() - (lv.expm1() + m * m - lv).sum() / 2) / len(m)
""",
    "by sigma": """
def elbo(log_px, mu, logvar):
    sigma = torch.exp(0.5 * logvar)
    kl = (sigma**2 + mu**2 - 1) / 2 - sigma.log()
    return (log_px - torch.einsum("nd->n", kl)).mean()
""",
}
_ELBO = """
def elbo(log_px, mu, logvar):
    kl = 0.5 * (logvar.exp() + mu**2 - 1 - logvar).sum(1)
    return (log_px - kl).mean()
"""
MISTAKES["03.elbo"] = [
    (changed(_ELBO, ("0.5 * (", "(")), "half-missing"),
    (changed(_ELBO, ("0.5 * (", "0.25 * (")), "half-twice"),
    (changed(_ELBO, (".sum(1)", ".mean(1)")), "mean-over-dimensions"),
    (changed(_ELBO, (".sum(1)", ".mean(1)"), ("0.5 * (", "(")), "half-missing"),
    (changed(_ELBO, ("- 1 - logvar", "- 1 - logvar / 2")), "log-sigma-for-logvar"),
    (changed(_ELBO, ("- 1 - logvar", "- 1 - logvar / 2"), ("0.5 * (", "(")), "log-sigma-for-logvar"),
    (changed(_ELBO, ("logvar.exp()", "logvar.exp() ** 2"), ("- 1 - logvar", "- 1 - 2 * logvar")),
     "logvar-as-log-sigma"),
    (changed(_ELBO, ("logvar.exp()", "logvar.exp() ** 2")), "logvar-as-log-sigma"),
    (changed(_ELBO, ("logvar.exp()", "(logvar / 2).exp()")), "sigma-for-variance"),
    (changed(_ELBO, ("logvar.exp()", "logvar")), "no-exponential"),
    (changed(_ELBO, ("logvar.exp() + mu**2 - 1 - logvar", "(1 + mu**2) / logvar.exp() - 1 + logvar")), "swapped"),
    (changed(_ELBO, ("- 1 - logvar", "- 1 + logvar")), "logvar-sign"),
    (changed(_ELBO, ("mu**2", "mu")), "mu-not-squared"),
    (changed(_ELBO, (" - 1", ""), (".sum(1)", ".sum(1) - 0.5")), "one-once"),
    (changed(_ELBO, (".sum(1)", ".sum(0)"), ("(log_px - kl).mean()", "log_px.mean() - kl.mean()")),
     "summed-over-pictures"),
    (changed(_ELBO, (" - 1", "")), "one-missing"),
    (changed(_ELBO, ("log_px - kl", "log_px + kl")), "kl-sign"),
    (changed(_ELBO, ("logvar.exp() + mu**2 - 1 - logvar", "1 + logvar - mu**2 - logvar.exp()")), "kl-sign"),
    (changed(_ELBO, ("(log_px - kl)", "(kl - log_px)")), "negative"),
    (changed(_ELBO, ("(log_px - kl)", "(-log_px - kl)")), "log-likelihood-sign"),
    (changed(_ELBO, ("(log_px - kl)", "log_px")), "no-kl"),
    (changed(_ELBO, ("(log_px - kl).mean()", "(log_px - kl).sum()")), "sum-over-pictures"),
    (changed(_ELBO, (".sum(1)", ".sum()")), "kl-summed-over-pictures"),
    (changed(_ELBO, ("(log_px - kl).mean()", "log_px.sum() - kl.mean()")), "log-likelihood-summed"),
    (changed(_ELBO, (".mean()", "")), "not-one-number"),
    (changed(_ELBO, (".mean()", ".mean().item()")), "no-gradient"),
    (changed(_ELBO, ("(log_px - kl)", "(log_px - kl.detach())")), "part-detached"),
]  # fmt: skip

# The training step ----------------------------------------------------------------------------------------

_STEP = """
def train_step(model, optimizer, x):
    mu, logvar = model.encode(x)
    z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
    logits = model.decode(z)
    error = nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)
    kl = 0.5 * (logvar.exp() + mu**2 - 1 - logvar).sum(1)
    loss = (error + kl).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
"""
_BACKWARD, _OPTIMIZE, _ZERO = "    loss.backward()\n", "    optimizer.step()\n", "    optimizer.zero_grad()\n"
VARIANTS["03.train_step"] = {
    "from parts": """
def reparameterize(mu, logvar):
    return mu + logvar.mul(0.5).exp() * torch.randn_like(mu)

def log_likelihood(x, logits):
    return -nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)

def elbo(log_px, mu, logvar):
    return (log_px - 0.5 * (logvar.exp() + mu**2 - 1 - logvar).sum(1)).mean()

def train_step(vae, opt, batch):
    vae.train()
    opt.zero_grad()
    mu, logvar = vae.encode(batch)
    loss = -elbo(log_likelihood(batch, vae.decode(reparameterize(mu, logvar))), mu, logvar)
    loss.backward()
    opt.step()
    return float(loss)
""",
    "distributions": """
from torch.distributions import Bernoulli, Normal, kl_divergence

def train_step(model, optimizer, x):
    mu, logvar = model.encode(x)
    q = Normal(mu, torch.exp(logvar / 2))
    p = Bernoulli(logits=model.decode(q.rsample()), validate_args=False)
    loss = kl_divergence(q, Normal(0.0, 1.0)).sum(1).mean() - p.log_prob(x).sum((1, 2, 3)).mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
    return loss.tolist()
""",
    "sums divided by the number of pictures": """
def train_step(model, optimizer, x):
    model.zero_grad()
    mu, logvar = model.encode(x)
    z = mu + torch.randn(mu.shape) * torch.exp(0.5 * logvar)
    bce = nn.functional.binary_cross_entropy_with_logits(model.decode(z), x, reduction="sum")
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    loss = (bce + kl) / x.size(0)
    loss.backward()
    optimizer.step()
    return loss.detach().item()
""",
    "sigmoid first": changed(
        _STEP, ("binary_cross_entropy_with_logits(logits,", "binary_cross_entropy(logits.sigmoid(),")),
    "closure": """
def train_step(model, optimizer, x):
    def closure():
        optimizer.zero_grad()
        mu, logvar = model.encode(x)
        logits = model.decode(mu + torch.exp(0.5 * logvar) * torch.randn_like(mu))
        log_px = (x * logits - nn.functional.softplus(logits)).flatten(1).sum(1)
        loss = (0.5 * (logvar.exp() + mu**2 - 1 - logvar).sum(1) - log_px).mean()
        loss.backward()
        return loss
    return optimizer.step(closure).item()
""",
}  # fmt: skip
MISTAKES["03.train_step"] = [
    (changed(_STEP, ("mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)", "mu")), "no-noise"),
    (changed(_STEP, ("torch.exp(0.5 * logvar) *", "mu *")), "mu-scaled"),
    (changed(_STEP, ("torch.exp(0.5 * logvar)", "torch.exp(logvar)")), "variance-as-sigma"),
    (changed(_STEP, ("torch.exp(0.5 * logvar)", "logvar")), "logvar-as-sigma"),
    (changed(_STEP, ("torch.randn_like", "torch.rand_like")), "uniform"),
    (changed(_STEP, ("torch.randn_like(mu)", "torch.randn(mu.shape[1])")), "same-for-all-pictures"),
    (changed(_STEP, ("    mu, logvar =", "    torch.manual_seed(0)\n    mu, logvar =")), "drawn-once"),
    (changed(_STEP, ("model.decode(z)", "torch.cat([model.decode(code[None]) for code in z])")), "several-codes"),
    (changed(_STEP, ("model.decode(z)", "model.decode(z.detach())")), "sampling-detached"),
    (changed(_STEP, ("mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)",
                      "torch.distributions.Normal(mu, torch.exp(0.5 * logvar)).sample()")), "sampling-detached"),
    (changed(_STEP, ("(error + kl)", "(error - kl)")), "kl-sign"),
    (changed(_STEP, ("(error + kl)", "-(error + kl)")), "uphill"),
    (changed(_STEP, ("(error + kl)", "error")), "no-kl"),
    (changed(_STEP, ("(error + kl)", "kl")), "kl-only"),
    (changed(_STEP, ("(error + kl).mean()", "(error + kl).sum()")), "sum-over-pictures"),
    (changed(_STEP, ("(error + kl).mean()", "error.mean() + kl.sum()")), "kl-summed-over-pictures"),
    (changed(_STEP, ("(error + kl).mean()", "error.sum() + kl.mean()")), "reconstruction-summed"),
    (changed(_STEP, (".flatten(1).sum(1)", ".mean()")), "mean-over-pixels"),
    (changed(_STEP, (".flatten(1).sum(1)", ".mean()"), ("logvar).sum(1)", "logvar).mean()")), "means-everywhere"),
    (changed(_STEP, ("model.decode(z)", "model.decode(z).sigmoid()")), "double-sigmoid"),
    (changed(_STEP, ("nn.functional.binary_cross_entropy_with_logits(logits, x, reduction=\"none\")",
                      "(x - logits.sigmoid()).square()")), "squared-error"),
    (changed(_STEP, ("0.5 * (logvar.exp()", "(logvar.exp()")), "half-missing"),
    (changed(_STEP, ("logvar).sum(1)", "logvar).mean(1)"), ("0.5 * (logvar.exp()", "(logvar.exp()")),
     "mean-over-dimensions"),
    (changed(_STEP, ("- 1 - logvar", "- 1 - 0.5 * logvar")), "log-sigma-for-logvar"),
    (changed(_STEP, ("kl = 0.5 * (logvar.exp()", "kl = 0.5 * ((logvar / 2).exp()")), "sigma-for-variance"),
    (changed(_STEP, (_ZERO, "")), "gradients-add-up"),
    (changed(_STEP, (_ZERO, ""), (_OPTIMIZE, _ZERO + _OPTIMIZE)), "zeroed-before-step"),
    (changed(_STEP, (_OPTIMIZE, "")), "no-step"),
    (changed(_STEP, (_BACKWARD, "")), "no-backward"),
    (changed(_STEP, (_BACKWARD + _OPTIMIZE, _OPTIMIZE + _BACKWARD)), "step-before-backward"),
    (changed(_STEP, (_OPTIMIZE, _OPTIMIZE * 2)), "several-steps"),
    (changed(_STEP, (_OPTIMIZE, "    nn.utils.clip_grad_norm_(model.parameters(), 0.1)\n" + _OPTIMIZE)), "scaled"),
    (changed(_STEP, ("(logits, x,", "(logits, x.flip(0),")), "other-step"),
    (changed(_STEP, ("    mu, logvar = model.encode(x)\n    z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)\n"
                      "    logits = model.decode(z)\n",
                      "    with torch.no_grad():\n        mu, logvar = model.encode(x)\n"
                      "        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)\n"
                      "        logits = model.decode(z)\n")), "no-graph"),
    (changed(_STEP, ("return loss.item()", "return loss")), "tensor-returned"),
    (changed(_STEP, ("return loss.item()", "return -loss.item()")), "elbo-returned"),
    (changed(_STEP, ("    return loss.item()\n", "")), "none"),
    (changed(_STEP, ("model.decode(z)", "(model.decode(z) + model.decode(mu)) / 2")), "several-codes"),
]  # fmt: skip

# The manifold ---------------------------------------------------------------------------------------------

_MAP = """
def manifold(decode, steps):
    q = torch.special.ndtri((torch.arange(steps) + 0.5) / steps)
    z1, z2 = torch.meshgrid(q, q, indexing="xy")
    z = torch.stack([z1.flatten(), z2.flatten()], dim=1)
    return torch.sigmoid(decode(z))
"""
VARIANTS["03.manifold"] = {
    "row by row": """
from torch.distributions import Normal

def manifold(decode, steps):
    shares = torch.linspace(0, 1, steps + 1)
    q = Normal(0.0, 1.0).icdf((shares[:-1] + shares[1:]) / 2)
    rows = []
    for z2 in q:
        rows.append(decode(torch.stack([q, z2.expand(steps)], dim=1)).sigmoid())
    return torch.cat(rows).detach()
""",
    "picture by picture": """
@torch.no_grad()
def manifold(decode, n):
    normal = torch.distributions.Normal(0, 1)
    places = [normal.icdf(torch.tensor((i + 0.5) / n)) for i in range(n)]
    return torch.cat([decode(torch.tensor([[a, b]])).sigmoid() for b in places for a in places])
""",
    "scipy": """
import numpy as np
from scipy.stats import norm

def manifold(decode, steps):
    q = norm.ppf((np.arange(steps) + 0.5) / steps)
    z = np.stack(np.meshgrid(q, q), axis=-1).reshape(-1, 2)
    return 1 / (1 + torch.exp(-decode(torch.tensor(z, dtype=torch.float32))))
""",
    "cartesian product, flipped": """
def manifold(decode, steps):
    q = 2**0.5 * torch.erfinv((2 * torch.arange(steps) + 1) / steps - 1)
    return decode(torch.cartesian_prod(q, q).flip(1)).sigmoid()
""",
}
_Q = "torch.special.ndtri((torch.arange(steps) + 0.5) / steps)"
MISTAKES["03.manifold"] = [
    (changed(_MAP, ("torch.sigmoid(decode(z))", "decode(z)")), "logits-returned"),
    (changed(_MAP, ("torch.sigmoid(decode(z))", "decode(z).sigmoid().sigmoid()")), "sigmoid-twice"),
    (changed(_MAP, ("torch.sigmoid(decode(z))", "z")), "codes-returned"),
    (changed(_MAP, ("torch.sigmoid(decode(z))", "decode(z).clamp(0, 1)")), "other-pictures"),
    (changed(_MAP, ("torch.sigmoid(decode(z))", "decode(z).sigmoid().unflatten(0, (steps, steps))")), "grid-shape"),
    (changed(_MAP, ("torch.sigmoid(decode(z))", "[decode(row[None]).sigmoid() for row in z]")), "list"),
    (changed(_MAP, (_Q, "torch.linspace(-3, 3, steps)")), "evenly-spaced"),
    (changed(_MAP, (_Q, "(torch.arange(steps) + 0.5) / steps")), "probabilities-decoded"),
    (changed(_MAP, (_Q, "torch.special.ndtri(torch.linspace(0, 1, steps))")), "infinite"),
    (changed(_MAP, (_Q, "torch.special.ndtri(torch.arange(steps) / steps)")), "infinite"),
    (changed(_MAP, (_Q, "torch.special.ndtri(torch.linspace(0.05, 0.95, steps))")), "other-quantiles"),
    (changed(_MAP, (_Q, "torch.special.ndtri((torch.arange(steps) + 1) / (steps + 1))")), "other-quantiles"),
    (changed(_MAP, (_Q, "torch.randn(steps)")), "random"),
    (changed(_MAP, ("decode(z)", "decode(torch.randn(steps * steps, 2))")), "random"),
    (changed(_MAP, ('"xy"', '"ij"')), "transposed"),
    (changed(_MAP, ("decode(z)", "decode(torch.cartesian_prod(q, q))")), "transposed"),
    (changed(_MAP, ("z2.flatten()", "z2.flip(0).flatten()")), "reversed"),
    (changed(_MAP, ("decode(z)", "decode(z.flip(0))")), "reversed"),
    (changed(_MAP, ("z2.flatten()], dim=1)", "z2.flatten()]).view(-1, 2)")), "pairs"),
    (changed(_MAP, ("decode(z)", "decode(torch.stack([q, q], dim=1))")), "diagonal"),
    (changed(_MAP, ("decode(z)", "decode(z[:steps])")), "count"),
    (changed(_MAP, ("torch.arange(steps)", "torch.arange(steps, dtype=torch.float64)")), "double"),
    (changed(_MAP, ("    return ", "    ")), "none"),
]  # fmt: skip
