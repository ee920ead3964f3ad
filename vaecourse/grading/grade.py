"""Grade a class: every submission gets its row, whatever it does.

RESULTS is a folder that can be stopped and resumed at any moment: ``grading.json`` (seed, walls, version) is written
first, ``records/KEY.json`` as soon as a submission is done, each whole or not at all; tables and feedback pages are
made from all records at the end of every run.
"""

import ast
import builtins
import fcntl
import hashlib
import json
import os
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

import vaecourse
from vaecourse.files import replace_file
from vaecourse.grading import submissions, tasks
from vaecourse.grading.report import write_reports
from vaecourse.grading.sandbox import Limits, Outcome, Sandbox
from vaecourse.grading.submissions import Notebook, Submission
from vaecourse.grading.task import Case, Seen, Stage, Task, TaskResult, Wrong, failed_at, judge, not_graded
from vaecourse.grading.worker.observe import NOT_CALLABLE, Failure, not_defined, quoted
from vaecourse.grading.worker.wire import clean_text

Record = dict[str, Any]

READING = Limits(cpu=10.0)
"""For taking a notebook apart, which runs nothing of the student's."""
SEED_BYTES = 16
_ENDINGS = {
    "timed out": Failure("timed-out", "Your code did not come to an end within its time."),
    "out of memory": Failure("out-of-memory", "Your code took more memory than it may."),
    "crashed": Failure("crashed", "Your code crashed the Python process."),
    "no reply": Failure("no-reply", "Your code ended the Python process before it returned."),
    "broken reply": Failure("no-reply", "What your code sent back was no answer."),
}
_ANOTHER = "it answers no exercise that is to be graded"
_TROUBLE = ("timed out", "out of memory", "crashed", "no reply", "failed")
"""Statuses of a task that something kept from being judged, the worst first."""


class GradingError(Exception):
    """This grading cannot be done; the message says why. Nothing was changed."""


@dataclass(frozen=True)
class Report:
    """What a call of :func:`grade` did."""

    records: list[Record]
    """all that RESULTS now holds, of earlier calls too"""
    graded: int
    """submissions that this call graded; the others had been"""
    isolation: str
    seed: str


def grade(
    folder: Path | str,
    out: Path | str,
    *,
    seed: str | None = None,
    jobs: int | None = None,
    walled: bool = True,
    lesson: str | None = None,
    regrade: Sequence[str] = (),
    progress: Callable[[int, int, str], None] | None = None,
) -> Report:
    """Grade every submission in ``folder`` and write the results into ``out``.

    A second call goes on where the first one stopped: submissions that have not changed since are not graded again.

    Args:
        folder: submissions, as :func:`vaecourse.grading.submissions.discover` understands them.
        out: the folder for the results; new, or one of an earlier call.
        seed: of the secret cases; by default that of the earlier call, or a fresh random one.
        jobs: submissions at a time; by default the number of cores.
        walled: False runs the students' code without walls.
        lesson: grade only this one, such as "01"; by default whichever a notebook answers.
        regrade: students (name, number or key) to be graded again.
        progress: called with (done, total, student) after each submission.

    Raises:
        GradingError: ``out`` belongs to another grading, is in use or cannot be written, or ``regrade`` names nobody.
        SandboxError: the walls cannot be built.
        FileNotFoundError, ValueError: ``folder`` is not there, or nothing that could be graded.
        KeyboardInterrupt: it was interrupted; what was done until then is in ``out``, tables and pages included.
    """
    if lesson is not None:
        tasks.tasks_of(lesson)
    found = submissions.discover(Path(folder))
    again = _named(found, regrade)
    out = Path(out)
    _check_place(out, Path(folder))
    with _locked(out), Sandbox(walled) as box:
        seed = _settle(out, seed, box.isolation)
        grader = _Grader(box, seed, lesson)
        try:
            todo = [s for s in found if s.key in again or not _is_done(out, s, lesson)]
            done = len(found) - len(todo)
            for submission in _in_parallel(grader, todo, out, jobs or os.cpu_count() or 1):
                done += 1
                if progress:
                    progress(done, len(found), submission.student)
        finally:
            records = _records(out)
            write_reports(records, out)
    return Report(records, len(todo), box.isolation, seed)


