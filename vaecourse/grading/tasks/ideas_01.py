"""What the hints of lesson 01 say: for each task the idea that a mistake misses, and none of a case's numbers."""

SQUARED_ERROR = {
    "mean-over-pixels": "You average over the pixels. Sum over the pixels, then average over the pictures.",
    "sum-over-pictures": "You sum over the pictures too. Average over them: the loss of a batch should not grow with "
    "the batch.",
    "not-squared": "The differences are not squared. Squares cannot cancel, and one large difference weighs more than "
    "many small ones.",
    "root": "You take a square root. The loss is ‖x - x̂‖², the square of the length.",
    "half": "There is a factor of one half that the formula does not have.",
    "fixed-pixels": "You multiply a mean by 784. Pictures may have another size, or colours: sum over the pixels that "
    "they have.",
    "mean-over-channels": "You average over the channels. They are pixels too: sum over them.",
    "square-of-sum": "You sum first and square then: differences of opposite signs cancel. Square each pixel's "
    "difference, then sum.",
    "difference-of-squares": "You subtract squares. Square the difference: (x - x̂)², which is not x² - x̂².",
    "other": "Square the differences, sum over the pixels of each picture, average over the pictures.",
    "changes-input": "The value is right, but the function changes the pictures it is given (`-=`, `sub_`, ...): the "
    "next call sees other pictures.",
    "no-gradient": "No gradient reaches x̂: the value was taken out of the graph on its way. Do not use float(), "
    ".item(), .detach(), numpy or torch.no_grad() inside a loss.",
    "other-gradient": "The value is right, but its gradient is not that of ‖x - x̂‖². Is a part of it detached, or "
    "computed outside torch?",
}

PCA_RECONSTRUCT = {
    "code-returned": "You return the codes. Go back to pictures: multiply by the components.",
    "shape-lost": "The numbers come back without the shape of x. Give them its shape at the end.",
    "shape": "The reconstruction must have the shape of x.",
    "shapes-do-not-fit": "The shapes do not fit: by flatten(1), x and mean become rows of pixels, (N, pixels) and (1, "
    "pixels); components is (D, pixels); a code is (N, D). The result has the shape of x, whatever that is.",
    "clamped": "You cut the result to [0, 1]. PCA is linear: it may leave that range.",
    "not-projected": "You return x itself. The pictures have to pass through the codes.",
    "mean-not-subtracted": "The mean is added at the end, but it was not subtracted before the projection.",
    "mean-not-added": "The mean was subtracted, but it is not added back: what you have is the deviation from the mean "
    "picture.",
    "no-mean": "The mean is not used. The components are directions from the mean picture, not from the black one.",
    "mean-sign": "The mean has the wrong sign: subtract it before the projection, add it after.",
    "own-mean": "You use the mean of this batch. Use the `mean` that is given: the one that PCA was fitted with.",
    "grey-mean": "You use one grey level as the mean. `mean` is a picture: subtract it pixel by pixel.",
    "remainder": "You return what the projection leaves over, not the projection.",
    "one-component": "You use the first component only. Use all of them.",
    "other": "Subtract the mean, project onto the components, come back by the same components, add the mean.",
}

AUTOENCODER = {
    "no-module": "The class must be an nn.Module: `class TinyAutoencoder(nn.Module)`.",
    "no-super": "`super().__init__()` has to come first in __init__.",
    "sizes-do-not-fit": "The sizes do not fit. They come from picture_shape: flatten(1) makes rows of C * H * W "
    "numbers, as many come out of the decoder, and they are given the shape (N, C, H, W) at the end.",
    "hidden-as-code": "encode(x) has as many numbers as the hidden layer. The code comes one layer later and has "
    "latent_dim numbers.",
    "not-repeatable": "The same input gives another result at every call. Make the layers once, in __init__, and let "
    "nothing random into encode and decode.",
    "pictures-mixed": "What you get for one picture depends on the others of the batch. Flatten with flatten(1), which "
    "leaves dimension 0, the pictures, alone, and take no means over it.",
    "squashed-code": "The codes do not leave the range of an activation, 0 to 1 or -1 to 1. End the encoder without "
    "one: only grey levels need a range, a code may lie anywhere.",
    "relu-on-code": "No code has a negative number. End the encoder without an activation: ReLU throws away half of "
    "the space that the codes may use.",
    "needs-encode": "decode works only after encode was called: it uses something that encode stored. A decoder draws "
    "from a code alone; what else it has to know, such as the shape, belongs into __init__.",
    "flat-pictures": "decode(z) gives rows of pixels. Give them picture_shape: (N, C, H, W).",
    "no-sigmoid": "decode(z) gives grey levels outside [0, 1]. End the decoder with a sigmoid: it maps any number into "
    "that range.",
    "softmax": "The grey levels of a picture sum to one: that is a softmax, which makes the pixels compete. Each pixel "
    "lies in [0, 1] by itself: a sigmoid.",
    "clamped": "The grey levels are cut off at 0 or 1, and a pixel that is cut off gets no gradient. A sigmoid keeps "
    "the range and has a gradient everywhere.",
    "ignores-the-picture": "model(x) does not depend on x, or no gradient can come back from it: is something "
    "detached, computed under torch.no_grad(), or switched off by an activation?",
    "around-the-bottleneck": "The reconstruction knows more about x than the code can tell: something leads around the "
    "bottleneck. Only z may pass from encode to decode.",
    "remembers": "The same codes decode to something else after another picture was encoded: decode uses something "
    "that encode stored, not only the z that it is given.",
    "forward-differs": "model(x) is not decode(encode(x)). Let forward call the two, and nothing else.",
    "linear-encoder": "The encoder is linear. It needs a hidden layer and an activation, such as ReLU, after that: two "
    "linear layers in a row are one linear layer.",
    "linear-decoder": "The decoder is linear, up to its last activation. It needs a hidden layer and an activation, "
    "such as ReLU, after that: two linear layers in a row are one linear layer.",
    "not-registered": "model.parameters() does not list all layers, so an optimizer will not find them. Make layers in "
    "__init__, as attributes of self; in a list they need nn.Sequential or nn.ModuleList.",
    "no-gradient": "Some parameters get no gradient from the loss, so they will never learn: they are not used in "
    "forward, or what they give is detached, or an activation passes nothing on.",
}

