"""What the hints of lesson 07 say: for each task the idea that a mistake misses, and none of a case's numbers."""

from vaecourse.grading.tasks import ideas_03

THERE_AND_BACK = {
    "not-a-pair": "Return two numbers: `return size, output_padding`.",
    "pair-swapped": "The two numbers are exchanged: the size of the map first, the output_padding second.",
    "not-whole": "Both are whole numbers (int): layers take nothing else. Divide with //, which rounds down: where the "
    "kernel does not fit any more, it is not put down.",
    "one-inside": "The + 1 stands inside the division. Divide first, then count the first place of the kernel: (n + 2p "
    "- k) // s + 1.",
    "plus-one-missing": "One place is missing. (n + 2p - k) // s is how many steps the kernel makes after its first "
    "place: add 1 for that one.",
    "ceil": "You round up. A step that would lead beyond the edge is not made: round down.",
    "rounded": "You round to the nearest number. A step that would lead beyond the edge is not made: round down.",
    "padding-once": "The padding is counted once. It is added on both sides: n + 2p.",
    "padding-ignored": "The padding is not counted. The kernel moves over n + 2p pixels.",
    "padding-subtracted": "The padding is subtracted. It makes the picture larger: the kernel moves over n + 2p "
    "pixels.",
    "stride-ignored": "The stride is not counted. In steps of s the kernel stops at every s-th place only.",
    "stride-multiplied": "You multiply by the stride. Larger steps mean fewer places: divide.",
    "kernel-ignored": "The kernel's size is not counted. It has to lie within the padded picture, which leaves n + 2p "
    "- k pixels for it to move.",
    "kernel-added": "The kernel's size is added. A larger kernel has less room: n + 2p - k.",
    "kernel-and-stride-exchanged": "Kernel and stride are exchanged: subtract the kernel's size, divide by the stride.",
    "same-size": "This is n divided by the stride, the size for a padding that happens to fit. In general it is "
    "floor((n + 2p - k) / s) + 1.",
    "transposed": "This is the size after a transposed convolution. The way down is floor((n + 2p - k) / s) + 1.",
    "follows-the-size": "It would be right if your size of the map was. Mend that one first.",
    "always-zero": "Your output_padding is 0 everywhere. Where a step did not come out even, the convolution left "
    "pixels over, and the way back makes a picture that is too small by as many.",
    "always-one": "Where something is lacking, your output_padding is 1. It is as large as what the way back lacks "
    "without it, n minus the size that comes back: that may be nothing, or more than one pixel.",
    "stride-minus-one": "This is the largest that the output_padding can be, s - 1. How many pixels are lacking "
    "depends on n, too.",
    "the-stride": "This is the stride. The output_padding is what is lacking on the way back: n minus the size that "
    "comes out without it.",
    "the-padding": "This is the padding. The output_padding is what is lacking on the way back: n minus the size that "
    "comes out without it.",
    "size-returned": "This is a size. Return what has to be added to the size that comes back: the difference to n.",
    "extra-sign": "The sign is wrong: n minus the size that comes back without it.",
    "extra-padding-ignored": "The padding is not counted on the way back. There it takes 2p pixels away: a map of size "
    "m comes back as (m - 1)s - 2p + k.",
    "extra-padding-once": "On the way back the padding is counted once. It takes pixels away on both sides: a map of "
    "size m comes back as (m - 1)s - 2p + k.",
    "extra-padding-added": "On the way back the padding is added. There it takes 2p pixels away: a map of size "
    "m comes back as (m - 1)s - 2p + k.",
    "one-not-subtracted": "The way back starts with one kernel and makes a step for each further place. A map of "
    "size m comes back as (m - 1)s - 2p + k; you take m steps.",
    "extra-kernel-missing": "The kernel is not counted on the way back. The last kernel reaches k pixels far: a map of "
    "size m comes back as (m - 1)s - 2p + k.",
    "remainder-of-n": "This is a remainder, but not of the right number. What the steps leave over is that of n + 2p - "
    "k, divided by s.",
    "rest-of-a-step": "This is what lacks for one more step of the kernel. The output_padding is what was left over: n "
    "minus the size that comes back without it.",
    "other": "On the way there floor((n + 2p - k) / s) + 1, which is m; on the way back (m - 1)s - 2p + k comes out, "
    "and the output_padding is what that lacks to n.",
}

