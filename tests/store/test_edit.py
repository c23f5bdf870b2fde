"""Edits of a table: against a dictionary, killed at every statement, and of odd files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from geoplan.errors import (
    FeatureChanged,
    FeatureInvalid,
    FeatureNotFound,
    NotWritable,
    UnexpectedObject,
)
from geoplan.model import Layer
from geoplan.store import blob, edit, journal
from geoplan.store.admit import admit
from geoplan.store.audit import STEPS, TABLE, Step, bring_up
from geoplan.store.edit import Draft
from geoplan.store.history import history
from geoplan.store.journal import EditedFile
from geoplan.store.write import write_geopackage
from geoplan.store.writing import open_to_write

DAY = datetime(2025, 1, 1, tzinfo=UTC)
Box = tuple[int, int, int, int]
KILLED = Path(__file__).with_name("killed_worker.py")


def _blob(box: Box | None) -> bytes | None:
    shape = None if box is None else shapely.box(*box)
    return blob.encode(np.array([shape], dtype=object), 4550)[0]


def _write(path: Path, boxes: dict[str, Box]) -> Path:
    frame = gpd.GeoDataFrame(
        {"size": list(range(len(boxes)))},
        geometry=[shapely.box(*box) for box in boxes.values()],
        index=list(boxes),
        crs=4550,
    )
    write_geopackage(path, "things", frame, id_column="feature_id", identifier="things",
                     description="", last_change=DAY)  # fmt: skip
    return path


def _see(path: Path, expected: dict[str, tuple[int | None, Box | None]]) -> None:
    """Assert that a file holds what is expected, and that all it says of it is right."""
    with closing(apsw.Connection(str(path))) as connection:
        ask = connection.execute
        rows = ask("SELECT feature_id, size, geom, fid FROM things").fetchall()
        boxes: dict[Any, Any] = {
            row[3]: shapely.from_wkb(row[2][40:]).bounds
            for row in rows
            if isinstance(row[2], bytes)
        }
        assert {row[0]: (row[1], boxes.get(row[3])) for row in rows} == expected
        counted = ask("SELECT feature_count FROM gpkg_ogr_contents").fetchall()
        assert counted[0][0] == len(expected)
        entries: Any = ask("SELECT id, minx, maxx, miny, maxy FROM rtree_things_geom").fetchall()
        assert {entry[0]: (entry[1], entry[3], entry[2], entry[4]) for entry in entries} == boxes
        said = ask(
            "SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE table_name = 'things'"
        ).fetchall()[0]
        edges = np.array(list(boxes.values()))
        around = (*edges[:, :2].min(axis=0), *edges[:, 2:].max(axis=0)) if boxes else (None,) * 4
        assert said == around


def test_random_edits_agree_with_a_dictionary(tmp_path: Path, layer: Callable[..., Layer]) -> None:
    """Whole numbers below 2²⁴ stand in the R-tree to the bit."""
    start: dict[str, Box] = {"a": (5, 7, 11, 12), "b": (6, 1, 7, 30)}
    template = _write(tmp_path / "template.gpkg", start)
    ids = st.sampled_from([*"abcd", "'\";--", "西/山"])
    sides = st.integers(-50, 50)
    boxes = st.none() | st.builds(
        lambda x, y, w, h: (x, y, x + w, y + h), sides, sides, st.integers(1, 9), st.integers(1, 9)
    )

    class Edits(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.path = tmp_path / "things.gpkg"
            shutil.copyfile(template, self.path)
            self.file = EditedFile(self.path)
            self.model: dict[str, tuple[int | None, Box | None]] = {
                name: (number, box) for number, (name, box) in enumerate(start.items())
            }

        @rule(name=ids, size=st.integers(), box=boxes)
        def insert(self, name: str, size: int, box: Box | None) -> None:
            size %= 1000
            draft = Draft({"size": size}, _blob(box), id=name)
            if name in self.model:
                with pytest.raises(FeatureInvalid):
                    edit.insert(self.file, layer(), draft, "me")
            else:
                assert edit.insert(self.file, layer(), draft, "me").id == name
                self.model[name] = (size, box)

        @rule(name=ids, size=st.none() | st.integers(0, 9), box=boxes, drawn=st.booleans())
        def change(self, name: str, size: int | None, box: Box | None, drawn: bool) -> None:
            draft = Draft({"size": size}, _blob(box), drawn)
            if name in self.model:
                edit.change(self.file, layer(), name, draft, "me")
                self.model[name] = (size, box if drawn else self.model[name][1])
            else:
                with pytest.raises(FeatureNotFound):
                    edit.change(self.file, layer(), name, draft, "me")

        @rule(name=ids, box=boxes)
        def replace(self, name: str, box: Box | None) -> None:
            if name in self.model:
                edit.change(self.file, layer(), name, Draft({}, _blob(box)), "me", replace=True)
                self.model[name] = (None, box)

        @rule(name=ids)
        def delete(self, name: str) -> None:
            if name in self.model:
                with pytest.raises(FeatureChanged):
                    edit.delete(self.file, layer(), name, "me", versions=frozenset({"0"}))
                edit.delete(self.file, layer(), name, "me")
                del self.model[name]

        @rule()
        def reopen(self) -> None:
            self.file.close()
            assert [one.name for one in tmp_path.glob("things.gpkg-*")] == []

        @invariant()
        def agrees(self) -> None:
            _see(self.path, self.model)

        def teardown(self) -> None:
            self.file.close()
            admit(self.path)

    steps = 50 if os.environ.get("GEOPLAN_SOAK") else 12
    run_state_machine_as_test(
        Edits, settings=settings(max_examples=steps, stateful_step_count=steps, deadline=None)
    )


@pytest.mark.parametrize("action", ["insert", "delete"])
def test_threat_20_an_edit_killed_at_any_statement_is_whole_or_nothing(
    tmp_path: Path, layer: Callable[..., Layer], action: str
) -> None:
    """The first edit also makes the table of audit; the next goes on from what a kill leaves."""
    start: dict[str, Box] = {"a": (5, 7, 11, 12), "b": (6, 1, 7, 30)}
    before: dict[str, tuple[int | None, Box | None]] = {
        "a": (0, start["a"]), "b": (1, start["b"])}  # fmt: skip
    after = {**before, "new": (9, None)} if action == "insert" else {"b": before["b"]}
    path = _write(tmp_path / "things.gpkg", start)

    def run(path: Path, at: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(KILLED), str(path), str(at), action]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    whole = tmp_path / "whole.gpkg"
    shutil.copyfile(path, whole)
    ran = run(whole, 0)
    statements = int(ran.stdout)
    assert statements > 20, ran.stderr
    _see(whole, after)
    every = 1 if os.environ.get("GEOPLAN_SOAK") else max(1, statements // 6)
    for at in range(statements, 0, -every):
        copy = tmp_path / f"{at}.gpkg"
        shutil.copyfile(path, copy)
        assert run(copy, at).returncode == -9
        _see(copy, before)
        assert history(copy, "things") == []
        file = EditedFile(copy)
        edit.change(file, layer(), "b", Draft({"size": 5}, drawn=False), "me")
        file.close()
        assert [line.action for line in history(copy, "things")] == ["update"]
        admit(copy)


def test_threat_20_a_layout_is_brought_up_step_by_step(tmp_path: Path) -> None:
    """Of a later layout, made here: a file without any and one of today's both come to it."""
    column = "ALTER TABLE geoplan_audit ADD COLUMN why TEXT"
    text = STEPS[0].shape.strip()[:-1].rstrip() + ", why TEXT)"
    steps = (*STEPS, Step((column,), text))
    for begun in (False, True):
        path = _write(tmp_path / f"{begun}.gpkg", {"a": (0, 0, 1, 1)})
        connection = open_to_write(path)
        with closing(connection):
            if begun:
                bring_up(connection)
            with connection:
                bring_up(connection, steps)
                bring_up(connection, steps)  # nothing is left to do
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({TABLE})")]
        assert columns[-1] == "why"
        with pytest.raises(Exception, match="geoplan's own"):
            admit(path)  # the layout of tomorrow is not known today


