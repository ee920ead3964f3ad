"""The command ``vaecourse``. It starts, and can say what is wrong, where torch cannot be imported."""

import os
import sys
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


def _echo(text: str) -> None:
    """Print; click takes the colours out where the output is no terminal, and NO_COLOR asks for the same."""
    click.echo(text, color=False if os.environ.get("NO_COLOR") else None)
