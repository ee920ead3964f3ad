"""What the hints of lesson 08 say: for each task the idea that a mistake misses, and none of a case's numbers."""

LOG_MEAN_EXP = {
    "not-reduced": "There is still a number for each draw. Take the mean over the draws, dimension 0, and then the "
    "logarithm: one number for each picture.",
    "underflow": "exp of log-weights this low is 0, in double precision too, and the logarithm of 0 is -infinity. "
    "Take out the largest of a picture's log-weights first: log mean exp(a) = m + log mean exp(a - m). "
    "torch.logsumexp does this.",
    "overflow": "exp of log-weights this high is infinite. Take out the largest of a picture's log-weights first: log "
    "mean exp(a) = m + log mean exp(a - m). torch.logsumexp does this.",
    "one-maximum-for-all": "One maximum is taken out for the whole batch. Pictures whose log-weights are far below it "
    "are left with exp(...) = 0: each picture needs the maximum of its own column, over dimension 0.",
    "not-the-largest": "What you take out of a column is not its largest number, and exp of what lies far above it is "
    "infinite. Take out the largest, so that no exponent is above 0.",
    "weight-zero": "A draw may have the weight 0: log w = -infinity. exp makes a plain 0 of it, which counts in the "
    "mean like any other number, as long as -infinity is not subtracted from itself.",
    "same-for-all": "All pictures get the same value: what is added to the weights, or the floor that they are held "
    "above, is all that is left of weights this small. Take out each column's maximum instead: then nothing needs it.",
    "k-missing": "The weights are summed, not averaged: torch.logsumexp gives log Σ w. The mean divides by K inside "
    "of the logarithm, which subtracts log K.",
    "k-sign": "log K has the wrong sign: log (1/K Σ w) = log Σ w - log K.",
    "divided-after-the-log": "You divide the logarithm by K. It is the sum of the weights that is divided by K, "
    "inside of the logarithm: subtract log K.",
    "mean-of-logs": "This is the mean of the logarithms. The logarithm of the mean is larger, or equal where all "
    "draws agree (Jensen): that gap is what importance weighting gains over the ELBO.",
    "sum-of-logs": "This is the sum of the logarithms, the logarithm of a product. Average the weights themselves.",
    "largest-only": "Only the largest weight counts. The others belong into the mean, too.",
    "largest-missing": "What was taken out of the exponent is not added back: log mean exp(a) = m + log mean exp(a - "
    "m).",
    "no-logarithm": "The logarithm is missing at the end.",
    "sign": "The sign is wrong.",
    "bits": "This is in bits. Take the natural logarithm: nats.",
    "number-of-pictures": "You divide by the number of pictures. The mean is over the K draws: len(log_w).",
    "over-pictures": "You reduce over the pictures. Draws are dimension 0, pictures dimension 1.",
    "one-number": "You give one number for all pictures together. Each picture, a column, has its own.",
    "other": "For each column: the largest log-weight m, then m + log of the mean over dimension 0 of exp(log_w - m).",
}

_WEIGHT = "log w = log p(x|z) + log p(z) - log q(z|x)"

