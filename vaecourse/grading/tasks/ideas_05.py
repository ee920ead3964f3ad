"""What the hints of lesson 05 say: for each task the idea that a mistake misses, and none of a case's numbers."""

KL = {
    "no-half": "The KL is twice as large as it should be: the ½ is missing.",
    "half-twice": "The KL is half as large as it should be: is the ½ applied twice?",
    "sign": "The KL has the wrong sign. It is never negative: ½ (σ² + μ² - 1 - log σ²).",
    "log-sigma": "log σ and log σ² are mixed up. logvar is log σ²: it stands in the formula as it is, and its "
    "exponential is σ².",
    "sigma-for-variance": "σ stands where σ² belongs: σ² = exp(logvar).",
    "swapped": "This is KL(p‖q), from the prior to the posterior. The ELBO has KL(q‖p) = ½ (σ² + μ² - 1 - log σ²).",
    "mean-not-squared": "μ is not squared in the KL. Both sides of zero should cost the same.",
    "one-missing": "The -1 is missing in the KL. Without it, a unit that says nothing would cost something.",
}

VITAL_SIGNS = KL | {
    "not-a-pair": "Return two tensors: `return kl, active`.",
    "sum-over-pictures": "kl is summed over the pictures. Average over them: what a unit costs should not grow with "
    "the number of pictures that you look at.",
    "mean-over-units": "kl is averaged over the units. They are not to be mixed: a unit with 3 nats beside a dead one "
    "is something else than two with 1.5. Average over the pictures, dimension 0.",
    "kl-per-picture": "kl is summed over the units, which is the KL of a code as a whole. Here each unit is looked at "
    "by itself: no sum, and a mean over the pictures, dimension 0.",
    "not-averaged": "kl has one number for each picture and unit. Average over the pictures, dimension 0.",
    "kl-of-the-mean-code": "The average is taken too early: this is the KL of the average code. Compute the KL of each "
    "picture, and average then.",
    "other": "For each unit, the mean over the pictures of ½ (σ² + μ² - 1 - log σ²), with σ² = exp(logvar).",
    "counted": "active is one number. Say of each unit whether it is active, (D,); counting them is active.sum().",
    "over-units": "The variance is taken over the units of a code, dimension 1. Whether a unit is active shows when "
    "you compare pictures: take the variance over dimension 0.",
    "one-per-picture": "active has one entry for each picture and unit. The variance is over all the pictures: one "
    "entry for each unit.",
    "not-compared": "active holds numbers. Say True or False: which variances are greater than 0.01?",
    "turned-round": "active is True for the units that are not. A unit says something if its mean differs from picture "
    "to picture: variance > 0.01.",
    "spread-for-variance": "A standard deviation is compared with 0.01. The criterion is about its square, the "
    "variance.",
    "not-about-the-mean": "A unit counts as active because its mean is away from zero. If it is the same for all "
    "pictures, it tells nothing about them: take the variance, the squared distance from the mean over the pictures.",
    "variance-of-samples": "This is the variance of the samples z, which have noise: it is about 1 for a unit that "
    "says nothing, too. Take the variance of the means μ alone.",
    "posterior-variance": "This looks at σ², the width of each posterior. Whether a unit is active shows in its means: "
    "how much does μ vary from picture to picture?",
    "by-kl": "The KL decides which units are active. A unit that is narrow, or away from zero, in the same way for all "
    "pictures costs nats, and says nothing about any of them. Take the variance of μ over the pictures.",
    "other-units": "active should be True where the variance of μ over the pictures, dimension 0, is greater than "
    "0.01.",
}

NOT_ONE_NUMBER = {
    "not-a-number": "Return one number at every call.",
    "function-returned": "You return a function. Return the number itself: how far the training has come is an "
    "argument.",
}

