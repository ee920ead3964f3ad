"""Submissions that attack the class grader, or that are merely odd, and what each of them fairly gets."""

from hostile import answers, files, grader, honest, interpreter, process
from hostile.entry import Entry

ATTACKS: list[Entry] = [
    *process.ENTRIES,
    *interpreter.ENTRIES,
    *grader.ENTRIES,
    *files.ENTRIES,
    *answers.ENTRIES,
    *honest.ENTRIES,
]
