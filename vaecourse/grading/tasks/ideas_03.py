"""What the hints of lesson 03 say: for each task the idea that a mistake misses, and none of a case's numbers."""

NOISE = {
    "no-noise": "z is the same at every call, because nothing random is in it. A posterior is a region: draw a point "
    "from it, z = μ + σ ε with ε from N(0, 1).",
    "mu-scaled": "The noise is multiplied by μ. It belongs to the spread: z = μ + σ ε.",
    "mu-times-sigma": "μ is multiplied by σ, too. Only the noise is: z = μ + σ ε.",
    "mu-missing": "The draws lie around zero. They should lie around μ: add it.",
    "variance-as-sigma": "The spread is σ², not σ. logvar is log σ², so σ = exp(logvar / 2); exp(logvar) is the "
    "variance.",
    "half-outside": "The spread is ½ exp(log σ²), half a variance: the ½ stands outside the exponential. "
    "σ = exp(½ log σ²), which is exp(logvar / 2).",
    "logvar-as-sigma": "logvar itself is used as the spread. It is a logarithm, negative as often as not: "
    "σ = exp(logvar / 2).",
    "log-sigma-as-sigma": "½ log σ² is used as the spread. That is log σ, still a logarithm and negative as often as "
    "not. Its exponential is missing: σ = exp(logvar / 2).",
    "sigma-missing": "The noise has spread 1 everywhere. Multiply it by σ = exp(logvar / 2).",
    "inverse-sigma": "The spread is 1/σ: a sign is wrong in the exponent. σ = exp(logvar / 2).",
    "root-of-sigma": "The spread is √σ: one square root too many. The variance is exp(logvar), and σ its square root.",
    "uniform": "The noise is uniform (torch.rand). The posterior is a Gaussian: draw ε from N(0, 1) with torch.randn.",
    "same-for-all-pictures": "All pictures get the same noise. Draw one number for each entry of μ: noise of the shape "
    "(N, D), as torch.randn_like(mu) gives.",
    "same-for-all-dimensions": "All dimensions of a code get the same noise. Draw one number for each entry of μ: "
    "noise of the shape (N, D), as torch.randn_like(mu) gives.",
    "drawn-once": "Every call gives the same noise. Draw it new inside the function, and set no seed there: with noise "
    "that stays the same, the region shrinks to one point again.",
    "other-noise": "z should have mean μ and spread σ = exp(logvar / 2): z = μ + σ ε, with ε from N(0, 1), one number "
    "for each entry of μ.",
}

REPARAMETERIZE = NOISE | {
    "not-a-number": "z contains NaN. Is there a root or a logarithm of logvar? logvar is a logarithm itself, and often "
    "negative: σ = exp(logvar / 2).",
    "not-independent": "The noise of different pictures or dimensions is not independent. Draw one number for each "
    "entry of μ.",
    "no-gradient": "No gradient arrives in μ and logvar: sampling stopped it. A draw from a distribution "
    "(torch.normal, .sample(), anything under torch.no_grad()) has no derivative. Draw ε alone, which depends on "
    "nothing, and compute z from μ, σ and ε.",
    "mu-detached": "No gradient arrives in μ. Do not detach it: the encoder learns through μ where the region lies.",
    "logvar-detached": "No gradient arrives in logvar. σ must be computed from it by torch, without .detach(), "
    ".item() or numpy: the encoder learns through it how wide the region is.",
    "other-gradient": "The draws are right, but their gradient is not that of μ + exp(logvar / 2) ε. Is a part of it "
    "detached or computed twice?",
    "changes-input": "The function changes mu or logvar (`+=`, `mul_`, ...). The KL needs them as they were.",
}

