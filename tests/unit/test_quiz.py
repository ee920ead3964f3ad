"""Quizzes: the format of their files, the marks, what a cell shows, and the questions themselves."""

import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser

import pytest

from vaecourse import quiz as module
from vaecourse.quiz import (
    WIDGET_VIEW,
    LiveQuiz,
    bundles,
    grade,
    lessons_with_quizzes,
    load_lesson,
    load_quiz,
    parse_lesson,
    printed_quiz,
    quiz,
    to_html,
)

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

ALL_QUIZZES = [
    pytest.param(questions, id=f"{lesson}-{name}")
    for lesson in lessons_with_quizzes()
    for name, questions in load_lesson(lesson).items()
]


@pytest.fixture
def trial():
    return parse_lesson(GOOD, "07", "trial.toml")["before"]


# The file -------------------------------------------------------------------------------------------------


def test_parsing_keeps_the_content(trial):
    assert (trial.lesson, trial.name, trial.title) == ("07", "before", "Trial")
    assert [q.prompt for q in trial.questions] == ["How large is $x^2$?", "Second?"]
    assert trial.questions[0].options[0].text == r"$x \cdot x$"
    assert trial.questions[1].options[2].because == "There is no third."
    assert [q.answer for q in trial.questions] == [0, 1]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("correct = true\n", "", "question 1: 0 options are marked"),
        ("text = 'No'", "text = 'No'\ncorrect = true", "question 2: 2 options are marked"),
        ("because = 'That is the sum.'", "", "question 1, option 2: 'because' is missing"),
        (
            "because = 'That is the sum.'",
            "because = '  '",
            "question 1, option 2: 'because' is empty",
        ),
        (
            "because = 'That is the sum.'",
            "because = 3",
            "question 1, option 2: 'because' must be of type str",
        ),
        ("correct = true", "correct = 'yes'", "question 1, option 1: 'correct' must be of type bool"),
        ("text = 'No'", "text = 'Yes'", "question 2: two options have the same text"),
        ("prompt = 'Second?'", "prompt = 'How large is $x^2$?'", "two questions have the same prompt"),
        ("text = 'No'", "text = 'No'\nright = true", "question 2, option 1: unknown key 'right'"),
        ("prompt = 'Second?'", "prompt = 'Second?'\nkind = 'number'", "question 2: unknown key 'kind'"),
        ("title = 'Trial'", "title = 'Trial'\ncolour = 'red'", "unknown key 'colour'"),
        ("title = 'Trial'", "", "'title' is missing"),
        ("prompt = 'Second?'", "", "question 2: 'prompt' is missing"),
    ],
)
def test_mistakes_in_a_file_are_named(old, new, message):
    text = GOOD.replace(old, new, 1)
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        parse_lesson(text, "07", "trial.toml")
    assert str(error.value).startswith("trial.toml, quiz 'before'")


def test_two_options_are_too_few():
    with pytest.raises(ValueError, match="question 2: 2 options, but it takes 3 to 8"):
        parse_lesson(GOOD[: GOOD.rindex("[[before.questions.options]]")], "07", "trial.toml")


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
    assert (result.score, result.total, str(result)) == (score, 2, f"{score} of 2")
    assert [f and f.right for f in result.feedback] == right


def test_feedback_is_that_of_the_chosen_option(trial):
    first, second = grade(trial, [1, 1]).feedback
    assert (first.verdict, first.because) == ("Not quite.", "That is the sum.")
    assert (second.verdict, second.because) == ("Right.", "It is the second.")


@pytest.mark.parametrize("choices", [[], [0], [0, 1, 0], [3, 0], [-1, 0]])
def test_grade_refuses_what_is_no_attempt(trial, choices):
    with pytest.raises(ValueError, match=r"choices for 2 questions|has no option"):
        grade(trial, choices)


# Markdown and formulas ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tex", "letters"),
    [
        (r"\lVert x - \hat{x} \rVert^2", "‖<i>x</i> \u2212 <i>x\u0302</i>‖<sup>2</sup>"),
        (r"x \in [0, 1]^{784}", "<i>x</i> ∈ [0, 1]<sup>784</sup>"),
        (r"-\log p(x)", "\u2212log <i>p</i>(<i>x</i>)"),
        (
            r"\tfrac12 \sum_{j=1}^d (\mu_j - 1)",
            "1/2 ∑<sub><i>j</i> = 1</sub><sup><i>d</i></sup> (<i>μ</i><sub><i>j</i></sub> \u2212 1)",
        ),
        (r"\sqrt{784 \cdot 0.1^2}", "√(784 · 0.1<sup>2</sup>)"),
        (r"\frac{a + b}{c}", "(<i>a</i> + <i>b</i>)/<i>c</i>"),
        (r"\mathrm{KL}(q \,\|\, p)", "KL(<i>q</i> ‖ <i>p</i>)"),
        (r"z \in \mathbb{R}^2", "<i>z</i> ∈ \u211d<sup>2</sup>"),
        (r"a (-b)", "<i>a</i>(\u2212<i>b</i>)"),
        (r"a < b", "<i>a</i> &lt; <i>b</i>"),
    ],
)
def test_formulas_in_letters(tex, letters):
    assert to_html(f"So ${tex}$.", mathml=False) == f"So {letters}."


