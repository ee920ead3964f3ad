"""Right and wrong answers to the tasks of lesson 05, as they stand in a cell below the exercise's imports.

``VARIANTS[task]`` are different right ways, by what is special about them. ``MISTAKES[task]`` are wrong answers that
people give, each with the name of the mistake that has to be recognised in it.
"""

from banks import changed

VARIANTS = {}
MISTAKES = {}


# Vital signs ----------------------------------------------------------------------------------------------

_SIGNS = """
def vital_signs(mu, logvar):
    kl = 0.5 * (logvar.exp() + mu**2 - 1 - logvar).mean(0)
    active = mu.var(0) > 0.01
    return kl, active
"""
VARIANTS["05.vital_signs"] = {
    "biased variance, a list": """
def vital_signs(mu, logvar):
    kl = 0.5 * (logvar.exp() + mu**2 - 1 - logvar).mean(0)
    return [kl, mu.var(dim=0, unbiased=False).gt(1e-2)]
""",
    "distributions": """
from torch.distributions import Normal, kl_divergence

def vital_signs(mu, logvar):
    each = kl_divergence(Normal(mu, (logvar / 2).exp()), Normal(0.0, 1.0))
    return each.mean(dim=0), mu.std(0) > 0.1
""",
    "covariance": """
def vital_signs(m, lv):
    kl = -0.5 * torch.sum(1 + lv - m.pow(2) - lv.exp(), 0) / len(m)
    return kl, torch.cov(m.T).diagonal() > 0.01
""",
    "unit by unit, numpy": """
def vital_signs(mu, logvar):
    kls, active = [], []
    for m, v in zip(mu.T, logvar.T):
        kls.append((v.exp() + m**2 - 1 - v).mean() / 2)
        active.append(float(np.var(m.numpy())) > 0.01)
    return torch.stack(kls), torch.tensor(active)
""".replace("def", "import numpy as np\n\ndef", 1),
    "moments": """
def vital_signs(mu, logvar):
    variance = (mu**2).mean(0) - mu.mean(0) ** 2
    return (logvar.expm1() + mu**2 - logvar).mean(0) / 2, torch.where(variance > 0.01, True, False)
""",
}
_ACTIVE = "mu.var(0) > 0.01"
MISTAKES["05.vital_signs"] = [
    (changed(_SIGNS, ("0.5 * (", "(")), "no-half"),
    (changed(_SIGNS, ("- 1 - logvar", "- 1 - 2 * logvar"), ("logvar.exp()", "logvar.exp() ** 2")), "log-sigma"),
    (changed(_SIGNS, ("- 1 - logvar", "- 1 - logvar / 2")), "log-sigma"),
    (changed(_SIGNS, ("logvar.exp()", "(logvar / 2).exp()")), "sigma-for-variance"),
    (changed(_SIGNS, ("0.5 * (", "-0.5 * (")), "sign"),
    (changed(_SIGNS, ("mean(0)", "sum(0)")), "sum-over-pictures"),
    (changed(_SIGNS, ("mean(0)", "mean(1)")), "mean-over-units"),
    (changed(_SIGNS, ("mean(0)", "mean()")), "mean-over-units"),
    (changed(_SIGNS, ("mean(0)", "sum(1)")), "kl-per-picture"),
    (changed(_SIGNS, ("mean(0)", "sum(1).mean()")), "kl-per-picture"),
    (changed(_SIGNS, (".mean(0)", "")), "not-averaged"),
    (changed(_SIGNS, ("(logvar.exp() + mu**2 - 1 - logvar).mean(0)", "(v.exp() + m**2 - 1 - v)"),
              ("    kl", "    m, v = mu.mean(0), logvar.mean(0)\n    kl")), "kl-of-the-mean-code"),
    (changed(_SIGNS, ("(logvar.exp() + mu**2 - 1 - logvar).mean(0)", "(v + m**2 - 1 - v.log())"),
              ("    kl", "    m, v = mu.mean(0), logvar.exp().mean(0)\n    kl")), "kl-of-the-mean-code"),
    (changed(_SIGNS, (_ACTIVE, "mu.var(1) > 0.01")), "over-units"),
    (changed(_SIGNS, (_ACTIVE, "mu.std(0) > 0.01")), "spread-for-variance"),
    (changed(_SIGNS, (_ACTIVE, "(mu**2).mean(0) > 0.01")), "not-about-the-mean"),
    (changed(_SIGNS, (_ACTIVE, "mu.abs().mean(0) > 0.01")), "not-about-the-mean"),
    (changed(_SIGNS, (_ACTIVE, "(mu + (logvar / 2).exp() * torch.randn_like(mu)).var(0) > 0.01")),
     "variance-of-samples"),
    (changed(_SIGNS, (_ACTIVE, "logvar.exp().mean(0) > 0.01")), "posterior-variance"),
    (changed(_SIGNS, (_ACTIVE, "logvar.exp().var(0) > 0.01")), "posterior-variance"),
    (changed(_SIGNS, (_ACTIVE, "kl > 0.01")), "by-kl"),
    (changed(_SIGNS, (_ACTIVE, "mu.var(0) < 0.01")), "turned-round"),
    (changed(_SIGNS, (_ACTIVE, f"({_ACTIVE}).sum()")), "counted"),
    (changed(_SIGNS, (_ACTIVE, f"({_ACTIVE}).sum().item()")), "counted"),
    (changed(_SIGNS, (_ACTIVE, "mu.var(0)")), "not-compared"),
    (changed(_SIGNS, (_ACTIVE, "mu**2 > 0.01")), "one-per-picture"),
    (changed(_SIGNS, ("return kl, active", "return kl")), "not-a-pair"),
]  # fmt: skip

