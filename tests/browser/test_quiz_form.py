"""The form of a quiz without a kernel: what it says, what it counts, and who can use it.

The form's script runs on an empty page, with a model that does no more than hold values. What it says is compared with
what Python says.
"""

import base64
import json
import sysconfig
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from vaecourse.quiz import LiveQuiz, live_content
from vaecourse.quizzes import Quiz, grade, load_quiz, parse_lesson

TRIAL = r"""
[trial]
title = 'Trial'

[[trial.questions]]
prompt = '''
What does $a$ hold?
```python
if True:
    a = 1 < 2  # a line that is too long for the small screen of a telephone
```
'''
[[trial.questions.options]]
text = 'True'
correct = true
because = 'One is less than two.'
[[trial.questions.options]]
text = '''
A function:
```python
def a():
    return 1
```
'''
because = 'There is no def.'
[[trial.questions.options]]
text = '1'
because = 'The comparison comes first.'

[[trial.questions]]
prompt = 'Which are even?'
choose = 'all'
[[trial.questions.options]]
text = 'Two'
correct = true
because = 'It is twice one.'
[[trial.questions.options]]
text = 'Three'
because = 'One is left over.'
[[trial.questions.options]]
text = 'Four'
correct = true
because = 'It is twice two.'
[[trial.questions.options]]
text = 'Five'
because = 'A half is missing.'

[[trial.questions]]
prompt = 'How much is a quarter of -2?'
picture = 'four_points.png'
alt = 'A picture that has nothing to do with it.'
answer = -0.5
tolerance = 0.1
unit = 'nats'
because = 'Half of a half.'
otherwise = 'Divide by four.'
[[trial.questions.mistakes]]
value = 0.5
tolerance = 0.001
because = 'You lost the sign.'
[[trial.questions.mistakes]]
value = -8
because = 'You multiplied.'
"""

PAGE = """<!doctype html>
<html lang="en"><head><title>A quiz</title><style>{theme}</style><style>{style}</style></head>
<body style="background: var(--jp-layout-color0); color: var(--jp-content-font-color1); margin: 12px">
<main><h1>A quiz</h1><div id="place"></div></main>
<script type="module">
import form from "data:text/javascript;base64,{script}";
const values = {values};
const listeners = new Set();
const model = {{
  get: (name) => values[name],
  set(name, value) {{
    values[name] = value;
    if (name === "choices") listeners.forEach((listener) => listener());
  }},
  on: (event, listener) => listeners.add(listener),
  off: (event, listener) => listeners.delete(listener),
  save_changes: () => {{}},
}};
window.model = model;
form.render({{ model, el: document.getElementById("place") }});
</script></body></html>"""

THEMES = {
    name: Path(sysconfig.get_path("data"), "share/jupyter/lab/themes/@jupyterlab", f"theme-{name}-extension/index.css")
    for name in ("light", "dark")
}


@pytest.fixture(scope="module")
def trial() -> Quiz:
    return parse_lesson(TRIAL, "07", "trial.toml")["trial"]


@pytest.fixture
def page(browser: Browser):
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def form(page: Page, trial: Quiz) -> Page:
    mount(page, trial)
    return page


def mount(page: Page, quiz: Quiz, theme: str = "") -> None:
    empty = [None] * len(quiz.questions)
    values = {"content": live_content(quiz), "choices": empty, "first_choices": empty}
    script = base64.b64encode(str(LiveQuiz._esm).encode()).decode()
    page.set_content(PAGE.format(theme=theme, style=LiveQuiz._css, script=script, values=json.dumps(values)))
    page.get_by_role("group").first.wait_for()


def question(page: Page, number: int):
    return page.get_by_role("group", name=f"Question {number} of")


def answer(page: Page, number: int, choice) -> None:
    """Answer a question: a place, a list of places, or the text of a number."""
    asked = question(page, number)
    if isinstance(choice, str):
        asked.get_by_role("textbox").fill(choice)
    else:
        chosen = [choice] if isinstance(choice, int) else choice
        for i, box in enumerate(asked.locator("input").all()):
            if box.is_checked() != (i in chosen):
                box.click()
    asked.get_by_role("button", name="Check answer").click()


def said(page: Page, number: int) -> list[str]:
    return question(page, number).get_by_role("status").locator("div").all_inner_texts()