ENCODER = {
    "no-module": "The class must be an nn.Module: `class GaussianEncoder(nn.Module)`.",
    "one-tensor": "forward returns one tensor. Return two, mu and logvar, of latent_dim numbers each: two layers at "
    "the end, or one of twice the size and chunk(2, dim=1).",
    "not-a-pair": "forward should return two tensors, mu and logvar: `return mu, logvar`.",
    "first-layer": "The first layer gets another number of inputs than it has. Flatten each picture, and count: "
    "C * H * W, from picture_shape.",
    "no-super": "`super().__init__()` has to come first in __init__.",
    "pictures-halved": "You cut the batch in two halves. Cut each row: chunk(2, dim=1).",
    "does-not-look": "mu or logvar is the same for all pictures: it does not depend on x. How wide a region is differs "
    "from picture to picture, as its place does: both come from the hidden layer.",
    "hidden-ignored": "The network is the same for every `hidden`. Is a number written out where `hidden` should "
    "stand?",
    "hidden-as-code": "There are as many numbers as hidden units. mu and logvar come one layer later and have "
    "latent_dim numbers each.",
    "not-repeatable": "The same pictures give other numbers at every call. mu and logvar are computed, not drawn: the "
    "noise comes after the encoder. Make the layers once, in __init__.",
    "pictures-mixed": "What you get for one picture depends on the others of the batch. Flatten with flatten(1), which "
    "leaves dimension 0, the pictures, alone, and take no means over it.",
    "positive-spread": "The second result is never negative: is it σ or σ²? Return logvar = log σ², which may be any "
    "number. That is the reason for the logarithm: the last layer needs no activation, and σ² = exp(logvar) is "
    "positive whatever comes out.",
    "too-few": "There are half as many numbers as needed: latent_dim for mu and latent_dim for logvar. A layer that "
    "gives both has to give 2 * latent_dim.",
    "positive-both": "Neither mu nor logvar is ever negative: the network ends in an activation, such as ReLU. End "
    "without one: both may be any numbers.",
    "positive-mean": "mu is never negative. End without an activation: the codes lie around zero, on both sides.",
    "squashed": "The numbers do not leave the range of an activation, 0 to 1 or -1 to 1. End without one: mu and "
    "logvar may be any numbers.",
    "same-numbers": "mu and logvar are the same numbers. Where a region lies and how wide it is are two questions: "
    "each needs weights of its own.",
    "linear": "The encoder is linear. It needs a hidden layer and an activation after that, such as ReLU: two linear "
    "layers in a row are one linear layer.",
    "not-registered": "model.parameters() does not list all layers, so an optimizer will not find them. Make layers in "
    "__init__, as attributes of self; in a list they need nn.Sequential or nn.ModuleList.",
    "no-gradient": "Some parameters get no gradient, so they will never learn: they are not used in forward, or what "
    "they give is detached.",
    "mu-detached": "No gradient comes back from mu.",
    "logvar-detached": "No gradient comes back from logvar: without it, the encoder cannot learn how wide a region is.",
}

LOG_LIKELIHOOD = {
    "one-number": "You return one number for the whole batch. Return one for each picture, shape (N,): sum over its "
    "channels, rows and columns only.",
    "not-summed": "You return one number for each pixel. Pixels are independent given z, so their log probabilities "
    "add up: sum them, one number for each picture.",
    "per-channel": "You return one number for each channel. Channels belong to the picture: sum over them, too.",
    "grey-levels": "torch's Bernoulli takes pictures of 0 and 1 only, and grey levels lie between. With "
    "validate_args=False it computes the formula for them, too, as binary_cross_entropy_with_logits does.",
    "rounded": "You round the pictures to black and white. The formula takes grey levels as they are.",
    "not-logarithms": "The logarithms are missing: x log x̂ + (1 - x) log(1 - x̂).",
    "mean-over-pixels": "You average over the pixels. The log probability of a picture is the sum of its pixels'. A "
    "mean is smaller by their number, and beside it the KL would weigh far too much.",
    "negative": "The sign is wrong: this is the cross-entropy, -log p(x|z). Return log p(x|z), which is never "
    "positive here.",
    "double-sigmoid": "The sigmoid is applied twice. A function with `logits` in its name applies it by itself: give "
    "it the logits as they are.",
    "no-sigmoid": "Logits are taken for probabilities. They may be any numbers: the probability of white is "
    "x̂ = sigmoid(logit).",
    "bits": "This is in bits. In nats the logarithm is the natural one, torch.log.",
    "white-only": "The second part is missing: black pixels count too, with (1 - x) log(1 - x̂).",
    "black-only": "The first part is missing: white pixels count too, with x log x̂.",
    "swapped": "Pictures and logits are swapped. torch's functions take the prediction first and the target second.",
    "squared-error": "This is a squared error, the log probability of a Gaussian up to a constant. Here each pixel is "
    "a coin: x log x̂ + (1 - x) log(1 - x̂).",
    "saturated": "For large logits the value is wrong. Where it is right for small ones, the reason is the sigmoid: it "
    "rounds to 0 or 1, and its logarithm is infinite or is cut off (binary_cross_entropy cuts at -100). Work with the "
    "logits: binary_cross_entropy_with_logits, or log σ(l) by nn.functional.logsigmoid.",
    "no-gradient": "No gradient reaches the logits: something was taken out of the graph (.detach(), .item(), numpy, "
    "torch.no_grad()).",
    "other-gradient": "The value is right, but its gradient is not x - x̂. Is a part of it detached, or cut off?",
    "other": "For each picture, the sum over its pixels of x log x̂ + (1 - x) log(1 - x̂), with x̂ = sigmoid(logits).",
}

