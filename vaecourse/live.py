"""What a cell shows when its output is alive: a form to read, and a live one.

A notebook is read with and without a kernel, and a viewer shows one form of each output, the first that it knows.
With a widget and its replacement in *one* output, JupyterLab says "Error displaying widget: model not found" when
a saved notebook is opened again. So a :class:`LiveOutput` makes two:

1. the *still* form: a picture or a text, which needs no kernel;
2. the *live* form: a widget view and nothing else.

==========================================  ===================  ===================================
reader                                      still                live
==========================================  ===================  ===================================
JupyterLab, cell was run                    shown                shown
JupyterLab, kernel restarted since          shown                hidden, if it has to ask the kernel
JupyterLab, saved notebook, trusted         shown                its error is hidden by ``_STYLE``
JupyterLab, downloaded notebook, untrusted  without ``_STYLE``   not rendered (not a safe type)
GitHub, an exported page                    shown                nothing to show
==========================================  ===================  ===================================

In the course's own lessons the widget views are dropped on storing, and the live form is an empty output.
The still form does not change from run to run and the live one has no type but its own, which nbval is told to
ignore: so nbval compares the first and passes over the second.
"""

from pathlib import Path
from typing import Any

import anywidget
from IPython.display import display

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

# For a saved notebook that JupyterLab trusts: hide what it says about a live form whose kernel is gone.
_STYLE = """<style>
.jp-OutputArea-child:has(.vaecourse-still) + .jp-OutputArea-child
  > .jp-OutputArea-output:not(:has(*)) { display: none; }
</style>"""


def script(path: Path) -> str:
    """The script of a live output, for anywidget's ``_esm``: the file at ``path`` after what they all share."""
    shared = Path(__file__).with_name("live.js").read_text(encoding="utf-8")
    return f"{shared}\n{path.read_text(encoding='utf-8')}"


class LiveOutput(anywidget.AnyWidget):
    """A widget that a cell shows together with its still form. A subclass says what that is."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.add_class("vaecourse-live")

    def still(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The still form: a MIME bundle, and its metadata."""
        raise NotImplementedError

    def outputs(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """The two outputs of a cell, still and live: MIME bundles with their metadata."""
        bundle, metadata = self.still()
        if "text/html" in bundle:
            bundle = bundle | {"text/html": f'{_STYLE}\n<div class="vaecourse-still">\n{bundle["text/html"]}\n</div>'}
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return [(bundle, metadata), ({WIDGET_VIEW: view}, {})]

    def show(self) -> None:
        """Put both into the notebook; a cell that ends with the widget does the same."""
        for bundle, metadata in self.outputs():
            display(bundle, metadata=metadata, raw=True)

    def _ipython_display_(self) -> None:
        self.show()
