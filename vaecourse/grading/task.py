"""What a task is: cases, what is observed of the answer on them, and a judgement that never meets the answer.

::

    def cases(rng):                                  # in the grader: inputs from a random generator
        yield Case("a few pictures", {"x": torch.rand(5, 1, 8, 8, generator=rng)})

    def probe(answer, x):                            # beside the answer: what it does with them, as plain data
        return {"value": answer(x)}

    def judge(case, seen):                           # in the grader: right, or wrong in which way
        value = seen.number("value")
        right = case["x"].square().flatten(1).sum(1).mean()
        if not close(value, right):
            raise Wrong("other", "...what the idea asks for...", f"Yours is {value:.3f}, the right value {right:.3f}.")

Probes are in :mod:`vaecourse.grading.worker`, the only part of the grader that the answer's process can see.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import torch
from torch import Tensor

from vaecourse.grading.worker.observe import Failure
from vaecourse.grading.worker.wire import Odd

OPEN_SEED = "open"
"""Seed of the cases that a student sees in the notebook; a class is graded on others."""


class Wrong(Exception):  # noqa: N818 (a judgement, not an error)
    """A judgement: the answer fails a criterion.

    Args:
        mistake: short name of the misconception, such as "mean-over-pixels"; "other" if it is none that is known.
        idea: the hint in terms of the idea. It goes into the student's feedback on the graded notebook too, so it may
            name nothing that depends on the case's numbers.
        measured: the numbers behind it, shown only where the case is no secret.
    """

    def __init__(self, mistake: str, idea: str, measured: str = ""):
        super().__init__(mistake, idea, measured)
        self.mistake, self.idea, self.measured = mistake, idea, measured

    @classmethod
    def of(cls, ideas: Mapping[str, str], mistake: str, measured: str = "") -> Self:
        """With the hint for ``mistake`` from a task's table of ideas."""
        return cls(mistake, ideas[mistake], measured)


@dataclass(frozen=True)
class Case:
    """One input for the probe.

    Args:
        name: what is special about it, for hints: "a batch of one picture".
        inputs: the probe's keyword arguments; plain values (:mod:`vaecourse.grading.worker.wire`).
        secret: what only the judge needs and must not cross.
    """

    name: str
    inputs: Mapping[str, Any]
    secret: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.secret[key] if key in self.secret else self.inputs[key]


@dataclass(frozen=True)
class Seen:
    """What was observed of the answer on one case; ``values`` or ``failure``.

    The getters return plain values and raise :class:`Wrong` when the answer gave something else or nothing.
    """

    values: Mapping[str, Any] | None = None
    failure: Failure | None = None

    def __getitem__(self, name: str) -> Any:
        """The value as it is: any plain value or an :class:`Odd`."""
        if self.failure is not None:
            raise Wrong(self.failure.kind, self.failure.idea, self.failure.measured)
        if self.values is None or name not in self.values:
            raise Wrong("no-value", "This part of the answer could not be observed.")
        return self.values[name]

    def tensor(self, name: str, shape: Sequence[int] | None = None, what: str = "The result") -> Tensor:
        """A finite floating-point tensor, as float64; of ``shape`` if one is given (None for any size)."""
        value = self[name]
        if isinstance(value, (float, int)) and not isinstance(value, bool) and shape == ():
            value = torch.tensor(float(value))
        if value is None:
            raise Wrong("none", f"{what} is None. Is a `return` missing?")
        if not isinstance(value, Tensor):
            raise Wrong("not-a-tensor", f"{what} must be a torch.Tensor, and it is {_kind(value)}.", _details(value))
        if shape is not None and not _fits(value.shape, shape):
            wanted = ", ".join("any" if size is None else str(size) for size in shape)
            raise Wrong(
                "shape",
                f"{what} has the wrong shape.",
                f"It is {tuple(value.shape)}, and should be ({wanted}{',' if len(shape) == 1 else ''}).",
            )
        if not value.is_floating_point():
            raise Wrong("dtype", f"{what} must hold floating-point numbers, and its dtype is {value.dtype}.")
        if not torch.isfinite(value).all():
            raise Wrong("not-finite", f"{what} contains NaN or infinity.")
        return value.double()

    def number(self, name: str, what: str = "The result") -> float:
        """One finite number: a float, an int, or a tensor of shape ()."""
        value = self[name]
        if isinstance(value, Tensor) and value.ndim:
            raise Wrong(
                "not-one-number",
                f"{what} must be one number, a tensor of shape (), and it has {value.ndim} "
                f"dimension{'s' * (value.ndim > 1)}.",
                f"Its shape is {tuple(value.shape)}.",
            )
        return float(self.tensor(name, (), what))

    def flag(self, name: str) -> bool:
        """True or False, as the probe noted it."""
        value = self[name]
        if type(value) is not bool:
            raise Wrong("no-value", "This part of the answer could not be observed.")
        return value

    def texts(self, name: str) -> list[str]:
        """What the probe noted in words."""
        value = self[name]
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise Wrong("no-value", "This part of the answer could not be observed.")
        return value


