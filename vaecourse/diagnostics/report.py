"""The report of a diagnosis: text, HTML that says the same, and a figure.

Numbers are shown as coarsely as they mean something, so that the text does not change with the last digits of a
training. The HTML takes its colours from the reader's theme and reads well without them.
"""

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, NamedTuple

from matplotlib.figure import Figure
from torch import Tensor

from vaecourse import plots
from vaecourse.diagnostics.verdict import (
    HEALTHY,
    IGNORED,
    NOT_COMPRESSED,
    PARTLY,
    THRESHOLDS,
    UNDERTRAINED,
    least_use,
    nats,
    short,
)

_COLUMNS = ("Evidence", "Value", "For comparison")
_CELL, _WHOLE = "text-align: left; vertical-align: top", "white-space: nowrap"
_GOOD = "var(--jp-success-color1, #2e7d32)"
_SICK = "var(--jp-warn-color1, #b26a00)"
_DECISIVE = {
    UNDERTRAINED: "60 more training steps gain",
    IGNORED: "The code is worth to the decoder",
    NOT_COMPRESSED: "The encoder behaves as if beta were",
    PARTLY: "Idle dimensions could earn",
}
"""disease -> the row of evidence that it is read from"""
_CODES, _SAMPLES = "Codes told from the prior", "Samples told from data"
_MARK = "◄ decides"


class _Row(NamedTuple):
    name: str
    value: str
    comparison: str


