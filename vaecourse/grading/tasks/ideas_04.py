"""What the hints of lesson 04 say: for each task the idea that a mistake misses, and none of a case's numbers."""

KL_DISCRETE = {
    "zero-times-infinity": "An event with p = 0 makes the sum NaN or infinite: 0 times log 0. Such an event adds "
    "nothing, because p log p goes to 0 with p. torch.xlogy, or leaving these events out, does it.",
    "infinite": "An event with p = 0 makes the sum infinite: log p stands somewhere without p before it, which is the "
    "weight of each event.",
    "swapped": "This is KL(q‖p). The one asked for is KL(p‖q): it averages log(p/q) over what p makes happen. The KL "
    "is not symmetric.",
    "sign": "The sign is wrong: a KL is never negative. It is the sum of p log(p/q), with p above q.",
    "weighted-by-q": "The weights are q (or, which is the same, p and q are swapped and the sign is wrong). What "
    "happens, happens with p: weight each log(p/q) with p.",
    "cross-entropy": "This is the cross-entropy H(p, q). The KL is what it exceeds the entropy by: H(p, q) - H(p).",
    "entropy": "This is made of p alone: the entropy. The KL compares p with q: H(p, q) - H(p).",
    "bits": "These are bits. Nats are asked for: take the natural logarithm, torch.log.",
    "mean-over-events": "You divide by the number of events. Sum over them: p is the weight of each already.",
    "no-logarithm": "There is a logarithm missing: the KL is an average of log(p/q), the cross-entropy one of -log q. "
    "(torch's kl_div wants log q as its first argument.)",
    "not-weighted": "All events count the same. Weight each log(p/q) with p, the share of the time that it happens.",
    "symmetric": "You add, or average, both directions. KL(p‖q) is one of them: weights p, logarithm of p/q.",
    "absolute-value": "You take absolute values. The terms of a KL may be negative; only their sum may not.",
    "other": "Sum p log(p/q) over the events, with the natural logarithm.",
}

GAUSSIAN_KL = {
    "swapped": "The arguments are swapped: this is the KL of the second Gaussian from the first. In KL(N₀‖N₁) the "
    "spread that divides is σ₁.",
    "sign": "The sign of everything is turned round: a KL is never negative.",
    "no-half": "A factor ½ is missing. ½ stands before (σ₀² + (μ₀ - μ₁)²)/σ₁² and before the 1, and log(σ₁/σ₀) is "
    "½ log(σ₁²/σ₀²).",
    "half-twice": "The factor ½ is there once too often. log(σ₁/σ₀) has taken it in already: ½ log(σ₁²/σ₀²).",
    "log-sigma": "log σ stands for log σ²: the logarithm is too small by a factor of two beside the other terms. "
    "½ log(σ₁²/σ₀²) is log(σ₁/σ₀), without a ½.",
    "sigma-as-variance": "You take σ for a variance. The arguments are standard deviations: square them.",
    "variance-as-sigma": "You square σ once too often: σ² is the variance, σ⁴ is nothing that occurs here.",
    "constant": "The constant is wrong. A Gaussian has KL 0 from itself: there, ½ must cancel σ₀²/(2σ₁²).",
    "one-by-one": "math.log and math.sqrt take one number. torch.log takes a whole tensor.",
    "factor-two": "The 2 below (σ₀² + (μ₀ - μ₁)²)/(2σ₁²) is missing.",
    "brackets": "A pair of brackets is missing: the whole of σ₀² + (μ₀ - μ₁)² is divided by (2σ₁²). In Python "
    "a / 2 * b is a / 2 times b.",
    "own-spread": "You divide by σ₀². All squares count in units of σ₁, the spread of the Gaussian that is compared "
    "with.",
    "not-squared-below": "σ₁ is not squared below the fraction: 2σ₁².",
    "log-of-variances": "log(σ₁²/σ₀²) is twice log(σ₁/σ₀): it needs a ½ before it.",
    "log-missing": "The ratio of the spreads comes in by its logarithm: log(σ₁/σ₀).",
    "bits": "The logarithm is one to base 2. Nats are asked for: torch.log.",
    "standard-normal": "μ₁ and σ₁ do not matter in your answer: this is the KL from N(0, 1). Here the second Gaussian "
    "may be any.",
    "log-upside-down": "The logarithm is upside down: log(σ₁/σ₀), with the second Gaussian above.",
    "no-log": "The logarithm of the spreads is missing.",
    "mean-not-squared": "The distance of the means is not squared.",
    "mean-over-own-spread": "The distance of the means is divided by σ₀². It counts in units of σ₁, the spread of the "
    "Gaussian that is compared with.",
    "no-means": "The means do not matter in your answer. Two Gaussians of one width and different places differ, too.",
    "other": "log(σ₁/σ₀) + (σ₀² + (μ₀ - μ₁)²)/(2σ₁²) - ½, for each pair.",
    "summed": "You add up, or average, the pairs. Return one KL for each: the shape of the arguments.",
}