_SHAPES = {
    "one-number": "You return one number for the whole batch. Return one for each picture, shape (N,): sum over its "
    "channels, rows and columns only.",
    "not-summed": "You return one number for each pixel. Given z the pixels are independent, so their log "
    "probabilities add up: one number for each picture.",
    "per-channel": "You return one number for each channel. Channels belong to the picture: sum over them, too.",
}

GAUSSIAN = _SHAPES | {
    "not-a-number": "There are NaN in it: a root or a logarithm of a negative number. logvar is log s², and may be "
    "negative; s² is its exponential.",
    "infinite": "There are infinite numbers in it. Is something divided by logvar, which may be 0? Divide by s² = "
    "exp(logvar).",
    "negative": "The sign is wrong: this is -log p(x|z), the loss. Return the log-likelihood itself.",
    "mean-over-pixels": "You average over the pixels. The log-likelihood of a picture is the sum of its pixels'; a "
    "mean is smaller by their number, and beside it the KL would weigh far too much.",
    "constant-missing": "The constant is missing: every pixel has -½ log 2π, too. Training does not need it, but "
    "without it the number is no log-likelihood, and cannot be compared with another model's. (gaussian_nll_loss "
    "leaves it out unless told full=True.)",
    "square-only": "This is a squared error. A Gaussian's log-likelihood has two more terms for each pixel: log s², "
    "and log 2π, the constant.",
    "log-variance-missing": "log s² is missing. It is the price of being unsure: without it, the model would say that "
    "it knows nothing of any pixel, and pay nothing for that.",
    "log-variance-sign": "log s² has the wrong sign. A larger spread has to cost something.",
    "constant-sign": "The constant has the wrong sign: -½ log 2π for each pixel.",
    "half-missing": "The ½ is missing: it is twice as large as it should be.",
    "half-of-a-part": "The ½ stands before some of the three terms only, or twice before one of them: -½ ((x - m)²/s² "
    "+ log s² + log 2π).",
    "variance-as-std": "exp(logvar) is the variance s², and you take it for the spread s. s = exp(logvar / 2). "
    "(torch's Normal takes s.)",
    "log-std-for-log-variance": "log s stands where log s² belongs. logvar is log s² already: it goes in as it is.",
    "std-for-variance": "The squared distance is divided by s. It belongs over s² = exp(logvar).",
    "not-divided": "The squared distance is not divided by s². Where the model is sure, the same distance counts more.",
    "multiplied": "The squared distance is multiplied by s². Divide: where the model is sure, the same distance counts "
    "more.",
    "no-exponential": "logvar stands where s² or s belongs. It is a logarithm, and may be negative: s² = exp(logvar).",
    "not-squared": "The distance is not squared: (x - m)².",
    "constant-once": "The constant is there once for each picture. Every pixel has one: L times log 2π.",
    "constant-not-logged": "The constant is 2π without its logarithm: log 2π.",
    "two-missing": "The constant is log π. It is log 2π.",
    "bits": "This is in bits. In nats the logarithm is the natural one, torch.log.",
    "no-logarithm": "This is the density, not its logarithm. For a picture of many pixels it is far too small or large "
    "for a float.",
    "one-spread": "One spread is used for all pixels. Each has its own.",
    "no-gradient": "No gradient reaches m and logvar: something was taken out of the graph (.detach(), .item(), numpy, "
    "torch.no_grad()).",
    "m-detached": "No gradient reaches m. Do not detach it: it is what the decoder learns.",
    "logvar-detached": "No gradient reaches logvar: with it the decoder learns of which pixels it can be sure.",
    "other-gradient": "The value is right, but its gradient is not the one of the formula. Is a part of it detached, "
    "or cut off?",
    "other": "For each picture the sum over its pixels of -½ ((x - m)²/s² + log s² + log 2π), with s² = exp(logvar).",
    "floor": "Where s is very small or very large the value is wrong, and elsewhere it is right. s² = exp(logvar), as "
    "it is: no floor under it, and no limit to logvar. (The lesson's remedy is another one: the levels.)",
}