def _in_parallel(grader: "_Grader", todo: Sequence[Submission], out: Path, jobs: int) -> Iterator[Submission]:
    """Grade and write, ``jobs`` at a time; whatever ends this ends the jobs under way without a trace."""
    waiting = iter(todo)
    running: dict[Future, Submission] = {}
    pool = ThreadPoolExecutor(jobs)
    try:
        while True:
            while len(running) < jobs and (submission := next(waiting, None)) is not None:
                running[pool.submit(grader.grade, submission)] = submission
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                submission = running.pop(future)
                _write_json(_record_path(out, submission.key), future.result())
                yield submission
    finally:
        grader.stop()
        pool.shutdown(cancel_futures=True)


class _StoppedError(Exception):
    """The grading is being stopped: what a job says now means nothing."""


class _Grader:
    """Grades one submission after another, from several threads."""

    def __init__(self, box: Sandbox, seed: str, lesson: str | None):
        self.box, self.seed = box, seed
        self.lessons = [lesson] if lesson else tasks.lessons()
        self._stopping = threading.Event()
        self._first_cases = lru_cache(maxsize=None)(self._draw_first_cases)

    def stop(self) -> None:
        """End all jobs; whoever waits for one gets :class:`_StoppedError`."""
        self._stopping.set()
        self.box.close()

    def grade(self, submission: Submission) -> dict[str, Any]:
        """All that is to be kept of a submission: its fingerprint, and one record for each lesson it answers."""
        readable: dict[str, dict[str, Any]] = {}
        problems = [submission.problem] if submission.problem else []
        status = "unreadable" if submission.problem not in ("", submissions.NO_NOTEBOOK) else "nothing to grade"
        digest = _Fingerprint(submission)
        for notebook, content in _contents(submission):
            digest.add(notebook, content)
            plan = {"problem": content} if isinstance(content, str) else self._plan(content)
            if "problem" in plan:
                problems.append(f"{notebook.name}: {plan['problem']}")
                status = status if plan["problem"] == _ANOTHER else "unreadable"
            elif plan["lesson"] in readable:
                readable[plan["lesson"]]["others"] += 1  # the newest counts
            else:
                readable[plan["lesson"]] = {**plan, "source": notebook.source or notebook.name, "others": 0}
        records = [self._record(submission, plan) for _, plan in sorted(readable.items())]
        if not records:
            records = [self._ungraded(submission, status, "; ".join(problems))]
        elif problems:
            records[0]["reason"] = "; ".join(filter(None, [records[0]["reason"], *problems]))
        return {"fingerprint": str(digest), "lessons": self.lessons, "records": records}

    def _plan(self, raw: bytes) -> dict[str, Any]:
        """What is in a notebook: {"lesson", "answers"}, or {"problem"} if it is none that can be graded."""
        wanted = {
            lesson: {task.answer: task.id.partition(".")[2] for task in tasks.tasks_of(lesson)}
            for lesson in self.lessons
        }
        data = torch.frombuffer(bytearray(raw or b" "), dtype=torch.uint8)
        outcome = self._run({"do": "plan", "notebook": data, "lessons": wanted}, READING)
        if outcome.ended != "done" or len(outcome.messages) != 1:
            return {"problem": f"the file cannot be read: taking it apart {outcome.ended}"}
        plan = outcome.messages[0]
        if "unreadable" in plan:
            return {"problem": plan["unreadable"]}
        if plan["lesson"] not in wanted:
            return {"problem": _ANOTHER}
        return plan

    def _record(self, submission: Submission, plan: Mapping[str, Any]) -> Record:
        results = [self._task(task, plan["answers"][task.answer]) for task in tasks.tasks_of(plan["lesson"])]
        status, reason = _overall(results)
        if plan["others"]:
            reason = "; ".join(filter(None, [reason, f"{plan['others'] + 1} notebooks for this lesson: newest graded"]))
        return {
            **_who(submission),
            "lesson": plan["lesson"],
            "source": plan["source"],
            "status": status,
            "reason": reason,
            "points": sum(result.points for result in results),
            "max_points": sum(result.task.points for result in results),
            "tasks": [_as_record(result) for result in results],
        }

    def _ungraded(self, submission: Submission, status: str, reason: str) -> Record:
        lesson = self.lessons[0] if len(self.lessons) == 1 else ""  # else nobody knows which it was
        return {
            **_who(submission),
            "lesson": lesson,
            "source": submission.notebooks[0].source if submission.notebooks else "",
            "status": status,
            "reason": reason,
            "points": 0,
            "max_points": sum(task.points for task in tasks.tasks_of(lesson)) if lesson else 0,
            "tasks": [],
        }

    def _task(self, task: Task, answer: Mapping[str, Any]) -> TaskResult:
        """The judgement of one task; whatever the answer does, there is one."""
        if answer["state"] in ("missing", "not started"):
            return not_graded(task, answer["state"], answer["reason"])
        if answer["state"] == "broken":
            return not_graded(task, "failed", f"The cell is not Python: {answer['reason']}.")
        pairs: list[tuple[Case, Seen]] = []
        for number, stage in enumerate(task.stages):
            try:
                cases = self._first_cases(task) if number == 0 else self._later_cases(task, number, pairs)
            except Wrong as wrong:
                return failed_at(task, wrong)
            except Exception:
                return _not_judged(task)
            pairs = self._look(task, stage, cases, answer["program"])
        try:
            return judge(task, pairs)
        except Exception:
            return _not_judged(task)

    def _look(
        self, task: Task, stage: Stage, cases: Sequence[Case], program: Sequence[Mapping[str, Any]]
    ) -> list[tuple[Case, Seen]]:
        job = {
            "do": "run",
            "program": program,
            "answer": task.answer,
            "probe": f"{stage.probe.__module__}.{stage.probe.__qualname__}",
            "cases": [dict(case.inputs) for case in cases],
        }
        outcome = self._run(job, Limits(cpu=task.seconds))
        return list(zip(cases, _seen(outcome, len(cases), program, task.answer), strict=True))

    def _run(self, job: Mapping[str, Any], limits: Limits) -> Outcome:
        if self._stopping.is_set():
            raise _StoppedError
        outcome = self.box.run(job, limits)
        if self._stopping.is_set():
            raise _StoppedError
        return outcome

    def _draw_first_cases(self, task: Task) -> list[Case]:
        return list(task.stages[0].cases(task.rng(self.seed)))

    def _later_cases(self, task: Task, number: int, earlier: Sequence[tuple[Case, Seen]]) -> list[Case]:
        return list(task.stages[number].cases(task.rng(self.seed, number), earlier))