KL_TO_STANDARD = {
    "log-sigma": "You take logvar for log σ. It is log σ²: its exponential is the variance, and log σ² is logvar "
    "itself, with no factor.",
    "log-sigma-term": "The last term is log σ, or has another factor too many: inside ½ (σ² + μ² - 1 - log σ²) it is "
    "logvar itself.",
    "log-sigma-and-half": "Two things: the ½ is gone, and log σ stands for log σ². It is a formula that circulates: "
    "σ² + μ² - log σ - 1. The right one is ½ (σ² + μ² - 1 - log σ²).",
    "no-half": "The factor ½ is missing.",
    "half-twice": "The factor ½ is there twice.",
    "sigma-for-variance": "σ stands where σ² belongs: exp(logvar) is the variance, exp(logvar / 2) is σ.",
    "sigma-for-variance-twice": "exp(logvar / 2) is σ and logvar / 2 is log σ: both stand where the variance and its "
    "logarithm belong, exp(logvar) and logvar.",
    "no-exponential": "logvar stands where σ² belongs: σ² = exp(logvar).",
    "half-of-one-part": "The ½ stands before one part only. It is a factor of all of them: brackets.",
    "not-a-number": "The KL contains NaN. Is there a logarithm or a root of logvar? logvar is log σ² already, and "
    "often negative: it goes into the formula as it is.",
    "variance-squared": "The variance is squared: exp(logvar) is σ² already.",
    "sign": "The sign is turned round: a KL is never negative. In the form -½ (1 + log σ² - μ² - σ²) the minus "
    "belongs to the ½.",
    "swapped": "The arguments are swapped: this is KL(N(0, I)‖q). The encoder's q comes first.",
    "mean-over-dimensions": "You average over the dimensions. Sum over them: independent dimensions add up their KL.",
    "sum-over-pictures": "You sum over the pictures. Each has a KL of its own: sum over dimension 1 only.",
    "mean-over-pictures": "You average over the pictures. Return one number for each; who trains takes the mean.",
    "not-summed": "The result has two dimensions: one number for each dimension of a code, or one that keepdim=True "
    "has left. Sum over dimension 1, and drop it: one number a picture, shape (N,).",
    "mean-not-squared": "μ is not squared.",
    "no-mean": "μ does not count in your answer.",
    "no-one": "The 1 is missing: q = N(0, I) must give 0.",
    "one-once": "The 1 is subtracted once a picture. It belongs to every dimension: subtract it before you sum.",
    "log-sign": "The logarithm has the wrong sign: a narrow q, with a very negative log σ², has a large KL.",
    "no-log": "The logarithm is missing: nothing stops σ from shrinking to 0.",
    "no-gradient": "No gradient reaches mu or logvar: a part was taken out of the graph on its way. Do not use "
    "float(), .item(), .detach(), numpy or torch.no_grad() inside a loss.",
    "other-gradient": "The value is right, but its gradient is not that of the KL. Is a part of it detached?",
    "other": "½ (σ² + μ² - 1 - log σ²), summed over the dimensions of each picture, with σ² = exp(logvar).",
}

