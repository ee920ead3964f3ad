"""What the hints of lesson 06 say: for each task the idea that a mistake misses, and none of a case's numbers."""

from vaecourse.grading.tasks import ideas_03

ONE_HOT = {
    "whole-numbers": "The ones stand where they should, but as whole numbers (int64 or bool). A network multiplies "
    "them by its weights: make them floating-point numbers, with .float().",
    "class-number": "You return the class numbers themselves. As one number, 7 would mean seven times as much as 1, "
    "and a 3 would lie between a 2 and a 4. One-hot gives each class a column of its own.",
    "batch-width": "The width depends on the classes that happen to be in the batch. Networks have fixed sizes: make "
    "num_classes columns, whatever the batch holds.",
    "fixed-width": "The width is always the same. Make num_classes columns: other data have another number of classes.",
    "one-too-wide": "There is one column too many. Class numbers go from 0 to num_classes - 1.",
    "transposed": "Rows and columns are exchanged: a row for each picture, a column for each class.",
    "shifted": "The ones stand one column off. Class numbers start at 0: class 0 has the first column.",
    "inverted": "Zeros and ones are exchanged: a 1 in the column of the class, 0 in all others.",
    "reversed": "The columns are in reverse order: class 0 has the first one.",
    "all-rows-alike": "Every row has the ones of the whole batch: `rows[:, c] = 1` writes into all rows. Row n has "
    "one 1, in column c[n].",
    "empty": "There is no 1 in it. Each row has one, in the column of the picture's class.",
    "other": "A row for each picture, num_classes columns: 1 in the column of the picture's class, 0 in all others.",
}

CLASS = {
    "no-module": "The class must be an nn.Module: `class ConditionalVAE(nn.Module)`.",
    "no-label-argument": "Both methods take the label: encode(x, c) and decode(z, c).",
    "wrong-dimension": "torch.cat does not fit these together. The label comes in as more columns: rows of pixels, "
    "(N, pixels), and one-hot labels, (N, num_classes), go side by side: torch.cat([...], dim=1). So do z and labels.",
    "shapes-do-not-fit": "A layer gets another number of columns than it was made for. The encoder's first layer sees "
    "pixels + num_classes numbers, the decoder's first layer latent_dim + num_classes.",
    "batch-width": "With a batch in which the last classes are missing, the shapes do not fit any more: the one-hot "
    "labels become as wide as the largest class number asks for. Give the width: one_hot(c, num_classes).",
    "fixed-width": "With another number of classes the code fails. The number of classes is num_classes, in the layers "
    "and in the one-hot labels.",
    "class-number": "The results for the labels 10, 11, 12, ... follow a smooth line: the class number goes in as one "
    "number. Then a 3 has to be something between a 2 and a 4. Make it one-hot, a column for each class.",
    "labels-alike": "Some labels give the same results. Each of the num_classes labels needs a column of its own.",
    "one-tensor": "encode returns one tensor. Return two, mu and logvar, of latent_dim numbers each.",
    "not-a-pair": "encode should return two tensors, mu and logvar: `return mu, logvar`.",
    "hidden-as-code": "There are as many numbers as hidden units. mu and logvar come one layer later and have "
    "latent_dim numbers each.",
    "not-repeatable": "The same input gives another result at every call. Make the layers once, in __init__. Noise "
    "comes between encode and decode, not within.",
    "pictures-mixed": "What you get for one picture depends on the others of the batch. Flatten with flatten(1), and "
    "take no means over dimension 0, the pictures.",
    "positive-spread": ideas_03.ENCODER["positive-spread"],
    "encoder-without-label": "encode(x, c) is the same for every label: the encoder does not see c. The posterior is "
    "q(z|x, c). An encoder that is told the digit has to describe its style only.",
    "encoder-without-picture": "encode(x, c) is the same for every picture with that label. The encoder sees x and c.",
    "decoder-without-label": "decode(z, c) is the same for every label: the decoder does not see c. It will draw what "
    "z says, whatever you ask for. Put the label beside z.",
    "decoder-without-code": "decode(z, c) is the same for every z: one picture for each label. The decoder sees z and "
    "c.",
    "needs-encode": "decode works only after encode was called: it uses something that encode stored. When you "
    "generate there is no picture to encode: decode gets z and c, and knows nothing else.",
    "remembers": "The same z and c decode to something else after another picture was encoded: decode uses something "
    "that encode stored. Use the z and the c that decode is given.",
    "flat-pictures": "decode(z, c) gives rows of pixels. Give them picture_shape: (N, C, H, W).",
    "squashed": "decode(z, c) does not leave the range of an activation. Here it gives logits, any numbers: end "
    "without a sigmoid. The loss and the drawing apply it.",
    "linear-encoder": "The encoder is linear. It needs a hidden layer and an activation after that, such as ReLU.",
    "linear-decoder": "The decoder is linear. It needs a hidden layer and an activation after that, such as ReLU.",
    "not-registered": ideas_03.ENCODER["not-registered"],
    "no-gradient": "Some parameters get no gradient, so they will never learn: they are not used in encode or decode, "
    "or what they give is detached.",
}

