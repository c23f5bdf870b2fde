"""The examples in examples/figures run as they stand."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import rasterio

from geoplan.figure import Sheet

ROOT = Path(__file__).parents[2]


def test_the_quarto_document_shows_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each cell is run as Jupyter does; what it returns shows itself as SVG."""
    folder = ROOT / "examples/figures"
    monkeypatch.chdir(folder)
    shown: list[Any] = []
    display = ModuleType("IPython.display")
    display.display = shown.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    text = (folder / "plan.qmd").read_text(encoding="utf-8")
    cells = re.findall(r"```\{python\}\n(.*?)```", text, re.DOTALL)
    assert len(cells) == 3
    names: dict[str, Any] = {}
    for cell in cells[:2]:
        *before, last = cell.strip().splitlines()
        exec("\n".join(before), names)  # noqa: S102 - our own example
        shown.append(eval(last, names))  # noqa: S307
    exec(cells[2], names)  # noqa: S102
    assert all(isinstance(one, Sheet) for one in shown)
    pictures = [one._repr_svg_() for one in shown]
    assert shown[0].scale == 25_000
    assert 'width="160mm" height="110mm"' in pictures[0]
    for number, picture in zip(("C01", "C02", "C03"), pictures[1:], strict=True):
        assert f">{number}<" in picture


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_the_files_are_written(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples/figures", tmp_path / "figures")
    shutil.copytree(ROOT / "examples/town", tmp_path / "town")
    answer = subprocess.run(
        [sys.executable, "files.py"],
        cwd=tmp_path / "figures", capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == "1:25,000, 297 x 210 mm\n"
    out = tmp_path / "figures/out"
    assert (out / "town.pdf").read_bytes().startswith(b"%PDF")
    with rasterio.open(out / "town.png") as opened:
        assert opened.crs.to_epsg() == 4550
        assert opened.width == 1920
        # 297 mm at 1:25,000
        assert opened.res[0] * 1920 == pytest.approx(297 * 25)


def test_the_python_of_the_docs_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    docs = (ROOT / "docs/figures.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", docs, re.DOTALL)
    *before, last = block.strip().splitlines()
    names: dict[str, Any] = {}
    exec("\n".join(before), names)  # noqa: S102 - our own example
    assert ">C01<" in eval(last, names).svg  # noqa: S307
