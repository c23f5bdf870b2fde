"""Threat 21: the self-test says which data, fonts or files are missing. Real faults, real runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import apsw
import pytest

from geoplan.doctor import examine, glance
from geoplan.settings import Settings


def _doctor(plan: Path, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "geoplan.cli", "doctor", "--plan", str(plan), *more],
        env={**os.environ, "GEOPLAN_LANG": "en", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _found(answer: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    return {key: (level, values) for level, key, values, _ in _rows(answer)}


def _rows(answer: subprocess.CompletedProcess[str]) -> list[tuple[Any, ...]]:
    return [
        (one["level"], one["key"], one["values"], one["of_plan"])
        for one in json.loads(answer.stdout)
    ]


@pytest.fixture
def plan(town_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(town_dir, tmp_path / "town"))


def test_a_machine_in_order_is_told_line_by_line(plan: Path) -> None:
    answer = _doctor(plan)
    assert answer.returncode == 0, answer.stdout
    lines = answer.stdout.splitlines()
    assert all(line.startswith(("ok  ", "warning  ")) for line in lines)
    assert f"SQLite {apsw.sqlite_lib_version()}, with R-trees" in answer.stdout
    for layer in ("industrial-parks", "highways", "elevation"):
        assert f"{layer}: in order" in answer.stdout
    assert "0 faults" in answer.stderr
    chinese = _doctor(plan, "--lang", "zh")
    assert len(chinese.stdout.splitlines()) == len(lines)
    assert "数据齐全" in chinese.stdout


def test_threat_21_missing_data_of_gdal_and_proj_are_named(plan: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    only_gdal = _doctor(plan, "--json", GDAL_DATA=str(empty))
    assert only_gdal.returncode == 4
    assert _found(only_gdal)["gdal_fail"] == ("fail", {"folder": str(empty)})
    assert _found(only_gdal)["gdal_proj_ok"][0] == "ok"
    only_proj = _doctor(plan, "--json", PROJ_DATA=str(empty))
    assert only_proj.returncode == 4
    assert _found(only_proj)["gdal_proj_fail"] == ("fail", {"folder": str(empty)})
    assert _found(only_proj)["gdal_ok"][0] == "ok"


def test_threat_21_missing_data_of_pyproj_are_named(plan: Path, tmp_path: Path) -> None:
    """A pyproj like the installed one, but without the data in its folder or elsewhere."""
    import pyproj

    installed, bare = Path(pyproj.__file__).parent, tmp_path / "site"
    (bare / "pyproj").mkdir(parents=True)
    for one in installed.iterdir():
        if one.name != "proj_dir":
            (bare / "pyproj" / one.name).symlink_to(one)
    libraries = installed.with_name("pyproj.libs")
    if not (installed / "proj_dir").is_dir() or not libraries.is_dir():
        pytest.skip("this pyproj brings no data of its own")
    (bare / "pyproj.libs").symlink_to(libraries)
    own = {"PATH": str(tmp_path), "PYTHONPATH": f"{bare}:{os.environ.get('PYTHONPATH', '')}"}
    answer = _doctor(plan, "--json", **own)
    assert answer.returncode == 4, answer.stderr
    found = _found(answer)
    assert "PROJ data directory not found" in found["proj_fail"][1]["why"]
    assert found["sqlite_ok"][0] == "ok"
    assert "geoplan doctor" in found["plan_fail"][1]["why"]


def test_threat_21_missing_fonts_are_named(plan: Path, tmp_path: Path) -> None:
    if shutil.which("fc-list") is None:
        pytest.skip("fontconfig is not here")
    config = tmp_path / "fonts.conf"
    folder = tmp_path / "no-fonts"
    folder.mkdir()
    config.write_text(
        f'<?xml version="1.0"?><fontconfig><dir>{folder}</dir>'
        f"<cachedir>{tmp_path}/cache</cachedir></fontconfig>",
        encoding="utf-8",
    )
    answer = _doctor(plan, "--json", FONTCONFIG_FILE=str(config))
    assert _found(answer)["fonts_warn"][0] == "warn"
    assert answer.returncode == 0  # nothing that is here draws with them


def test_threat_21_the_service_tells_at_its_start(plan: Path, tmp_path: Path) -> None:
    log, empty = tmp_path / "log", tmp_path / "empty"
    empty.mkdir()
    own = {"GDAL_DATA": str(empty), "PROJ_DATA": str(empty), "GEOPLAN_LANG": "en"}
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "geoplan.cli", "serve", "--plan", str(plan), "--port", "0"],
            env={**os.environ, **own}, stdout=out, stderr=out,
        )  # fmt: skip
        try:
            for _ in range(400):
                if "http://127.0.0.1" in log.read_text(encoding="utf-8"):
                    break
                try:
                    process.wait(0.05)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            process.terminate()
            process.wait(timeout=20)
    text = log.read_text(encoding="utf-8")
    assert f"fault: GDAL_DATA = {empty} has no gdalvrt.xsd" in text
    assert f"fault: PROJ_DATA = {empty} has no proj.db" in text
    assert "2 faults" in text


def test_a_layer_that_is_not_in_order_is_named(plan: Path) -> None:
    connection = apsw.Connection(str(plan / "highways.gpkg"))
    connection.execute("CREATE TRIGGER evil AFTER INSERT ON highways BEGIN SELECT 1; END")
    connection.close()
    (plan / "scenic-areas.gpkg").unlink()
    answer = _doctor(plan, "--json")
    assert answer.returncode == 3
    fails = {values["layer"]: values["why"] for level, _, values, of_plan in _rows(answer)
             if level == "fail" and of_plan}  # fmt: skip
    assert set(fails) == {"highways", "scenic-areas"}
    assert "evil" in fails["highways"]


def test_no_plan_is_the_plan_s_fault(tmp_path: Path) -> None:
    answer = _doctor(tmp_path / "none", "--json")
    assert answer.returncode == 3
    assert _found(answer)["plan_fail"][0] == "fail"


def test_keys_open_to_others_are_a_fault(plan: Path) -> None:
    keys = plan.with_name("town.keys.json")
    keys.write_text('{"keys": []}', encoding="utf-8")
    keys.chmod(0o644)
    found = {one.key: one.level for one in glance(Settings(plan=plan))}
    assert found["keys_fail"] == "fail"


def test_a_glance_writes_nothing_beside_what_is_only_read(plan: Path) -> None:
    before = plan.stat().st_mtime_ns
    list(glance(Settings(plan=plan)))
    assert plan.stat().st_mtime_ns == before
    list(glance(Settings(plan=plan, editing=True)))
    assert sorted(one.name for one in plan.iterdir() if one.name.startswith(".")) == []


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="there is no small disk")  # noqa: S108
def test_what_hinders_edits_is_a_fault_for_those_who_edit(plan: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    plan.chmod(0o500)
    try:
        reading = {one.key: one.level for one in examine(Settings(plan=plan))}
        editing = {one.key: one.level for one in examine(Settings(plan=plan, editing=True))}
    finally:
        plan.chmod(0o700)
    assert (reading["folder_fail"], editing["folder_fail"]) == ("warn", "fail")