CYCLICAL_BETA = NOT_ONE_NUMBER | {
    "constant": "This does not depend on progress. Beta should begin at 0 in each cycle, and rise.",
    "beta-ignored": "The rise ends at 1, whatever beta is. It should end at beta.",
    "slope-without-beta": "The limit is beta, but the rise is as steep as for a beta of 1: multiply it by beta, too.",
    "falls": "Beta begins high and falls. It is turned round: begin at 0, where the code costs nothing and gets used, "
    "and let the price rise.",
    "never-reaches": "Beta comes to its full value at the end of a cycle, or not at all. It should be there after "
    "`share` of the cycle: divide by share.",
    "overshoots": "Beta rises beyond its full value. After `share` of the cycle it should stay there: take the smaller "
    "of the two with min.",
    "cycles-off-by-one": "There is one cycle too many or too few. The training, 0 to 1, is cut into `cycles` equal "
    "parts.",
    "share-of-the-training": "The rise is too slow by the number of cycles. `share` is a part of one cycle, and not of "
    "the whole training.",
    "no-restart": "Beta rises only once. At the start of every cycle it falls back to 0: where within its cycle is "
    "progress? Python's % cuts off the whole ones.",
    "jumps": "Beta jumps between two values. It should rise in a straight line.",
    "rest-first": "The rest comes first, and then the rise. Begin with the rise.",
    "drops-after-the-rise": "After the rise beta falls again. It should stay at its full value until the cycle is "
    "over.",
    "not-straight": "Beta rises along a curve. Make it a straight line.",
    "other": "Within each cycle, beta rises in a straight line from 0 to its full value over the first `share`, and "
    "stays there for the rest.",
}

FREE_BITS_KL = KL | {
    "free-ignored": "This is the KL as it is: nothing is free, unless the whole code is silent. Compare the mean of "
    "each unit with free.",
    "clamped-per-picture": "The comparison is made for each picture. A unit may stay silent in one picture and speak "
    "in another: average over the batch first, and compare each unit's mean with free.",
    "clamped-on-the-total": "The comparison is made for the code as a whole. One unit that speaks then pays for all, "
    "and the others still die: compare unit by unit, and sum after that.",
    "clamped-from-above": "The smaller of the two is taken. That gives no gradient to the units that cost most, and "
    "pushes the silent ones down: take the larger.",
    "subtracted": "What is free is subtracted. The gradient is the same, but the value is not that of the formula: a "
    "unit counts with its mean, or with free if that is larger.",
    "added": "What is free is added to each unit. Take the larger of the two instead.",
    "left-out": "Units below the limit count nothing. They count as free, which makes the value rise without a jump.",
    "mean-over-units": "You average over the units. Sum: each of them has its own nats.",
    "sum-over-pictures": "You sum over the pictures. Average over the batch, before the comparison.",
    "changes-input": "The function changes mu or logvar (`+=`, `clamp_`, ...). The sample z needs them as they were.",
    "no-gradient": "No gradient reaches mu and logvar: the value was taken out of the graph (float(), .item(), "
    ".detach(), torch.tensor(...)).",
    "still-pushed": "A unit whose mean is below the limit still gets a gradient. What is free is not pushed further "
    "down: there the value must be the constant free.",
    "not-pushed": "A unit whose mean is above the limit gets no gradient, at least in some pictures. All pictures of "
    "the batch have a part in its mean.",
    "other-gradient": "The value is right, but its gradient is not that of the formula. Is a part of it detached?",
    "other": "Sum over the units of the larger of two: free, and the unit's KL averaged over the batch.",
}

CONVERT_BETA = NOT_ONE_NUMBER | {
    "unchanged": "The weight stays as it is. A mean is the sum divided by how many there are: beside a mean over the "
    "pixels the same KL weighs that much more, and a mean over the code's dimensions weighs that much less.",
    "multiplied-for-divided": "It is turned round: you multiply where you should divide. Try the extreme: beside the "
    "small mean over many pixels, the KL needs a small weight.",
    "kl-ignored": "Only the reconstruction is looked at. A KL that is averaged over the code's dimensions is smaller "
    "by their number, so its weight has to be larger.",
    "reconstruction-ignored": "Only the KL is looked at. A reconstruction that is averaged over the pixels is smaller "
    "by their number, so the weight of the KL has to be smaller, too.",
    "sizes-swapped": "pixels and latent_dim are swapped: the reconstruction is averaged over the pixels, the KL over "
    "the dimensions of the code.",
    "words-swapped": "The two words are taken in the wrong order: the first is for the reconstruction, the second "
    "for the KL.",
    "kl-wrong-way": "For the KL it is turned round. A mean over the code's dimensions makes the KL smaller, so the "
    "same price needs a larger weight.",
    "reconstruction-wrong-way": "For the reconstruction it is turned round. A mean over the pixels makes it smaller, "
    "so that the KL beside it needs a smaller weight.",
    "target-ignored": "This is the weight for two sums, whatever the target is. Go one step further, from there to the "
    "target.",
    "source-ignored": "beta is taken as the weight beside two sums, whatever the source is. Go there first.",
    "beta-twice": "beta is multiplied in twice.",
    "beta-left-out": "beta itself is missing: what comes out should be proportional to it.",
    "other": "Write both losses as a multiple of (reconstruction summed) + weight x (KL summed): mean = sum / how "
    "many. The same model is trained if these weights are the same.",
}