# A schedule -----------------------------------------------------------------------------------------------

_CYCLES = """
def cyclical_beta(progress, beta, cycles, share):
    phase = progress * cycles % 1
    return beta * min(1.0, phase / share)
"""
VARIANTS["05.cyclical_beta"] = {
    "an if": """
def cyclical_beta(progress, beta, cycles, share):
    length = 1 / cycles
    into = progress - length * int(progress / length)
    if into < share * length:
        return beta * into / (share * length)
    return beta
""",
    "a tensor": """
def cyclical_beta(t, top, n, rise):
    within = torch.tensor(t * n, dtype=torch.float64).frac()
    return torch.clamp(top * within / rise, 0, top)
""",
    "math.fmod": """
import math

def cyclical_beta(progress, beta, cycles, share):
    return min(beta, beta / share * math.fmod(progress * cycles, 1))
""",
    "numpy's interpolation": """
import numpy as np

def cyclical_beta(progress, beta, cycles, share):
    corners = sum([[k, k + share, k + 1 - 1e-9] for k in range(cycles)], [])
    return np.interp(progress * cycles, corners, [0, beta, beta] * cycles)
""",
    "a search for the cycle": """
def cyclical_beta(progress, beta, cycles, share):
    start = max(k / cycles for k in range(cycles) if k / cycles <= progress)
    return beta * min((progress - start) * cycles / share, 1)
""",
}
MISTAKES["05.cyclical_beta"] = [
    (changed(_CYCLES, ("beta * min(1.0, phase / share)", "beta * (1 - min(1.0, phase / share))")), "falls"),
    (changed(_CYCLES, ("beta * min(1.0, phase / share)", "beta * (1 - phase)")), "falls"),
    (changed(_CYCLES, ("beta * min(1.0, phase / share)", "beta - beta * progress")), "falls"),
    (changed(_CYCLES, ("min(1.0, phase / share)", "phase / share")), "overshoots"),
    (changed(_CYCLES, ("min(1.0, phase / share)", "phase")), "never-reaches"),
    (changed(_CYCLES, ("phase / share", "phase * share")), "never-reaches"),
    (changed(_CYCLES, ("* cycles", "* (cycles + 1)")), "cycles-off-by-one"),
    ("def cyclical_beta(progress, beta, cycles, share):\n    if cycles == 1:\n"
     "        return beta * min(1.0, progress / share)\n"
     "    return beta * min(1.0, progress * (cycles - 1) % 1 / share)", "cycles-off-by-one"),
    (changed(_CYCLES, ("progress * cycles % 1", "progress % (1 / cycles)")), "share-of-the-training"),
    (changed(_CYCLES, (" % 1", "")), "no-restart"),
    (changed(_CYCLES, (" * cycles % 1", "")), "no-restart"),
    (changed(_CYCLES, ("beta * min", "min")), "beta-ignored"),
    (changed(_CYCLES, ("beta * min(1.0, ", "min(beta, ")), "slope-without-beta"),
    (changed(_CYCLES, ("min(1.0, phase / share)", "(phase >= share)")), "jumps"),
    (changed(_CYCLES, ("min(1.0, phase / share)", "max(0.0, (phase - (1 - share)) / share)")), "rest-first"),
    (changed(_CYCLES, ("min(1.0, phase / share)", "(phase / share if phase < share else 0)")),
     "drops-after-the-rise"),
    (changed(_CYCLES, ("min(1.0, phase / share)", "(1 - math.cos(math.pi * min(1.0, phase / share))) / 2"),
              ("\ndef", "\nimport math\n\ndef")), "not-straight"),
    (changed(_CYCLES, ("beta * min(1.0, phase / share)", "beta")), "constant"),
    (changed(_CYCLES, ("return beta", "return lambda progress: beta")), "function-returned"),
    (changed(_CYCLES, ("return ", "value = ")), "not-a-number"),
]  # fmt: skip