BITS = {
    "negative": "The sign is wrong. A probability is below 1 and its logarithm negative; what it costs is -log₂ P.",
    "nats": "This is in nats. A bit is log 2 nats: divide by log 2.",
    "multiplied-by-log-2": "You multiply by log 2. A bit is log 2 = 0.69 nats, so there are more bits than nats: "
    "divide.",
    "decimal-digits": "This is in decimal digits: the logarithm to base 10. Bits have base 2.",
    "not-divided": "This is the number of bits for a whole picture. Divide it by how many numbers a picture has, C · H "
    "· W.",
    "channels-forgotten": "You divide by another number than C · H · W. In a picture with colours each channel of a "
    "pixel is a number of its own.",
    "channels-only": "You divide by the number of channels. Divide by all numbers of a picture, C · H · W.",
    "sum-over-pictures": "You sum over the pictures. Average over them.",
    "divided-by-the-pictures": "You divide by the number of pictures twice. Take their mean, and divide by C · H · W.",
    "probabilities-averaged": "You average the probabilities before the logarithm, so that the likeliest picture "
    "decides alone. Each picture has to be stored: average what they cost.",
    "step-sign": "The step has the wrong sign. A level's probability is density × step, smaller than the density if "
    "the levels are close together: finer levels cost more bits.",
    "step-ignored": "A density is taken for a probability. That a number lies on one of the levels, a step apart, has "
    "the probability density × step.",
    "step-once": "The step is counted once for each picture. Each of its C · H · W numbers lies on a level: the "
    "density of the picture is to be multiplied by the step that many times.",
    "step-in-nats": "Bits and nats are added: log(step) has to be divided by log 2, too.",
    "log-px-in-nats": "Bits and nats are added: log p(x) has to be divided by log 2, too.",
    "step-not-logged": "The step is added as it is. Probabilities are multiplied by it, so its logarithm is added.",
    "step-multiplied": "The bits are multiplied or divided by the step. The density is to be multiplied by it, which "
    "adds its logarithm.",
    "step-in-digits": "The step's logarithm has base 10. All of it is in bits: base 2.",
    "always-eight-bits": "The step is always the same. log₂ 256 = 8 bits belong to grey levels in [0, 1) only: compute "
    "them from `step`. Levels a step of 1 apart need no correction.",
    "other": "-log₂ P(x) of a picture, divided by C · H · W, averaged over the pictures. P is p, or, where p is a "
    "density, p times the step, once for each of the C · H · W numbers.",
}

