"""The texts of a quiz as HTML: Markdown, code and formulas."""

import pytest

from vaecourse.quizzes.texts import flowing, to_html


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


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("`a_b` *and* <b>", "<code>a_b</code> <em>and</em> &lt;b&gt;"),
        ("1. June", "1. June"),
        ("- 3", "- 3"),
        ("# of pictures", "# of pictures"),
        ("> 3", "&gt; 3"),
        ("<div>", "&lt;div&gt;"),
    ],
)
def test_markdown_is_rendered_within_a_line_only_and_html_is_not(text, html):
    assert to_html(text) == html


def test_code_keeps_its_lines_and_text_does_not():
    text = flowing("""
What is
`b`?

```python
a = "$x$"  # *one*
if a < b:

    a = b
```
Say it
for $x^2$.
""")
    assert to_html(text, mathml=False) == (
        "What is <code>b</code>?<pre><code>a = &quot;$x$&quot;  # *one*\nif a &lt; b:\n\n    a = b</code></pre>"
        "Say it for <i>x</i><sup>2</sup>."
    )