Lookalikes = Iterable[tuple[str, Tensor | float]]
"""Names of mistakes, and what each of them gives instead of the right result; the first that fits is named."""

Judge = Callable[[Case, Seen], None]
"""Returns if the answer is right on this case, and raises :class:`Wrong` if not."""


@dataclass(frozen=True)
class Criterion:
    """One thing that a right answer does.

    Args:
        text: what, as a statement: "the squared errors are summed over the pixels".
        points: for it.
        judge: applied to every case of the task's last stage, or to those that ``cases`` names.
        cases: names of the cases that it looks at; () for all.
    """

    text: str
    points: int
    judge: Judge
    cases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stage:
    """One look at the answer, in a process of its own: what a stage may know, it gets from its cases.

    Args:
        probe: a function of a module in :mod:`vaecourse.grading.worker`: ``probe(answer, **inputs) -> dict``.
        cases: ``cases(rng)``, or for a later stage ``cases(rng, earlier)`` with the pairs (case, seen) of the stage
            before; it may raise :class:`Wrong` if these leave nothing to look at.
    """

    probe: Callable[..., Mapping[str, Any]]
    cases: Callable[..., Iterable[Case]]


@dataclass(frozen=True)
class Task:
    """One thing to write, and how it is judged.

    Args:
        id: lesson and name: "01.squared_error".
        answer: the name that the student's notebook has to define; other names it needs are found through it.
        title: in a few words.
        criteria: with their points.
        stages: nearly always one.
        seconds: of CPU time for the definitions and all cases of one stage together.
        trains: it takes more than a moment.
    """

    id: str
    answer: str
    title: str
    criteria: tuple[Criterion, ...]
    stages: tuple[Stage, ...]
    seconds: float = 3.0
    trains: bool = False

    @property
    def lesson(self) -> str:
        return self.id.partition(".")[0]

    @property
    def points(self) -> int:
        return sum(criterion.points for criterion in self.criteria)

    def rng(self, seed: str, stage: int = 0) -> torch.Generator:
        """The random generator of a stage's cases; the same for the same ``seed`` on every machine."""
        digest = hashlib.sha256(f"{seed}/{self.id}/{stage}".encode()).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


@dataclass(frozen=True)
class CriterionResult:
    """Whether a criterion is met, and if not, why."""

    text: str
    points: int
    max_points: int
    mistake: str | None = None
    idea: str = ""
    measured: str = ""

    @property
    def passed(self) -> bool:
        return self.mistake is None


@dataclass(frozen=True)
class TaskResult:
    """The judgement of one task.

    ``status`` is "graded", or what kept it from being graded in full: "not started", "missing", "timed out",
    "crashed", "out of memory", "failed" (an exception before the answer was there), "no reply".
    """

    task: Task
    status: str
    reason: str
    criteria: tuple[CriterionResult, ...]

    @property
    def points(self) -> int:
        return sum(criterion.points for criterion in self.criteria)


def close(value: Tensor | float, right: Tensor | float, rtol: float = 1e-4, atol: float = 1e-5) -> bool:
    """Whether two results agree as closely as float32 allows."""
    value, right = torch.as_tensor(value, dtype=torch.float64), torch.as_tensor(right, dtype=torch.float64)
    return value.shape == right.shape and torch.allclose(value, right, rtol=rtol, atol=atol)


