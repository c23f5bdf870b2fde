"""Requests that schemathesis makes up from our own definition, good and bad: its checks hold."""

from __future__ import annotations

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

HERE = Path(__file__).parent
SEED = 20_261_126
EXAMPLES = 5
"""Fuzzed requests an operation, beside those of the boundaries of each schema; no clock decides."""
SOAK_S = 300


def _schemathesis(address: str, folder: Path, *more: str) -> str:
    """Ask a server everything, and return what schemathesis says of it."""
    program = ["-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")]
    options = ["--checks", "all", "--seed", str(SEED), "--workers", "1", "--no-color", *more]
    answer = subprocess.run(
        [sys.executable, *program, "run", f"{address}/openapi.json", *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(HERE)},
        timeout=60 + 4 * SOAK_S,
    )
    assert answer.returncode == 0, answer.stdout[-20_000:] + answer.stderr[-5_000:]
    return answer.stdout


def test_the_definition_and_the_service_agree(
    serve: Serve, town: Catalogue, tmp_path: Path
) -> None:
    """Edits go to a copy of the town. 300 s by `make soak`."""
    folder = tmp_path / "town"
    shutil.copytree(town.directory, folder)
    settings = Settings(plan=folder, editing=True)
    address = serve(create_app(Catalogue.open(folder), settings))
    soak = bool(os.environ.get("GEOPLAN_SOAK"))
    length = ["--max-time", str(SOAK_S)] if soak else ["--max-examples", str(EXAMPLES)]
    said = _schemathesis(address, tmp_path, *length)
    if soak:
        print(said[-3_000:])  # noqa: T201 - the result of the soak
    counted = re.search(r"(\d+) generated, (\d+) passed", said)
    assert counted is not None
    asked, passed = (int(number) for number in counted.groups())
    assert asked == passed
    assert asked > 5_000  # or the document was not read
    paths = httpx.get(f"{address}/openapi.json").json()["paths"]
    del paths["/openapi.json"]  # it asks for that first, to know the others
    assert f"Tested: {sum(len(methods) for methods in paths.values())}\n" in said
