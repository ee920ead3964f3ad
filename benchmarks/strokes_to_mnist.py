"""Do the drawn digits look like handwriting to a network?

Trains a small convolutional network on 20,000 drawn digits alone and lets it read the 10,000 digits
of the MNIST test set, none of which it has ever seen the like of. Prints the accuracy, the recall of
each class and the confusion matrix.

    python benchmarks/strokes_to_mnist.py [--data-dir DIR] [--seed S]

DIR is the folder that holds MNIST as torchvision stores it (DIR/MNIST/raw). It defaults to the
environment variable VAECOURSE_DATA_DIR, and where that is not set to ../shared/data beside the
repository, if there is such a folder.
"""

import argparse
import os
import time
from pathlib import Path

import torch
from sklearn.metrics import accuracy_score, confusion_matrix, recall_score
from torch import nn
from torchvision.datasets import MNIST

from vaecourse.data.strokes import DIGITS, VERSION, draw

N_DRAWN = 20_000
EPOCHS = 6
BATCH = 128


def main():
    parser = argparse.ArgumentParser(description="Train on drawn digits, test on MNIST.")
    parser.add_argument("--data-dir", type=Path, default=default_data_dir(), help="folder with MNIST/raw")
    parser.add_argument("--seed", type=int, default=0, help="seed of the training (default: 0)")
    arguments = parser.parse_args()
    test = load_mnist_test(arguments.data_dir)

    start = time.perf_counter()
    drawing = draw(N_DRAWN, seed=0)
    drawn = time.perf_counter()
    network = train(drawing, arguments.seed)
    trained = time.perf_counter()
    print_report(test.targets.numpy(), read(network, test.data[:, None]))
    print(
        f"\nstrokes version {VERSION}, training seed {arguments.seed}: "
        f"drawing {drawn - start:.1f} s, training {trained - drawn:.1f} s"
    )


def default_data_dir():
    if "VAECOURSE_DATA_DIR" in os.environ:
        return Path(os.environ["VAECOURSE_DATA_DIR"])
    shared = Path(__file__).resolve().parents[2] / "shared" / "data"
    return shared if shared.is_dir() else None


def load_mnist_test(data_dir):
    if data_dir is None:
        raise SystemExit(
            "No folder with MNIST is known. Name one with --data-dir DIR or the environment variable "
            "VAECOURSE_DATA_DIR."
        )
    try:
        return MNIST(data_dir, train=False)
    except RuntimeError:
        raise SystemExit(
            f"MNIST was not found in {data_dir}. To download it there (12 MB), run\n"
            f"    python -c \"from torchvision.datasets import MNIST; MNIST('{data_dir}', download=True)\"\n"
            "or name another folder with --data-dir DIR."
        ) from None


def small_cnn():
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Dropout(0.4), nn.Linear(64 * 3 * 3, 128), nn.ReLU()),
        *(nn.Dropout(0.3), nn.Linear(128, len(DIGITS))),
    )


def train(drawing, seed):
    torch.manual_seed(seed)
    pictures = torch.from_numpy(drawing.pictures).float() / 255
    targets = torch.from_numpy(drawing.targets)
    network = small_cnn()
    optimizer = torch.optim.Adam(network.parameters())
    steps = EPOCHS * (len(targets) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=steps)
    for _ in range(EPOCHS):
        order = torch.randperm(len(targets))
        for batch in order[: len(targets) // BATCH * BATCH].split(BATCH):
            loss = nn.functional.cross_entropy(network(pictures[batch]), targets[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network


@torch.no_grad()
def read(network, pictures):
    network.eval()
    return torch.cat([network(part.float() / 255).argmax(1) for part in pictures.split(1000)]).numpy()


def print_report(truth, answer):
    print(f"Accuracy on MNIST's {len(truth):,} test digits: {accuracy_score(truth, answer):.2%}\n")
    print("Recall of each class:")
    for symbol, recall in zip(DIGITS, recall_score(truth, answer, average=None), strict=True):
        print(f"  {symbol}  {recall:.1%}")
    print("\nConfusion matrix (rows: the truth, columns: the answer):")
    print("    " + "".join(f"{symbol:>6}" for symbol in DIGITS))
    for symbol, row in zip(DIGITS, confusion_matrix(truth, answer), strict=True):
        print(f"  {symbol} " + "".join(f"{count:6}" for count in row))


if __name__ == "__main__":
    main()
