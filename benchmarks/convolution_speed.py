"""What convolutions cost on a CPU, and what makes them cheaper, as ratios within one run.

* The 64x64 model of lesson 07 (`ConvVAE()`): training steps with pictures stored channel after channel and pixel after
  pixel ("channels last"), in batches of several sizes, with one thread and with all.
* The likelihoods of lesson 07 on 28x28 grey pictures: a training step of the same small network with each of them.

Every way trains on the same number of pictures, turn by turn with the others; the fastest turn of each counts. Run it
on a quiet machine.

On two cores of a server (AMD EPYC), the 64x64 model: a batch of 128 costs 0.53 of what eight of 16 cost, since ten
million weights are updated once and not eight times; the second thread makes a step 1.3 to 1.6 times as fast; channels
last gains up to 1.15 at batches of 32, and nothing that can be told from noise at 16 and at 128. Among the likelihoods
a mixture of five logistics takes 2.2 times and the softmax 12 times as long as a coin.
"""

import time
from collections.abc import Callable, Mapping

import click
import torch
from torch import Tensor

from vaecourse.data import load
from vaecourse.models import ConvVAE, GaussianVAE
from vaecourse.models.likelihoods import bernoulli, discretized, gaussian, gaussian_per_pixel, logistic_mixture, softmax
from vaecourse.objectives import elbo

PICTURES = 256
"""On which each way trains in a turn."""
FORMATS = {"channel by channel": torch.contiguous_format, "channels last": torch.channels_last}
BATCHES = (16, 32, 64, 128)
USUAL = ("channel by channel", 128)

LIKELIHOODS = {
    "Bernoulli": (bernoulli, 1),
    "Gaussian, density": (gaussian, 1),
    "Gaussian, discretized": (lambda output: discretized(gaussian(output, 0.1)), 1),
    "Gaussian per pixel, discretized": (lambda output: discretized(gaussian_per_pixel(output, 1e-3)), 2),
    "mixture of 5 logistics": (logistic_mixture, 15),
    "softmax over 256 levels": (softmax, 256),
}


def training(model: GaussianVAE, pictures: Tensor, batch_size: int) -> Callable[[], None]:
    """A function that trains ``model`` on the pictures once."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, fused=True)

    def train() -> None:
        for x in pictures.split(batch_size):
            loss = -elbo(model, x).elbo.mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return train


def fastest(ways: Mapping, repeats: int) -> dict:
    """Seconds of each way's fastest turn."""
    times = {name: [] for name in ways}
    for _ in range(repeats + 1):  # the first steps of each are slower
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - start)
    return {name: min(values) for name, values in times.items()}


def conv_ways() -> dict[tuple[str, int], Callable[[], None]]:
    pictures = load("strokes", split="test", size=64, channels=3, n=PICTURES).data
    ways = {}
    for name, memory_format in FORMATS.items():
        for batch_size in BATCHES:
            torch.manual_seed(0)
            model = ConvVAE().to(memory_format=memory_format)
            ways[name, batch_size] = training(model, pictures.to(memory_format=memory_format), batch_size)
    return ways


def likelihood_ways() -> dict[str, Callable[[], None]]:
    pictures = load("strokes", split="test", n=PICTURES).data
    shape, ways = tuple(pictures.shape[1:]), {}
    for name, (likelihood, outputs) in LIKELIHOODS.items():
        torch.manual_seed(0)
        model = ConvVAE(16, (16, 32), 128, shape, likelihood=likelihood, outputs=outputs)
        ways[name] = training(model, pictures, 64)
    return ways


@click.command(help=__doc__)
@click.option("--repeats", type=click.IntRange(1), default=4, show_default=True, help="Turns of each way.")
def main(repeats: int) -> None:
    all_threads = torch.get_num_threads()
    usual = None
    for threads in dict.fromkeys((all_threads, 1)):
        torch.set_num_threads(threads)
        best = fastest(conv_ways(), repeats)
        usual = usual or best[USUAL]
        click.echo(f"64x64 in colour, threads: {threads}; pictures a second, and as a multiple of the first line's")
        for (name, batch_size), seconds in sorted(best.items(), key=lambda item: item[0] != USUAL):
            click.echo(f"  {name:20} batches of {batch_size:3}  {PICTURES / seconds:6.0f}   x {usual / seconds:4.2f}")
    torch.set_num_threads(all_threads)
    best = fastest(likelihood_ways(), repeats)
    click.echo("28x28 in grey: time of a training step, as a multiple of the Bernoulli's")
    for name, seconds in best.items():
        click.echo(f"  {name:32} x {seconds / best['Bernoulli']:4.2f}")


if __name__ == "__main__":
    main()
