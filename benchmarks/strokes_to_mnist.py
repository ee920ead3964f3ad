"""Do the drawn digits look like handwriting to a network?

Trains the course's classifier on 20,000 drawn digits alone and lets it read the 10,000 test digits of MNIST, none of
which it has ever seen the like of. Prints the accuracy, the recall of each class and the confusion matrix.
"""

import click
import torch
from _mnist import mnist
from sklearn.metrics import accuracy_score, confusion_matrix, recall_score

from vaecourse import fit
from vaecourse.data import DataError, load
from vaecourse.models import Classifier
from vaecourse.objectives import cross_entropy

DRAWN = 20_000
BAR = 0.92


@torch.no_grad()
def read(judge: Classifier, pictures: torch.Tensor) -> torch.Tensor:
    """The class that the judge gives to each picture, (N,)."""
    return torch.cat([judge(batch).argmax(-1) for batch in pictures.split(1000)])


@click.command(help=__doc__)
@click.option("--seed", default=0, show_default=True, help="Of the training.")
@click.option("--epochs", default=6, show_default=True)
def main(seed: int, epochs: int) -> None:
    try:
        test = mnist("test")
    except DataError as error:
        raise click.ClickException(str(error)) from error
    strokes = load("strokes", n=DRAWN)
    torch.manual_seed(seed)
    judge = Classifier(width=32)
    seconds = fit(judge, strokes, epochs=epochs, objective=cross_entropy, seed=seed).seconds
    truth, answers = test.targets, read(judge, test.data)

    click.echo(f"trained on {DRAWN} strokes in {seconds:.0f} s, tested on {len(test)} MNIST digits")
    click.echo(f"accuracy  {accuracy_score(truth, answers):.2%}   (bar: at least {BAR:.0%})")
    for name, recall in zip(test.classes, recall_score(truth, answers, average=None), strict=True):
        click.echo(f"recall of {name}  {recall:.1%}")
    click.echo("confusion matrix (rows: the truth, columns: the answer)")
    click.echo(" " * 6 + "".join(f"{name:>6}" for name in test.classes))
    for name, row in zip(test.classes, confusion_matrix(truth, answers), strict=True):
        click.echo(f"{name:>6}" + "".join(f"{count:6}" for count in row))


if __name__ == "__main__":
    main()