# Free bits ------------------------------------------------------------------------------------------------

_FREE = """
def free_bits_kl(mu, logvar, free):
    kl = 0.5 * (logvar.exp() + mu**2 - 1 - logvar)
    return kl.mean(0).clamp(min=free).sum()
"""
VARIANTS["05.free_bits_kl"] = {
    "torch.maximum": """
def free_bits_kl(mu, logvar, free):
    mean = (0.5 * (logvar.exp() + mu**2 - 1 - logvar)).mean(dim=0)
    return torch.maximum(mean, torch.full_like(mean, free)).sum()
""",
    "where, one number a picture": """
def free_bits_kl(mu, logvar, free):
    kl = 0.5 * (logvar.exp() + mu**2 - 1 - logvar)
    charged = torch.where(kl.mean(0) > free, kl, free)
    return charged.sum(1).mean()
""",
    "a loop": """
def free_bits_kl(m, lv, nats):
    total = 0.0
    for d in range(m.shape[1]):
        kl = (lv[:, d].exp() + m[:, d] ** 2 - 1 - lv[:, d]).mean() / 2
        total = total + (kl if kl > nats else nats)
    return total
""",
    "relu": """
def free_bits_kl(mu, logvar, free):
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp())
    return free * mu.shape[1] + torch.relu(kl.mean(0) - free).sum()
""",
    "distributions": """
from torch.distributions import Normal, kl_divergence

def free_bits_kl(mu, logvar, free):
    kl = kl_divergence(Normal(mu, torch.exp(0.5 * logvar)), Normal(0.0, 1.0))
    return torch.clamp(kl.sum(0) / len(kl), min=free).sum()
""",
}
_CHARGED = "kl.mean(0).clamp(min=free).sum()"
MISTAKES["05.free_bits_kl"] = [
    (changed(_FREE, (_CHARGED, "kl.clamp(min=free).mean(0).sum()")), "clamped-per-picture"),
    (changed(_FREE, (_CHARGED, "kl.clamp(min=free).sum(1).mean()")), "clamped-per-picture"),
    (changed(_FREE, (_CHARGED, "kl.sum(1).mean().clamp(min=free)")), "free-ignored"),
    (changed(_FREE, (_CHARGED, "kl.sum(1).clamp(min=free * mu.shape[1]).mean()")), "clamped-on-the-total"),
    (changed(_FREE, (_CHARGED, "kl.mean(0).sum().clamp(min=free * mu.shape[1])")), "clamped-on-the-total"),
    (changed(_FREE, ("min=free", "max=free")), "clamped-from-above"),
    (changed(_FREE, (_CHARGED, "(kl.mean(0) - free).clamp(min=0).sum()")), "subtracted"),
    (changed(_FREE, (_CHARGED, "kl.mean(0).sum() + free * mu.shape[1]")), "added"),
    (changed(_FREE, (_CHARGED, "(kl.mean(0) * (kl.mean(0) > free)).sum()")), "left-out"),
    (changed(_FREE, (".sum()", ".mean()")), "mean-over-units"),
    (changed(_FREE, (".mean(0)", ".sum(0)")), "sum-over-pictures"),
    (changed(_FREE, (".clamp(min=free)", "")), "free-ignored"),
    (changed(_FREE, ("0.5 * (", "(")), "no-half"),
    (changed(_FREE, ("logvar.exp()", "(2 * logvar).exp()"), ("- 1 - logvar", "- 1 - 2 * logvar")), "log-sigma"),
    (changed(_FREE, (".sum()", ".sum().item()")), "no-gradient"),
    (changed(_FREE, (_CHARGED, "kl.mean(0).sum() + (kl.mean(0).clamp(min=free) - kl.mean(0)).sum().detach()")),
     "still-pushed"),
    (changed(_FREE, (".sum()", "")), "not-one-number"),
    (changed(_FREE, ("return ", "")), "none"),
]  # fmt: skip

