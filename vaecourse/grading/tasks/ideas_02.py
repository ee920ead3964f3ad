"""What the hints of lesson 02 say: for each task the idea that a mistake misses, and none of a case's numbers."""

PSNR = {
    "one-for-all": "You give one number for the whole batch. Each picture has a PSNR of its own: average the squared "
    "differences over its pixels and channels only, dimension 0 stays.",
    "averaged-too-early": "All pictures get the same number: the squared differences are averaged over the pictures "
    "too. Average over each picture's pixels only.",
    "per-channel": "You give a number for each channel. Channels belong to the picture: average over them too.",
    "sum-over-pixels": "You sum the squared differences. MSE is their mean, so that large and small pictures compare.",
    "natural-log": "You use the natural logarithm. Decibels are made with the logarithm to base 10.",
    "binary-log": "You use the logarithm to base 2. Decibels are made with the logarithm to base 10.",
    "sign": "The sign is wrong: a smaller error has to give more decibels. It is 10 log10(1 / MSE), or -10 log10(MSE).",
    "no-ten": "The factor of 10 is missing: what you have is in bels, not in decibels.",
    "twenty": "The factor is 20. It goes with the root of the MSE; with the MSE itself it is 10.",
    "root": "There is a square root too many: 10 log10 belongs to the MSE. (With its root it is 20 log10.)",
    "absolute": "You average the absolute differences. It is the mean of their squares.",
    "peak-255": "You use 255 as the peak. These pictures are white at 1.",
    "peak-of-picture": "The peak is the largest grey level that these pictures happen to have. It is that of white, 1, "
    "or pictures could not be compared.",
    "not-squared": "The PSNR contains NaN: the logarithm met a negative number. Square the differences before you "
    "average them.",
    "dimensions-kept": "The dimensions that are averaged are still there, with size 1. Drop them: one number for each "
    "picture, shape (N,).",
    "mse": "You return the mean squared error. Turn it into decibels: 10 log10(1 / MSE).",
    "other": "Square the differences, average over each picture's pixels and channels, then 10 log10(1 / MSE).",
}

ADD_NOISE = {
    "x-lost": "The result does not depend on x: the noise replaces the picture. Add it to the picture.",
    "unchanged": "The pictures come back unchanged: no noise was added.",
    "uniform": "The noise is not normal: it ends sharply on both sides. torch.rand is uniform, torch.randn is normal.",
    "not-centred": "The noise is not zero on average: it makes the pictures lighter or darker. epsilon ~ N(0, 1) goes "
    "both ways.",
    "variance-as-deviation": "You multiply by the square of `level`. It is the standard deviation: multiply by "
    "`level` itself.",
    "deviation-as-variance": "You take the root of `level`, as if it were a variance. It is the standard deviation: "
    "multiply by it as it is.",
    "level-ignored": "The noise is as strong as if `level` were not used. Multiply the normal numbers by it.",
    "multiplied": "The noise grows with the grey level: it is multiplied by x. It is added, as strong on black as on "
    "white.",
    "wrong-spread": "The standard deviation of the noise is not `level`. Draw from N(0, 1) and multiply by `level`.",
    "not-normal": "The noise has the right spread, but it is not normal. Use torch.randn.",
    "same-for-all-pictures": "All pictures of the batch get the same noise. Draw as many numbers as the batch has "
    "pixels: torch.randn_like(x).",
    "same-for-pixels": "Several pixels or channels of a picture share one number. Draw one for each: "
    "torch.randn_like(x).",
    "drawn-once": "A second call gives the very same noise. Draw it anew in every call, and do not set the seed inside "
    "the function: a network that always meets the same noise learns it by heart.",
    "not-clipped": "Some grey levels are outside [0, 1]. Cut them off there.",
    "rescaled": "Nothing is cut off: grey levels that leave [0, 1] come back in another way (rescaled, reflected, "
    "squashed). That changes the picture where there is no noise, too. Cut off with clamp.",
    "changes-input": "The result is right, but the function changes the pictures that it is given (`+=`, `add_`, "
    "`clamp_`, ...). The clean picture is the target: it has to stay clean.",
}