def score(page: Page) -> str:
    return page.locator(".vaecourse-quiz-score").inner_text()


# What is said ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "choice"),
    [
        *((1, place) for place in range(3)),
        *((2, places) for places in ([0, 2], [0], [1], [0, 1, 2], [1, 3], [0, 1, 2, 3], [3, 2])),
        *((3, text) for text in ("-0.5", "\u22120,5", "-1/2", "-.6", "-5e-1", "-0.4", "-0.61", "0.5", "0.51")),
        *((3, text) for text in ("-8.0", " -24 / 3 ", "1 / 3", "+1.E3", "0,125", "-0,1250", "1234,5", "5.")),
    ],
)
def test_the_form_says_what_python_says(form, trial, number, choice):
    answer(form, number, choice)
    feedback = trial.questions[number - 1].feedback(choice)
    assert said(form, number) == [f"{each.verdict} {each.because}".strip() for each in feedback.said]
    choices = form.evaluate("model.get('choices')")
    assert grade(trial, choices).score == feedback.right
    assert score(form) == f"Score: {grade(trial, choices)}."


@pytest.mark.parametrize(
    "text", ["half", "1,000", "-12,345", "1/0", "1e999", "0.5 nats", "1.000,5", "1 568", "--1", "1//2", "e3", ".", "٣"]
)
def test_what_is_no_number_is_said_and_not_counted(form, trial, text):
    answer(form, 3, text)
    with pytest.raises(ValueError, match=r"number|comma") as error:
        trial.questions[2].feedback(text)
    field, status = question(form, 3).get_by_role("textbox"), question(form, 3).get_by_role("status")
    assert status.inner_text() == str(error.value)
    expect(field).to_have_attribute("aria-invalid", "true")
    assert form.evaluate("model.get('choices')") == [None] * 3
    field.press_sequentially("1")
    expect(field).not_to_have_attribute("aria-invalid", "true")
    assert status.inner_text() == ""


@pytest.mark.parametrize(
    ("number", "message"), [(1, "Choose an option first."), (2, "Choose an option first."), (3, "Type a number first.")]
)
def test_an_empty_answer_is_not_counted(form, number, message):
    question(form, number).get_by_role("button").click()
    assert question(form, number).get_by_role("status").inner_text() == message
    assert score(form) == ""


def test_missing_options_are_counted_and_not_named(form):
    answer(form, 2, [0, 1])
    words = question(form, 2).get_by_role("status").inner_text()
    assert "1 right answer is missing" in words
    assert "C." not in words
    answer(form, 2, [0, 2])
    assert len(said(form, 2)) == 5, "a right answer unfolds what is to say about every option"


@pytest.mark.parametrize(
    ("number", "right", "others"),
    [
        (1, 0, ["B. Not quite. There is no def.", "C. Not quite. The comparison comes first."]),
        (3, "-0.5", ["0.5 nats: not quite. You lost the sign.", "-8 nats: not quite. You multiplied."]),
    ],
)
def test_a_right_answer_unfolds_why_others_are_wrong(form, number, right, others):
    details = question(form, number).locator("details")
    expect(details).to_be_hidden()
    answer(form, number, right)
    details.locator("summary").click()
    assert details.locator("div").all_inner_texts() == others


def test_code_keeps_its_lines(form):
    blocks = question(form, 1).locator("pre").all_inner_texts()
    assert blocks == [
        "if True:\n    a = 1 < 2  # a line that is too long for the small screen of a telephone",
        "def a():\n    return 1",
    ]


# The score ------------------------------------------------------------------------------------------------


def test_trying_again_and_starting_again(form, trial):
    answer(form, 1, 0)
    answer(form, 2, [0])
    answer(form, 3, "0.5")
    assert score(form) == "Score: 1 of 3, 1 at the first try."
    answer(form, 2, [0, 2])
    answer(form, 3, "-0.5")
    assert score(form) == "Score: 3 of 3, 1 at the first try."

    live = LiveQuiz(trial)
    live.choices, live.first_choices = form.evaluate("[model.get('choices'), model.get('first_choices')]")
    assert (live.result.score, live.result.first_try) == (3, 1)
    assert score(form) == f"Score: {live.result}."

    form.get_by_role("button", name="Start again").click()
    assert score(form) == ""
    assert form.evaluate("[model.get('choices'), model.get('first_choices')]") == [[None] * 3] * 2
    assert form.locator("input:checked").count() == 0
    assert question(form, 3).get_by_role("textbox").input_value() == ""
    assert form.evaluate("document.activeElement.type") == "radio", "the focus is on the first question"
    answer(form, 2, [0, 2])
    assert score(form) == "Score: 1 of 3, 1 at the first try."


