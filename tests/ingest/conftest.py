"""A plan to import into, and a lopsided table to import."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from geoplan import workers

CATALOGUE = """\
# a comment that stays
[plan]
id = "lopsided"
title = { zh = "歪斜", en = "Lopsided" }
extent = [122.0, 40.0, 124.0, 42.0]
measuring_plane = "EPSG:4550"
data_date = 2025-01-01
attribution = { zh = "无", en = "none" }

[[layer]]
id = "absent"
kind = "generic"
title = { zh = "缺", en = "Absent" }
geometry = "area"
role = "context"
source = { zh = "无", en = "none" }
source_date = 2025-01-01
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """Return the folder of a plan without layers."""
    folder = tmp_path / "plan"
    folder.mkdir()
    (folder / "catalogue.toml").write_text(CATALOGUE, encoding="utf-8")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _no_worker_left() -> Iterator[None]:
    yield
    workers.stop()


def state(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder with its bytes."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def copied(source: Path, target: Path) -> Path:
    """Copy a plan."""
    return Path(shutil.copytree(source, target))