TREATMENTS = {
    "beta-the-wrong-way": "Beta is turned the wrong way. It is the price of the code: where the code is ignored it is "
    "too dear, so lower beta; where it is not compressed it is too cheap, so raise it.",
    "beta-for-time": "The training was too short, and says nothing about beta yet. Leave beta as it is, train on, and "
    "look again.",
    "time-for-beta": "The loss has stopped falling: more of the same training changes nothing. The price of the code "
    "is wrong.",
}

CHARTS = TREATMENTS | {
    "no-dict": 'charts should be a dict: the patient\'s letter, and what you find, `{"A": (verdict, action, active '
    "units), ...}`.",
    "patient-missing": "A patient is missing in charts.",
    "no-triple": "What stands for a patient should be three things: verdict, action, number of active units.",
    "other-words": "A verdict or an action is none of those in the list above. Copy the words from there.",
    "no-number": "The number of active units should be a whole number.",
    "idle-units-counted": "For one patient, the units that are not active are counted. Active are those whose mean "
    "differs from picture to picture: variance above 0.01.",
    "miscounted": "For one patient, the number of active units is another one. Count the variances of μ that are above "
    "0.01.",
    "opposites": "The two diseases are mixed up. Ignored: a KL near 0, and the error is that of the mean picture. Not "
    "compressed: a large KL and a small error, and a classifier tells nearly every code from a draw of the prior.",
    "ignored-missed": "A code is ignored where the error does not grow when every picture gets the code of another "
    "one. Compare the two columns.",
    "not-compressed-missed": "A code is not compressed where a classifier tells nearly every code from a draw of the "
    "prior: samples from the prior are then nothing that the decoder has seen. Look at the KL beside it.",
    "undertrained-missed": "A loss that still falls by many nats an epoch is not done: nothing else can be read from "
    "the chart before that.",
    "partly-as-ignored": "This code is not ignored: the error grows by many nats when the codes are swapped. Some of "
    "its units work.",
    "partly-missed": "Look at the units one by one: some carry all of the code, and the others say nothing, while the "
    "reconstructions are poor.",
    "false-alarm": "A healthy model is taken for a sick one. All units work, the decoder uses them, the loss has come "
    "to rest, and codes lie near the prior; a classifier finds small differences, so that 0.5 is hardly ever reached.",
    "healthy-treated": "A healthy model needs no other beta.",
    "left-alone": "A model that is sick is left as it is.",
}

PRESCRIBE = TREATMENTS | {
    "no-settings": 'Return the settings of the next training, a dict with these two: {"kl_weight": ..., "epochs": '
    "...}.",
    "convention-changed": "The convention is that of the patient's code. Leave it, and give the weight that belongs to "
    "it.",
    "no-kl": "kl_weight has to be greater than 0. Without a KL the code is never compressed.",
    "epochs-out-of-range": "epochs has to be a whole number from 1 to 20.",
    "healthy-treated": "The healthy patient gets other settings. Where the error is far below the mean picture's, the "
    "KL is moderate and the loss has come to rest, return kl_weight and epochs as they are.",
    "left-alone": "A patient that is sick gets the same settings again, and will be sick again.",
    "undertrained-missed": "This patient's loss still fell by many nats in its last epoch: the training was too "
    "short, even where the error is below the mean picture's already. Look at losses first, and give it more epochs.",
    "not-converted": "The weight is right beside a sum over the pixels, but this patient's loss has means. Convert it: "
    "beta = 1 between two sums is another number there.",
    "too-short": "The weight may be right, but the model is not done: give it more epochs.",
    "half-way": "The right way, but not far enough: aim at beta = 1, counted between two sums.",
    "too-far": "The right way, but too far: the model now has the opposite disease. Aim at beta = 1, counted between "
    "two sums.",
}
