"""The command ``vaecourse``. It starts, and can say what is wrong, where torch cannot be imported."""

import os
import signal
import sys
from pathlib import Path
from textwrap import indent

import click

import vaecourse

COLOURS = {"OK": "green", "NOTE": "cyan", "WARN": "yellow", "FAIL": "red"}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(vaecourse.__version__, prog_name="vaecourse")
def main() -> None:
    """A course on autoencoders and variational autoencoders."""


@main.command()
def check() -> None:
    """Say whether this machine is ready for the course, and what to do if not."""
    from vaecourse import environment

    report = environment.check()
    for finding in report:
        status, rest = str(finding)[:4], str(finding)[4:]
        _echo(click.style(status, fg=COLOURS[finding.status], bold=finding.status == "FAIL" or None) + rest)
    if not report.ok:
        sys.exit(1)


@main.command(context_settings={"ignore_unknown_options": True}, options_metavar="")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[NOTEBOOK] [-- JUPYTERLAB'S OPTIONS]")
def lab(arguments: tuple[str, ...]) -> None:
    """Open the course in JupyterLab, at the first lesson or at NOTEBOOK.

    Further options go to JupyterLab, for example: vaecourse lab 03 -- --no-browser --port 8899
    """
    from vaecourse import course

    named = bool(arguments) and not arguments[0].startswith("-")
    try:
        folder = course.course_folder()
        notebook = course.find_lesson(arguments[0] if named else course.FIRST_LESSON)
    except FileNotFoundError as error:
        raise click.ClickException(str(error)) from error
    # JupyterLab runs in this very process: surely the same environment, and Ctrl-C goes where it should.
    from jupyterlab.labapp import LabApp

    # A kernel that another environment left in the home folder is not to be taken for this one.
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")
    root = folder if notebook.is_relative_to(folder) else notebook.parent
    os.chdir(root)
    LabApp.launch_instance([str(notebook), f"--ServerApp.root_dir={root}", *arguments[named:]])


@main.command()
@click.argument("lessons", nargs=-1)
@click.option("--store", is_flag=True, help="Write the outputs into the notebooks.")
@click.option(
    "--data",
    envvar="VAECOURSE_DATA",
    default="strokes",
    show_default=True,
    help="The pictures that the lessons use: strokes, mnist, ...",
)
def course(lessons: tuple[str, ...], store: bool, data: str) -> None:
    """Run LESSONS from top to bottom without a browser, and say how long each took.

    Without LESSONS: all lessons, and the solutions of all exercises. An exercise or a solution is named by its path,
    for example: vaecourse course solutions/01_autoencoder.ipynb
    """
    from vaecourse import course

    if store and data != course.DEFAULT_DATA:
        raise click.UsageError(f"the stored outputs are those of {course.DEFAULT_DATA!r}, not of {data!r}")
    try:
        paths = [course.find_lesson(name) for name in lessons] or course.stored_notebooks(course.course_folder())
    except FileNotFoundError as error:
        raise click.ClickException(str(error)) from error
    labels = [path.name if path.parent.name == "notebooks" else f"{path.parent.name}/{path.name}" for path in paths]
    width = max(map(len, labels), default=0)
    total, failed = 0.0, 0
    for path, label in zip(paths, labels, strict=True):
        try:
            seconds = course.run_lesson(path, store=store, environment={"VAECOURSE_DATA": data})
        except course.LessonError as error:
            failed += 1
            _echo(f"{label:<{width}}  {click.style('FAIL', fg='red', bold=True)}")
            _echo(indent(str(error), " " * 4))
        else:
            total += seconds
            _echo(f"{label:<{width}}  {seconds:6.1f} s")
    _echo(f"{'total':<{width}}  {total:6.1f} s")
    if failed:
        raise click.ClickException(f"{failed} of {len(paths)} lessons did not run to the end")


@main.command()
@click.option(
    "--out",
    default="html",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder for the pages: a new or empty one, or one that this command made.",
)
def html(out: Path) -> None:
    """Make pages of all lessons, to read in a browser without a kernel and without a network."""
    from vaecourse import course
    from vaecourse.export import ExportError, export

    try:
        first = export(course.course_folder(), out)
    except (ExportError, OSError) as error:
        raise click.ClickException(str(error)) from error
    _echo(f"Open {first} in a browser.")


@main.command()
@click.argument("names", nargs=-1, metavar="[SOLUTIONS]...")
@click.option("--check", is_flag=True, help="Write nothing, and fail if an exercise is not what its solution gives.")
def release(names: tuple[str, ...], check: bool) -> None:
    """Make the exercises of SOLUTIONS, or of all in solutions/: the same notebooks with the answers taken out."""
    from vaecourse import course
    from vaecourse.grading import release

    try:
        folder = course.course_folder()
        paths = [course.find_lesson(name, "solutions", "solution") for name in names]
        # All of them are made before the first is written: a mistake in one leaves everything as it was.
        exercises = [release.make(path) for path in paths or course.lessons(folder / "solutions")]
    except (FileNotFoundError, release.ReleaseError) as error:
        raise click.ClickException(str(error)) from error
    wrong = [] if names else [f"{name} has no solution: delete it" for name in release.without_source(folder)]
    for exercise in exercises:
        if exercise.current:
            _echo(f"{exercise.name}  as it should be")
        elif check:
            wrong.append(f"{exercise.name} is not what its solution gives: run `vaecourse release`")
        else:
            exercise.write()
            _echo(f"{exercise.name}  written")
    if wrong:
        raise click.ClickException("\n".join(wrong))


@main.command()
@click.argument("submissions", type=click.Path(exists=True, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the results.")
@click.option("--lesson", help='Grade only this lesson, such as "01". Default: what each notebook answers.')
@click.option("--seed", help="Of the secret inputs. Default: a fresh random one, kept with the results.")
@click.option("--jobs", type=click.IntRange(1), help="Submissions at a time. Default: the number of cores.")
@click.option("--regrade", multiple=True, metavar="STUDENT", help="Grade this one again (name, number or key).")
@click.option("--no-sandbox", is_flag=True, help="Without walls: the students' code can do all that you can.")
def grade(
    submissions: Path,
    out: Path,
    lesson: str | None,
    seed: str | None,
    jobs: int | None,
    regrade: tuple[str, ...],
    no_sandbox: bool,
) -> None:
    """Grade the notebooks in SUBMISSIONS: a folder of notebooks or of folders, or zip files as an LMS gives them.

    A grading that was stopped goes on when the same command is given again.
    """
    if sys.platform == "win32":
        raise click.ClickException("grading needs Linux or macOS. On Windows, run it in WSL 2.")
    from collections import Counter

    from tqdm import tqdm

    from vaecourse.grading.grade import GradingError
    from vaecourse.grading.grade import grade as grade_class
    from vaecourse.grading.sandbox import SandboxError

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stops as Ctrl-C does
    with tqdm(unit="submission", leave=False) as bar:

        def progress(done: int, total: int, student: str) -> None:
            bar.total, bar.n = total, done
            bar.set_postfix_str(student[:30])

        try:
            report = grade_class(
                submissions,
                out,
                seed=seed,
                jobs=jobs,
                walled=not no_sandbox,
                lesson=lesson,
                regrade=regrade,
                progress=progress,
            )
        except (GradingError, SandboxError, ValueError, FileNotFoundError) as error:
            raise click.ClickException(str(error)) from error
        except KeyboardInterrupt:
            _echo(f"Stopped. {out} holds all that was graded; the same command goes on from there.")
            sys.exit(130)
    _echo(f"{click.style('Walls', bold=True)}: {report.isolation}")
    counts = Counter(record["status"] for record in report.records)
    _echo(f"Graded now: {report.graded}. In {out}: " + ", ".join(f"{n} {status}" for status, n in counts.most_common()))
    _echo(f"Marks: {out / 'totals.csv'}, {out / 'grades.csv'}; pages for the students: {out / 'feedback'}")


def _echo(text: str) -> None:
    """Print; click takes the colours out where the output is no terminal, and NO_COLOR asks for the same."""
    click.echo(text, color=False if os.environ.get("NO_COLOR") else None)
