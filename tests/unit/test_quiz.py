"""Quizzes: the format of their files, the marks, what a cell shows, the questions themselves, and their pictures."""

import io
import json
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vaecourse import live, quizzes
from vaecourse.quiz import LiveQuiz, live_content, printed_quiz, quiz
from vaecourse.quizzes import (
    ChooseAll,
    ChooseOne,
    GiveNumber,
    grade,
    lessons_with_quizzes,
    load_lesson,
    load_quiz,
    parse_lesson,
    read_number,
)
from vaecourse.quizzes.drawings import DRAWINGS, png
from vaecourse.quizzes.files import LARGEST_PICTURE

QUIZZES = Path(quizzes.__file__).parent

GOOD = r"""
[before]
title = 'Trial'
[[before.questions]]
prompt = 'How large is $x^2$?'
[[before.questions.options]]
text = '$x \cdot x$'
correct = true
because = 'By definition.'
[[before.questions.options]]
text = '$2 x$'
because = 'That is the sum.'
[[before.questions.options]]
text = '`x ^ 2`'
because = 'In Python that is another operation.'
[[before.questions]]
prompt = 'Second?'
[[before.questions.options]]
text = 'No'
because = 'It is.'
[[before.questions.options]]
text = 'Yes'
correct = true
because = 'It is the second.'
[[before.questions.options]]
text = 'Third'
because = '''
There is
no third.
'''
"""

SEVERAL = """
[before]
title = 'Trial'
[[before.questions]]
prompt = 'Which are even?'
choose = 'all'
[[before.questions.options]]
text = 'Two'
correct = true
because = 'It is twice one.'
[[before.questions.options]]
text = 'Three'
because = 'One is left over.'
[[before.questions.options]]
text = 'Four'
correct = true
because = 'It is twice two.'
"""

NUMBER = """
[before]
title = 'Trial'
[[before.questions]]
prompt = 'How much is a quarter of two?'
answer = 0.5
tolerance = 0.1
unit = 'nats'
because = 'Half of a half.'
otherwise = 'Divide by four.'
[[before.questions.mistakes]]
value = 8
because = 'You multiplied.'
[[before.questions.mistakes]]
value = 0.25
tolerance = 0
because = 'That is a quarter of one.'
"""

PICTURES = """
[before]
title = 'Trial'
[[before.questions]]
prompt = 'Which dot is red?'
picture = 'dot.png'
alt = 'Dots & <lines>.'
[[before.questions.options]]
text = 'Left'
correct = true
because = 'It is.'
[[before.questions.options]]
picture = 'dot.png'
alt = 'The upper dot.'
because = 'It is blue.'
[[before.questions.options]]
text = 'Right'
because = 'It is green.'
"""

ALL_LESSONS = [
    pytest.param([question for each in load_lesson(lesson).values() for question in each.questions], id=lesson)
    for lesson in lessons_with_quizzes()
]
ALL_QUIZZES = [
    pytest.param(questions, id=f"{lesson}-{name}")
    for lesson in lessons_with_quizzes()
    for name, questions in load_lesson(lesson).items()
]


def parsed(text, **more):
    return parse_lesson(text, "07", "trial.toml", **more)["before"]


@pytest.fixture
def trial():
    return parsed(GOOD)


@pytest.fixture
def pictures(tmp_path):
    """A folder with a picture of 60 x 40 pixels."""
    Image.new("RGB", (60, 40), "red").save(tmp_path / "dot.png")
    return tmp_path


# The file -------------------------------------------------------------------------------------------------


def test_parsing_keeps_the_content(trial):
    assert (trial.lesson, trial.name, trial.title) == ("07", "before", "Trial")
    assert [q.prompt for q in trial.questions] == ["How large is $x^2$?", "Second?"]
    assert trial.questions[0].options[0].text == r"$x \cdot x$"
    assert trial.questions[1].options[2].because == "There is no third."
    assert [q.answer for q in trial.questions] == [0, 1]