MONTE_CARLO_KL = {
    "not-a-pair": "Return two numbers: the estimate and its standard error.",
    "pair-swapped": "The two numbers are in the wrong order: first the estimate, then its standard error.",
    "same-draws": "All estimates are the same number. Draw anew at every call, and set no seed.",
    "other-count": "The estimates do not scatter as averages of n draws do. Does every call make n draws, each of its "
    "own?",
    "sign": "The sign is turned round: log q minus log p.",
    "swapped": "This is KL(p‖q). For KL(q‖p) draw from q, and average log q - log p.",
    "drawn-from-p": "The draws come from p. The average in KL(q‖p) is one over q: draw from q.",
    "cross-entropy": "This is the cross-entropy, the average of -log p. The KL averages log q - log p.",
    "entropy": "This is the entropy of q, the average of -log q. The KL averages log q - log p.",
    "logarithm-misplaced": "The logarithm is missing, or taken after the mean. Each draw has its log q - log p, and "
    "the estimate is their mean: no mean of densities, and no logarithm of a mean.",
    "weighted-twice": "You weight with q(z) once more. The draws come from q, so a plain mean is weighted already.",
    "sum": "You sum over the draws. Take their mean, or the estimate grows with n.",
    "absolute-value": "You take absolute values. At some draws log q - log p is negative, and that counts.",
    "error-not-divided": "You give the spread of the single draws. The mean of n draws scatters less, by √n.",
    "error-over-n": "You divide by n. The spread of a mean falls with √n.",
    "variance-for-error": "You give a variance. The standard error is a standard deviation: that of the single draws, "
    "divided by √n.",
    "draws-for-ratios": "You give the scatter of the draws z. What is averaged is log q(z) - log p(z): take the "
    "standard deviation of that.",
    "other-error": "The standard error is not that of your estimate: the standard deviation of the n differences "
    "log q - log p, divided by √n.",
    "other": "Draw n times from q, and average log q(z) - log p(z).",
}

MULTIVARIATE_KL = {
    "determinant-underflows": "The result is NaN or infinite. The determinant is a product of a hundred small "
    "numbers, and leaves the range of floating-point numbers; its logarithm does not. torch.logdet, "
    "torch.linalg.slogdet or a Cholesky factor give the logarithm directly.",
    "swapped": "The arguments are swapped. In KL(N₀‖N₁) the covariance that is inverted is Σ₁.",
    "sign": "The sign of everything is turned round: a KL is never negative.",
    "no-half": "The factor ½ is missing.",
    "half-twice": "The factor ½ is there twice.",
    "k-missing": "The number of dimensions k is missing: two equal Gaussians must have KL 0.",
    "k-outside": "k stands outside the bracket: it is halved, too.",
    "log-upside-down": "The determinants are the wrong way round: ln(det Σ₁/det Σ₀).",
    "no-log": "The determinants come in by the logarithm of their ratio, not by the ratio.",
    "no-determinants": "The determinants are missing.",
    "other-inverse": "You invert Σ₀. Distances are measured by Σ₁, the covariance that is compared with: Σ₁⁻¹.",
    "no-inverse": "A covariance is not inverted: Σ₁⁻¹ belongs into the trace and between the means.",
    "elementwise-inverse": "You take 1/Σ₁ number by number. The inverse of a matrix is torch.linalg.inv, or "
    "torch.linalg.solve.",
    "elementwise-product": "You multiply Σ₁⁻¹ and Σ₀ number by number before the trace. It is the product of "
    "matrices, @.",
    "product-of-traces": "You multiply two traces. Multiply the matrices first, then take the trace.",
    "diagonals-only": "Only the diagonals count in your answer. The rest of the covariances says how dimensions move "
    "together, and belongs in.",
    "diagonal-between-means": "Between the means only the diagonal of Σ₁ counts in your answer. It is the whole "
    "inverse: (μ₁ - μ₀)ᵀΣ₁⁻¹(μ₁ - μ₀), a matrix between two vectors.",
    "no-means": "The means do not matter in your answer.",
    "means-not-weighted": "The distance of the means is a plain one. Put Σ₁⁻¹ between: a direction in which Σ₁ is "
    "narrow counts more.",
    "other": "½ (tr(Σ₁⁻¹Σ₀) + (μ₁ - μ₀)ᵀΣ₁⁻¹(μ₁ - μ₀) - k + ln(det Σ₁/det Σ₀)).",
}