SOFTMAX = _SHAPES | {
    "no-such-level": "There is no level 256. The levels are 0 to 255, and level k is the grey level k/255: k is 255 x.",
    "level-not-whole": "The number of a level picks one of 256 logits: it has to be a whole number, (255 * "
    "x).round().long().",
    "cross-entropy-dimensions": "cross_entropy takes the classes in dimension 1 of the logits, and a target for all "
    "others: logits (N, 256, C, H, W) with levels (N, C, H, W). unflatten(1, (C, 256)) and transpose(1, 2) bring them "
    "there.",
    "not-a-number": "There are NaN in it: exp of a large number is infinite, and infinite / infinite is NaN. Let "
    "log_softmax (or logsumexp, or cross_entropy) do it: they subtract the largest logit first.",
    "infinite": "For large logits the value is wrong. Where it is right for small ones, the reason is the softmax: it "
    "rounds to 0, and its logarithm is infinite, or is cut off where something small was added. Take log_softmax, "
    "which never goes through the probability.",
    "negative": "The sign is wrong: this is the cross-entropy, -log p(x|z). Return the log-likelihood itself.",
    "mean-over-pixels": "You average over the pixels. The log-likelihood of a picture is the sum over all of its "
    "numbers.",
    "bits": "This is in bits. Here it is to be in nats.",
    "not-normalised": "These are the logits themselves. A softmax divides by the sum over all 256: subtract the "
    "logsumexp of a pixel's logits. (nll_loss takes log probabilities, cross_entropy takes logits.)",
    "no-logarithm": "You add up probabilities. Given z the pixels are independent: probabilities multiply, and their "
    "logarithms add up.",
    "softmax-twice": "The softmax is applied twice. log_softmax and cross_entropy take logits: give them the output as "
    "it is.",
    "channel-order": "The maps are cut the other way round. The first 256 belong to the first channel: unflatten(1, "
    "(C, 256)) puts the channel first, then the level.",
    "channels-together": "The softmax runs over the maps of all channels together. Each channel has a softmax of its "
    "own, over 256 levels.",
    "one-channel": "Only the first channel counts. Each channel has its own 256 maps and its own levels: sum over all.",
    "mixed-by-view": "The numbers of different pixels are mixed: view and reshape do not move the levels to the end, "
    "they cut the memory anew. Use unflatten(1, ...) and then movedim or permute.",
    "other-dimension": "The softmax runs over another dimension than the levels. Each pixel has a softmax of its own, "
    "over its 256 logits.",
    "reversed": "The levels are counted from the other end. Level 0 is black.",
    "one-off": "You are one level off. Level k is the grey level k/255, with k from 0 to 255.",
    "times-256": "Some levels are one off: 256 x, rounded, is too large for bright pixels. Level k is the grey level "
    "k/255: k is 255 x, rounded.",
    "black-or-white": "There are only two levels in your answer. x is a grey level from 0 to 1: the number of its "
    "level is 255 x, rounded; `long()` alone would make it 0 or 1.",
    "no-gradient": ideas_03.LOG_LIKELIHOOD["no-gradient"],
    "other-gradient": "The value is right, but its gradient is not the one of a softmax. Is a part of it detached, or "
    "cut off?",
    "other": "Of each pixel and channel the log softmax of its 256 logits at its level 255 x, summed over the picture.",
}