# Conventions ----------------------------------------------------------------------------------------------

_CONVERT = """
def convert_beta(beta, source, target, pixels, latent_dim):
    def in_sums(convention):
        reconstruction, kl = convention
        return (pixels if reconstruction == "mean" else 1) / (latent_dim if kl == "mean" else 1)

    return beta * in_sums(source) / in_sums(target)
"""
VARIANTS["05.convert_beta"] = {
    "step by step": """
def convert_beta(beta, source, target, pixels, latent_dim):
    if source[0] == "mean":
        beta = beta * pixels
    if source[1] == "mean":
        beta = beta / latent_dim
    if target[0] == "mean":
        beta = beta / pixels
    if target[1] == "mean":
        beta = beta * latent_dim
    return beta
""",
    "what changes": """
def convert_beta(beta, source, target, pixels, latent_dim):
    factor = {("sum", "mean"): 1 / pixels, ("mean", "sum"): pixels}.get((source[0], target[0]), 1)
    factor *= {("sum", "mean"): latent_dim, ("mean", "sum"): 1 / latent_dim}.get((source[1], target[1]), 1)
    return beta * factor
""",
    "a table": """
def convert_beta(b, here, there, p, d):
    sums = {("sum", "sum"): 1, ("mean", "sum"): p, ("sum", "mean"): 1 / d, ("mean", "mean"): p / d}
    return torch.tensor(b * sums[here] / sums[there], dtype=torch.float64)
""",
    "by gradients": """
def convert_beta(beta, source, target, pixels, latent_dim):
    def weights(convention, weight):
        r, k = torch.ones(pixels, requires_grad=True), torch.ones(latent_dim, requires_grad=True)
        reduce = {"sum": torch.sum, "mean": torch.mean}
        (reduce[convention[0]](r) + weight * reduce[convention[1]](k)).backward()
        return k.grad[0] / r.grad[0]

    return beta * weights(source, 1.0) / weights(target, 1.0)
""",
    "powers": """
import numpy as np

def convert_beta(beta, source, target, pixels, latent_dim):
    means = [(s == "mean") - (t == "mean") for s, t in zip(source, target)]
    return np.float64(beta) * float(pixels) ** means[0] * float(latent_dim) ** -means[1]
""",
}
_RESULT = "beta * in_sums(source) / in_sums(target)"
MISTAKES["05.convert_beta"] = [
    (changed(_CONVERT, (_RESULT, "beta * in_sums(target) / in_sums(source)")), "multiplied-for-divided"),
    (changed(_CONVERT, (_RESULT, "beta")), "unchanged"),
    (changed(_CONVERT, (' / (latent_dim if kl == "mean" else 1)', "")), "kl-ignored"),
    (changed(_CONVERT, ('(pixels if reconstruction == "mean" else 1)', "1")), "reconstruction-ignored"),
    (changed(_CONVERT, ("(pixels if", "(latent_dim if"), ("(latent_dim if kl", "(pixels if kl")), "sizes-swapped"),
    (changed(_CONVERT, (_RESULT, "beta * in_sums(source[::-1]) / in_sums(target[::-1])")), "words-swapped"),
    (changed(_CONVERT, ("else 1) / (", "else 1) * (")), "kl-wrong-way"),
    (changed(_CONVERT, ("(pixels if", "(1 / pixels if")), "reconstruction-wrong-way"),
    (changed(_CONVERT, (" / in_sums(target)", "")), "target-ignored"),
    (changed(_CONVERT, (" * in_sums(source)", "")), "source-ignored"),
    (changed(_CONVERT, (_RESULT, f"beta * {_RESULT}")), "beta-twice"),
    (changed(_CONVERT, ("beta * in_sums", "in_sums")), "beta-left-out"),
    (changed(_CONVERT, ("return beta", "result = beta")), "not-a-number"),
]  # fmt: skip

# Charts ---------------------------------------------------------------------------------------------------