DEAD_PIXELS = {
    "unchanged": "No pixel is replaced.",
    "grey-values": "Pixels that are hit get other values than 0 and 1. They become black (0) or white (1), nothing "
    "else.",
    "the-others": "You replace the pixels that should stay. A pixel is hit if its random number is below `level`.",
    "level-twice": "Too many pixels are hit: you replace `level` by black, and `level` by white. Together they are "
    "`level`.",
    "level-half": "Half as many pixels are hit as should be. `level` counts black and white together.",
    "drawn-twice": "Too few pixels are hit: you draw once for black and once for white, and some pixels are hit by "
    "both. Draw one number for each pixel; it says whether the pixel is hit, and may say the colour, too.",
    "all-hit": "Every pixel is hit. A share `level` of them should be, black and white together.",
    "wrong-share": "The share of pixels that are hit is not `level`. Compare a uniform random number with it, one for "
    "each pixel.",
    "only-white": "All pixels that are hit become white. Half of them should, at random. (Is the random number that "
    "said whether a pixel is hit used again for its colour? Draw another, or compare it with level / 2.)",
    "only-black": "All pixels that are hit become black. Half of them should, at random. (Is the random number that "
    "said whether a pixel is hit used again for its colour? Draw another, or compare it with level / 2.)",
    "one-coin": "All pixels of a picture get the same colour. Toss a coin for each pixel.",
    "unequal-colours": "Black and white are not equally frequent among the pixels that are hit.",
    "channels-apart": "The channels of a pixel are hit one by one, which gives coloured dots. A dead pixel is dead in "
    "all channels: draw numbers of shape (N, 1, H, W), which broadcast.",
    "same-for-all-pictures": "In all pictures of the batch the same pixels are hit. Draw for each picture: shape (N, "
    "1, H, W), not (1, 1, H, W).",
    "in-lines": "Whole lines of pixels, or whole pictures, are hit together. Draw a number for each pixel.",
    "drawn-once": "A second call hits the very same pixels. Draw anew in every call, and do not set the seed inside "
    "the function.",
    "changes-input": "The result is right, but the function changes the pictures that it is given. Work on a copy, or "
    "use torch.where: the clean picture is the target, and has to stay clean.",
}

DENOISING_STEP = {
    "no-graph": "The loss has no graph behind it: the model ran under torch.no_grad(), or something on the way was "
    "detached.",
    "no-backward": "No gradient reached the model's weights: loss.backward() is missing, or the loss is cut off from "
    "the model (a new tensor, .item(), .detach()).",
    "no-step": "The gradient is there, but the optimizer that was given made no step: optimizer.step() is missing, or "
    "it is another optimizer's.",
    "several-steps": "One call makes several steps. It should make one; the loop is outside.",
    "zeroed-before-step": "The gradient is erased between backward() and step(), so the step has nothing to follow. "
    "Erase the old gradient before backward().",
    "noisy-target": "The loss compares with the noisy pictures: the target has the noise in it too. A model that "
    "copies its input would be perfect. Compare with the clean x.",
    "clean-input": "The model sees the clean pictures, so it never meets any noise. Give it corrupt(x).",
    "swapped": "Input and target are swapped: the model gets the clean pictures and should give the noisy ones. That "
    "is a noise maker. Corrupt the input, keep the target clean.",
    "two-noises": "The target is noisy too, with a noise of its own. corrupt is for the input only: compare with the "
    "clean x.",
    "noise-on-output": "You corrupt what the model gives, not what it gets.",
    "mean-over-pixels": "The loss averages over the pixels. Sum over them, then average over the pictures.",
    "sum-over-pictures": "The loss sums over the pictures, so that it grows with the batch. Average over them.",
    "root": "The loss has a square root. It is the squared length of the difference, without one.",
    "uphill": "The loss has the wrong sign: the weights go uphill.",
    "scaled": "The weights move in the right direction, but not as far as the optimizer goes by itself: the gradient "
    "was multiplied or clipped on the way, or the loss has a factor too many.",
    "other-step": "The weights do not move down the gradient of the squared error between model(corrupt(x)) and x. "
    "What does the model get, and what is its result compared with?",
    "eval-mode": "The model is left in evaluation mode: model.eval() does not belong into training.",
    "drawn-once": "The second call draws no new noise. Call corrupt in every call: with the same noise in every pass, "
    "the model learns the noise by heart.",
    "gradients-add-up": "The second call follows its own gradient plus the one of the first: backward() adds to what "
    "is there. Erase it in every call, with optimizer.zero_grad().",
    "carried-over": "The first step is right, a later one is not: something is carried over from call to call.",
    "tensor-returned": "You return a tensor. A list of losses that hold on to their graphs fills the memory: return a "
    "Python number, loss.item().",
    "loss-after-step": "You return the loss after the step. Return the one that the step was made for.",
    "other": "What is returned is not the loss of the batch before the step, the one that backward() was called on.",
}