def test_kinds_announce_themselves_by_a_key(trial):
    assert {type(question) for question in trial.questions} == {ChooseOne}
    assert isinstance(parsed(SEVERAL).questions[0], ChooseAll)
    number = parsed(NUMBER).questions[0]
    assert isinstance(number, GiveNumber)
    assert [each.value for each in number.named] == [0.5, 8, 0.25]
    assert [each.margin for each in number.named] == pytest.approx([0.1, 0.1, 0], abs=1e-6)
    assert (number.unit, number.otherwise) == ("nats", "Divide by four.")


def test_a_mistake_has_the_tolerance_of_the_answer_or_its_own():
    text = NUMBER.replace("tolerance = 0.1", "relative_tolerance = 0.01")
    assert [each.margin for each in parsed(text).questions[0].named] == pytest.approx([0.005, 0.08, 0], abs=1e-6)


@pytest.mark.parametrize(
    ("good", "old", "new", "message"),
    [
        (GOOD, "correct = true\n", "", "question 1: 0 options are marked"),
        (GOOD, "text = 'No'", "text = 'No'\ncorrect = true", "question 2: 2 options are marked"),
        (GOOD, "because = 'That is the sum.'", "", "question 1, option 2: 'because' is missing"),
        (GOOD, "because = 'That is the sum.'", "because = '  '", "question 1, option 2: 'because' is empty"),
        (GOOD, "because = 'That is the sum.'", "because = 3", "question 1, option 2: 'because' must be of type str"),
        (GOOD, "That is the sum.", "By definition.", "question 1: two options have the same 'because'"),
        (GOOD, "correct = true", "correct = 'yes'", "question 1, option 1: 'correct' must be of type bool"),
        (GOOD, "correct = true", "correct = 1", "question 1, option 1: 'correct' must be of type bool"),
        (GOOD, "text = 'No'", "text = 'Yes'", "question 2: two options have the same text"),
        (GOOD, "text = 'No'", "", "question 2, option 1: 'text' is missing"),
        (GOOD, "prompt = 'Second?'", "prompt = 'How large is $x^2$?'", "two questions have the same prompt"),
        (GOOD, "text = 'No'", "text = 'No'\nright = true", "question 2, option 1: unknown key 'right'"),
        (GOOD, "prompt = 'Second?'", "prompt = 'Second?'\nkind = 'number'", "question 2: unknown key 'kind'"),
        (GOOD, "prompt = 'Second?'", "prompt = 'Second?'\nanswer = 3", "question 2: unknown key 'options'"),
        (GOOD, "title = 'Trial'", "title = 'Trial'\ncolour = 'red'", "unknown key 'colour'"),
        (GOOD, "title = 'Trial'", "", "'title' is missing"),
        (GOOD, "prompt = 'Second?'", "", "question 2: 'prompt' is missing"),
        (GOOD, GOOD[GOOD.rindex("[[") :], "", "question 2: 2 options, but it takes 3 to 8"),
        (SEVERAL, "'all'", "'some'", "question 1: 'choose' must be 'all'"),
        (
            SEVERAL,
            "correct = true\n",
            "",
            "1 options are marked `correct = true`, but with `choose = 'all'`",
        ),
        (SEVERAL, "'Three'", "'Six'\ncorrect = true", "question 1: 3 options are marked"),
        (NUMBER, "answer = 0.5", "answer = 'half'", "question 1: 'answer' must be a number"),
        (NUMBER, "answer = 0.5", "answer = true", "question 1: 'answer' must be a number"),
        (NUMBER, "answer = 0.5", "answer = nan", "question 1: takes finite numbers"),
        (NUMBER, "answer = 0.5", "", "question 1: unknown key"),
        (NUMBER, "tolerance = 0.1", "tolerance = -1", "question 1: takes finite numbers, and a tolerance of 0 or more"),
        (NUMBER, "tolerance = 0.1\n", "", "question 1: takes either 'tolerance' or 'relative_tolerance'"),
        (NUMBER, "tolerance = 0\n", "tolerance = 0\nrelative_tolerance = 0\n", "question 1, mistake 2: takes either"),
        (NUMBER, "otherwise = 'Divide by four.'", "", "question 1: 'otherwise' is missing"),
        (NUMBER, "value = 8\n", "", "question 1, mistake 1: 'value' is missing"),
        (
            NUMBER,
            "value = 8\n",
            "value = 0.6\n",
            "mistake 1: within their tolerances it cannot be told from 0.5",
        ),
        (
            NUMBER,
            "value = 8\n",
            "value = 0.3\n",
            "mistake 1: within their tolerances it cannot be told from 0.5",
        ),
        (
            NUMBER,
            "value = 0.25\n",
            "value = 8.1\n",
            "mistake 2: within their tolerances it cannot be told from 8",
        ),
        (PICTURES, "alt = 'The upper dot.'", "", "question 1, option 2: 'alt' is missing; a picture takes both"),
        (PICTURES, "picture = 'dot.png'", "", "question 1: 'picture' is missing; a picture takes both"),
        (PICTURES, "'dot.png'", "'none.png'", "question 1: there is no picture 'none.png'"),
        (PICTURES, "'dot.png'", "'dot.jpg'", "question 1: 'dot.jpg' must be a PNG file of at most"),
        (PICTURES, "'dot.png'", "'large.png'", f"at most {LARGEST_PICTURE} bytes; it has {LARGEST_PICTURE + 8}"),
    ],
)
def test_mistakes_in_a_file_are_named(good, old, new, message, pictures):
    (pictures / "dot.jpg").write_bytes(b"\xff\xd8")
    (pictures / "large.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(LARGEST_PICTURE))
    assert old in good
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        parsed(good.replace(old, new, 1), pictures=pictures)
    assert str(error.value).startswith("trial.toml, quiz 'before'")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("before = 'Trial'", "quiz 'before': expected a table"),
        ("[before]\ntitle = 'Trial'", "quiz 'before': 'questions' is missing"),
        ("[before]\ntitle = 'Trial'\nquestions = []", "quiz 'before': no questions"),
        ("[before]\ntitle = 'Trial'\nquestions = ['How?']", "quiz 'before', question 1: expected a table"),
    ],
)
def test_a_quiz_needs_questions(text, message):
    with pytest.raises(ValueError, match=message):
        parse_lesson(text, "07", "trial.toml")