_CHARTS = """
charts = {
    "A": ("code not compressed", "raise", 6),
    "B": ("healthy", "keep", 6),
    "C": ("partly collapsed", "lower", 3),
    "D": ("undertrained", "train on", 6),
    "E": ("code ignored", "lower", 0),
    "F": ("code not compressed", "raise", 6),
}
"""
VARIANTS["05.charts"] = {
    "lists, capitals": """
charts = dict(
    A=["Code not compressed", "raise", 6],
    B=["Healthy", "keep", 6],
    C=["Partly collapsed", "lower", 3],
    D=["Undertrained", "train on", 6],
    E=["Code ignored", "lower", 0],
    F=["Code not compressed", "raise", 6],
)
""",
    "by condition": """
conditions = {
    ("code not compressed", "raise"): {"A": 6, "F": 6},
    ("healthy", "keep"): {"B": 6},
    ("partly collapsed", "lower"): {"C": 3},
    ("undertrained", "train on"): {"D": 6},
    ("code ignored", "lower"): {"E": 0},
}
charts = {name: (*words, units) for words, names in conditions.items() for name, units in names.items()}
""",
    "filled one by one": """
charts = {}
for name in "AF":
    charts[name] = "code not compressed", "raise", 6
charts["B"] = "healthy", "keep", 6
charts["C"] = "partly collapsed", "lower", 3
charts["D"] = "undertrained", "train on", 6
charts["E"] = "code ignored", "lower", 0
""",
    "counted": """
variances = {"C": [0.0, 0.4, 0.0, 0.5, 0.0, 0.4], "E": [0.0] * 6}
words = {
    "A": "code not compressed, raise", "B": "healthy, keep", "C": "partly collapsed, lower",
    "D": "undertrained, train on", "E": "code ignored, lower", "F": "code not compressed, raise",
}
charts = {
    name: (*text.split(", "), (torch.tensor(variances.get(name, [1.0] * 6)) > 0.01).sum().item())
    for name, text in words.items()
}
""",
}
_A, _E, _F = (
    f'"{letter}": ("code {words})'
    for letter, words in [
        ("A", 'not compressed", "raise", 6'),
        ("E", 'ignored", "lower", 0'),
        ("F", 'not compressed", "raise", 6'),
    ]
)
MISTAKES["05.charts"] = [
    (changed(_CHARTS, (_A, '"A": ("code ignored", "raise", 6)')), "opposites"),
    (changed(_CHARTS, (_E, '"E": ("code not compressed", "lower", 0)')), "opposites"),
    (changed(_CHARTS, (_E, '"E": ("undertrained", "lower", 0)')), "ignored-missed"),
    (changed(_CHARTS, (_E, '"E": ("partly collapsed", "lower", 0)')), "ignored-missed"),
    (changed(_CHARTS, (_F, '"F": ("healthy", "raise", 6)')), "not-compressed-missed"),
    (changed(_CHARTS, ("undertrained", "healthy")), "undertrained-missed"),
    (changed(_CHARTS, ("undertrained", "code not compressed")), "undertrained-missed"),
    (changed(_CHARTS, ("partly collapsed", "code ignored")), "partly-as-ignored"),
    (changed(_CHARTS, ("partly collapsed", "healthy")), "partly-missed"),
    (changed(_CHARTS, ("healthy", "code not compressed")), "false-alarm"),
    (changed(_CHARTS, (_E, '"E": ("code ignored", "raise", 0)')), "beta-the-wrong-way"),
    (changed(_CHARTS, (_A, '"A": ("code not compressed", "lower", 6)')), "beta-the-wrong-way"),
    (changed(_CHARTS, ("train on", "lower")), "beta-for-time"),
    (changed(_CHARTS, ("keep", "lower")), "healthy-treated"),
    (changed(_CHARTS, (_E, '"E": ("code ignored", "train on", 0)')), "time-for-beta"),
    (changed(_CHARTS, (_E, '"E": ("code ignored", "keep", 0)')), "left-alone"),
    (changed(_CHARTS, (_E, '"E": ("code ignored", "lower", 6)')), "idle-units-counted"),
    (changed(_CHARTS, ('"lower", 3', '"lower", 6')), "miscounted"),
    (changed(_CHARTS, ('"lower", 3', '"lower", [1, 3, 5]')), "no-number"),
    (changed(_CHARTS, ('"E": ("code ignored", "lower", 0),', "")), "patient-missing"),
    (changed(_CHARTS, ("undertrained", "needs more epochs")), "other-words"),
    (changed(_CHARTS, ('("healthy", "keep", 6)', '"healthy"')), "no-triple"),
    ('charts = [("code not compressed", "raise", 6), ("healthy", "keep", 6)]', "no-dict"),
]  # fmt: skip

# The cure -------------------------------------------------------------------------------------------------

