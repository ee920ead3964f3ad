"""The tasks of every lesson, one module each."""

from importlib import import_module, resources

from vaecourse.grading.task import Task


def lessons() -> list[str]:
    """The lessons that have tasks, such as ["01", "02"]."""
    names = (file.name for file in resources.files(__name__).iterdir())
    return sorted(n.removeprefix("lesson_").removesuffix(".py") for n in names if n.startswith("lesson_"))


def tasks_of(lesson: str) -> tuple[Task, ...]:
    """The tasks of a lesson, in the order of its exercise.

    Raises:
        ValueError: there are none.
    """
    if lesson not in (known := lessons()):
        raise ValueError(f"there are no tasks for lesson {lesson!r}; lessons with tasks: {', '.join(known)}")
    return import_module(f"{__name__}.lesson_{lesson}").TASKS


def find_task(task_id: str) -> Task:
    """The task called, for example, "01.squared_error".

    Raises:
        ValueError: there is none of that name.
    """
    lesson, _, name = task_id.partition(".")
    available = tasks_of(lesson)
    for task in available:
        if task.id == task_id:
            return task
    raise ValueError(f"lesson {lesson} has no task {name!r}; its tasks: {', '.join(task.id for task in available)}")