def test_a_table_without_triggers_is_kept_all_the_same(
    tmp_path: Path, layer: Callable[..., Layer]
) -> None:
    path = _write(tmp_path / "things.gpkg", {"a": (5, 7, 11, 12), "b": (6, 1, 7, 30)})
    with closing(open_to_write(path)) as connection:
        triggers: Any = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
    file = EditedFile(path)
    edit.insert(file, layer(), Draft({"size": 3}, _blob((1, 1, 2, 2)), id="c"), "me")
    edit.insert(file, layer(), Draft({"size": 4}, None, id="d"), "me")
    edit.change(file, layer(), "b", Draft({}, _blob((9, 9, 10, 11))), "me")
    edit.delete(file, layer(), "a", "me")
    file.close()
    _see(path, {"b": (1, (9, 9, 10, 11)), "c": (3, (1, 1, 2, 2)), "d": (4, None)})
    admit(path)


def test_a_trigger_that_another_program_added_is_not_run(
    tmp_path: Path, layer: Callable[..., Layer]
) -> None:
    path = _write(tmp_path / "things.gpkg", {"a": (5, 7, 11, 12)})
    file = EditedFile(path)
    edit.change(file, layer(), "a", Draft({"size": 1}, drawn=False), "me")
    with closing(open_to_write(path)) as connection:
        connection.execute(
            "CREATE TRIGGER evil AFTER UPDATE ON things BEGIN DELETE FROM geoplan_audit; END"
        )
    with pytest.raises(UnexpectedObject, match="evil"):
        edit.change(file, layer(), "a", Draft({"size": 2}, drawn=False), "me")
    file.close()
    _see(path, {"a": (1, (5, 7, 11, 12))})
    assert len(history(path, "things")) == 1


def test_a_file_put_in_the_place_of_another_gets_the_edit(
    tmp_path: Path, layer: Callable[..., Layer]
) -> None:
    path = _write(tmp_path / "things.gpkg", {"a": (5, 7, 11, 12)})
    other = _write(tmp_path / "other.gpkg", {"z": (1, 2, 3, 4)})
    file = EditedFile(path)
    file.open()
    other.replace(path)
    edit.insert(file, layer(), Draft({"size": 5}, None, id="new"), "me")
    file.close()
    _see(path, {"z": (0, (1, 2, 3, 4)), "new": (5, None)})


def test_network_drives_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layer: Callable[..., Layer]
) -> None:
    path = _write(tmp_path / "things.gpkg", {"a": (5, 7, 11, 12)})
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        f"24 1 8:1 / / rw - ext4 /dev/sda1 rw\n99 24 0:50 / {tmp_path} rw - nfs4 server:/plans rw\n"
    )
    monkeypatch.setattr(journal, "_MOUNTS", mounts)
    with pytest.raises(NotWritable, match="network drive"):
        edit.delete(EditedFile(path), layer(), "a", "me")
    assert path.read_bytes()[18:20] == b"\x01\x01"


def test_a_table_that_takes_the_name_of_ours_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "things.gpkg", {"a": (5, 7, 11, 12)})
    with closing(open_to_write(path)) as connection:
        connection.execute("CREATE TABLE geoplan_audit (id INTEGER PRIMARY KEY, secret TEXT)")
    with pytest.raises(Exception, match="geoplan's own"):
        admit(path)