def test_formulas_in_mathml():
    assert to_html("So $x^2$.").startswith("So <math")
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in to_html("So $x^2$.")


def test_a_formula_that_letters_cannot_say_is_refused():
    with pytest.raises(ValueError, match="sqrt"):
        to_html(r"$\sqrt[3]{x}$", mathml=False)


def test_markdown_is_rendered_and_html_is_not():
    assert to_html("`a_b` *and* <b>") == "<code>a_b</code> <em>and</em> &lt;b&gt;"


# What a cell shows ----------------------------------------------------------------------------------------


# Tags that JupyterLab keeps in a notebook that it does not trust, and <style>, without which all can be read.
SAFE_TAGS = {
    "style",
    "div",
    "p",
    "strong",
    "i",
    "sub",
    "sup",
    "code",
    "blockquote",
    "br",
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
        if tag not in ("br", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_outputs_hold_one_form_of_the_quiz_each(trial):
    printed, live = bundles(trial)
    assert printed.keys() == {"text/html", "text/plain"}
    assert live.keys() == {WIDGET_VIEW}
    assert live[WIDGET_VIEW]["model_id"]
    assert printed["text/plain"] == "Quiz 07/before: Trial (2 questions)"
    assert bundles(trial)[0] == printed


def test_printed_quiz(trial):
    page = printed_quiz(trial)
    tags = _Tags()
    tags.feed(page)
    assert not tags.open
    assert tags.count["details"] == tags.count["summary"] == 2
    assert tags.count.keys() <= SAFE_TAGS
    assert "A. <i>x</i> · <i>x</i>" in page
    assert "<strong>A.</strong> Right. By definition." in page
    assert "<strong>B.</strong> Not quite. That is the sum." in page
    assert page.rindex("C. Third") < page.index("Right."), "the answers come after the last question"


def test_live_quiz_has_all_texts_and_the_marks(trial):
    live = LiveQuiz(trial)
    assert live.content["title"] == "Trial"
    first, second = live.content["questions"]
    assert "<math" in first["prompt"]
    assert [o["right"] for o in first["options"]] == [True, False, False]
    assert [o["verdict"] for o in second["options"]] == ["Not quite.", "Right.", "Not quite."]
    assert second["options"][2]["because"] == "There is no third."
    assert str(live.result) == "0 of 2"
    live.choices = [0, None]
    assert str(live.result) == "1 of 2"


def test_scripts_and_styles_agree_on_names():
    script, style = (str(getattr(LiveQuiz, name)) for name in ("_esm", "_css"))
    made = set(re.findall(r'class="(vaecourse[\w-]+)"', printed_quiz(load_quiz("01", "before"))))
    made |= set(re.findall(r'"(vaecourse[\w-]+)"', script))
    assert set(re.findall(r"\.(vaecourse[\w-]+)", style + module._STYLE)) <= made


def test_a_cell_shows_the_same_each_time(monkeypatch):
    shown = []
    monkeypatch.setattr(module, "display", lambda bundle, raw: shown.append(bundle))
    quiz("01", "before")
    quiz("01", "before")
    printed, live, printed_again, _ = shown
    assert printed["text/html"] == printed_quiz(load_quiz("01", "before"))
    assert live.keys() == {WIDGET_VIEW}
    assert printed_again == printed


def test_quizzes_do_not_need_torch():
    code = "import sys, vaecourse.quiz; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


# The questions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lesson", [lesson for lesson in lessons_with_quizzes() if lesson != "00"])
def test_lessons_have_both_quizzes(lesson):
    quizzes = load_lesson(lesson)
    assert len(quizzes["before"].questions) == 3
    assert len(quizzes["after"].questions) == 5
    prompts = [q.prompt for each in quizzes.values() for q in each.questions]
    assert len(set(prompts)) == len(prompts)


@pytest.mark.parametrize("each", ALL_QUIZZES)
def test_every_option_is_explained_by_a_sentence(each):
    for question in each.questions:
        reasons = [option.because for option in question.options]
        assert all(reason.endswith(".") and len(reason.split()) >= 5 for reason in reasons), reasons
        assert len(set(reasons)) == len(reasons)


@pytest.mark.parametrize("each", ALL_QUIZZES)
def test_right_answers_cannot_be_guessed_from_place_or_length(each):
    half = (len(each.questions) + 1) // 2
    places = Counter(question.answer for question in each.questions)
    assert max(places.values()) <= half, f"the right answers stand at {places}"
    longest = 0
    for question in each.questions:
        lengths = [len(option.text) for option in question.options]
        longest += lengths[question.answer] == max(lengths)
    assert longest <= half, f"the right option is the longest in {longest} questions"


@pytest.mark.parametrize("each", ALL_QUIZZES)
def test_texts_are_rendered_whole(each):
    content = str(LiveQuiz(each).content).replace("\\'", "'")
    for page in (content, printed_quiz(each)):
        assert "$" not in page, "a formula was not recognised"
        assert "\\" not in page, "a TeX command was not understood"
        assert "`" not in page