CONDITIONAL_ELBO = {
    name: ideas_03.ELBO[name]
    for name in (
        "kl-sign",
        "negative",
        "log-likelihood-sign",
        "kl-only",
        "sum-over-pictures",
        "kl-summed-over-pictures",
        "log-likelihood-summed",
        "half-missing",
        "half-twice",
        "mean-over-dimensions",
        "logvar-as-log-sigma",
        "other-gradient",
    )
} | {
    "no-kl": "The KL is not in it. Without it, nothing keeps the posterior near the prior that you will draw from.",
    "standard-prior": "This is the KL to N(0, I). Here the prior is learned, p(z|c) = N(μ_p, σ_p²): generating will "
    "draw from that one, so it is that one which the posterior has to stay near.",
    "swapped": "The arguments of the KL are swapped: this is KL(p‖q). The ELBO has KL(q‖p), from the posterior to the "
    "prior: the prior's σ_p² stands below.",
    "prior-mean-only": "The prior's spread is not used: σ_p² = exp(prior_logvar) belongs into the KL, too.",
    "prior-spread-only": "The prior's mean is not used: it is (μ - μ_p)² that costs, not μ².",
    "not-divided": "The squared distance and σ² have to be divided, both, by the prior's variance, σ_p² = "
    "exp(prior_logvar): mind the brackets. A wide prior forgives more.",
    "mean-over-own-spread": "The squared distance of the means is divided by the posterior's variance. It is the "
    "prior's that stands below.",
    "log-upside-down": "The logarithm is upside down: log(σ_p²/σ²), with the prior above.",
    "no-logarithm": "The logarithm is missing: log(σ_p²/σ²) is prior_logvar - logvar.",
    "prior-logarithm-missing": "The prior's logarithm is missing: log(σ_p²/σ²) is prior_logvar - logvar. Only where "
    "the prior is N(0, I) is its part zero.",
    "logvar-sign": "prior_logvar has the wrong sign: log(σ_p²/σ²) is prior_logvar - logvar.",
    "log-sigma-for-logvar": "log σ stands where log σ² belongs. logvar and prior_logvar are log σ² already: they go "
    "into the formula as they are.",
    "mean-not-squared": "The distance of the means is not squared: (μ - μ_p)². Both sides of μ_p should cost the same.",
    "one-missing": "The -1 is missing in the KL. Without it, a posterior that equals the prior would cost something.",
    "sigma-for-variance": "σ stands where σ² belongs: σ² = exp(logvar), for the posterior and for the prior.",
    "no-exponential": "A logarithm stands where a variance belongs: σ² = exp(logvar) and σ_p² = exp(prior_logvar).",
    "not-a-number": "The ELBO is NaN or infinite. Is there a logarithm of logvar or of prior_logvar, or a division by "
    "one of them? They are log σ² and log σ_p², and may be negative or 0. The variances are their exponentials, and "
    "log(σ_p²/σ²) is prior_logvar - logvar.",
    "no-gradient": "No gradient reaches any of the arguments: the value was taken out of the graph (float(), .item(), "
    ".detach(), numpy, torch.no_grad()).",
    "prior-without-gradient": "No gradient reaches prior_mu and prior_logvar. The prior is a network, too: it learns "
    "where the codes of each c lie, and it does so by this KL.",
    "part-detached": "The gradient does not reach all of log_px, mu, logvar, prior_mu and prior_logvar: one of them is "
    "detached, or is not in the value at all.",
    "other": "Average over the pictures of log p(x|z, c) - ½ Σ ((σ² + (μ - μ_p)²) / σ_p² - 1 + log σ_p² - log σ²), the "
    "sum being over the dimensions of the code.",
}

SWAP_LABELS = {
    "list": "You return a list. Make one tensor of the pictures: torch.stack puts the columns side by side at dim=1.",
    "transposed": "Rows and columns are exchanged: a row for each picture, a column for each label.",
    "one-row": "The pictures come one after another. Return a table: one row for each picture, one column for each "
    "label.",
    "one-picture-each": "There is one picture for each picture. Decode each z with every label, from 0 to "
    "num_classes - 1.",
    "codes-returned": "You return codes. Decode them: the table is made of pictures.",
    "shape": "The table should have the shape (N, num_classes, C, H, W).",
    "no-pictures": "These are no grey levels: they leave the range from 0 to 1. Return what model.decode gives.",
    "sigmoid-twice": "A sigmoid is applied to what is a picture already, which makes everything grey. model.decode "
    "gives grey levels here.",
    "other-pictures": "This is not what model.decode gives for any z and c.",
    "other-label-encoded": "The picture is encoded with a label that is not its own. The encoder would then describe "
    "the picture as a strange example of that other digit, and z would not be its style. Encode with the picture's own "
    "c, once; only the decoder gets the new label.",
    "drawn-anew": "Each label gets a new z, drawn from the posterior: the style jumps from column to column. Encode "
    "once, and decode this one z with every label.",
    "drawn-once": "z is drawn from the posterior. It is the same for all labels, as it should be; but take the mean, "
    "which model.encode gives, so that the table is the same at every call.",
    "not-this-picture": "The codes have nothing to do with the pictures: are they drawn from the prior? z comes from "
    "model.encode(x, c).",
    "pictures-mixed": "The codes are the right ones, but they stand in other rows: row n belongs to picture n. Mind "
    "the order when you repeat and reshape.",
    "own-label-decoded": "Every column is decoded with the picture's own label. Column k is decoded with label k.",
    "other-labels": "The columns are decoded with other labels than theirs, or in another order: column k belongs to "
    "label k.",
}

