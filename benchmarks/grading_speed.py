"""How fast a class is graded: seconds a submission, start-up included, beside a fresh Python that imports torch.

The submissions are the solution of lesson 01 with its last task, which trains for seconds, not started; every
other one has a mistake in it. What the grader itself holds in memory is printed too: it must not grow with the
class. Run it on a quiet machine, with the number of submissions to try: ``python benchmarks/grading_speed.py 20 100``.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click

SOLUTION = Path(__file__).parents[1] / "solutions" / "01_autoencoder.ipynb"
MISTAKE = (".sum(1).mean()", ".mean()")
GRADING = """
import resource, sys
from vaecourse.grading.grade import grade
report = grade(sys.argv[1], sys.argv[2], lesson="01", walled=sys.argv[3] == "walled")
points = sorted({record["points"] for record in report.records})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, len(report.records), *points)
"""


@click.command()
@click.argument("counts", nargs=-1, type=int)
@click.option("--no-sandbox", is_flag=True)
def main(counts: tuple[int, ...], no_sandbox: bool) -> None:
    """Grade as many submissions as COUNTS says, each number in a run of its own; by default 20, 100 and 200."""
    fresh = timed([sys.executable, "-c", "import torch"])[0]
    print(f"a fresh Python that imports torch: {fresh:.2f} s")
    for count in counts or (20, 100, 200):
        with TemporaryDirectory() as folder:
            write_class(Path(folder) / "class", count)
            mode = "open" if no_sandbox else "walled"
            command = [sys.executable, "-c", GRADING, f"{folder}/class", f"{folder}/results", mode]
            seconds, said = timed(command)
        megabytes, rows, *points = map(int, said.split())
        each = seconds / count
        print(
            f"{rows:5} of {count} graded, {' and '.join(map(str, points))} points: {seconds:6.1f} s, "
            f"{each:.3f} s each, {each / fresh:.2f} of importing torch; the grader's memory: {megabytes} MB"
        )


def timed(command: list[str]) -> tuple[float, str]:
    """Wall-clock seconds of a command, and what it printed."""
    start = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - start, done.stdout


def write_class(folder: Path, count: int) -> None:
    """``count`` notebooks; every other one has a mistake."""
    folder.mkdir()
    notebook = json.loads(SOLUTION.read_text(encoding="utf-8"))
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] != "train_autoencoder"]
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = []
    right = json.dumps(notebook)
    loss = next(cell for cell in notebook["cells"] if cell["id"] == "squared_error")
    loss["source"] = "".join(loss["source"]).replace(*MISTAKE)
    wrong = json.dumps(notebook)
    for number in range(count):
        path = folder / f"student_{number:04}.ipynb"
        path.write_text(wrong if number % 2 else right, encoding="utf-8")


if __name__ == "__main__":
    main()
