"""The public names, the two languages, the one symbology, and docs that cannot rot."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

import geoplan
from geoplan.cli import app
from geoplan.i18n import phrases
from geoplan.model import Layer, Plan
from geoplan.processes import PROCESSES
from geoplan.symbols import CONFLICT, kinds, symbols

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(geoplan.__path__, "geoplan.")
    if not module.name.endswith("__main__")
)


def test_public_names_are_pinned() -> None:
    assert sorted(geoplan.__all__) == [
        "Bbox",
        "Catalogue",
        "FeatureQuery",
        "GeoPackageStore",
        "GeoplanError",
        "Layer",
        "Plan",
        "Result",
        "Text",
        "coverage",
        "overlap",
    ]
    assert all(getattr(geoplan, name) is not None for name in geoplan.__all__)
    with pytest.raises(AttributeError):
        geoplan.nothing  # noqa: B018


def test_importing_geoplan_imports_nothing_heavy() -> None:
    program = "import sys, geoplan; print([m for m in sys.modules if m in ('pandas', 'numpy')])"
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} says nothing of its job"
    assert doctest.testmod(module).failed == 0


def test_the_first_example_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert doctest.testmod(geoplan).attempted > 0
    assert doctest.testmod(geoplan).failed == 0


def test_both_languages_have_the_same_phrases_with_the_same_blanks() -> None:
    zh, en = phrases("zh"), phrases("en")
    assert set(zh) == set(en)
    blanks = re.compile(r"\{(\w+)\}")
    for key in zh:
        assert zh[key].strip()
        assert en[key].strip()
        assert set(blanks.findall(zh[key])) == set(blanks.findall(en[key])), key


def test_every_kind_has_a_symbol_of_its_own_colour() -> None:
    fills = [symbol.fill for symbol in symbols().values()]
    assert len(set(fills)) == len(fills)
    assert CONFLICT not in kinds()
    assert "generic" in kinds()


def test_every_process_is_a_command() -> None:
    commands = dict(get_command(app).commands)  # type: ignore[attr-defined]
    commands |= commands["terrain"].commands | commands["raster"].commands
    assert set(PROCESSES) <= set(commands)


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_readme_names_every_command_and_verb(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    for command in get_command(app).commands:  # type: ignore[attr-defined]
        assert f"geoplan {command}" in text, command
    verbs = re.findall(r"(?m)^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"))
    for verb in verbs:
        assert f"make {verb}" in text, verb


def test_both_readmes_have_the_same_code_blocks() -> None:
    block = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
    en, zh = (
        [kind for kind, _ in block.findall((ROOT / name).read_text(encoding="utf-8"))]
        for name in ("README.md", "README.zh.md")
    )
    assert en == zh


def test_python_example_of_the_readme_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", example], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr


def test_no_file_names_a_registry_or_a_machine() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    # spelt in pieces, so that this file does not name them either
    names = ["pypi" + r"\.org", "python" + "hosted", r"registry\.npm" + "js", r"repo\.maven"]
    hosts = re.compile("|".join(names))
    for name in tracked:
        path = ROOT / name
        if path.is_file() and path.suffix not in (".gpkg", ".png"):
            assert not hosts.search(path.read_text(encoding="utf-8", errors="replace")), name


def test_docs_name_every_entry_of_the_catalogue() -> None:
    text = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")
    for model in (Plan, Layer):
        for field, told in model.model_fields.items():
            name = told.alias or field
            assert f"`{name}`" in text or f".{name}]]" in text, name


def test_every_threat_has_the_tests_that_the_docs_name() -> None:
    rows = re.findall(
        r"(?m)^\| (\d+) \|.*\| ([^|]*) \|$", (ROOT / "docs" / "threats.md").read_text()
    )
    told = {int(number): set(re.findall(r"`(tests/[^`]+)`", files)) for number, files in rows}
    there: dict[int, set[str]] = {number: set() for number in range(1, 23)}
    for path in ROOT.glob("tests/**/test_*.py"):
        for numbers in re.findall(r"(?m)^def test_threat_((?:\d\d_)+)", path.read_text("utf-8")):
            for number in numbers.rstrip("_").split("_"):
                there[int(number)].add(path.relative_to(ROOT).as_posix())
    assert told == there