LOGISTIC = {
    "one-number": "You return one number. Here each pixel keeps its own: the shape of x.",
    "summed": "You sum over the pictures' pixels. Here each pixel keeps its own: the shape of x.",
    "per-channel": "You sum over a channel's pixels. Here each pixel keeps its own: the shape of x.",
    "not-a-number": "There are NaN in it: the logarithm of a negative number. σ(b) is the larger one, b being the "
    "upper edge, so that it is σ(b) - σ(a) and 1 - exp(a - b); and the scale is s = exp(log_s), where log_s itself is "
    "negative.",
    "infinite": "There are infinite numbers in it. Far from m both σ are 0, or both are 1, and their difference is 0 "
    "in float32. Go through the logarithms: log σ(b) + log σ(-a) + log(1 - exp(a - b)), with nn.functional.logsigmoid. "
    "At the ends log σ(b) for level 0, and log σ(-a) for level 255.",
    "floor": "Far from m your log probability does not fall any more: something small was added, or it was cut off. A "
    "model that is far off has to pay for it. Go through the logarithms: log σ(b) + log σ(-a) + log(1 - exp(a - b)), "
    "with nn.functional.logsigmoid.",
    "density-in-the-tails": "Where the probability is small you take the density times the step. That is close where "
    "the scale is much larger than a step, and nowhere else. log σ(b) + log σ(-a) + log(1 - exp(a - b)) is exact "
    "everywhere.",
    "negative": "The sign is wrong: the logarithm of a probability is negative.",
    "bits": "This is in bits. Here it is to be in nats.",
    "no-logarithm": "This is the probability. Return its logarithm.",
    "lower-tail-missing": "Level 0 gets what lies within half a step of it, as the others do. But nothing is below it: "
    "it gets all of that, too, σ(b), or else the 256 probabilities do not sum to one.",
    "upper-tail-missing": "Level 255 gets what lies within half a step of it, as the others do. But nothing is above "
    "it: it gets all of that, too, 1 - σ(a), or else the 256 probabilities do not sum to one.",
    "tails-exchanged": "The two ends are exchanged: level 0 has all that is below its upper edge, level 255 all that "
    "is above its lower edge.",
    "other-side": "The wrong edge, or the wrong side of it. Level 0 has all that is below its upper edge, σ(b); level "
    "255 all that is above its lower edge, 1 - σ(a).",
    "half-step-at-the-ends": "At the two ends the edge is the level itself. It lies half a step further in, as between "
    "the other levels.",
    "certain-at-the-ends": "The two outermost levels have the probability 1. They get what lies beyond them, too, but "
    "not more.",
    "density": "This is the logistic's density. It may be above 1. What a level gets is the mass between its two "
    "edges, a difference of two σ.",
    "density-times-step": "This is the density times the step. It is close to the mass where the scale is much larger "
    "than a step, and nowhere else. Take the mass between the two edges, a difference of two σ.",
    "256-steps": "Your edges are half of 1/256 away. From level 0 to level 255 there are 255 steps: half a step is "
    "1/510.",
    "whole-step": "Your edges are a whole step away, so that neighbouring levels share what lies between them. Half a "
    "step is 1/510. (In programs for pictures from -1 to 1 it is 1/255.)",
    "half-step-of-levels": "Your edges are ½ away. That is half a step where levels are counted from 0 to 255; on the "
    "scale from 0 to 1 it is 1/510.",
    "one-sided": "Both edges lie on one side: from the level to the next one. Take half a step to each side.",
    "log-variance": "exp(log_s) is the scale itself: no ½ and no 2 in the exponent.",
    "no-exponential": "log_s is used as the scale. It is a logarithm, and negative for every scale below 1: s = "
    "exp(log_s).",
    "other-unit": "Two units are mixed: x, m and half a step are on another scale than s, or than each other. Here "
    "everything is on the scale from 0 to 1, on which half a step is 1/510.",
    "inverse-scale": "You multiply by the scale. Divide: u = (x - m)/s.",
    "third-factor-missing": "σ(b) σ(-a) is not the difference yet: its third factor, 1 - exp(a - b), is missing.",
    "difference-of-logarithms": "This is the difference of the logarithms. What is asked for is the logarithm of the "
    "difference.",
    "normal": "This is the mass of a normal distribution. The logistic's distribution function is σ.",
    "place-sign": "m has the wrong sign: u = (x - m)/s.",
    "m-detached": "No gradient reaches m: something was taken out of the graph (.detach(), .item(), numpy, "
    "torch.no_grad()).",
    "log_s-detached": "No gradient reaches log_s: something was taken out of the graph (.detach(), .item(), numpy, "
    "torch.no_grad()).",
    "gradient-not-a-number": "The values are finite, but the gradient is not. torch.where computes both sides, and "
    "where the one that is not taken has the logarithm of 0, its gradient is 0 times infinity, which is NaN. Do not "
    "let such a logarithm arise: go through log σ.",
    "gradient-zero": "Far from m the gradient is 0: there the value was cut off, or σ has rounded to 0 or 1. That is "
    "where the model is most wrong, and has to learn most.",
    "other-gradient": "The value is right, but its gradient is not the one of the formula. Is a part of it detached, "
    "or cut off?",
    "other": "log(σ(b) - σ(a)) with a = (x - 1/510 - m)/s and b = (x + 1/510 - m)/s; log σ(b) for level 0, log σ(-a) "
    "for level 255.",
}