TRAIN_STEP = {
    "no-graph": "The loss has no graph behind it: model(x) ran under torch.no_grad(), or something on the way was "
    "detached.",
    "no-backward": "No gradient reached the model's weights: loss.backward() is missing, or the loss is cut off from "
    "the model (a new tensor, .item(), .detach()).",
    "no-step": "The gradient is there, but the optimizer that was given made no step: optimizer.step() is missing, or "
    "it is another optimizer's.",
    "several-steps": "One call makes several steps. It should make one; the loop is outside.",
    "step-before-backward": "optimizer.step() comes before loss.backward(): the step uses gradients that are not there "
    "yet, or those of the last batch.",
    "zeroed-before-step": "The gradient is erased between backward() and step(), so the step has nothing to follow. "
    "Erase the old gradient before backward().",
    "mean-over-pixels": "The loss averages over the pixels, which makes it and its gradient too small by their number. "
    "Sum over them, then average over the pictures.",
    "sum-over-pictures": "The loss sums over the pictures, so that it and its gradient grow with the batch. Average "
    "over them.",
    "root": "The loss has a square root. It is ‖x - x̂‖², without one.",
    "scaled": "The weights move in the right direction, but not as far as the optimizer goes by itself: the gradient "
    "was multiplied or clipped on the way, or the loss has a factor too many.",
    "divided-twice": "The loss that you return is divided by the number of pictures once more than it should be.",
    "uphill": "The loss has the wrong sign: the weights go uphill.",
    "eval-mode": "The model is left in evaluation mode: model.eval() does not belong into training.",
    "other-step": "The weights do not move down the gradient of the squared error between x and model(x). Which loss "
    "did you call backward() on? What is its target?",
    "gradients-add-up": "The second call follows its own gradient plus the one of the first: backward() adds to what "
    "is there. Erase it in every call, with optimizer.zero_grad().",
    "carried-over": "The first step is right, a later one is not: something is carried over from call to call.",
    "tensor-returned": "You return a tensor. A list of losses that hold on to their graphs fills the memory: return a "
    "Python number, loss.item().",
    "loss-after-step": "You return the loss after the step. Return the one that the step was made for: it is there "
    "already, and needs no second pass through the model.",
    "other": "What is returned is not the squared error of the batch before the step.",
}