def _not_judged(task: Task) -> TaskResult:
    """Values that no task foresaw are no answer, and no reason to stop."""
    return not_graded(task, "failed", "What your code returned could not be judged.")


def _seen(outcome: Outcome, count: int, program: Sequence[Mapping[str, Any]], answer: str) -> list[Seen]:
    """What was observed on each case. What came may be anything: only what has the right form counts."""
    ending = _ENDINGS.get(outcome.ended, _ENDINGS["no reply"])
    observed = [Seen(failure=ending)] * count
    known: set[int] = set()
    for message in outcome.messages:
        seen = _one_seen(message, program, answer) if isinstance(message, dict) else None
        if seen is None:
            continue
        case = message.get("case")
        if case is None and len(outcome.messages) == 1:
            return [seen] * count  # the definitions failed
        if type(case) is int and 0 <= case < count and case not in known:
            known.add(case)
            observed[case] = seen
    return observed


def _one_seen(message: Mapping[str, Any], program: Sequence[Mapping[str, Any]], answer: str) -> Seen | None:
    values, failure = message.get("values"), message.get("failure")
    if isinstance(values, dict):
        return Seen(values=values)
    if not isinstance(failure, dict) or not all(isinstance(failure.get(k), str) for k in ("kind", "idea", "measured")):
        return None
    if failure["kind"] == "not-started":
        return Seen(failure=Failure("not-started", "Not started yet."))
    if failure["kind"] == "not-callable":
        return Seen(failure=Failure("not-callable", NOT_CALLABLE, clean_text(failure["measured"])))
    if failure["idea"] == (undefined := not_defined(answer)):
        return Seen(failure=Failure("raised", undefined))
    # How the process ended is for its supervisor to say: all else is an exception.
    return Seen(failure=Failure("raised", trusted_idea(failure["idea"], program), clean_text(failure["measured"])))


