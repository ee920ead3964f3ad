"""The installation: what is declared, what is installed, and that all the places that say so agree."""

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "vaecourse"
TEST_COMMAND = "python -m pytest --nbval -n 2"

# No module imports one that stands to its right. Modules that are not named here are used by the command line
# and by notebooks only.
LAYERS = (
    *("data", "models", "objectives", "plots", "training", "diagnostics"),
    *("live", "widgets", "formulas", "quizzes", "quiz", "grading"),
)


def declared() -> dict[str, Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {canonicalize_name(r.name): r for r in map(Requirement, project["dependencies"])}


def listed() -> dict[str, Requirement]:
    """What requirements.txt names, apart from the package itself."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line and not line.startswith("#")]
    assert lines[-1] == "-e ."
    return {canonicalize_name(r.name): r for r in map(Requirement, lines[:-1])}


def imports(path: Path, *, everywhere: bool) -> set[str]:
    """The dotted names that a file imports: all of them, or only those imported with the module itself."""
    names = set()
    nodes = [ast.parse(path.read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = path.parent.relative_to(ROOT).parts
            base = ".".join([*parent[: len(parent) + 1 - node.level], *filter(None, [node.module])])
            base = base if node.level else node.module
            names.update([base, *(f"{base}.{alias.name}" for alias in node.names)])
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        is_for_types = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        if everywhere or not (is_function or is_for_types):
            nodes.extend(ast.iter_child_nodes(node))
    return names


@cache
def distributions_by_module() -> dict[str, list[str]]:
    return dict(metadata.packages_distributions())


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


# ------------------------------------------------------------------------------------------------ packages


def test_requirements_name_what_the_package_declares():
    assert listed().keys() == declared().keys()


@pytest.mark.parametrize("name", declared())
def test_the_versions_agree(name):
    installed = metadata.version(name)
    usable, tested = declared()[name].specifier, listed()[name].specifier
    oldest = min(Version(part.version) for part in tested if part.operator in ("~=", ">="))
    assert oldest in usable, "requirements.txt admits what the package cannot use"
    assert installed in usable
    assert installed in tested, "these tests do not run on the versions of requirements.txt"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_every_import_is_declared(path):
    provided_by = distributions_by_module()
    used = {name.partition(".")[0] for name in imports(path, everywhere=True)}
    for module in used - sys.stdlib_module_names - {"vaecourse"}:
        distributions = {canonicalize_name(name) for name in provided_by.get(module, [module])}
        assert distributions & declared().keys(), f"{module} is not among the dependencies"


def test_torch_and_torchvision_fit_each_other():
    import torch
    import torchvision

    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [1.0, 1.0, 10.0, 10.0], [20.0, 20.0, 30.0, 30.0]])
    kept = torchvision.ops.nms(boxes, torch.tensor([0.8, 0.9, 0.7]), iou_threshold=0.5)
    assert kept.tolist() == [1, 2]


def test_the_console_script_is_installed():
    script = Path(sysconfig.get_path("scripts")) / ("vaecourse.exe" if os.name == "nt" else "vaecourse")
    answer = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert metadata.version("vaecourse") in answer.stdout


# ------------------------------------------------------------------------------------------------- modules


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_run_one_way(path):
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    own = [name for name in imports(path, everywhere=False) if name.startswith("vaecourse.")]
    imported = {name.split(".")[1] for name in own}
    if part in LAYERS:
        later = LAYERS[LAYERS.index(part) + 1 :]
        assert imported.isdisjoint(later), f"{part} imports {imported & set(later)}, which come after it"
    if part != "__main__":
        anywhere = imports(path, everywhere=True)
        assert not any(name.startswith("vaecourse.cli") for name in anywhere), "nothing imports the CLI"


def test_the_command_line_starts_without_torch():
    loaded = "import sys, vaecourse.cli, vaecourse.environment, vaecourse.course; print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert answer.stdout == "False\n"


# ------------------------------------------------------------------------------------- one command to test


def test_readme_make_and_ci_run_the_same_tests():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```\w*\n(.*?)^ *```", readme, re.MULTILINE | re.DOTALL)
    assert TEST_COMMAND in [line.strip() for block in blocks for line in block.splitlines()]
    assert TEST_COMMAND in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    recipe = re.search(r"^test:.*;(.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1]
    assert recipe.split() == [*f"$(BIN)/{TEST_COMMAND}".split(), "$(ARGS)"]


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed, as on Windows")
class TestMake:
    """The set-up, with stand-ins for the slow parts of it: a Python that notes what it is asked to do."""

    PYTHON = """#!/bin/sh
case "$*" in
  "-c import sys"*) exit $WRONG_VERSION ;;
  --version) echo Python 3.9.1; exit 0 ;;
  "-m venv --clear .venv") rm -rf .venv; mkdir -p .venv/bin; 
    for name in python vaecourse; do cp -p "$0" .venv/bin/$name; done ;;
  "-m pip --version") exit 0 ;;
esac
echo "$(basename "$0") $*" >> asked
case "$*" in *"$BREAK"*) exit 1 ;; esac
"""

    @pytest.fixture
    def make(self, tmp_path):
        for name in ("Makefile", "requirements.txt", "pyproject.toml"):
            (tmp_path / name).write_bytes((ROOT / name).read_bytes())
            os.utime(tmp_path / name, (1, 1))
        python = tmp_path / "python"
        python.write_text(self.PYTHON)
        python.chmod(0o755)
        os.utime(python, (1, 1))  # older than what is made from it, as an installed Python is

        def run(target, broken="nothing", wrong_version=0):
            asked = tmp_path / "asked"
            asked.write_text("")
            self.answer = subprocess.run(
                ["make", target, "PYTHON=./python"],
                cwd=tmp_path,
                env=os.environ | {"BREAK": broken, "WRONG_VERSION": str(wrong_version), "MAKEFLAGS": ""},
                capture_output=True,
                text=True,
            )
            return asked.read_text().splitlines()

        run.folder = tmp_path
        return run

    VENV = "python -m venv --clear .venv"
    INSTALL = "python -m pip install -r requirements.txt"
    INSTALL_TESTS = "python -m pip install -e .[test]"
    LAB = "vaecourse lab"

    def test_the_first_call_sets_up_and_the_second_does_not(self, make):
        assert make("lab") == [self.VENV, self.INSTALL, self.LAB]
        assert make("lab") == [self.LAB]
        assert make("test") == [self.INSTALL_TESTS, TEST_COMMAND]
        assert make("test") == [TEST_COMMAND]

    def test_new_requirements_are_installed_into_the_environment(self, make):
        make("lab")
        os.utime(make.folder / "pyproject.toml")
        os.utime(make.folder / ".venv" / "installed", (2, 2))
        assert make("lab") == [self.INSTALL, self.LAB]

    def test_a_set_up_that_broke_off_starts_afresh(self, make):
        assert make("lab", broken="pip install") == [self.VENV, self.INSTALL]
        assert make("lab") == [self.VENV, self.INSTALL, self.LAB]

    def test_an_environment_whose_python_is_gone_is_made_again(self, make):
        make("lab")
        (make.folder / ".venv" / "bin" / "python").unlink()
        assert make("lab") == [self.VENV, self.INSTALL, self.LAB]

    def test_a_python_that_will_not_do_is_named(self, make):
        assert make("lab", wrong_version=1) == []
        assert self.answer.returncode != 0
        assert "needs Python 3.11, 3.12 or 3.13, and ./python is: Python 3.9.1." in self.answer.stdout
        assert not (make.folder / ".venv").exists()