KL = {
    "half-missing": "The KL is twice as large as it should be: the ½ is missing.",
    "half-twice": "The KL is half as large as it should be: is the ½ applied twice?",
    "mean-over-dimensions": "The KL is averaged over the dimensions of the code. Sum over them: every dimension that "
    "says something costs its own nats.",
    "log-sigma-for-logvar": "log σ stands where log σ² belongs. logvar is log σ² already: it goes into the formula as "
    "it is, without a ½ or a 2 of its own.",
    "logvar-as-log-sigma": "logvar is taken for log σ, so that its exponential is squared once more. It is log σ²: "
    "σ² = exp(logvar).",
    "sigma-for-variance": "σ stands where σ² belongs: σ² = exp(logvar), and exp(logvar / 2) is σ.",
    "no-exponential": "logvar stands where σ² belongs: σ² = exp(logvar).",
    "swapped": "The arguments of the KL are swapped: this is KL(p‖q). The ELBO has KL(q‖p), from the posterior to the "
    "prior, ½ Σ (σ² + μ² - 1 - log σ²).",
    "logvar-sign": "log σ² has the wrong sign in the KL. With it, narrow regions would cost nothing.",
    "mu-not-squared": "μ is not squared in the KL. Both sides of zero should cost the same.",
    "one-once": "The 1 is subtracted once a picture. It belongs to every dimension: subtract it before you sum.",
    "summed-over-pictures": "The KL is summed over the pictures and averaged over the dimensions. It is the other way "
    "round: sum over dimension 1, average over dimension 0.",
    "one-missing": "The -1 is missing in the KL. Without it, a posterior that equals the prior would cost something.",
}

ELBO = KL | {
    "kl-sign": "The KL enters with the wrong sign: it is added, or it is negative itself. It is a cost, and never "
    "negative: ELBO = log p(x|z) - KL.",
    "negative": "The sign is wrong: this is the loss, -ELBO. Return the ELBO itself, which training makes larger.",
    "log-likelihood-sign": "log p(x|z) has the wrong sign. It enters as it is, and the KL is subtracted.",
    "no-kl": "The KL is not in it. Without it, this is an autoencoder with noise, and the regions shrink to points.",
    "kl-only": "log p(x|z) is not in it. With the KL alone, the code would say nothing.",
    "sum-over-pictures": "You sum over the pictures. Average over them: the ELBO of a batch should not grow with it.",
    "kl-summed-over-pictures": "log p(x|z) is averaged over the pictures, but the KL is summed over them. Average "
    "both, or the balance changes with the size of the batch.",
    "log-likelihood-summed": "The KL is averaged over the pictures, but log p(x|z) is summed over them. Average both, "
    "or the balance changes with the size of the batch.",
    "no-gradient": "No gradient reaches any of the three arguments: the value was taken out of the graph (float(), "
    ".item(), .detach(), numpy, torch.no_grad()).",
    "part-detached": "The gradient does not reach all of log p(x|z), μ and logvar: one of them is detached, or is not "
    "in the value at all.",
    "other-gradient": "The value is right, but its gradient is not that of the ELBO. Is a part of it detached?",
    "other": "Average over the pictures of log p(x|z) - ½ Σ (σ² + μ² - 1 - log σ²), the sum being over the dimensions "
    "of the code and σ² = exp(logvar).",
}