IWAE_BOUND = {
    "one-per-draw": "There is still a number for each draw: these are log-weights. The bound is the logarithm of "
    "their mean over the draws, one number for each picture.",
    "underflow": "exp(log w) is 0: pictures have log-likelihoods of many hundred nats below 0. Stay with logarithms: "
    "torch.logsumexp over the draws, minus log K.",
    "mean-of-logs": "This is the mean of log w over the draws: the ELBO. The tighter bound is the logarithm of the "
    "mean of w.",
    "sum-of-logs": "You sum log w over the draws. Average w itself, and then take the logarithm.",
    "k-missing": "The weights are summed over the draws. Their mean is what estimates p(x): subtract log K, or else "
    "the value rises with every draw and is no bound.",
    "best-draw": "Only the largest weight counts. The others belong into the mean, too.",
    "weighted-mean-of-logs": "This is a mean of log w with the weights themselves. The bound is log of the plain mean "
    "of w.",
    "averaged-apart": "You average p(x|z) and p(z) / q(z|x) each by itself. A draw's three densities belong together: "
    "multiply first (add the logarithms), then average over the draws.",
    "over-pictures": "You reduce over the pictures. Draws are dimension 0 of z and log_px, pictures dimension 1.",
    "closed-form-kl": "You take the KL in closed form, an average over all of q. Then every draw has the same ratio "
    "p(z) / q(z|x), and the weights are no importance weights any more: each draw needs the densities at its own z.",
    "negative": "The sign is wrong: return the bound, not the loss.",
    "bits": "This is in bits. Take natural logarithms: nats.",
    "no-logarithm": "The logarithm is missing at the end.",
    "one-number": "You give one number for all pictures together. Each picture has a bound of its own.",
    "likelihood-only": f"The codes were drawn from q(z|x), not from the prior. {_WEIGHT} makes up for that.",
    "q-left-out": "log q(z|x) is not in it. q draws some codes too often: dividing by q(z|x) makes up for that. "
    f"{_WEIGHT}",
    "prior-left-out": "log p(z) is not in it: a code that the prior hardly ever draws has to count for little. "
    f"{_WEIGHT}",
    "q-sign": "log q(z|x) has the wrong sign: the weight is divided by q(z|x), because q draws such z so often.",
    "prior-sign": "log p(z) has the wrong sign: the weight is p(x|z) p(z) / q(z|x), with the prior above.",
    "upside-down": "The ratio of the two densities is upside down: the prior p(z) stands above, q(z|x) below.",
    "constant-once": "Only one of the two Gaussians has its constant ½ log 2π for each dimension. Both have it, or "
    "none: in the ratio they cancel.",
    "mean-over-dimensions": "log p(z) and log q(z|x) are averaged over the dimensions. The dimensions are "
    "independent, so their log-densities add up: sum over the last dimension.",
    "log-sigma-missing": "log q(z|x) lacks -log σ. A narrow Gaussian is a high one: log q = Σ (-½ (z - μ)²/σ² - log σ "
    "- ½ log 2π).",
    "log-sigma-twice": "In log q(z|x), log σ² stands where log σ belongs. log σ is logvar / 2.",
    "log-sigma-sign": "In log q(z|x), log σ has the wrong sign: the narrower the Gaussian, the higher its density.",
    "variance-as-sigma": "exp(logvar) is σ², and you use it as σ. σ = exp(logvar / 2).",
    "sigma-for-variance": "In log q(z|x) the square (z - μ)² is divided by σ. It is divided by σ² = exp(logvar).",
    "not-divided": "In log q(z|x) the square (z - μ)² is not divided by σ² = exp(logvar).",
    "mean-of-q-missing": "q(z|x) is centred at μ: (z - μ)², not z².",
    "spread-of-q-missing": "log q(z|x) does not use logvar: q has the spread σ = exp(logvar / 2) in each dimension.",
    "half-missing": "The ½ of the Gaussian's exponent is missing: -½ z² in log p(z), and -½ (z - μ)²/σ² - log σ in "
    "log q(z|x).",
    "no-gradient": "No gradient reaches any of the arguments: the value was taken out of the graph (float(), .item(), "
    ".detach(), numpy, torch.no_grad()).",
    "part-detached": "The gradient does not reach all of log_px, z, mu and logvar: one of them is detached, or is not "
    "in the value at all.",
    "other-gradient": "The value is right, its gradient is not: is a part of it detached?",
    "other": f"For each draw {_WEIGHT}, the last two summed over the dimensions; then torch.logsumexp over the draws, "
    "minus log K.",
}