def test_broken_toml_names_the_file():
    with pytest.raises(ValueError, match=r"trial\.toml: not valid TOML"):
        parse_lesson("[before", "07", "trial.toml")


def test_unknown_names_list_what_exists():
    with pytest.raises(ValueError, match=r"no quizzes for lesson '99'; lessons with quizzes: .*01"):
        load_quiz("99", "before")
    with pytest.raises(ValueError, match="lesson 01 has no quiz 'middle'; its quizzes: before, after"):
        load_quiz("01", "middle")


# The marks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "score", "right"),
    [
        ([0, 1], 2, [True, True]),
        ([0, 2], 1, [True, False]),
        ([1, 0], 0, [False, False]),
        ([None, 1], 1, [None, True]),
        ([None, None], 0, [None, None]),
    ],
)
def test_grade(trial, choices, score, right):
    result = grade(trial, choices)
    assert (result.score, result.total, str(result)) == (score, 2, f"{score} of 2, {score} at the first try")
    assert [f and f.right for f in result.feedback] == right


def test_grade_tells_the_first_try_from_the_last(trial):
    assert str(grade(trial, [0, 1], [1, 1])) == "2 of 2, 1 at the first try"
    assert str(grade(trial, [1, None], [0, None])) == "0 of 2, 1 at the first try"


def test_feedback_is_that_of_the_chosen_option(trial):
    first, second = grade(trial, [1, 1]).feedback
    assert words(first) == [("B. Not quite.", "That is the sum.")]
    assert words(second) == [("B. Right.", "It is the second.")]


def words(feedback):
    return [(said.verdict, said.because) for said in feedback.said]


@pytest.mark.parametrize(
    ("choice", "right", "verdict", "about"),
    [
        ([0, 2], True, "Right.", "A. Belongs. B. Does not belong. C. Belongs."),
        ([2, 0], True, "Right.", "A. Belongs. B. Does not belong. C. Belongs."),
        ([0], False, "Not quite. 1 right answer is missing.", "A. Belongs."),
        ([1], False, "Not quite. 2 right answers are missing.", "B. Does not belong."),
        ([2, 1, 0], False, "Not quite.", "A. Belongs. B. Does not belong. C. Belongs."),
    ],
)
def test_several_right_answers(choice, right, verdict, about):
    feedback = parsed(SEVERAL).questions[0].feedback(choice)
    assert feedback.right == right
    first, *others = words(feedback)
    assert first == (verdict, "")
    assert " ".join(verdict for verdict, _ in others) == about
    assert all(because for _, because in others)