def compare(
    value: Tensor | float,
    right: Tensor | float,
    lookalikes: Lookalikes,
    ideas: Mapping[str, str],
    measured: str = "",
) -> None:
    """Nothing if ``value`` is right.

    Args:
        value: the answer's.
        right: the right one.
        lookalikes: names of mistakes, and what each of them gives instead; the first that fits is named.
        ideas: name of a mistake -> hint; "other" for a value that is like none of them.
        measured: for the hint.

    Raises:
        Wrong: with the mistake that gives this value, or else "other".
    """
    if close(value, right):
        return
    mistake = next((name for name, result in lookalikes if close(value, result)), "other")
    raise Wrong.of(ideas, mistake, measured)


def explain_error(seen: Seen, words: Iterable[str], mistake: str, ideas: Mapping[str, str]) -> None:
    """If the answer raised an exception whose message has one of ``words``, add to it what is behind it.

    Raises:
        Wrong: with that mistake.
    """
    failure = seen.failure
    if failure is not None and failure.kind == "raised" and any(word in failure.measured for word in words):
        raise Wrong(mistake, f"{failure.idea} {ideas[mistake]}", failure.measured)


def bend(points: Sequence[Tensor]) -> float:
    """How far the image of the middle lies from the middle of the images, as a share of their distance.

    Args:
        points: what a function gives at the start, the middle and the end of a straight line.
    """
    start, middle, end = points
    return ((start + end - 2 * middle).abs().max() / (end - start).abs().max().clamp_min(1e-12)).item()


def judge(task: Task, observed: Sequence[tuple[Case, Seen]]) -> TaskResult:
    """The points for what was observed of an answer in the last stage. Runs nothing of the student's.

    Raises:
        ValueError: a criterion looks at no case, and so would be met by anything.
    """
    failures = [seen.failure for _, seen in observed if seen.failure is not None]
    if failures and all(failure.kind == "not-started" for failure in failures) and len(failures) == len(observed):
        return not_graded(task, "not started", "not started yet")
    results = []
    for criterion in task.criteria:
        looked_at = [(case, seen) for case, seen in observed if not criterion.cases or case.name in criterion.cases]
        if not looked_at:
            raise ValueError(f"{task.id}: the criterion {criterion.text!r} looks at no case")
        try:
            for case, seen in looked_at:
                criterion.judge(case, seen)
        except Wrong as wrong:
            results.append(_missed(criterion, wrong))
        else:
            results.append(CriterionResult(criterion.text, criterion.points, criterion.points))
    stopped = next((failure for failure in failures if failure.status is not None), None)
    return TaskResult(task, stopped.status if stopped else "graded", stopped.idea if stopped else "", tuple(results))


def not_graded(task: Task, status: str, reason: str) -> TaskResult:
    """No points, and one reason for all criteria."""
    mistake = status.replace(" ", "-")
    criteria = tuple(CriterionResult(c.text, 0, c.points, mistake, reason) for c in task.criteria)
    return TaskResult(task, status, reason, criteria)


def failed_at(task: Task, wrong: Wrong) -> TaskResult:
    """No points, for what a stage showed before the last one: the same hint for all criteria."""
    if wrong.mistake == "not-started":
        return not_graded(task, "not started", "not started yet")
    criteria = tuple(_missed(criterion, wrong) for criterion in task.criteria)
    status = Failure(wrong.mistake, wrong.idea).status
    return TaskResult(task, status or "graded", wrong.idea if status else "", criteria)


def _missed(criterion: Criterion, wrong: Wrong) -> CriterionResult:
    return CriterionResult(criterion.text, 0, criterion.points, wrong.mistake, wrong.idea, wrong.measured)


def _fits(shape: Sequence[int], wanted: Sequence[int | None]) -> bool:
    return len(shape) == len(wanted) and all(w is None or w == s for s, w in zip(shape, wanted, strict=True))


def _kind(value: Any) -> str:
    """What a value is, in words that the answer cannot choose: a class may be called anything."""
    if isinstance(value, Odd):
        kind = value.description.partition(" of shape")[0]
        return kind if kind in _KINDS else "something else"
    return {list: "a list or tuple", dict: "a dict", str: "a str"}.get(type(value), f"a {type(value).__name__}")


def _details(value: Any) -> str:
    return f"It is {value.description}." if isinstance(value, Odd) else ""


_KINDS = (
    "a numpy array",
    "a sparse tensor",
    "a numpy float64",
    "a numpy float32",
    "a function",
    "a method",
    "a generator",
    "a set",
)