PROBE_ACCURACY = {
    "matrix-shapes": "The shapes of a product do not fit. Z is (n, D) and Y (n, classes): ZᵀZ + λI is (D, D), ZᵀY is "
    "(D, classes), and so is W.",
    "predictions": "You return the predicted labels. Return the share of the others for which they are right.",
    "one-per-picture": "You return a number for each picture. Return the share of right predictions, one number.",
    "error-rate": "This is the share of wrong predictions. The accuracy is the share of right ones.",
    "in-percent": "This is in percent. Return the share, from 0 to 1.",
    "count": "Divide the number of right predictions by the number of pictures that were tested, all but the first n.",
    "argmin": "You choose the class with the lowest score. The prediction is the class with the highest: argmax.",
    "training-accuracy": "This is the accuracy on the labelled pictures, which the probe has seen. Even a probe that "
    "has learned nothing but these would look good there. Test on the others.",
    "all-pictures": "The accuracy is taken over all pictures. The labelled ones have to be left out: the probe has "
    "seen their labels.",
    "fitted-on-all": "The probe was fitted with all labels. Those after the first n are there to test it: a probe "
    "that has seen them tells nothing about few labels.",
    "fitted-on-the-others": "The probe was fitted to the others. Fit it to the first n, and test it on the rest.",
    "not-penalised": "The penalty λ is not used: W = (ZᵀZ + λI)⁻¹ ZᵀY. With few labels, least squares without it "
    "follows their chance.",
    "other-penalty": "The penalty is another one than λ. It stands once, as it is, on the diagonal: ZᵀZ + λI, with "
    "ZᵀZ summed over the n codes. In scikit-learn: RidgeClassifier(alpha=lam).",
    "no-intercept": "The class shares of the labelled pictures are missing in the scores. Without them all classes "
    "are taken to be equally frequent. They are a part of this probe, whether they help here or not.",
    "class-numbers": "You fit the class number as one number, as if a 3 were between a 2 and a 4. Give each class a "
    "column of its own, one-hot, and take the column with the highest score.",
    "most-frequent": "The prediction is the most frequent class for every picture: the codes are not used.",
    "others-in-the-statistics": "Mean and spread are not those of the labelled codes alone. The others are there to "
    "test the probe: nothing of them may go into it, not even their mean. Take mean and spread over the first n.",
    "standardised-apart": "The others are standardised with their own mean and spread. Then the same code would count "
    "as something else in one set than in the other. Use the mean and the spread of the labelled codes for both.",
    "not-standardised": "The codes are not fully standardised: subtract the mean, and divide by the spread. The "
    "penalty counts all weights alike, and a number of the code in large units would get away with small ones.",
    "variance-for-spread": "You divide by the variance. Divide by the spread, its root: std.",
    "one-scale-for-all": "All numbers of the code share one mean or one spread. Each dimension has its own: over "
    "dimension 0.",
    "over-dimensions": "You standardise each picture over its own dimensions. Mean and spread of each dimension are "
    "taken over the pictures: dimension 0.",
    "others-as-they-are": "The labelled codes are standardised, the others are not: the probe meets them in other "
    "units than it has learned. Use the same mean and spread for both.",
    "other": "Z: the codes minus the mean of the first n, divided by their spread. W = (ZᵀZ + λI)⁻¹ ZᵀY with the "
    "one-hot labels Y of the first n; scores of the others: Z W + the mean of Y's rows. The accuracy is the share of "
    "the others whose highest score is at their label.",
}

