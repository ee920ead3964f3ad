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
    """Run LESSONS, or all of them, from top to bottom without a browser, and say how long each took."""
    from vaecourse import course

    if store and data != course.DEFAULT_DATA:
        raise click.UsageError(f"the stored outputs are those of {course.DEFAULT_DATA!r}, not of {data!r}")
    try:
        paths = [course.find_lesson(name) for name in lessons] or course.lessons(course.course_folder() / "notebooks")
    except FileNotFoundError as error:
        raise click.ClickException(str(error)) from error
    width = max((len(path.name) for path in paths), default=0)
    total, failed = 0.0, 0
    for path in paths:
        try:
            seconds = course.run_lesson(path, store=store, environment={"VAECOURSE_DATA": data})
        except course.LessonError as error:
            failed += 1
            _echo(f"{path.name:<{width}}  {click.style('FAIL', fg='red', bold=True)}")
            _echo(indent(str(error), " " * 4))
        else:
            total += seconds
            _echo(f"{path.name:<{width}}  {seconds:6.1f} s")
    _echo(f"{'total':<{width}}  {total:6.1f} s")
    if failed:
        raise click.ClickException(f"{failed} of {len(paths)} lessons did not run to the end")


def _echo(text: str) -> None:
    """Print; click takes the colours out where the output is no terminal, and NO_COLOR asks for the same."""
    click.echo(text, color=False if os.environ.get("NO_COLOR") else None)
