"""A notebook in JupyterLab, as a hand and an eye have it."""

import json
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page

from vaecourse.live import WIDGET_VIEW

RUN = 400_000  # milliseconds that a notebook may run, two of them side by side on a slow machine
ASK = 300  # milliseconds between two looks; by default a page looks at every frame, and has no time for anything else
OURS = ".jp-OutputArea-output"
UNFINISHED = "Loading widget..."
BROKEN = "Error displaying widget"
THEMES = ("JupyterLab Light", "JupyterLab Dark")

_NOTEBOOK = "jupyterapp.shell.currentWidget.content"
_CELLS = f"{_NOTEBOOK}.widgets"
# A cell that was not reached, because one above it failed, never gets a count.
_RAN_ALL = f"""() => {{
  const cells = {_CELLS}.map(({{model}}) => model)
    .filter(model => model.type === "code" && model.sharedModel.source.trim());
  const failed = cells.some(({{outputs}}) =>
    Array.from({{length: outputs.length}}, (_, i) => outputs.get(i)).some(output => output.type === "error"));
  return jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === "idle"
    && cells.every(model => model.executionState === "idle" && (failed || model.executionCount !== null)) }}"""
_RAN_CELL = f"""id => {{ const {{model}} = {_CELLS}.find(({{model}}) => model.id === id);
  return model.executionState === "idle" && model.executionCount !== null }}"""
_OUTPUTS = f"""() => Object.fromEntries({_CELLS}.filter(({{model}}) => model.type === "code")
  .map(({{model}}) => [model.id, model.outputs.toJSON()]))"""


class NotebookPage:
    """One notebook open in a browser of its own."""

    def __init__(self, browser: Browser, lab, path: str):
        self.page: Page = browser.new_page(viewport={"width": 1280, "height": 900})
        self.page.set_default_timeout(20_000)
        self.page.goto(lab.address(f"lab/tree/{path}?token={lab.token}&reset"))
        self.page.wait_for_function(
            f"window.jupyterapp?.shell.currentWidget?.context?.path.endsWith({json.dumps(Path(path).name)})"
        )
        self.page.wait_for_function("jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'")

    def run_all(self) -> None:
        # Stored outputs would look like those of this run.
        self.page.evaluate("jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        self.menu("Run", "Run All Cells")
        self.wait_until_run()

    def restart(self) -> None:
        """Restart the kernel; nothing is run."""
        self.menu("Kernel", "Restart Kernel…")
        self.page.get_by_role("button", name="Confirm Kernel Restart").click()
        self.page.wait_for_function("jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'")

    def menu(self, *names: str) -> None:
        bar = self.page.locator("#jp-MainMenu")
        bar.get_by_role("menuitem", name=names[0], exact=True).click()
        self.page.locator(".lm-Menu-itemLabel", has_text=names[1]).first.click()

    def wait_until_run(self) -> None:
        self.page.wait_for_function(_RAN_ALL, timeout=RUN, polling=ASK)

    def run_cell(self, cell_id: str, wait: bool = True) -> None:
        """Run one cell with Ctrl+Enter."""
        self.cell(cell_id)
        self.page.evaluate(f"{_NOTEBOOK}.mode = 'command'; {_NOTEBOOK}.node.focus()")
        self.page.keyboard.press("Control+Enter")
        if wait:
            self.page.wait_for_function(_RAN_CELL, arg=cell_id, timeout=RUN, polling=ASK)

    def type_into(self, cell_id: str, text: str) -> None:
        """Replace the source of a cell at the keyboard; the editor indents as it does for a student."""
        self.cell(cell_id).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def text(self, cell_id: str) -> str:
        """What a cell printed."""
        return "".join(output.get("text", "") for output in self.outputs()[cell_id])

    def shutdown(self) -> None:
        """Shut the kernel down."""
        self.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")

    def outputs(self) -> dict[str, list[dict]]:
        """The outputs of each code cell, by the cell's id, as they would be saved."""
        return self.page.evaluate(_OUTPUTS)

    def cell(self, cell_id: str) -> Locator:
        """A cell, scrolled into view: JupyterLab draws what is looked at."""
        index = self.page.evaluate(
            f"id => {{ const i = {_CELLS}.findIndex(({{model}}) => model.id === id);"
            "const notebook = jupyterapp.shell.currentWidget.content; notebook.activeCellIndex = i; return i }",
            cell_id,
        )
        if index < 0:
            raise ValueError(f"the notebook has no cell {cell_id!r}")
        self.page.evaluate("i => jupyterapp.shell.currentWidget.content.scrollToItem(i)", index)
        cell = self.page.locator(f'.jp-Notebook-cell[data-windowed-list-index="{index}"]')
        cell.scroll_into_view_if_needed()
        return cell

    def cell_ids(self) -> list[str]:
        return self.page.evaluate(f"() => {_CELLS}.map(({{model}}) => model.id)")

    def theme(self, name: str) -> None:
        self.page.evaluate("name => jupyterapp.commands.execute('apputils:change-theme', {theme: name})", name)
        self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)

    def accessibility_problems(self, within: str = OURS) -> list[str]:
        """What axe-core calls serious or critical in the outputs on view, one line each."""
        options = {"resultTypes": ["violations"]}
        found = Axe().run(self.page, context={"include": [[within]]}, options=options).response["violations"]
        return [
            f"{problem['id']}: {node['html'][:200]} {node['failureSummary']}"
            for problem in found
            if problem["impact"] in ("serious", "critical")
            for node in problem["nodes"]
        ]

    def close(self) -> None:
        self.shutdown()  # kernels would add up
        self.page.close()


def runs_from_top_to_bottom(notebook: NotebookPage) -> None:
    """Run All, and look at every output as a learner does: nothing failed or broken, and all of it accessible."""
    notebook.run_all()
    outputs = notebook.outputs()
    errors = {name: out["traceback"] for name, cell in outputs.items() for out in cell if out["output_type"] == "error"}
    assert errors == {}, "\n".join(line for lines in errors.values() for line in lines)
    data = {name: [kinds for out in cell if (kinds := out.get("data"))] for name, cell in outputs.items()}
    for name, shown in data.items():
        # A progress bar is a widget, too, and hides when it is done.
        live = any("vaecourse-still" in "".join(kinds.get("text/html", "")) for kinds in shown)
        assert _problems(notebook, name, live) == [], name
    rich = [name for name, shown in data.items() if any({"text/html", WIDGET_VIEW} & kinds.keys() for kinds in shown)]
    for theme in THEMES:
        notebook.theme(theme)
        for name in rich:
            notebook.cell(name)
            assert notebook.accessibility_problems() == [], f"{name}, {theme}"


def _problems(notebook: NotebookPage, name: str, live: bool) -> list[str]:
    """What is wrong with the outputs of a cell as they are seen."""
    cell = notebook.cell(name)
    if live:
        cell.locator(".vaecourse-live").wait_for()
    text = cell.inner_text()
    found = [sign for sign in (BROKEN, UNFINISHED) if sign in text]
    for image in cell.locator(".jp-OutputArea-output img").all():
        if image.evaluate("image => !image.complete || image.naturalWidth === 0"):
            found.append("a picture that does not show")
        if image.get_attribute("role") != "presentation" and not (image.get_attribute("alt") or "").strip():
            found.append("a picture without alt text")
    return found
