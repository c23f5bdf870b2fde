"""The fixture of most tests: the lopsided town, built anew from its text sources."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from geoplan import Catalogue
from geoplan.authoring import build_plan

ROOT = Path(__file__).parents[1]

# the same examples every run: a failure is a fault of the change, not of the day
settings.register_profile("house", derandomize=True, deadline=None, max_examples=60)
settings.register_profile("soak", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


@pytest.fixture(scope="session")
def town_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of examples/town whose GeoPackages were just built."""
    directory = tmp_path_factory.mktemp("plan") / "town"
    source = ROOT / "examples" / "town"
    shutil.copytree(source, directory, ignore=shutil.ignore_patterns("*.gpkg"))
    list(build_plan(directory))
    return directory


@pytest.fixture(scope="session")
def town(town_dir: Path) -> Catalogue:
    """Return the town's catalogue."""
    return Catalogue.open(town_dir)