ADD_ATTRIBUTE = {
    "shapes": "The shapes do not fit. `has` (N,) picks rows of codes: mu[has] and mu[~has], whose means over "
    "dimension 0 have the shape (D,).",
    "list": "You return a list. Make one tensor of the pictures: torch.stack puts the columns side by side at dim=1.",
    "transposed": "Rows and columns are exchanged: a row for each picture, a column for each amount.",
    "one-row": "The pictures come one after another. Return a table: a row for each picture, a column for each amount.",
    "codes-returned": "You return codes. Decode them: the table is made of pictures.",
    "other-pictures-moved": "You move the pictures that the direction comes from. Move `new`.",
    "flat-pictures": "The pictures are rows of pixels. model.decode gives (M, C, H, W).",
    "shape": "The table should have the shape (M, T, C, H, W): M new pictures, T amounts.",
    "pixels-moved": "You move pictures, pixel by pixel: this fades one picture into another. Move the code, mu + t a, "
    "and decode that.",
    "no-pictures": "These are no grey levels: they leave the range from 0 to 1. Return what model.decode gives.",
    "black-or-white": "Every pixel is 0 or 1. Return the grey levels that model.decode gives: neither rounded nor "
    "drawn.",
    "other-pictures": "This is not what model.decode gives for any z.",
    "rows-mixed": "The codes are the right ones, but they stand in other rows: row m belongs to picture m. Mind the "
    "order when you repeat and reshape.",
    "one-start-for-all": "Every row starts at the same code, whatever its picture is. Start at the picture's own "
    "code, model.encode(new), so that the rest of it is kept.",
    "start-drawn": "The codes are drawn from the posterior. Take its mean, which model.encode gives, so that the "
    "table is the same at every call.",
    "start-shifted": "With the amount 0 the pictures are moved already: all by the same. There, nothing should be "
    "added: the result is the picture's own reconstruction.",
    "other-start": "With the amount 0, a row should show its picture's own code, decoded.",
    "not-moved": "The amounts move nothing: every column shows the same.",
    "reversed": "The direction is reversed: a = mean(with) - mean(without), from those without to those with it.",
    "normalised": "The direction has been given length 1. Here its length matters: a is the way from one mean to the "
    "other, so that the amount 1 goes as far as they are apart.",
    "with-only": "You go along the mean of one of the two groups. That contains what all pictures have in common, "
    "too: take the difference of the two means.",
    "from-the-mean-of-all": "You subtract the mean of all pictures. Those with the attribute are among these: take "
    "the mean of those without it.",
    "sums": "The codes are moved too far: are sums taken, or both groups divided by the same number? The groups "
    "differ in size: take the mean of each.",
    "halved": "The direction is half as long as it should be: a is the whole way from one mean to the other.",
    "divided-by-spread": "The direction is divided by the spread of the codes. Take the plain difference of the means.",
    "mean-pictures-encoded": "You average pictures and encode these averages. No encoder has learned blurry averages, "
    "and the code of a mean is not the mean of codes: encode each picture, then average.",
    "reconstructions-encoded": "You encode reconstructions. The codes of the pictures themselves are what the mean is "
    "taken of.",
    "medians": "You take medians. Take means.",
    "one-number-for-all": "The means are taken over the dimensions of the code, too. Average over the pictures only, "
    "dimension 0: a has a number for each dimension.",
    "first-pictures": "Only some of the pictures go into the means. Take all with the attribute, and all without it: "
    "other differences then average out.",
    "accumulated": "The steps add up from column to column. Each column starts anew at the picture's code: mu + t a.",
    "index-for-amount": "Column k is moved by k times a. Its amount is amounts[k].",
    "other-amounts": "The amounts are others than asked for: column k is moved by amounts[k] times a.",
    "amount-left-out": "Every column is moved by the same. Column k is moved by amounts[k] times a.",
    "towards-the-mean": "You go from each picture towards the mean of a group: all pictures end at the same one. Add "
    "the same a to each: the rest of the picture is kept.",
    "direction-drawn": "The codes that go into the direction, or those that are moved, are drawn from the posterior. "
    "Take its mean, which model.encode gives.",
    "other-direction": "Each code should move by t a, a being the mean code of those with the attribute minus that of "
    "those without.",
}

