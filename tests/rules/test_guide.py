"""docs/rules.md followed to the letter: its blocks are the file, its commands are run."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from textwrap import dedent

import pytest
from typer.testing import CliRunner

from geoplan.cli import app
from geoplan.rules import load_pack
from geoplan.rules.model import Setback

ROOT = Path(__file__).parents[2]


def blocks(language: str) -> list[str]:
    """Return the code of one language in the steps of the guide, in order."""
    guide = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    steps = guide.split("\n## A profile for your city")[1].split("\n## ")[0]
    return [dedent(one) for one in re.findall(rf"```{language}\n(.*?)```", steps, re.DOTALL)]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the quarter of the example town with the guide's file in it."""
    folder = tmp_path_factory.mktemp("guide") / "plan"
    shutil.copytree(ROOT / "examples" / "town" / "quarter", folder)
    (folder / "rules" / "mycity.toml").write_text("\n".join(blocks("toml")), encoding="utf-8")
    return folder


def test_the_file_of_the_guide_overrides_adds_and_withdraws(plan: Path) -> None:
    base, city = load_pack(), load_pack("mycity", folder=plan / "rules")
    assert base.rules.keys() - city.rules.keys() == {"IND-02"}
    assert city.rules.keys() - base.rules.keys() == {"CITY-01"}
    demands = [pack.rules["HWY-02"].demand for pack in (base, city)]
    assert [one.distance_m for one in demands if isinstance(one, Setback)] == [20, 30]


def test_the_commands_of_the_guide_do_what_it_says(plan: Path) -> None:
    told = {}
    for line in blocks("sh")[0].splitlines():
        words = shlex.split(line.replace("PLAN", str(plan)), comments=True)
        assert words[0] == "geoplan"
        answer = CliRunner().invoke(app, [*words[1:], "--lang", "en"], env={"COLUMNS": "400"})
        assert answer.exit_code == 0, answer.output
        told[" ".join(words[1:3]) if "HWY-02" in words else words[1]] = answer.stdout
    assert list(told) == ["rules", "rules HWY-02", "check"]
    assert told["rules"].splitlines()[-1].startswith("CITY-01")
    assert "30 m" in told["rules HWY-02"]
    # P-2 stands 19.5 m from the land of R-1: uncertain at 20 m, a hit at 30 m
    row = next(one for one in told["check"].splitlines() if "HWY-02" in one and "P-2" in one)
    assert row.startswith("hit")
    assert "City highway regulation" in row
