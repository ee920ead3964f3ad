"""The questions of the quizzes: their kinds, their files, and the marks of an attempt."""

from vaecourse.quizzes.files import lessons_with_quizzes, load_lesson, load_quiz, parse_lesson
from vaecourse.quizzes.questions import (
    LETTERS,
    NO_NUMBER,
    TWO_READINGS,
    ChooseAll,
    ChooseOne,
    Feedback,
    GiveNumber,
    Option,
    Picture,
    Question,
    Quiz,
    Result,
    Said,
    grade,
    read_number,
)

__all__ = [
    "LETTERS",
    "NO_NUMBER",
    "TWO_READINGS",
    "ChooseAll",
    "ChooseOne",
    "Feedback",
    "GiveNumber",
    "Option",
    "Picture",
    "Question",
    "Quiz",
    "Result",
    "Said",
    "grade",
    "lessons_with_quizzes",
    "load_lesson",
    "load_quiz",
    "parse_lesson",
    "read_number",
]