@pytest.mark.parametrize(
    ("text", "right", "said"),
    [
        ("0.5", True, ("0.5 nats: right.", "Half of a half.")),
        ("0.6", True, ("0.5 nats: right.", "Half of a half.")),
        (0.4, True, ("0.5 nats: right.", "Half of a half.")),
        ("0.6001", False, ("Not quite.", "Divide by four.")),
        ("7.9", False, ("8 nats: not quite.", "You multiplied.")),
        ("1/4", False, ("0.25 nats: not quite.", "That is a quarter of one.")),
        ("0.2501", False, ("Not quite.", "Divide by four.")),
        ("-0.5", False, ("Not quite.", "Divide by four.")),
    ],
)
def test_numbers(text, right, said):
    feedback = parsed(NUMBER).questions[0].feedback(text)
    assert (feedback.right, words(feedback)) == (right, [said])


@pytest.mark.parametrize(
    ("answer", "tolerance", "text"),
    [
        ("0.5", "0.1", "0.6"),
        ("19.6", "0.05", "19.55"),
        ("19.6", "0.05", "19.65"),
        ("0", "0", "0"),
        ("-3922", "0", "-3922"),
    ],
)
def test_a_number_at_the_edge_of_the_tolerance_counts(answer, tolerance, text):
    question = parsed(NUMBER.replace("= 0.5", f"= {answer}").replace("tolerance = 0.1", f"tolerance = {tolerance}"))
    assert question.questions[0].feedback(text).right


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.5", 0.5),
        ("0,5", 0.5),
        (" +.5 ", 0.5),
        ("1e-3", 1e-3),
        ("1,5E3", 1500),
        ("1/3", 1 / 3),
        ("-3 / 4,5", -3 / 4.5),
        ("\u22122", -2),
        ("5.", 5),
        ("0,125", 0.125),
        ("1.568", 1.568),
        ("1568,123", 1568.123),
    ],
)
def test_reading_a_number(text, number):
    assert read_number(text) == number


@pytest.mark.parametrize(
    "text", ["", "half", "1 568", "0.5 nats", "1/2/3", "1/0", "1e999", "nan", "inf", "1_000", "1,000,000", "e3", "٣"]
)
def test_what_is_no_number(text):
    with pytest.raises(ValueError, match="cannot be read as a number"):
        read_number(text)


@pytest.mark.parametrize("text", ["1,568", "-12,000", "1/1,000"])
def test_a_comma_before_three_digits_is_not_guessed(text):
    with pytest.raises(ValueError, match="two ways"):
        read_number(text)


@pytest.mark.parametrize("choices", [[], [0], [0, 1, 0], [3, 0], [-1, 0], ["A", 0], [[0], 0]])
def test_grade_refuses_what_is_no_attempt(trial, choices):
    with pytest.raises(ValueError, match=r"choices for 2 questions|question 1: has no option"):
        grade(trial, choices)


@pytest.mark.parametrize("choice", [0, [], [0, 0], [3], "A"])
def test_several_refuses_what_is_no_list_of_options(choice):
    with pytest.raises(ValueError, match=r"takes a list of different options|has no option 3"):
        parsed(SEVERAL).questions[0].feedback(choice)


# What a cell shows ----------------------------------------------------------------------------------------


# Tags that JupyterLab keeps in a notebook that it does not trust, and <style>, without which all can be read.
SAFE_TAGS = {
    "style",
    "div",
    "p",
    "strong",
    "em",
    "i",
    "img",
    "pre",
    "sub",
    "sup",
    "code",
    "blockquote",
    "details",
    "summary",
}


class _Tags(HTMLParser):
    """Checks that elements are closed in order, and counts them."""

    def __init__(self):
        super().__init__()
        self.open, self.count = [], Counter()

    def handle_starttag(self, tag, attrs):
        self.count[tag] += 1
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_still_form_is_the_printed_quiz(trial):
    printed, _ = LiveQuiz(trial).still()
    assert printed == {"text/html": printed_quiz(trial), "text/plain": "Quiz 07/before: Trial (2 questions)"}


