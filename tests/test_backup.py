"""Threat 20: backup while writing goes on, and restoring that overwrites nothing."""

from __future__ import annotations

import json
import shutil
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from geoplan import Catalogue
from geoplan.authoring import build_plan
from geoplan.backup import back_up, restore
from geoplan.cli import app
from geoplan.errors import BackupInvalid, FileBusy, NotWritable
from geoplan.store import edit
from geoplan.store.edit import Draft
from geoplan.store.history import history
from geoplan.store.journal import EditedFile
from tests.service.editing_rig import plots_in, write_plots


@pytest.fixture(scope="module")
def saved(town_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("saved") / "town.zip"
    made = back_up(town_dir, target)
    assert (made.path, made.findings) == (target, ())
    return target


def test_threat_20_a_plan_comes_back_as_it_was(saved: Path, town_dir: Path, tmp_path: Path) -> None:
    made = restore(saved, tmp_path / "town")
    there = {path.relative_to(town_dir) for path in town_dir.rglob("*") if path.is_file()}
    back = {path.relative_to(tmp_path / "town") for path in (tmp_path / "town").rglob("*")
            if path.is_file()}  # fmt: skip
    assert (back, made.files, made.aside) == (there, len(there), None)
    for name in there:
        if name.suffix != ".gpkg":
            assert (tmp_path / "town" / name).read_bytes() == (town_dir / name).read_bytes()
    old, new = Catalogue.open(town_dir), Catalogue.open(tmp_path / "town")
    for layer in old:
        assert list(new.rows(layer)) == list(old.rows(layer))
    assert sorted(new.rasters) == sorted(old.rasters)


def test_threat_20_backup_while_edits_go_on(tmp_path: Path) -> None:
    """Each backup holds the edits up to one moment: all that were acknowledged before it began."""
    plan = tmp_path / "plan"
    write_plots(plan)
    layer = Catalogue.open(plan)["plots"]
    file, ended, done = EditedFile(plan / "plots.gpkg"), threading.Event(), [0]
    file.open()

    def write() -> None:
        while not ended.is_set():
            edit.insert(file, layer, Draft({"name": f"n{done[0]}", "value": done[0]}), "me")
            done[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            while done[0] < 5 * (number + 1):
                pass
            before = done[0]
            made = back_up(plan, tmp_path / f"{number}.zip")
            after = done[0]
            assert made.findings == ()
            restore(made.path, tmp_path / str(number))
            found = sorted(
                plot.value
                for name, plot in plots_in(tmp_path / str(number) / "plots.gpkg").items()
                if name[0] == "n"
            )
            assert found == list(range(len(found)))
            assert before <= len(found) <= after + 1
    finally:
        ended.set()
        writer.join()
        file.close()
    assert len(history(plan / "plots.gpkg", "plots", 10_000)) == done[0]


def test_threat_20_restore_overwrites_nothing_unasked(saved: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    plots = write_plots(plan)
    with pytest.raises(NotWritable, match="--force"):
        restore(saved, plan)
    assert plots_in(plan / "plots.gpkg") == plots
    (plan / "plots.gpkg-wal").touch()
    with pytest.raises(FileBusy, match="gpkg-wal"):
        restore(saved, plan, force=True)
    (plan / "plots.gpkg-wal").unlink()
    made = restore(saved, plan, force=True)
    assert made.aside is not None
    assert plots_in(made.aside / "plots.gpkg") == plots
    assert "highways" in Catalogue.open(plan)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["plan", made.aside.name])
    with pytest.raises(NotWritable, match="exists"):
        back_up(plan, saved)


def _lie(entry: dict[str, Any], name: str) -> None:
    entry["files"][name] = entry["files"].pop("catalogue.toml")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder, _: (folder / "highways.gpkg").write_bytes(b"x"), "highways.gpkg is not"),
        (lambda folder, _: (folder / "catalogue.toml").unlink(), "lacks catalogue.toml"),
        (lambda folder, _: (folder / "backup.json").unlink(), "no backup of a plan"),
        (lambda folder, _: (folder / "backup.json").write_text("[]"), "cannot be read"),
        (lambda _, told: _lie(told, "../evil"), "no path below"),
        (lambda _, told: _lie(told, "/etc/evil"), "no path below"),
        (lambda _, told: _lie(told, "a\\..\\evil"), "no path below"),
        (lambda _, told: told["files"].pop("highways.gpkg"), "highways"),
    ],
)
def test_threat_20_a_spoilt_backup_is_refused_whole(
    saved: Path, tmp_path: Path, spoil: Callable[[Path, Any], Any], words: str
) -> None:
    folder = tmp_path / "backup"
    with zipfile.ZipFile(saved) as archive:
        archive.extractall(folder)
    told = json.loads((folder / "backup.json").read_text(encoding="utf-8"))
    was = json.dumps(told)
    spoil(folder, told)
    if json.dumps(told) != was:
        (folder / "backup.json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(BackupInvalid, match=words):
        restore(folder, tmp_path / "plan")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup"]


def test_threat_20_a_torn_zip_is_refused(saved: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn.zip"
    torn.write_bytes(saved.read_bytes()[:-200])
    with pytest.raises(BackupInvalid, match="damaged"):
        restore(torn, tmp_path / "plan")
    with pytest.raises(BackupInvalid, match="there is no backup"):
        restore(tmp_path / "none.zip", tmp_path / "plan")


def test_commands_and_audit(town_dir: Path, tmp_path: Path) -> None:
    plan = Path(shutil.copytree(town_dir, tmp_path / "town"))
    catalogue = Catalogue.open(plan)
    file = EditedFile(catalogue.path("highways"))
    edit.change(
        file, catalogue["highways"], "HW-1", Draft({"name": "改"}, drawn=False), "a planner"
    )
    file.close()
    run = CliRunner().invoke
    told = run(app, ["audit", "highways", "--plan", str(plan), "--lang", "en"])
    assert told.exit_code == 0
    assert "a planner  update  HW-1" in told.output
    assert told.output.rstrip().endswith("name")
    lines = json.loads(run(app, ["audit", "highways", "--plan", str(plan), "--json"]).stdout)
    assert [(line["who"], line["changed"]) for line in lines] == [("a planner", "name")]
    none = run(app, ["audit", "scenic-areas", "--plan", str(plan), "--lang", "en"])
    assert "no edits on record" in none.output
    made = run(app, ["backup", "--plan", str(plan), "-o", str(tmp_path / "folder")])
    assert made.exit_code == 0, made.output
    back = run(app, ["restore", str(tmp_path / "folder"), "--plan", str(tmp_path / "back")])
    assert back.exit_code == 0, back.output
    assert history(tmp_path / "back" / "highways.gpkg", "highways")[0].who == "a planner"


def test_building_anew_does_not_lose_edits(town_dir: Path, tmp_path: Path) -> None:
    plan = Path(shutil.copytree(town_dir, tmp_path / "town"))
    catalogue = Catalogue.open(plan)
    file = EditedFile(catalogue.path("highways"))
    edit.delete(file, catalogue["highways"], "HW-1", "me")
    file.close()
    assert not any(report.built for report in build_plan(plan))
    source = plan / "sources" / "highways.toml"
    source.write_text(source.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    with pytest.raises(NotWritable, match="was edited since it was built"):
        list(build_plan(plan))
    assert "HW-1" not in [row[0] for row in catalogue.rows("highways")]