INTERPOLATE = {
    "shapes-do-not-fit": "The shapes do not fit. The codes of a and b are (1, D): with a column of weights, (steps, "
    "1), their mixtures are (steps, D), one row for each picture.",
    "list": "You return a list of pictures. Make one tensor of them, with torch.cat.",
    "not-decoded": "You return codes. Decode them: the path is made of pictures.",
    "shape": "The path has a dimension too many. It is (steps, C, H, W): a and b are batches of one picture each, and "
    "so is what is decoded from a single code, so use torch.cat.",
    "empty": "The path is empty.",
    "pixels-mixed": "You mix the pixels: a double exposure, even if the model comes after it. Encode a and b, mix the "
    "codes, and decode the mixtures.",
    "mixed-after-decoding": "You decode the two ends and mix the results: that is a double exposure too. Mix the codes "
    "first, then decode.",
    "ends-not-decoded": "The path begins and ends with a and b themselves. Decode the codes of the ends too, or the "
    "first and the last step are jumps.",
    "other-path": "The pictures are not decoded from mixtures (1 - t) z_a + t z_b of the codes of a and b, with "
    "weights that sum to one.",
    "reversed": "The path leads from b to a. t = 0 is a, t = 1 is b.",
    "end-missing": "The path stops one step before b. Both ends belong to it: t runs from 0 to 1, both included.",
    "start-missing": "The path starts one step after a. Both ends belong to it: t runs from 0 to 1, both included.",
    "ends-missing": "a and b are missing from the path. Both ends belong to it: t runs from 0 to 1, both included.",
    "beyond-the-ends": "The path goes beyond its ends: t must stay between 0 (a) and 1 (b).",
    "count": "`steps` is the number of pictures, the two ends included.",
    "uneven": "The steps are not of equal size: t should grow by the same amount from picture to picture.",
}

SHARE_RECOGNISED = {
    "fixed-confidence": "You compare with a fixed number. Use the `confidence` that is given.",
    "nan": "The result is NaN or infinite. Does the exponential of a large logit overflow? torch.softmax subtracts the "
    "largest logit first.",
    "at-least": "More than the confidence is `>`, not `>=`.",
    "count": "You count pictures. A share is the count divided by the number of pictures.",
    "percent": "You return a percentage. A share lies between 0 and 1.",
    "the-others": "You return the share of pictures that are not recognised.",
    "no-softmax": "You compare logits with a probability. Turn them into probabilities first, with a softmax over the "
    "classes.",
    "over-pictures": "You work along the pictures somewhere. Softmax and maximum both belong to one picture's classes: "
    "dimension 1.",
    "classes-counted": "You count classes, not pictures: at a low confidence two classes of one picture may both be "
    "above it. Ask once per picture: is its largest probability above the confidence?",
    "share-of-entries": "You average over pictures and classes. Ask once per picture: is its largest probability above "
    "the confidence?",
    "sigmoid": "You use a sigmoid for each class by itself. The classes compete: a softmax.",
    "mean-confidence": "You average the probabilities. Ask of each one whether it is above the confidence.",
    "argmax": "You compare the number of the class (argmax), not its probability (amax).",
    "softmax-twice": "There are two softmaxes: probabilities are taken for logits.",
    "overflow": "The exponential of a large logit overflows: its softmax is NaN, and NaN is not greater than anything. "
    "torch.softmax subtracts the largest logit first.",
    "other": "Softmax over the classes, the largest probability of each picture, the share of pictures for which it is "
    "more than the confidence.",
}

TRAIN_AUTOENCODER = {
    "nothing-returned": "The function returns None. Is `return model` missing?",
    "no-model": "What you return has no encode(x) or no decode(z). Return the trained model, with both.",
    "code-size": "A code must have latent_dim numbers, one row a picture: encode(x) is (N, latent_dim).",
    "flat-pictures": "decode(z) gives rows of pixels. Give them the shape of the pictures: (N, C, H, W).",
    "untrained": "All grey levels are still near one half, as before any training: the weights have hardly moved. Is "
    "optimizer.step() called, and was the optimizer given the parameters of both halves?",
    "always-the-same": "All pictures come back as nearly the same one: the code is ignored. Every training passes this "
    "point. It stays there with too few or too small steps (smaller batches, more passes, Adam), with a learning rate "
    "that is far too high, with gradients that are never erased, with codes that cannot differ, or if the "
    "reconstruction that you train is not decode(encode(x)).",
    "hardly-trained": "The reconstructions differ, but they are hardly better than the mean picture. Does the loss "
    "fall? Train for more steps, or with a learning rate nearer to 2e-3 for Adam. Are loss and targets right?",
    "two-models": "Trained twice from the same seed, your function gives two different models, so the codes of one "
    "mean nothing to the other. Draw random numbers from torch's global generator, do not seed it, and keep nothing "
    "from one call to the next.",
    "around-the-bottleneck": "From the codes alone, without having seen the pictures, the same model gives a much "
    "larger error: something besides the code passes from encode to decode.",
    "positive-codes": "No code has a negative number. End the encoder without an activation: it throws away a part of "
    "the space for codes, and behind a ReLU, a number that is zero for all pictures stays zero.",
    "linear": "Your decoder is linear (up to a last sigmoid), and a linear autoencoder does no better than PCA. Put a "
    "hidden layer with an activation into both halves.",
    "under-trained": "It has learned, but does not do clearly better than PCA with as many numbers. Train for more "
    "steps: smaller batches, more passes, or a learning rate between 1e-3 and 3e-3 for Adam. Is there a hidden layer "
    "of some hundred units, with an activation, in both halves? Does the optimizer have the parameters of both?",
}