def test_printed_quiz(trial):
    page = printed_quiz(trial)
    assert tags(page)["details"] == tags(page)["summary"] == 2
    assert "A. <i>x</i> · <i>x</i>" in page
    assert "<strong>A. Right.</strong> By definition." in page
    assert "<strong>B. Not quite.</strong> That is the sum." in page
    assert page.rindex("C. Third") < page.index("Right."), "the answers come after the last question"


def tags(page):
    found = _Tags()
    found.feed(page)
    assert not found.open
    assert found.count.keys() <= SAFE_TAGS
    return found.count


def test_printed_several():
    page = printed_quiz(parsed(SEVERAL))
    tags(page)
    assert page.index("Choose all that apply.") < page.index("A. Two")
    assert re.findall(r"<strong>([A-C]\. [\w ]+)\.", page) == ["A. Belongs", "B. Does not belong", "C. Belongs"]


def test_printed_number():
    page = printed_quiz(parsed(NUMBER))
    tags(page)
    assert "Give a number (nats)." in page
    assert re.findall(r"<strong>(\w.*?)</strong>", page)[2:] == [
        "0.5 nats: right.",
        "8 nats: not quite.",
        "0.25 nats: not quite.",
        "Any other number: not quite.",
    ]


def test_pictures_are_in_the_page_and_in_words(pictures):
    quiz = parsed(PICTURES, pictures=pictures)
    page, content = printed_quiz(quiz), live_content(quiz)
    assert tags(page)["img"] == 2
    assert page.count("Dots &amp; &lt;lines&gt;.") == 2, "once for each reader: as alt text, and folded"
    image = content["questions"][0]["picture"]
    assert re.fullmatch(
        r'<img src="data:image/png;base64,[\w+/=]+" alt="Dots &amp; &lt;lines&gt;\." width="30" height="20">', image
    )
    assert content["questions"][0]["options"][1]["picture"].startswith("<img")
    assert content["questions"][0]["options"][0]["picture"] == ""


def test_code_stands_in_lines_of_its_own():
    page = printed_quiz(parsed(GOOD.replace("'No'", "'''Run\n```python\na = 1\nb = 2\n```\n'''")))
    tags(page)
    assert "<div>A. Run<pre><code>a = 1\nb = 2</code></pre></div>" in page


def test_live_quiz_has_all_texts_and_the_marks(trial):
    form = LiveQuiz(trial)
    assert form.content == live_content(trial)
    assert form.content["title"] == "Trial"
    first, second = form.content["questions"]
    assert "<math" in first["prompt"]
    assert [o["right"] for o in first["options"]] == [True, False, False]
    assert [o["text"] for o in second["options"]] == ["A. No", "B. Yes", "C. Third"]
    assert second["options"][2]["said"] == "<strong>C. Not quite.</strong> There is no third."
    assert str(form.result) == "0 of 2, 0 at the first try"
    form.choices, form.first_choices = [0, None], [1, None]
    assert str(form.result) == "1 of 2, 0 at the first try"


@pytest.mark.parametrize("text", [GOOD, SEVERAL, NUMBER])
def test_live_content_is_whole_without_a_kernel(text):
    content = live_content(parsed(text))
    assert json.loads(json.dumps(content)) == content


def test_scripts_and_styles_agree_on_names():
    script, style = (str(getattr(LiveQuiz, name)) for name in ("_esm", "_css"))
    made = set(re.findall(r'class="(vaecourse[\w-]+)"', printed_quiz(load_quiz("01", "before"))))
    made |= set(re.findall(r'"(vaecourse[\w-]+)"', script))
    assert set(re.findall(r"\.(vaecourse[\w-]+)", style)) <= made


def test_a_cell_shows_the_same_each_time(monkeypatch):
    shown = []
    monkeypatch.setattr(live, "display", lambda bundle, metadata, raw: shown.append(bundle))
    quiz("01", "before")
    quiz("01", "before")
    printed, form, printed_again, _ = shown
    assert printed_quiz(load_quiz("01", "before")) in printed["text/html"]
    assert form.keys() == {live.WIDGET_VIEW}
    assert printed_again == printed