CLASS = {name: ideas_03.ENCODER[name] for name in ("no-super", "positive-spread", "not-registered")} | {
    "no-module": "The class must be an nn.Module: `class ConvolutionalVAE(nn.Module)`.",
    "no-methods": "The class needs two methods, encode(x) and decode(z).",
    "signature": "Does everything take what it is given? ConvolutionalVAE(latent_dim, picture_shape), encode(x) and "
    "decode(z).",
    "dense-layer-size": "A dense layer gets another number of inputs than it was made for. Behind the convolutions it "
    "sees channels x height x width of the last map, which depend on picture_shape: count them, by the formula of Task "
    "1 or by sending one empty picture through.",
    "other-channels": "A convolution gets another number of channels than it was made for. The first one takes the C "
    "of picture_shape, and each next one what the one before gives.",
    "map-shape": "A row of numbers does not fit into the map that it is to become. Count the map's channels, height "
    "and width: they depend on picture_shape.",
    "too-small": "The pictures are too small for that many convolutions: the last map is smaller than its kernel. Take "
    "fewer of them, or use padding.",
    "encode-one-tensor": "encode returns one tensor. Return two, mu and logvar, of latent_dim numbers each: chunk(2, "
    "dim=1) cuts a layer of twice the size.",
    "encode-no-pair": "encode should return two tensors: `return mu, logvar`.",
    "decode-one-tensor": "decode returns one tensor. Return two, m and log_s, each in the shape of the pictures: "
    "chunk(2, dim=1) cuts 2C maps.",
    "decode-no-pair": "decode should return two tensors: `return m, log_s`.",
    "not-repeatable": "The same input gives another result at every call. Make the layers once, in __init__. Noise "
    "comes between encode and decode, not within.",
    "pictures-mixed": "What you get for one picture depends on the others of the batch. Flatten with flatten(1), and "
    "take no means over dimension 0, the pictures.",
    "encoder-does-not-look": "mu or logvar is the same for all pictures: it does not depend on x.",
    "needs-encode": "decode works only after encode was called: it uses something that encode stored. When you "
    "generate there is no picture to encode: decode gets z, and knows nothing else.",
    "remembers": "The same z decodes to something else after another picture was encoded: decode uses something that "
    "encode stored. Use the z that decode is given.",
    "decoder-without-code": "m is the same for every z: the decoder does not see it.",
    "scale-without-code": "log_s is the same for every z. How sure the model is of a pixel differs from picture to "
    "picture: let the network say it, with maps of their own.",
    "flat-pictures": "decode gives rows of pixels. Give them the shape of pictures: (N, C, H, W).",
    "height-and-width": "Height and width are exchanged. picture_shape is (C, H, W).",
    "other-size": "decode gives pictures of another size. A convolution in steps of 2 leaves a pixel over for some "
    "sizes, and the way back needs an output_padding there (Task 1), or a kernel larger by that pixel; or make the "
    "pictures a little too large and cut them.",
    "other-maps": "m and log_s have another number of channels than the pictures. Each of them has C maps: the last "
    "layer gives 2C, and chunk(2, dim=1) cuts them in two.",
    "dense-encoder": "There is no convolution in the encoder. Let nn.Conv2d look at the pictures, in steps of 2, at "
    "least twice, before they are flattened.",
    "dense-decoder": "There is no convolution in the decoder. Make a map of the code, and let nn.ConvTranspose2d, or "
    "nn.Upsample and nn.Conv2d, enlarge it at least twice.",
    "one-convolution": "There is one convolution. One sees edges; shapes need several, one behind the other: at least "
    "two in each network.",
    "no-neighbourhood": "There are convolutions, but too few of them see a neighbourhood: a kernel of 1 x 1 sees one "
    "pixel, and one as large as the map is a dense layer.",
    "linear-encoder": "The encoder is linear. It needs an activation, such as ReLU, after each convolution: without "
    "any, all layers are one linear layer.",
    "linear-decoder": "The decoder is linear, or one of its two results is. It needs an activation, such as ReLU, "
    "between its layers.",
    "squeezed": "For a batch of one picture a dimension is lost: squeeze() takes away every dimension of size 1, the "
    "batch, too. Flatten with flatten(1).",
    "positive-scale": "log_s is never negative, so that no scale is below 1: wider than all grey levels. Is it s that "
    "you return? Return log s, which may be any number.",
    "activation-at-the-end": "mu, logvar or log_s does not leave the range of an activation. End without one: they may "
    "be any numbers.",
    "no-gradient": "Some parameters get no gradient, so they will never learn: they are not used in encode or decode, "
    "or what they give is detached.",
}