MENDED_LOSS = {
    "not-decoded": "decode was not called with codes (N, D): decode(z) gives the pictures that z stands for.",
    "mu-times-noise": "The noise is multiplied by μ. It is z = μ + σ ε: the spread is the encoder's other output. "
    "With μ ε a code at 0 would have no noise at all.",
    "no-noise": "The codes that you decode are the means. Draw them: z = μ + σ ε.",
    "no-mean": "The codes do not lie around μ: z = μ + σ ε.",
    "variance-as-sigma": "The noise is multiplied by σ². It is σ that scales it: exp(log_sigma).",
    "half-log-sigma": "The noise is multiplied by the root of σ. The argument is log σ, not log σ²: σ is "
    "exp(log_sigma), without a ½.",
    "log-sigma-as-sigma": "The noise is multiplied by log σ. Take the exponential first.",
    "one-draw-for-all-pictures": "All pictures get the same ε. Draw one for each: torch.randn_like(mu).",
    "one-draw-for-all-dimensions": "All dimensions of a picture get the same ε. Draw one for each: "
    "torch.randn_like(mu).",
    "noise-drawn-once": "Every call uses the same noise. Draw it anew inside the function, and set no seed.",
    "uniform-noise": "The noise is not that of a Gaussian around 0: rand gives numbers from 0 to 1, randn is the one.",
    "other-codes": "The codes that you decode are not z = μ + σ ε with ε from N(0, I).",
    "rmse": "The reconstruction is a root of a mean square. That is no log-likelihood, so it cannot be added to a KL "
    "in nats. The decoder's picture is the probability of white: the Bernoulli log-likelihood is asked for.",
    "squared-error": "The reconstruction is a squared error: the log-likelihood of a Gaussian, up to constants. A "
    "Bernoulli decoder has -(x log x̂ + (1 - x) log(1 - x̂)).",
    "mean-over-pixels": "The reconstruction is averaged over the pixels, which makes it too small beside the KL. The "
    "log-likelihood of a picture is the sum over its pixels.",
    "reconstruction-summed-over-pictures": "The reconstruction is summed over the pictures. Average over them, as with "
    "the KL.",
    "sigmoid-twice": "A sigmoid is applied twice: decode gives probabilities already. Use binary_cross_entropy, "
    "without logits.",
    "reconstruction-sign": "The reconstruction has the wrong sign. A loss goes down as the log-likelihood goes up: "
    "-log p(x|z).",
    "one-sided": "Only the white pixels count: x log x̂. Black ones have (1 - x) log(1 - x̂).",
    "no-logarithm": "The cross-entropy has lost its logarithm: -(x log x̂ + (1 - x) log(1 - x̂)).",
    "target-swapped": "Picture and reconstruction are swapped: the logarithm belongs to x̂.",
    "other-reconstruction": "The reconstruction is not -log p(x|z): -(x log x̂ + (1 - x) log(1 - x̂)), summed over the "
    "pixels, averaged over the pictures.",
    "exp-as-variance": "exp(log_sigma) stands where the variance belongs, but it is σ.",
    "log-sigma": "log σ stands where log σ² belongs.",
    "no-half": "The KL has lost its ½.",
    "kl-sign": "The KL has the wrong sign: -ELBO = -log p(x|z) + KL.",
    "no-kl": "The KL is missing: the loss does not change with the codes' place and spread.",
    "kl-mean-over-dimensions": "The KL is averaged over the dimensions. Sum over them.",
    "kl-sum-over-pictures": "The KL is summed over the pictures. Average over them, as with the reconstruction.",
    "kl-swapped": "The KL has its arguments swapped: KL(q‖p), with the encoder's q first.",
    "other-kl": "The KL is not ½ (σ² + μ² - 1 - log σ²), summed over the dimensions, averaged over the pictures.",
    "not-yet-right": "The gradient is looked at as soon as the loss is right for the codes that were drawn.",
    "no-gradient": "No gradient reaches mu or log_sigma. Do not use float(), .item(), .detach(), numpy or "
    "torch.no_grad() inside a loss.",
    "detached": "The gradient does not pass through z: it was drawn under torch.no_grad(), detached, or by .sample(). "
    "The KL alone would then train the encoder.",
    "other-gradient": "The value fits the codes that were drawn, but its gradient is not that of z = μ + σ ε. Is z "
    "made in another way, or is a part of it detached?",
}