MIG = {
    "empty-cells": "The result is not a number: 0 · log 0, or 0 / 0, somewhere. A bin and a level that never occur "
    "together have p = 0 and add nothing: p log p goes to 0. Leave them out, or use torch.xlogy.",
    "one-per-factor": "You give a number for each factor. Return their mean.",
    "negative": "The sign is wrong: the largest minus the second-largest.",
    "largest-only": "You take the largest mutual information, not its lead. That would be high as well if two numbers "
    "of the code shared the factor: subtract the second-largest.",
    "smallest-for-second": "You subtract the smallest. The smallest is near 0 in any code: it is the second-largest "
    "that tells whether another number of the code knows the factor, too.",
    "mean-for-second": "You subtract an average of the others. Subtract the second-largest: one rival is enough.",
    "not-divided": "The gaps are not divided by the factors' entropies. A factor with many levels has more to tell; "
    "divided by H(v), 1 means that one number of the code knows all of it, and no other anything.",
    "log-of-bins": "You divide by the logarithm of the number of bins. What a code can know at most about a factor is "
    "the factor's own entropy H(v).",
    "log-of-levels": "You divide by the logarithm of the number of levels. That is the entropy only if all levels are "
    "equally frequent: take H(v) = -Σ p(v) log p(v).",
    "entropy-of-the-unit": "You divide by the entropy of the code's number. Divide by the factor's, H(v).",
    "entropy-of-both": "You divide by the joint entropy. Divide by the factor's, H(v).",
    "divided-by-the-largest": "You divide by the largest mutual information. Then a code that hardly knows a factor "
    "could have a gap of 1: divide by the factor's entropy H(v).",
    "mixed-units": "Nats are divided by bits, or bits by nats. Take the same logarithm for the mutual information and "
    "for the entropy.",
    "conditional-entropy": "This is made of conditional entropies, what is still unknown. The mutual information is "
    "what is known: I(b; v) = H(v) - H(v|b).",
    "joint-entropy": "This is made of joint entropies H(b, v), or of H(b|v). The mutual information is I(b; v) = H(b) "
    "+ H(v) - H(b, v): without H(b), it says only how varied the code's number is.",
    "correlation": "This is made of correlations, which see straight lines only. A unit that is far from 0 for both "
    "extremes of a factor knows it without any correlation: take the mutual information.",
    "sum-over-factors": "You sum over the factors. Take the mean.",
    "ratio-of-means": "You divide once, at the end. Divide each factor's gap by its own entropy, then take the mean.",
    "over-units": "You compare factors for each number of the code. Compare the numbers of the code for each factor: "
    "is there one that knows it, and is it the only one?",
    "best-factor": "Only one factor counts. Take the mean over all.",
    "all-pairs": "You take the two largest of the whole table. Each factor has its own two best.",
    "other": "I(b_d; v_f) = Σ p(b, v) log(p(b, v) / (p(b) p(v))) for each number of the code and each factor. For "
    "each factor: the largest minus the second-largest over d, divided by H(v_f). Then the mean over the factors.",
}

TRAIN_DETECTOR = {
    "nothing-returned": "The function returns nothing. Return the function that scores: `return score`.",
    "not-a-function": "What is returned cannot be called. Return a function that takes pictures and gives scores.",
    "one-number": "score(pictures) gives one number for all pictures. Sum over the pixels of each, and leave the "
    "pictures apart: (M,).",
    "column": "score(pictures) gives a column (M, 1). Give (M,).",
    "pictures-returned": "score(pictures) gives pictures. Score each with one number: how badly the model explains it.",
    "pixels-returned": "score(pictures) gives a number for each pixel. Sum over the pixels: one number for each "
    "picture.",
    "shape": "score(pictures) should give one number for each picture, (M,).",
    "needs-a-batch": "score fails on a single picture: something in it needs a batch, such as a batch norm that is "
    "still in training mode, or a mean over the batch.",
    "depends-on-the-batch": "A picture's score changes with the other pictures of the call. Is something "
    "standardised, or ranked, within the batch, or is a batch norm still in training mode? What is normal has to come "
    "from training.",
    "all-alike": "All pictures have the same score.",
    "reversed": "Letters do differ from digits, but the other way round: higher should be more anomalous. The ELBO is "
    "high for what the model knows; take minus it.",
    "average-picture": "The scores follow the distance from the average picture, which is what a VAE knows whose "
    "decoder ignores z. Does the KL weigh too much (pixels averaged where they should be summed, a large beta), does "
    "z reach the decoder, and do the optimizer's steps reach both networks?",
    "ink-only": "The scores follow the amount of ink, which says nothing about what is drawn. If the model's nats "
    "are in them, it has not learned anything yet: does the optimizer make its steps, and does it know both networks?",
    "blunt": "Letters and digits overlap too much. How well a picture is reconstructed has to be in the score: the KL "
    "alone hardly tells. And the code has to be narrow: a model that can copy anything copies letters, too. "
    "Otherwise, train a little longer.",
    "less-ink-fewer-nats": "Letters are found, but a digit without its lower half does not stand out: with half of "
    "the ink it costs fewer nats from the start, and that makes up for being odd. Set the nats against the ink: "
    "divide by Σ x, or compare with what training pictures with as much ink cost.",
}
