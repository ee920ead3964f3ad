"""How long a widget takes from a control moved to the new picture: in the kernel, and in a browser.

* kernel: a question comes in -> the answer's bytes are ready to be sent, over random moves of all controls;
* browser: a slider moves -> the new picture is painted, two animation frames after the answer is in the page. The page
  is Chromium's, with the widget's own script and style; Playwright carries questions and answers between it and this
  process. In a real JupyterLab they take another way.

The models have the lessons' sizes and no training, which changes no timing. Without Playwright or Chromium only the
kernel is measured. Run it on a quiet machine.
"""

import base64
import json
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from vaecourse.data import PictureDataset, load
from vaecourse.models import VAE, Autoencoder, Classifier
from vaecourse.widgets import BetaSweep, Denoise, LabelStyle, LatentPlane, TwoGaussians
from vaecourse.widgets.base import Widget
from vaecourse.widgets.panel import Button, Choice, Panel

KERNEL_LIMIT, BROWSER_LIMIT = 50, 200
"""Milliseconds that 95 of 100 moves may take at most."""
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
WARM_UP = 5
"""Moves before the clock starts: the first of all are slower."""
PAGE = """<!doctype html><meta charset="utf-8"><body><script>
function bytes(text) {
  return new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
}
async function mount(script, style, state, binary) {
  for (const name of binary) state[name] = bytes(state[name]);
  const listeners = new Set();
  const model = {
    get: (name) => state[name],
    on: (event, listener) => event === "msg:custom" && listeners.add(listener),
    off: (event, listener) => listeners.delete(listener),
    send: async (question) => {
      const { answer, buffers } = JSON.parse(await window.answered(JSON.stringify(question)));
      listeners.forEach((listener) => listener(answer, buffers.map(bytes)));
      window.arrived?.();
    },
  };
  document.head.append(Object.assign(document.createElement("style"), { textContent: style }));
  const el = document.body.appendChild(document.createElement("div"));
  const first = new Promise((resolve) => (window.arrived = resolve));
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  (await import(url)).default.render({ model, el });
  await first;
}
const frame = () => new Promise(requestAnimationFrame);
async function move(where, share) {
  const sliders = document.querySelectorAll("input[type=range]");
  const slider = sliders[Math.floor(where * sliders.length)];
  const { min, max } = slider;
  await frame();
  const start = performance.now();
  const arrived = new Promise((resolve) => (window.arrived = resolve));
  slider.value = Number(min) + share * (max - min);
  slider.dispatchEvent(new Event("input"));
  await arrived;
  await frame();
  await frame();
  return performance.now() - start;
}
</script></body>"""


class ConditionalVAE(nn.Module):
    """As much of a conditional VAE as a widget asks for: the class number joins picture and code as a one-hot."""

    def __init__(self, classes: int, latent_dim: int = 8, hidden: int = 400):
        super().__init__()
        self.classes = classes
        self.encoder = nn.Sequential(nn.Linear(784 + classes, hidden), nn.ReLU(), nn.Linear(hidden, latent_dim))
        self.decoder = nn.Sequential(nn.Linear(latent_dim + classes, hidden), nn.ReLU(), nn.Linear(hidden, 784))

    def encode(self, x: Tensor, c: Tensor) -> Tensor:
        return self.encoder(torch.cat([x.flatten(1), F.one_hot(c, self.classes)], dim=1))

    def decode(self, z: Tensor, c: Tensor) -> Tensor:
        return self.decoder(torch.cat([z, F.one_hot(c, self.classes)], dim=1)).sigmoid().view(-1, 1, 28, 28)


def widgets(data: PictureDataset) -> Iterator[Widget]:
    """One of each kind."""
    yield LatentPlane(VAE(latent_dim=2), data, Classifier(len(data.classes)))
    yield Denoise(Autoencoder(32), data)
    yield TwoGaussians()
    yield BetaSweep({2.0**power: VAE() for power in range(-5, 5)}, data)
    yield LabelStyle(ConditionalVAE(len(data.classes)), data)


