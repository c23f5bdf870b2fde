"""What the wheel holds, who may import whom, and that the lock names no address."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), "."],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_wheel_holds_the_library_and_the_service_and_nothing_else(wheel_names: set[str]) -> None:
    top = {name.split("/")[0] for name in wheel_names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"geoplan", "geoplan_api"}
    assert len([name for name in top if name.endswith(".dist-info")]) == 1


def test_wheel_holds_every_data_file_of_the_packages(wheel_names: set[str]) -> None:
    kept = {".toml", ".js", ".css", ".html", ".png", ".typed", ".svg"}
    ours = {
        path.relative_to(base).as_posix()
        for base in (ROOT, ROOT / "api")
        for path in (base / ("geoplan" if base == ROOT else "geoplan_api")).rglob("*")
        if path.suffix in kept or path.name in ("py.typed", "LICENSE")
    }
    assert "geoplan/symbols.toml" in ours
    assert "geoplan/webmap/web/leaflet/leaflet.js" in ours
    assert ours <= wheel_names


@pytest.fixture
def copy_of_the_house(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "geoplan", tmp_path / "geoplan")
    shutil.copytree(ROOT / "api" / "geoplan_api", tmp_path / "geoplan_api")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def _lint_imports(house: Path) -> subprocess.CompletedProcess[str]:
    program = f"import sys; sys.path.insert(0, {str(house)!r}); "
    program += "from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    return subprocess.run(
        [sys.executable, "-c", program], cwd=house, capture_output=True, text=True, check=False
    )


def test_contracts_hold_in_the_copy(copy_of_the_house: Path) -> None:
    assert _lint_imports(copy_of_the_house).returncode == 0


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("geoplan/store/base.py", "from geoplan import catalogue"),
        ("geoplan/queries/checks.py", "import geoplan.store.gpkg"),
        ("geoplan/model.py", "from geoplan.crs import plane_at"),
        ("geoplan/processes/overlap.py", "import geoplan.cli"),
        ("geoplan/processes/overlap.py", "import geoplan_api"),
        ("geoplan/export.py", "import fastapi"),
        ("geoplan/catalogue.py", "import sqlite3"),
        ("geoplan/catalogue.py", "import apsw"),
        ("geoplan/webmap/page.py", "import pyogrio"),
        ("geoplan/processes/zonal.py", "import rasterio"),
    ],
)
def test_a_seeded_wrong_import_breaks_a_contract(
    copy_of_the_house: Path, room: str, line: str
) -> None:
    file = copy_of_the_house / room
    file.write_text(file.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    answer = _lint_imports(copy_of_the_house)
    assert answer.returncode != 0
    assert "BROKEN" in answer.stdout


def test_the_peers_are_locked_beside_the_product_and_not_in_it() -> None:
    lock = (ROOT / "requirements-bench.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    entries = [block for block in re.split(r"(?m)^(?=[a-z0-9-]+==)", lock) if "==" in block]
    assert all("--hash=sha256:" in block for block in entries)
    names = set(re.findall(r"(?m)^([a-z0-9-]+)==", lock))
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    peers = {re.split(r"[<>=!~;\[]", need)[0] for need in config["dependency-groups"]["bench"]}
    assert peers <= names
    product = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    ours = set(re.findall(r"(?m)^([a-z0-9-]+)==", product))
    assert not peers & ours
    # what both need is the same: to install the peers changes nothing of the product
    versions = r"(?m)^([a-z0-9-]+)==([^ ;]+)"
    assert {one for one in re.findall(versions, lock) if one[0] in ours} <= set(
        re.findall(versions, product)
    )


def test_the_lock_holds_versions_and_hashes_and_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert not re.search(r"(?m)^\s*(--index|--extra-index|--find-links|-i |-f )", lock)
    names = set(re.findall(r"(?m)^([a-z0-9-]+)==", lock))
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = config["project"]["dependencies"] + config["dependency-groups"]["dev"]
    assert {re.split(r"[<>=!~;\[]", need)[0] for need in wanted} <= names
    entries = [block for block in re.split(r"(?m)^(?=[a-z0-9-]+==)", lock) if "==" in block]
    assert all("--hash=sha256:" in block for block in entries)