BEST_OF_K = {
    "not-a-pair": "Return two numbers: `return best, diversity`.",
    "pair-swapped": "The two numbers are exchanged: the best-of-K error first, the diversity second.",
    "mean-over-completions": "This is the error of an average completion. The best-of-K error takes the smallest of a "
    "picture's K errors: several answers are allowed, and one of them should be close.",
    "one-choice-for-all": "You average over the pictures first, and then choose one k for all of them. Choose for each "
    "picture by itself: which draw comes closest differs from picture to picture.",
    "best-picture": "You take the minimum over the pictures. Take it over the K completions of each picture, and then "
    "the mean over the pictures.",
    "best-of-all": "This is the smallest error of all. Take the smallest for each picture, then the mean over the "
    "pictures.",
    "best-pixels": "You choose the best value pixel by pixel, which puts together a picture that none of the "
    "completions is. Sum over the pixels first, then take the minimum over the completions.",
    "worst": "You take the largest error. The best completion is the one with the smallest.",
    "average-completion": "You average the completions and take the error of that. The average of several good answers "
    "is the blurry one that this model is there to avoid.",
    "mean-over-pixels": "You average over the pixels. Sum the squares over the pixels of a completion.",
    "sum-over-pictures": "You sum over the pictures. Average over them.",
    "root": "You take a square root. The error is the squared one, ‖x - x̂‖².",
    "not-squared": "The differences are not squared.",
    "first-only": "Only the first completion of each picture is looked at.",
    "pairs-with-themselves": "You count each completion's distance to itself, too, which is always 0. Average over the "
    "pairs of different completions: there are K(K - 1)/2.",
    "pairs-summed": "You sum over the pairs. Average over them: the diversity should not grow with K by itself.",
    "distance-to-the-mean": "This is the distance from the average completion. Take the distances between completions, "
    "over all pairs of different ones: they are at least twice as large.",
    "distance-to-x": "This is the distance of the completions from x. Diversity does not know x: it is how far the "
    "completions lie from each other.",
    "diversity-mean-over-pixels": "You average over the pixels. Sum the squares over the pixels.",
    "diversity-root": "You take a square root. The distance is the squared one.",
    "neighbours-only": "You look only at completions that stand next to each other. Take all pairs.",
    "across-pictures": "You compare completions of different pictures. Compare those of the same picture.",
    "diversity-summed": "You sum over the pictures. Average over them.",
    "other": "For each completion, the squared error summed over its pixels, (N, K). Best of K: the smallest of each "
    "row, averaged over the rows. Diversity: the squared distance between two different completions of a picture, "
    "averaged over its pairs and over the pictures.",
}

TRAIN_GENERATOR = {
    "nothing-returned": "The function returns nothing. Return the function that draws: `return generate`.",
    "not-a-function": "What is returned cannot be called. Return a function that takes labels and gives pictures.",
    "flat-pictures": "generate(c) gives rows of pixels. Give them the shape of pictures: (M, 1, 28, 28).",
    "logits-returned": "generate(c) gives numbers outside of [0, 1]: are they logits? Grey levels are their sigmoid.",
    "drawn-once": "Two calls with the same labels draw exactly the same pictures. Draw a new z from the prior in every "
    "call, and set no seed inside.",
    "one-z-for-all": "Within a call all pictures of a class are the same: they share one z. Draw one z for each label "
    "that is asked for, (M, D).",
    "copies": "The pictures are copies of the training pictures. Generate: a z from the prior, decoded with the label.",
    "untrained": "The pictures are grey all over: the network has hardly left its start. Does the optimizer make its "
    "steps, and does it know the parameters of both networks?",
    "z-ignored": "All pictures of a class look nearly the same: the decoder has learned to ignore z and draws the "
    "average of the class. Does the KL weigh too much (pixels averaged where they should be summed, a large beta), or "
    "is the z in training drawn from the prior, where it says nothing about the picture? Or did the training end after "
    "a pass or two, before the code was in use?",
    "label-ignored": "The pictures do not depend on the label that is asked for. Does the decoder see c, in training "
    "and when it generates, and does each label stand beside its own picture in a batch?",
    "label-overruled": "Too many pictures show another digit than the one that was asked for. A z from the prior tells "
    "the decoder about the digit, too, and it believes z more than c. Leave z less room to say it: a code of 2 "
    "numbers is enough for the style. Besides, the encoder has to see c, and the KL has to be in the loss in full.",
    "off-the-data": "Many of the pictures are like none of the data, or whole styles are missing. Is the KL in the "
    "loss? Without it, the codes that the decoder knows lie elsewhere than the prior's. If it is, make more steps.",
}