def random_question(widget: Widget) -> dict[str, Any]:
    """What a view asks after one of the controls was moved."""
    if not isinstance(widget, Panel):
        x_min, x_max, y_min, y_max = widget.extent
        return {"view": "", "z": [random.uniform(x_min, x_max), random.uniform(y_min, y_max)]}
    values = {control.name: random_value(control) for control in widget.controls}
    return {"view": "", "values": values, "changed": [random.choice(list(values))]}


def random_value(control) -> Any:
    match control:
        case Choice():
            return random.choice(list(control.options))
        case Button():
            return random.randrange(1000)
        case _:
            return random.uniform(control.min, control.max)


@contextmanager
def answering(widget: Widget) -> Iterator[Callable[[dict], tuple[bytes, list[bytes]]]]:
    """A function that hands the widget a question, as its comm does, and gives the answer's bytes."""
    answers = []
    original = widget.send
    widget.send = lambda content, buffers=(): answers.append((json.dumps(content).encode(), list(buffers)))

    def answer(question: dict) -> tuple[bytes, list[bytes]]:
        widget._handle_custom_msg(question, [])
        content, buffers = answers.pop()
        if "error" in json.loads(content):
            raise click.ClickException(f"{type(widget).__name__}: {content.decode()}")
        return content, buffers

    yield answer
    widget.send = original


def kernel_times(widget: Widget, moves: int) -> list[float]:
    """Milliseconds of each move."""
    times = []
    with answering(widget) as answer:
        for _ in range(moves + WARM_UP):
            question = random_question(widget)
            start = time.perf_counter()
            answer(question)
            times.append(1000 * (time.perf_counter() - start))
    return times[WARM_UP:]


def browser_times(browser, widget: Widget, moves: int) -> list[float]:
    """Milliseconds of each move."""
    with answering(widget) as answer:

        def answered(question: str) -> str:
            content, buffers = answer(json.loads(question))
            return json.dumps({"answer": json.loads(content), "buffers": [encoded(part) for part in buffers]})

        page = browser.new_page()
        page.set_content(PAGE)
        page.expose_function("answered", answered)
        own = [name for name, trait in widget.traits(sync=True).items() if "vaecourse" in trait.this_class.__module__]
        state = {name: getattr(widget, name) for name in own}
        binary = [name for name, value in state.items() if isinstance(value, bytes)]
        state |= {name: encoded(state[name]) for name in binary}
        mounted = json.dumps([str(widget._esm), str(widget._css), state, binary])
        page.evaluate(f"mount(...{mounted})")
        times = [page.evaluate(f"move({random.random()}, {random.random()})") for _ in range(moves + WARM_UP)]
        page.close()
    return times[WARM_UP:]


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


@contextmanager
def chromium():
    """A browser, or None where Playwright or Chromium is missing."""
    path = os.environ.get("VAECOURSE_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        yield None
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@click.command(help=__doc__)
@click.option("--moves", type=click.IntRange(20), default=200, show_default=True, help="Of each widget.")
def main(moves: int) -> None:
    torch.manual_seed(0)
    random.seed(0)
    data = load("strokes", split="test")
    click.echo(
        f"{data.name}, {torch.get_num_threads()} threads, torch {torch.__version__}, {moves} moves, milliseconds"
    )
    click.echo(f"{'':14}{'kernel p50':>12}{'p95':>8}{'limit':>8}{'browser p50':>14}{'p95':>8}{'limit':>8}")
    slow = []
    with chromium() as browser:
        for widget in widgets(data):
            name = type(widget).__name__
            measured = [(kernel_times(widget, moves), KERNEL_LIMIT)]
            if browser:
                measured.append((browser_times(browser, widget, moves), BROWSER_LIMIT))
            line = f"{name:14}"
            for width, (times, limit) in zip((12, 14), measured, strict=False):
                middle, most = np.percentile(times, [50, 95])
                line += f"{middle:{width}.1f}{most:8.1f}{limit:8}"
                if most > limit:
                    slow.append(name)
            click.echo(line)
    if slow:
        raise click.ClickException(f"above its limit: {', '.join(slow)}")


if __name__ == "__main__":
    main()