TRAIN_STEP = (
    NOISE
    | KL
    | {
        "drawn-once": "The noise is the same in every call. Draw it new for every batch, and set no seed inside the "
        "function.",
        "not-decoded": "model.decode(z) was not called: the reconstruction has to come from a code that was drawn.",
        "several-codes": "model.decode is called more than once in a step. Draw one z for each picture, and decode "
        "all of them in one call.",
        "codes-shape": "model.decode gets codes of another shape than (N, D): one row for each picture of the batch.",
        "no-graph": "The loss has no graph behind it: the model was used under torch.no_grad(), or something was "
        "detached.",
        "no-backward": "No gradient reached the model's weights: loss.backward() is missing, or the loss is cut off "
        "from the model (a new tensor, .item(), .detach()).",
        "no-step": "The gradient is there, but the optimizer that was given made no step: optimizer.step() is missing, "
        "or it is another optimizer's.",
        "several-steps": "One call makes several steps. It should make one; the loop is outside.",
        "step-before-backward": "optimizer.step() comes before loss.backward(): the step uses gradients that are not "
        "there yet, or those of the last batch.",
        "zeroed-before-step": "The gradient is erased between backward() and step(). Erase the old gradient before "
        "backward().",
        "sampling-detached": "The decoder learns, but the encoder hears only from the KL: between z and the encoder "
        "the gradient is cut (.sample(), .detach(), torch.no_grad()). Compute z = μ + σ ε in the open.",
        "uphill": "The weights go the wrong way: the ELBO has to grow, so the loss is -ELBO.",
        "kl-sign": "The KL has the wrong sign in the loss: loss = -log p(x|z) + KL.",
        "no-kl": "The KL is not in the loss, or no gradient comes from it.",
        "kl-only": "The reconstruction is not in the loss, or no gradient comes from it.",
        "sum-over-pictures": "The loss is summed over the pictures, so that the step grows with the batch. Average.",
        "kl-summed-over-pictures": ELBO["kl-summed-over-pictures"],
        "reconstruction-summed": "The reconstruction is summed over the pictures and the KL averaged. Average both.",
        "mean-over-pixels": "The reconstruction is averaged over the pixels. Sum over them, or the KL weighs far too "
        "much and the code is given up.",
        "means-everywhere": "Pixels and dimensions are averaged. Sum over both, and average over the pictures only.",
        "double-sigmoid": "The sigmoid is applied twice: decode gives logits, and a function with `logits` in its name "
        "applies the sigmoid by itself.",
        "squared-error": "The reconstruction is judged by the squared error. Here each pixel is a coin: use "
        "log p(x|z) of Task 3.",
        "scaled": "The weights move in the right direction, but not as far as the optimizer goes by itself: the loss "
        "has a factor too many, or the gradient was clipped.",
        "gradients-add-up": "The second call follows its own gradient plus the one of the first: backward() adds to "
        "what is there. Erase it in every call, with optimizer.zero_grad().",
        "other-step": "The weights do not move down the gradient of -ELBO at the z that was decoded. What is in the "
        "loss?",
        "tensor-returned": "You return a tensor. A list of losses that hold on to their graphs fills the memory: "
        "return a Python number, loss.item().",
        "elbo-returned": "You return the ELBO. The loss is -ELBO, with the other sign.",
        "loss-after-step": "You return the loss after the step. Return the one that the step was made for.",
        "other": "What is returned is not -ELBO of the batch at the z that was decoded, before the step.",
    }
)

MANIFOLD = {
    "double": "decode raised an error about dtypes: its weights are float32, and your codes are not. Make them "
    "float32 (numpy and scipy compute in float64): torch.tensor(..., dtype=torch.float32).",
    "logits-returned": "You return logits. Grey levels are their sigmoid.",
    "sigmoid-twice": "The sigmoid is applied twice, which makes everything grey. decode gives logits: once is enough.",
    "list": "You return a list. Make one tensor of the pictures, with torch.cat.",
    "codes-returned": "You return codes. Decode them: the result is made of pictures.",
    "grid-shape": "The pictures come as a grid. Return them one after another, row by row: (steps * steps, C, H, W).",
    "count": "There should be steps * steps pictures: every z₁ with every z₂.",
    "diagonal": "You pair the first z₁ with the first z₂, the second with the second: a diagonal. Take every z₁ with "
    "every z₂, steps * steps pairs.",
    "infinite": "Some codes are infinite: the quantiles at probability 0 and 1 are. Take the middles of equal shares, "
    "(i + ½) / steps.",
    "probabilities-decoded": "You decode the probabilities themselves. Turn them into places by the inverse of the "
    "normal distribution function: torch.special.ndtri, or Normal(0, 1).icdf.",
    "evenly-spaced": "The codes are evenly spaced. The prior is dense in the middle and thin outside: take its "
    "quantiles, so that each step passes over the same share of probability.",
    "pairs": "The codes are made of the right numbers, but it is not each z₁ with each z₂. "
    "torch.stack([...], dim=1) puts the two numbers of a code side by side; view or reshape mixes them.",
    "other-quantiles": "These are quantiles of the normal distribution, but at other probabilities. Divide it into "
    "`steps` equal shares and take the middle of each: (i + ½) / steps for i = 0, ..., steps - 1.",
    "random": "The codes are drawn at random. Here they are to be places in order: the quantiles of the prior.",
    "transposed": "z₁ and z₂ are exchanged: along a row, from left to right, z₁ grows; from row to row z₂ does.",
    "reversed": "An axis is reversed. z₁ grows from left to right, and z₂ from top to bottom: row by row, downwards. "
    "(In the lesson's figure z₂ grows upwards.)",
    "other-order": "The codes are the right ones, but in another order: row by row, z₁ growing along the row, z₂ from "
    "row to row.",
    "other-pictures": "The pictures are not the sigmoid of what decode gives for these codes.",
    "other": "The codes should be all pairs of the prior's quantiles at the probabilities (i + ½) / steps.",
}