_PRESCRIBE = """
def prescribe(chart):
    weight, epochs = chart["kl_weight"], chart["epochs"]
    reconstruction, kl = chart["convention"]
    scale = (chart["pixels"] if reconstruction == "mean" else 1) / (chart["latent_dim"] if kl == "mean" else 1)
    ignored = chart["shuffled"] - chart["reconstruction"] < 1
    not_compressed = chart["codes_vs_prior"] > 0.95
    if chart["losses"][-2] - chart["losses"][-1] > 5:
        epochs = 15
    elif ignored or not_compressed:
        weight = 1 / scale
    return {"kl_weight": weight, "epochs": epochs}
"""
VARIANTS["05.prescribe"] = {
    "from the settings": """
def prescribe(chart):
    factor = 1
    if chart["convention"][0] == "mean":
        factor *= chart["pixels"]
    if chart["convention"][1] == "mean":
        factor /= chart["latent_dim"]
    beta = chart["kl_weight"] * factor
    if not 0.3 < beta < 3:
        beta = 1
    return dict(kl_weight=beta / factor, epochs=max(chart["epochs"], 16))
""".replace('max(chart["epochs"], 16)', '20 if chart["epochs"] < 10 else chart["epochs"]'),
    "a copy of the chart": """
def prescribe(chart):
    new = dict(chart)
    in_sums = {("sum", "sum"): 1.0, ("mean", "sum"): chart["pixels"], ("sum", "mean"): 1 / chart["latent_dim"],
               ("mean", "mean"): chart["pixels"] / chart["latent_dim"]}[chart["convention"]]
    if chart["losses"][-1] < 0.9 * chart["losses"][-2]:
        new["epochs"] = 20
    elif chart["kl"] < 0.5:
        new["kl_weight"] = 0.7 / in_sums
    elif chart["kl"] > 40:
        new["kl_weight"] = 1.5 / in_sums
    return new
""",
    "small steps of beta, more epochs": changed(
        _PRESCRIBE,
        (
            "elif ignored or not_compressed:\n        weight = 1 / scale",
            "elif ignored:\n        weight, epochs = 0.5 / scale, 18\n    elif not_compressed:\n"
            "        weight, epochs = 2 / scale, 18",
        ),
    ),
    "tensors": changed(_PRESCRIBE, ('{"kl_weight": weight', '{"kl_weight": torch.tensor(weight)')),
}
_TREAT = "    elif ignored or not_compressed:\n        weight = 1 / scale\n"
MISTAKES["05.prescribe"] = [
    (changed(_PRESCRIBE, (_TREAT, "    elif ignored:\n        weight = 100 * weight\n    elif not_compressed:\n"
                                   "        weight = weight / 100\n")), "beta-the-wrong-way"),
    (changed(_PRESCRIBE, ("weight = 1 / scale", "weight = 1.0")), "not-converted"),
    (changed(_PRESCRIBE, ("weight = 1 / scale", "weight = weight / 2 if ignored else 2 * weight")), "half-way"),
    (changed(_PRESCRIBE, ("weight = 1 / scale", "weight = 1e-6 * weight if ignored else 1e6 * weight")), "too-far"),
    (changed(_PRESCRIBE, ("weight = 1 / scale", "epochs = 20")), "time-for-beta"),
    (changed(_PRESCRIBE, ("weight = 1 / scale", "weight, epochs = 1 / scale, 2")), "too-short"),
    (changed(_PRESCRIBE, ("        epochs = 15\n", "        weight, epochs = weight / 2, 15\n")), "beta-for-time"),
    (changed(_PRESCRIBE, ("epochs = 15", "pass")), "undertrained-missed"),
    (changed(_PRESCRIBE, ('if chart["losses"][-2] - chart["losses"][-1] > 5:',
                          'if chart["reconstruction"] > chart["mean_picture"] + 5:')), "undertrained-missed"),
    (changed(_PRESCRIBE, (_TREAT, "")), "left-alone"),
    (changed(_PRESCRIBE, (_TREAT, _TREAT.replace("elif ignored or not_compressed", "else"))), "healthy-treated"),
    (changed(_PRESCRIBE, ("epochs = 15", "epochs = 100")), "epochs-out-of-range"),
    (changed(_PRESCRIBE, ("weight = 1 / scale", "weight = 0.0")), "no-kl"),
    (changed(_PRESCRIBE, ('{"kl_weight": weight, "epochs": epochs}', "weight, epochs")), "no-settings"),
    (changed(_PRESCRIBE, ('"epochs": epochs}', '"epochs": epochs, "convention": ("sum", "sum")}')),
     "convention-changed"),
]  # fmt: skip
