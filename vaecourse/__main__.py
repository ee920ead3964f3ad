"""``python -m vaecourse`` is the command ``vaecourse``."""

from vaecourse.cli import main

main(prog_name="vaecourse")
