"""The abstract tests of Features Part 1 as others wrote them down (PyPI's ogctests)."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
from geoplan_api import create_app

from geoplan import Catalogue
from geoplan.settings import Settings
from tests.service.conftest import Serve

TESTS = 29


def test_the_town_passes_the_abstract_tests_of_part_1(
    serve: Serve, town: Catalogue, tmp_path: Path
) -> None:
    """Of a copy without IP-4: a feature without geometry is wrong to these tests."""
    folder = shutil.copytree(town.directory, tmp_path / "town")
    address = serve(create_app(Catalogue.open(folder), Settings(plan=folder, editing=True)))
    gone = httpx.delete(f"{address}/collections/industrial-parks/items/IP-4")
    assert gone.status_code == 204
    found = importlib.util.find_spec("ogctests")
    assert found is not None
    assert found.origin is not None
    core = Path(found.origin).parent / "features" / "core"
    own = ["-q", "-c", os.devnull, "-p", "no:schemathesis", "-p", "no:cacheprovider"]
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", *own, str(core)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "INSTANCE_URL": address},
        timeout=120,
    )
    assert answer.returncode == 0, answer.stdout[-8_000:]
    assert re.search(rf"(?m)^{TESTS} passed", answer.stdout), answer.stdout[-500:]