def test_quizzes_do_not_need_torch():
    code = "import sys, vaecourse.quiz; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


# The questions --------------------------------------------------------------------------------------------


def of_kind(questions, *kinds):
    return [question for question in questions if isinstance(question, kinds)]


def longest_is_right(question):
    """Whether the right option is longer than every other."""
    lengths = [len(option.text) for option in question.options]
    return lengths[question.answer] > max(lengths[: question.answer] + lengths[question.answer + 1 :])


def reasons(question):
    if isinstance(question, GiveNumber):
        return [*(number.because for number in question.named), question.otherwise]
    return [option.because for option in question.options]


@pytest.mark.parametrize("lesson", [lesson for lesson in lessons_with_quizzes() if lesson != "00"])
def test_lessons_have_both_quizzes(lesson):
    counts = {name: len(each.questions) for name, each in load_lesson(lesson).items()}
    assert counts == {"before": 3, "after": 5}


@pytest.mark.parametrize("questions", ALL_LESSONS)
def test_nothing_is_asked_or_said_twice(questions):
    prompts = [question.prompt for question in questions]
    because = [reason for question in questions for reason in reasons(question)]
    options = [option.text for q in of_kind(questions, ChooseOne, ChooseAll) for option in q.options if option.text]
    for texts in (prompts, because, options):
        assert [text for text, count in Counter(texts).items() if count > 1] == []


@pytest.mark.parametrize("questions", ALL_LESSONS)
def test_every_answer_is_explained_by_a_sentence(questions):
    for reason in (reason for question in questions for reason in reasons(question)):
        assert reason.endswith(".")
        assert len(reason.split()) >= 5, reason


@pytest.mark.parametrize("questions", ALL_LESSONS)
def test_right_answers_cannot_be_guessed_from_place_or_length(questions):
    single = of_kind(questions, ChooseOne)
    half = len(single) / 2 if len(single) >= 4 else len(single)
    places = Counter(question.answer for question in single)
    assert max(places.values(), default=0) <= half, f"the right answers stand at {places}"
    longest = [question.prompt for question in single if longest_is_right(question)]
    assert len(longest) <= half, f"the right option is the longest of {longest}"


@pytest.mark.parametrize("lesson", [lesson for lesson in lessons_with_quizzes() if lesson != "00"])
def test_wrong_numbers_are_named(lesson):
    numbers = of_kind([q for each in load_lesson(lesson).values() for q in each.questions], GiveNumber)
    assert all(question.mistakes for question in numbers)


def test_the_first_lesson_has_every_kind():
    questions = [question for each in load_lesson("01").values() for question in each.questions]
    assert {type(question) for question in questions} == {ChooseOne, ChooseAll, GiveNumber}
    assert any(question.picture for question in questions)
    assert any("```" in question.prompt for question in questions)


@pytest.mark.parametrize("each", ALL_QUIZZES)
def test_texts_are_rendered_whole(each):
    content = json.dumps(live_content(each), ensure_ascii=False).replace('\\"', "").replace("\\n", "")
    for page in (content, printed_quiz(each)):
        assert "$" not in page, "a formula was not recognised"
        assert "\\" not in page, "a TeX command was not understood"
        assert "`" not in page


# The pictures ---------------------------------------------------------------------------------------------


def test_every_picture_is_asked_about_and_drawn_by_a_function():
    text = "".join(file.read_text(encoding="utf-8") for file in QUIZZES.glob("*.toml"))
    asked = set(re.findall(r"^picture = '(.*)'$", text, re.MULTILINE))
    assert asked == DRAWINGS.keys() == {file.name for file in QUIZZES.glob("*.png")}


@pytest.mark.parametrize("name", DRAWINGS)
def test_stored_pictures_are_those_of_the_functions(name):
    stored, drawn = (
        np.asarray(Image.open(io.BytesIO(content)).convert("L"), dtype=float)
        for content in ((QUIZZES / name).read_bytes(), png(DRAWINGS[name]()))
    )
    assert stored.shape == drawn.shape
    assert np.abs(stored - drawn).mean() < 2, "draw them anew: python -m vaecourse.quizzes.drawings"