_RAISED = re.compile(
    r"Your code (?:raised (?P<error>\w+)|asks for input|ends Python)"
    r"(?: in line (?P<line>[1-9][0-9]{0,4})(?: of (?P<place>[\w.]+|the cell|cell \d{1,5}))?: `(?P<text>[^\n]*)`)?"
    r"\.(?: Nobody is there to answer\.| Let it return a value instead\.)?"
)
_ERRORS = {name for name in dir(builtins) if isinstance(getattr(builtins, name), type)} | {
    "OutOfMemoryError",
    "LinAlgError",
    "UFuncTypeError",
    "AxisError",
}


def trusted_idea(idea: str, program: Sequence[Mapping[str, Any]]) -> str:
    """A hint about an exception as the student's process wrote it, if all its words are of the notebook or of Python.

    The hint goes to the student. With an exception called like the numbers that it met, an answer could carry secret
    cases out, and be regraded knowing them.
    """
    found = _RAISED.fullmatch(idea)
    if found and found["error"] in (None, *_ERRORS) and (not found["line"] or _stands(found, program)):
        return idea
    return "Your code raised an exception."


def _stands(found: re.Match, program: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a quoted line stands where the hint says. A place alone could spell out a number: ``f.0.8125``."""
    place, number = found["place"], int(found["line"])
    for part in program:
        lines = part["source"].splitlines()
        if place in (None, "the cell", f"cell {part['cell']}"):
            starts = [1]
        else:
            starts = [start for name, start in _definitions(_tree(part["source"])) if name == place]
        at = (start + number - 2 for start in starts)
        if any(0 <= index < len(lines) and quoted(lines[index]) == f"`{found['text']}`" for index in at):
            return True
    return False


def _tree(source: str) -> ast.AST:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _definitions(tree: ast.AST, outer: str = "") -> Iterator[tuple[str, int]]:
    """Functions and classes, as "Outer.inner", with the line where each begins."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield f"{outer}{node.name}", min(part.lineno for part in (node, *node.decorator_list))
            yield from _definitions(node, f"{outer}{node.name}.")
        elif isinstance(node, (ast.stmt, ast.excepthandler, ast.match_case)):
            yield from _definitions(node, outer)


def _overall(results: Sequence[TaskResult]) -> tuple[str, str]:
    """Status and reason of a submission from those of its tasks."""
    statuses = [result.status for result in results]
    trouble = [status for status in _TROUBLE if status in statuses]
    if trouble:
        reason = "; ".join(f"{r.task.id} {r.status}" for r in results if r.status in _TROUBLE)
        if trouble == ["failed"] or "graded" in statuses:
            return "partly graded", reason
        return "crashed" if trouble[0] == "no reply" else trouble[0], reason
    if "graded" in statuses:
        return "graded", ""
    return "nothing to grade", "no task was started"


def _who(submission: Submission) -> dict[str, str]:
    return {"student": submission.student, "student_id": submission.student_id, "key": submission.key}


def _as_record(result: TaskResult) -> dict[str, Any]:
    return {
        "id": result.task.id,
        "title": result.task.title,
        "points": result.points,
        "max_points": result.task.points,
        "status": result.status,
        "reason": result.reason,
        "criteria": [
            {
                "text": c.text,
                "points": c.points,
                "max_points": c.max_points,
                "mistake": c.mistake,
                "idea": c.idea,
                "measured": clean_text(c.measured),
            }
            for c in result.criteria
        ],
    }


# The folder of results ------------------------------------------------------------------------------------


def _check_place(out: Path, folder: Path) -> None:
    """Before anything is written there.

    Raises:
        GradingError: the folder holds something else, or lies where the next call would take it for a submission.
    """
    if out.resolve().is_relative_to(folder.resolve()):
        raise GradingError(f"{out} lies in {folder}, among the submissions. Take a folder outside of it.")
    if out.is_dir() and not (out / "grading.json").exists():
        strangers = sorted(entry.name for entry in out.iterdir() if not entry.name.startswith("."))
        if strangers:
            raise GradingError(f"{out} is neither empty nor a folder of results: it holds {strangers[0]!r}.")


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Only one grader works in a folder at a time; a killed one leaves no lock behind."""
    with ExitStack() as stack:
        try:
            out.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context(open(out / ".lock", "w"))
        except OSError as error:
            raise GradingError(f"{out} cannot be written into: {error.strerror}.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise GradingError(f"Another grading is writing into {out} at this moment.") from error
        for leftover in out.rglob(".*.tmp"):  # of a grader that was killed while it wrote
            leftover.unlink()
        yield


def _settle(out: Path, seed: str | None, isolation: str) -> str:
    """The seed of this folder; it is chosen once, before the first mark.

    Raises:
        GradingError: the folder has another seed, or was made by another version.
    """
    path = out / "grading.json"
    if path.exists():
        settings = json.loads(path.read_text(encoding="utf-8"))
        if seed not in (None, settings["seed"]):
            raise GradingError(f"{out} was graded with another seed; a mark has to be reproducible. Take a new folder.")
        if settings["vaecourse"] != vaecourse.__version__:
            raise GradingError(
                f"{out} was graded by vaecourse {settings['vaecourse']}, and this is {vaecourse.__version__}: "
                "the tasks may differ. Take a new folder."
            )
        if isolation not in settings["isolation"]:
            settings["isolation"].append(isolation)
            _write_json(path, settings)
        return settings["seed"]
    seed = seed or secrets.token_hex(SEED_BYTES)
    _write_json(path, {"vaecourse": vaecourse.__version__, "seed": seed, "isolation": [isolation]})
    return seed


def _named(found: Sequence[Submission], names: Sequence[str]) -> set[str]:
    """Keys of the submissions of the students named.

    Raises:
        GradingError: there is no such student.
    """
    keys = set()
    for name in names:
        matching = {s.key for s in found if name in (s.student, s.student_id, s.key)}
        if not matching:
            some = ", ".join(s.student for s in found[:10])
            raise GradingError(f"--regrade names a student, by name, number or key; there is no {name!r} among {some}.")
        keys |= matching
    return keys


def _is_done(out: Path, submission: Submission, lesson: str | None) -> bool:
    """Whether there are marks for exactly these notebooks."""
    try:
        kept = json.loads(_record_path(out, submission.key).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if kept["lessons"] != ([lesson] if lesson else tasks.lessons()):
        return False
    digest = _Fingerprint(submission)
    for notebook, content in _contents(submission):
        digest.add(notebook, content)
    return kept["fingerprint"] == str(digest)


def _contents(submission: Submission) -> Iterator[tuple[Notebook, bytes | str]]:
    """The submission's notebooks, the newest first, with their bytes, or why they have none to give."""
    for notebook in sorted(submission.notebooks, key=_age, reverse=True):
        try:
            yield notebook, notebook.read()
        except submissions.UnreadableError as error:
            yield notebook, str(error)


def _age(notebook: Notebook) -> tuple[float, list[tuple[int, str]]]:
    """Sorts by time, and those of one time by name: "01", "01-1", "01-2", ..., "01-10"."""
    parts = re.findall(r"\d+|\D+", notebook.name.removesuffix(".ipynb"))
    return notebook.modified, [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


class _Fingerprint:
    """A digest of all that a submission's marks and reasons depend on."""

    def __init__(self, submission: Submission) -> None:
        self._digest = hashlib.sha256(submission.problem.encode(errors="replace"))

    def add(self, notebook: Notebook, content: bytes | str) -> None:
        data = content if isinstance(content, bytes) else f"{notebook.name}: {content}".encode(errors="replace")
        self._digest.update(hashlib.sha256(data).digest())

    def __str__(self) -> str:
        return self._digest.hexdigest()


def _record_path(out: Path, key: str) -> Path:
    return out / "records" / f"{key}.json"


def _records(out: Path) -> list[Record]:
    """All records in the folder."""
    paths = sorted((out / "records").glob("*.json"))
    return [record for path in paths for record in json.loads(path.read_text(encoding="utf-8"))["records"]]


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    replace_file(path, (json.dumps(content, indent=1, ensure_ascii=True) + "\n").encode())