@dataclass(frozen=True, repr=False)
class Report:
    """A verdict, its evidence and the advice; :func:`vaecourse.diagnostics.diagnose` makes it and explains it.

    A notebook shows it as HTML, a terminal as text.
    """

    verdict: str
    """one of :data:`vaecourse.diagnostics.DIAGNOSES`"""
    evidence: Mapping[str, Any]
    """name -> number, or list of numbers, one a dimension"""
    advice: str
    """what to do about it"""
    curves: Mapping[str, list[float]] | None = None
    """name -> one value an epoch, if a history was given"""
    pictures: Mapping[str, Tensor] = field(default_factory=dict)
    """what the figure shows: label -> (N, C, H, W)"""

    def to_dict(self) -> dict[str, Any]:
        """Everything but the pictures, as JSON can hold it; a number that is not finite becomes None."""
        return {
            "verdict": self.verdict,
            "evidence": {name: _for_json(value) for name, value in self.evidence.items()},
            "advice": self.advice,
            "curves": {name: [_for_json(value) for value in values] for name, values in (self.curves or {}).items()},
        }

    def figure(self) -> Figure:
        """The panel: pictures, the KL of each dimension, the evidence against the thresholds, learning curves."""
        kl, idle = self.evidence["kl_per_dimension"], self.evidence["idle"]
        return plots.diagnosis(self.verdict.capitalize(), self.pictures, kl, idle, self._gauges(), self.curves)

    @property
    def alt(self) -> str:
        """What the figure shows, in words, for those who do not see it."""
        rows = "; ".join(f"{row.name} {row.value}" for row in self.rows())
        return f"Panel of a diagnosis: {self.verdict}. {rows}."

    def rows(self) -> Iterator[_Row]:
        """What text and table show: a name, a value, and what to compare it with."""
        e, limits = self.evidence, THRESHOLDS
        dimensions = f"{e['active_units']} of {e['latent_dim']} dimensions active"
        yield _Row("KL", nats(e["kl"]), dimensions)
        yield _Row("Error of the reconstructions", nats(e["reconstruction"]), f"mean picture {nats(e['mean_picture'])}")
        gain, most = e["training_gain_in_spreads"], limits["training_gain_in_spreads"]
        limit = f"{gain:.0%} of the spread between pictures; {UNDERTRAINED} above {most:.0%}"
        yield _Row(_DECISIVE[UNDERTRAINED], nats(e["training_gain"]), limit)
        limit = f"{IGNORED} below {least_use(e['decoder_use_error']):.2g}"
        yield _Row(_DECISIVE[IGNORED], nats(e["decoder_use"]), limit)
        limit = f"{NOT_COMPRESSED} below {limits['implied_beta']:g}"
        if self._ignored:
            yield _Row(_DECISIVE[NOT_COMPRESSED], "unknown", "an ignored code does not tell")
        else:
            yield _Row(_DECISIVE[NOT_COMPRESSED], short(e["implied_beta"]), limit)
        limit = f"{e['idle_worth_share']:.0%} of what is earned; {PARTLY} above {limits['idle_worth_share']:.0%}"
        if not e["idle_dimensions"]:
            limit = "none is idle"
        elif e["reconstruction"] >= e["mean_picture"]:
            limit = f"{e['idle_dimensions']} are idle; nothing is earned so far"
        else:
            limit = f"{e['idle_dimensions']} are idle; {limit}"
        yield _Row(_DECISIVE[PARTLY], nats(e["idle_worth"]), limit)
        chance = f"chance {e['chance']:.0%} ± {e['chance_error']:.0%}"
        yield _Row(_CODES, f"{e['codes_vs_prior']:.0%}", chance)
        yield _Row(_SAMPLES, f"{e['samples_vs_data']:.0%}", f"reconstructions {e['reconstructions_vs_data']:.0%}")

    @property
    def _ignored(self) -> bool:
        return self.evidence["decoder_use"] < least_use(self.evidence["decoder_use_error"])

    def _gauges(self) -> list[plots.Gauge]:
        """The evidence that decides, in the order in which it is asked, and the two tests."""
        e, limits = self.evidence, THRESHOLDS
        gain, share = e["training_gain_in_spreads"], e["idle_worth_share"]
        beta = float("nan") if self._ignored else e["implied_beta"]
        worth = share if e["idle_share"] >= limits["idle_share"] else 0.0
        # disease: value, ends of the scale, limit, whether the disease lies above, the limit in words
        scales = {
            UNDERTRAINED: (gain, 1e-3, 10.0, limits["training_gain_in_spreads"], True, "above {:.0%}"),
            IGNORED: (e["decoder_use"], 0.01, 1000.0, least_use(e["decoder_use_error"]), False, "below {:.2g}"),
            NOT_COMPRESSED: (beta, 1e-4, 100.0, limits["implied_beta"], False, "below {:g}"),
            PARTLY: (worth, 1e-3, 10.0, limits["idle_worth_share"], True, "above {:.0%}"),
        }
        shares = {UNDERTRAINED: f" ({gain:.0%})", PARTLY: f" ({share:.0%})" if 0 < worth < 10 else ""}
        values = {row.name: row.value for row in self.rows()}
        gauges, asked = [], True
        for disease, (value, low, high, limit, above, words) in scales.items():
            label = _DECISIVE[disease]
            name, text = f"{disease}, {words.format(limit)}", values[label] + shares.get(disease, "")
            gauges.append(plots.Gauge(label, value, text, low, high, limit, above, True, name, asked))
            asked = asked and disease != self.verdict
        for label, name in ((_CODES, "codes_vs_prior"), (_SAMPLES, "samples_vs_data")):
            gauges.append(plots.Gauge(f"{label} (from 50 to 100%)", e[name], f"{e[name]:.0%}", 0.5, 1.0, log=False))
        return gauges

    def __repr__(self) -> str:
        rows = list(self.rows())
        widths = [max(len(row[column]) for row in rows) for column in range(2)]
        lines = [f"Diagnosis: {self.verdict}", ""]
        for row in rows:
            mark = f"  {_MARK}" if row.name == _DECISIVE.get(self.verdict) else ""
            lines.append(f"  {row.name:{widths[0]}}  {row.value:>{widths[1]}}  ({row.comparison}){mark}")
        return "\n".join([*lines, "", f"Advice: {self.advice}"])

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/html": self.to_html(), "text/plain": repr(self)}

    def to_html(self) -> str:
        """The same as the text, as a table."""
        colour = _GOOD if self.verdict == HEALTHY else _SICK
        head = "".join(f'<th scope="col" style="{_CELL}">{column}</th>' for column in _COLUMNS)
        return "\n".join(
            [
                '<div class="vaecourse-diagnosis" style="max-width: 52em">',
                f'<p style="padding-left: 0.7em; border-left: 4px solid {colour}">'
                f"Diagnosis: <strong>{html.escape(self.verdict)}</strong><br>{html.escape(self.advice)}</p>",
                '<table style="margin-left: 0">',
                f"<thead><tr>{head}</tr></thead>",
                "<tbody>",
                *map(self._html_row, self.rows()),
                "</tbody>",
                "</table>",
                "</div>",
            ]
        )

    def _html_row(self, row: _Row) -> str:
        name, value, comparison = map(html.escape, row)
        if row.name == _DECISIVE.get(self.verdict):
            value, comparison = f"<strong>{value}</strong>", f"{comparison} <strong>{_MARK}</strong>"
        return (
            f'<tr><th scope="row" style="{_CELL}; {_WHOLE}">{name}</th>'
            f'<td style="{_CELL}; {_WHOLE}">{value}</td><td style="{_CELL}">{comparison}</td></tr>'
        )


def _for_json(value: Any) -> Any:
    return None if isinstance(value, float) and not isfinite(value) else value