SUPER_RESOLVER = {
    "no-module": "The class must be an nn.Module: `class SuperResolver(nn.Module)`.",
    "same-size": "The pictures come back as small as they were. Each side has to grow by `factor`.",
    "fixed-factor": "The pictures do not grow by `factor`. Is a number written out where `factor` should stand?",
    "size": "The result must have the channels of x, and sides that are `factor` times as long.",
    "not-repeatable": "The same input gives another result at every call. Make the layers once, in __init__, and let "
    "nothing random into forward.",
    "hidden-ignored": "The network is the same for every `hidden`. Is a number written out where `hidden` should "
    "stand?",
    "sizes-differ": "The correction and the enlarged picture do not have the same size. Both have to grow by `factor`, "
    "not by a number that is written out. And a convolution without padding makes a picture smaller: with a kernel of "
    "3, padding=1 keeps its size.",
    "fixed-size": "A linear layer takes pictures of one size only. Convolutions take any.",
    "shuffle-channels": "PixelShuffle(factor) makes one channel out of factor**2: the layer before it has to give "
    "channels * factor**2 of them.",
    "one-correction": "The correction is the same for all channels. PixelShuffle(factor) makes one channel out of "
    "factor**2: the layer before it has to give channels * factor**2 of them.",
    "no-enlargement": "Without its correction the model gives nothing. Add the correction to the enlarged picture: "
    "the network then has to learn only what the enlargement misses.",
    "nearest": "You enlarge with mode 'nearest', which repeats pixels (it is the default of interpolate). Use "
    "mode='bicubic'.",
    "bilinear": "You enlarge with mode 'bilinear'. Use mode='bicubic'.",
    "align-corners": "You enlarge with align_corners=True, which moves the picture: a small pixel has to cover the "
    "square of large ones it was made from. Leave align_corners at False.",
    "clamped": "You cut the result to [0, 1]. Leave it as it is: a pixel that is cut off gets no gradient.",
    "squashed": "There is an activation around the sum. The enlarged picture passes unchanged; only the correction is "
    "the network's.",
    "correction-left": "With all parameters at zero the result is not the bicubic enlargement: something else is added "
    "or multiplied, or a layer is not among the parameters.",
    "no-parameters": "model.parameters() is empty: there is nothing to learn. Make layers in __init__, as attributes "
    "of self; in a list they need nn.Sequential or nn.ModuleList.",
    "no-gradient": "Some parameters get no gradient from the loss, so they will never learn: they are not used in "
    "forward, or what they give is detached.",
    "linear": "The correction is linear in x: it has no hidden layer, or no activation, such as ReLU, after that. Two "
    "linear layers in a row are one linear layer, and bicubic is linear too.",
}

TRAIN_DENOISER = {
    "nothing-returned": "The function returns None. Is `return model` missing?",
    "not-a-denoiser": "What you return cannot be called. Return the trained model: model(noisy) gives pictures.",
    "flat-pictures": "The denoiser gives rows of pixels. Give them the shape of the pictures: (N, C, H, W).",
    "untrained": "All grey levels are still near one half, as before any training: the weights have hardly moved. Is "
    "optimizer.step() called, and does the optimizer have the model's parameters?",
    "logits": "The numbers leave the range of grey levels on both sides: they are logits, and their sigmoid is the "
    "picture. Let the model end with a sigmoid, and train that.",
    "noise-returned": "The model gives the noise, not the picture. Return a model that takes it away: noisy minus "
    "noise.",
    "always-the-same": "All pictures come back as nearly the same one. Every training passes this point. It stays "
    "there with too few or too small steps (smaller batches, more passes, Adam), with a learning rate that is far too "
    "high, or if input and target do not belong together.",
    "noise-learned": "The network gives noise back, or at least the brightness of noisy pictures: it has learned to "
    "make them. Is the noisy picture the target? The target is the clean one.",
    "never-met-noise": "Clean pictures come back well, noisy ones do not: the model has not met noise of this "
    "`level`. Corrupt the input of every batch.",
    "under-trained": "It has learned to remove noise, but not enough to beat a blur. Train for more steps (batches of "
    "50, some 10 passes), with a hidden layer of some hundred units, and a learning rate between 1e-3 and 3e-3 for "
    "Adam. Draw new noise for every batch.",
}
