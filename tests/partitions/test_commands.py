"""The commands ``tile`` and ``tiled``, and ``--workers``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from geoplan.partitions import Partitions
from tests.command import geoplan
from tests.partitions.test_partitions import answer, bits, squares

TOWN = ("--plan", "examples/town")


def console(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a real process: its own are started anew, as on any machine."""
    program = "from geoplan.cli import main; main()"
    command = [sys.executable, "-c", program, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay out a file of 60 squares of 10 m and one of four of 25 m, all within the first."""
    folder = tmp_path_factory.mktemp("commands")
    for name, layer in (("small", squares(10, 6)), ("large", squares(2, 2, 25.0))):
        layer.to_parquet(folder / f"{name}.parquet")
        run = geoplan("tile", folder / f"{name}.parquet", folder / name, "--features", "13")
        assert run.returncode == 0, run.stderr
    return folder


def test_what_was_laid_out_is_told(folders: Path, tmp_path: Path) -> None:
    assert Partitions.open(folders / "small").count == 60
    run = geoplan("tile", "industrial-parks", tmp_path / "parks", *TOWN, "--lang", "en")
    assert run.stdout == f"{tmp_path / 'parks'}: 3 features in 1 partitions; 1 have no place\n"
    assert geoplan("tile", "industrial-parks", tmp_path / "parks", *TOWN).returncode == 4
    assert geoplan("tile", "no-layer", tmp_path / "other", *TOWN).returncode == 2


def test_the_three_questions(folders: Path, tmp_path: Path) -> None:
    small, large = folders / "small", folders / "large"
    run = geoplan("tiled", "overlap", small, large, "-o", tmp_path / "o.gpkg", "--lang", "en")
    # 50 m of 100 x 60: five by five squares, of which every third is cut by an inner border
    assert run.stdout.splitlines()[0] == f"{tmp_path / 'o.gpkg'} written (36 rows)"
    assert answer(tmp_path / "o.gpkg")["area_m2"].sum() == pytest.approx(2500.0, rel=1e-3)
    run = geoplan("tiled", "coverage", large, small, "-o", tmp_path / "c.parquet", "--no-gaps")
    assert run.returncode == 0, run.stderr
    assert answer(tmp_path / "c.parquet")["coverage_ratio"].tolist() == [1.0] * 4
    asked = ["tiled", "clearance", str(large), str(small), "--within-m", "9.5"]
    run = geoplan(*asked, "-o", tmp_path / "d.parquet", "--lang", "en")
    # squares begin 5 m beside and above the 50 m, and 7.07 m off the corner
    near = answer(tmp_path / "d.parquet")
    assert sorted(near.loc[near["distance_m"] > 0, "distance_m"].round(2).unique()) == [5.0, 7.07]
    assert run.stdout.splitlines()[0] == f"{tmp_path / 'd.parquet'} written ({len(near)} rows)"


def test_workers_answer_the_same(folders: Path, tmp_path: Path) -> None:
    small, large = folders / "small", folders / "large"
    for workers, ask in (("1", geoplan), ("2", console)):
        to = tmp_path / f"{workers}.parquet"
        run = ask("tiled", "overlap", small, large, "-o", to, "--workers", workers)
        assert run.returncode == 0, run.stderr
    assert bits(answer(tmp_path / "1.parquet")) == bits(answer(tmp_path / "2.parquet"))


def test_wrong_words_are_named(folders: Path, tmp_path: Path) -> None:
    small, to = folders / "small", tmp_path / "x.parquet"
    both = ["--workers", "2", "--scheduler", "tcp://127.0.0.1:1"]
    run = geoplan("tiled", "overlap", small, small, "-o", to, *both)
    assert (run.returncode, "a cluster has its own workers" in run.stderr) == (2, True)
    run = geoplan("tiled", "overlap", small, folders, "-o", to)
    assert (run.returncode, "is not a layer in partitions" in run.stderr) == (3, True)
    assert not to.exists()
