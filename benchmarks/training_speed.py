"""How fast ``fit`` trains, as ratios within one run.

Three ways through one epoch of the same model (784-400-20 VAE), the same data and the same batches of 128:

* the bare matrix products of the model's forward and backward passes: the limit of the hardware;
* ``vaecourse.fit`` with its defaults;
* the usual way: torchvision's per-picture transform, a DataLoader, and the loop of pytorch/examples.

On MNIST also the time that ``fit`` and that loop take to the same test loss. Run it on a quiet machine.
"""

import time

import click
import torch
from _mnist import mnist
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own convention)
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms.functional import to_tensor

from vaecourse import fit
from vaecourse.data import DataError, PictureDataset, load
from vaecourse.models import VAE
from vaecourse.training import evaluate

BATCH = 128
TARGET = 105.6
"""Nats per MNIST test picture: what the loop of pytorch/examples reaches after its 10 epochs."""
EPOCHS_TO_TARGET = 4
"""Of ``fit``; its learning-rate schedule needs to know the number beforehand."""
MOST_EPOCHS_OF_THE_LOOP = 15


class ReferenceVAE(nn.Module):
    """The same network in the shape in which it is usually written."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(784, 400)
        self.mu, self.logvar = nn.Linear(400, 20), nn.Linear(400, 20)
        self.from_code, self.pixels = nn.Linear(20, 400), nn.Linear(400, 784)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = F.relu(self.hidden(x.view(-1, 784)))
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return torch.sigmoid(self.pixels(F.relu(self.from_code(z)))), mu, logvar


def reference_loss(model: nn.Module, x: Tensor) -> Tensor:
    """-ELBO summed over the batch, in nats."""
    x_hat, mu, logvar = model(x)
    reconstruction = F.binary_cross_entropy(x_hat, x.view(-1, 784), reduction="sum")
    return reconstruction - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())


class PerPicture(Dataset):
    """What torchvision's ``MNIST(root, transform=ToTensor())`` does with every picture: to PIL and back to a tensor."""

    def __init__(self, data: PictureDataset):
        self.pictures = (data.data[:, 0] * 255).round().to(torch.uint8)
        self.targets = data.targets

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return to_tensor(Image.fromarray(self.pictures[index].numpy())), int(self.targets[index])


def reference_epoch(model: nn.Module, optimizer: torch.optim.Optimizer, batches: DataLoader) -> None:
    model.train()
    for x, _ in batches:
        optimizer.zero_grad()
        reference_loss(model, x).backward()
        optimizer.step()


@torch.no_grad()
def reference_test_loss(model: nn.Module, batches: DataLoader) -> float:
    model.eval()
    total = sum(reference_loss(model, x).item() for x, _ in batches)
    return total / len(batches.dataset)


def bare_products(data: PictureDataset) -> None:
    """One epoch of the model's matrix products, forward and backward, on the data's own pictures; nothing else."""
    sizes = [(784, 400), (400, 40), (20, 400), (400, 784)]
    weights = [torch.randn(fan_out, fan_in) / fan_in**0.5 for fan_in, fan_out in sizes]
    inputs = [torch.randn(BATCH, fan_in) for fan_in, _ in sizes]
    gradients = [torch.randn(BATCH, fan_out) for _, fan_out in sizes]
    for batch in data.data.flatten(1).split(BATCH):
        for index, (weight, x, gradient) in enumerate(zip(weights, inputs, gradients, strict=True)):
            if index == 0:
                x = batch
            else:  # nobody needs the gradient of the pixels
                gradient @ weight
            x @ weight.T
            gradient[: len(x)].T @ x


def seconds(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def fit_epoch(data: PictureDataset):
    torch.manual_seed(0)
    return fit(VAE(latent_dim=20, hidden=(400,)), data, epochs=1, batch_size=BATCH, seed=0)


def pictures(split: str) -> PictureDataset:
    """MNIST where its files are there, else strokes."""
    try:
        return mnist(split)
    except DataError:
        return load("strokes", split=split)


@click.command(help=__doc__)
@click.option(
    "--repeats",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="Each way is timed this often; the fastest counts.",
)
def main(repeats: int) -> None:
    train, test = pictures("train"), pictures("test")
    batches = DataLoader(PerPicture(train), batch_size=BATCH, shuffle=True)
    click.echo(f"{train.name}: {len(train)} pictures, {torch.get_num_threads()} threads, torch {torch.__version__}")

    reference = ReferenceVAE()
    optimizer = torch.optim.Adam(reference.parameters(), lr=1e-3)
    ways = {
        "bare matrix products": lambda: bare_products(train),
        "vaecourse.fit": lambda: fit_epoch(train),
        "per-picture transform": lambda: reference_epoch(reference, optimizer, batches),
    }
    fit_epoch(train.select(slice(0, 2 * BATCH)))  # the very first steps are slower, whoever takes them
    # Turn by turn, so that a busy minute of the machine falls on all of them.
    times = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            times[name].append(seconds(way))
    best = {name: min(values) for name, values in times.items()}
    for name, value in best.items():
        click.echo(f"{name:24} {value:6.2f} s per epoch")
    products, ours, usual = best.values()
    click.echo(f"fit / bare products       {ours / products:6.2f}   (bar: at most 1.8)")
    click.echo(f"per-picture / fit         {usual / ours:6.2f}   (bar: at least 2.5)")
    if train.name == "mnist":
        time_to_target(train, test, batches)


def time_to_target(train: PictureDataset, test: PictureDataset, batches: DataLoader) -> None:
    """Seconds of training until a test loss of ``TARGET`` nats per picture; the evaluations are not counted."""
    torch.manual_seed(0)
    model = VAE(latent_dim=20, hidden=(400,))
    ours = fit(model, train, epochs=EPOCHS_TO_TARGET, batch_size=BATCH, seed=0).seconds
    loss = evaluate(model, test)["loss"]
    click.echo(
        f"vaecourse.fit             {ours:6.1f} s to {loss:.2f} nats (target {TARGET}), {EPOCHS_TO_TARGET} epochs"
    )
    if loss > TARGET:
        raise click.ClickException(f"fit did not reach {TARGET} nats per picture")

    torch.manual_seed(0)
    reference = ReferenceVAE()
    optimizer = torch.optim.Adam(reference.parameters(), lr=1e-3)
    test_batches = DataLoader(PerPicture(test), batch_size=BATCH)
    usual, epochs, loss = 0.0, 0, float("inf")
    while loss > TARGET and epochs < MOST_EPOCHS_OF_THE_LOOP:
        epochs += 1
        usual += seconds(lambda: reference_epoch(reference, optimizer, batches))
        loss = reference_test_loss(reference, test_batches)
    reached = "" if loss <= TARGET else ", target not reached: the true ratio is larger"
    click.echo(f"per-picture loop          {usual:6.1f} s to {loss:.2f} nats, {epochs} epochs{reached}")
    click.echo(f"loop / fit                {usual / ours:6.2f}   (bar: at least 4)")


if __name__ == "__main__":
    main()