def test_a_changed_answer_is_open_until_it_is_checked(form):
    answer(form, 1, 0)
    question(form, 1).get_by_role("radio").nth(1).check()
    assert said(form, 1) == []
    assert score(form) == "Score: 0 of 3, 1 at the first try."


def test_the_form_shows_answers_that_were_given_before(form):
    form.evaluate("model.set('first_choices', [2, [0], '1/2'])")
    form.evaluate("model.set('choices', [0, [0, 2], '-1/2'])")
    assert score(form) == "Score: 3 of 3, 0 at the first try."
    checked = form.locator("input").evaluate_all("inputs => inputs.map(i => i.type === 'text' ? i.value : i.checked)")
    assert checked == [True, False, False, True, False, True, False, "-1/2"]


# Who can use it -------------------------------------------------------------------------------------------


def test_the_keyboard_is_enough(form):
    question(form, 1).get_by_role("radio").first.focus()
    for keys in ("Space", "Enter", "Tab", "Tab", "Tab", "Space", "Tab", "Tab", "Space", "Enter"):
        form.keyboard.press(keys)
    assert score(form) == "Score: 2 of 3, 2 at the first try."
    question(form, 3).get_by_role("textbox").focus()
    form.keyboard.type("-0,5")
    form.keyboard.press("Enter")
    assert score(form) == "Score: 3 of 3, 3 at the first try."
    outline = form.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "what has the focus is seen"


def test_a_number_is_typed_in_jupyterlab(opened):
    notebook = opened.write("quiz_number", ask='from vaecourse.quiz import quiz\nquiz("01", "before")')
    notebook.run_cell("ask")
    asked = question(notebook.page, 3)
    asked.get_by_role("textbox").click()
    notebook.page.keyboard.type("add x")  # plain keys change cells in JupyterLab's command mode
    notebook.page.keyboard.press("Enter")
    expect(asked.get_by_role("status")).to_contain_text("cannot be read as a number")
    notebook.page.keyboard.press("Control+a")
    notebook.page.keyboard.type("0,26")
    notebook.page.keyboard.press("Enter")
    expect(asked.get_by_role("status")).to_contain_text("0.26: right.")
    expect(asked.get_by_role("img")).to_be_visible()
    assert notebook.cell_ids() == ["ask"]


def test_parts_have_names(form):
    assert question(form, 2).get_by_text("Choose all that apply.").is_visible()
    expect(question(form, 3).get_by_role("textbox")).to_have_accessible_name("Your answer: nats")
    expect(question(form, 3).get_by_role("textbox")).to_have_attribute("inputmode", "decimal")
    expect(question(form, 3).get_by_role("img")).to_have_accessible_name("A picture that has nothing to do with it.")
    expect(question(form, 2).get_by_role("checkbox").first).to_have_accessible_name("A. Two")


@pytest.mark.parametrize("name", ["trial", "before", "after"])
@pytest.mark.parametrize("theme", ["", *THEMES])
def test_nothing_stands_in_the_way_of_a_reader(page, trial, theme, name):
    quiz = trial if name == "trial" else load_quiz("01", name)
    mount(page, quiz, theme and THEMES[theme].read_text(encoding="utf-8"))
    for number in range(1, len(quiz.questions) + 1):
        fields = question(page, number).locator("input")
        fields.first.fill("1") if fields.count() == 1 else fields.nth(2).check()
        question(page, number).get_by_role("button").click()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("name", ["trial", "before", "after"])
def test_nothing_is_wider_than_a_telephone(page, trial, name):
    page.set_viewport_size({"width": 320, "height": 800})
    mount(page, trial if name == "trial" else load_quiz("01", name))
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.locator("img").evaluate_all("images => images.every(i => i.complete && i.naturalWidth > 0)")
