"""The file of decisions: a kill, another program or a foreign file loses nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw
import pytest

from geoplan.errors import FileBusy, NotAGeoPackage, NotWritable, TableInvalid, UnexpectedObject
from geoplan.store.admit import admit
from geoplan.store.decisions import Decision, append_decision, read_decisions

if TYPE_CHECKING:
    from collections.abc import Callable

HOSTILE = '=HYPERLINK("x");\'; DROP TABLE decisions; --\x1b[2J\n<script>'
FIRST = Decision(
    finding_id="0123456789abcdef", decision="accepted", decided_by="规划科",
    decided_on=date(2026, 3, 1), note=HOSTILE, rule_id="PAP-01", subject_layer="parks",
    subject_id="near", object_layer="roads", object_id="7", severity="prohibited", outcome="hit",
    measured=16.25, margin=-3.75, shared_area_m2=None, shared_length_m=0.5, feature_count=0,
    report_code="GP-0",
)  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file with one decision."""
    file = tmp_path / "decisions.gpkg"
    append_decision(file, FIRST)
    return file


def test_what_was_written_is_read(path: Path) -> None:
    assert read_decisions(path) == (FIRST,)
    second = replace(FIRST, note=None, margin=None, subject_id=None, decision="open")
    append_decision(path, second)
    assert read_decisions(path) == (FIRST, second)
    assert read_decisions(path.with_name("none.gpkg")) == ()
    assert [one.name for one in path.parent.iterdir()] == ["decisions.gpkg"]


KILLED = """
import os, sys
from pathlib import Path
from geoplan.store import decisions
class Killed(decisions.apsw.Connection):
    def execute(self, statement, *rest):
        if statement.startswith(sys.argv[2]):
            os.kill(os.getpid(), 9)
        return super().execute(statement, *rest)
decisions.apsw.Connection = Killed
path = Path(sys.argv[1])
(last,) = decisions.read_decisions(path)
print("writing", flush=True)
decisions.append_decision(path, last)
"""


def test_a_kill_in_the_middle_loses_nothing(path: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), "UPDATE gpkg_contents"],
        capture_output=True,
        check=False,
    )
    assert (killed.returncode, killed.stdout) == (-signal.SIGKILL, b"writing\n")
    assert path.with_name("decisions.gpkg-journal").exists()  # it was in the middle
    assert [one.decision for one in read_decisions(path)] == ["accepted"]
    append_decision(path, replace(FIRST, decision="exempt"))
    assert [one.decision for one in read_decisions(path)] == ["accepted", "exempt"]
    admit(path, attributes=True)


def test_a_file_that_another_writes_to_is_busy(path: Path) -> None:
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(FileBusy):
        append_decision(path, FIRST)
    other.close()
    assert read_decisions(path) == (FIRST,)


def test_two_who_decide_at_once_keep_both(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda _: False)  # it came between the look and the making
    append_decision(path, replace(FIRST, decision="exempt"))
    monkeypatch.undo()
    assert [one.decision for one in read_decisions(path)] == ["accepted", "exempt"]
    assert not list(path.parent.glob(".decisions*"))


FOREIGN: list[tuple[str, type[Exception]]] = [
    ("DROP TABLE decisions", TableInvalid),
    ("ALTER TABLE decisions DROP COLUMN margin", TableInvalid),
    ("UPDATE gpkg_contents SET data_type = 'features'", TableInvalid),
    ("CREATE TRIGGER t AFTER INSERT ON decisions BEGIN DELETE FROM decisions; END",
     UnexpectedObject),
    ("PRAGMA application_id = 7", NotAGeoPackage),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "error"), FOREIGN, ids=[one for one, _ in FOREIGN])
def test_a_foreign_file_is_refused_and_left(
    path: Path, statement: str, error: type[Exception]
) -> None:
    other = apsw.Connection(str(path))
    other.execute(statement).fetchall()
    other.close()
    before = path.read_bytes()
    for what in (lambda: read_decisions(path), lambda: append_decision(path, FIRST)):
        with pytest.raises(error, match="decisions"):
            what()
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "change", ["decision = 'denied'", "margin = 'much'", "decided_on = 'soon'", "note = x'ff'"]
)
def test_a_row_that_is_not_to_be_read_is_named(path: Path, change: str) -> None:
    append_decision(path, FIRST)
    other = apsw.Connection(str(path))
    other.execute(f"UPDATE decisions SET {change} WHERE fid = 2").fetchall()  # noqa: S608
    other.close()
    with pytest.raises(TableInvalid, match=f"decision 2: {change.split()[0]}"):
        read_decisions(path)


@pytest.mark.parametrize("content", [b"", b"not a database" * 99])
def test_a_broken_file_is_refused_and_left(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for what in (lambda: read_decisions(path), lambda: append_decision(path, FIRST)):
        with pytest.raises(NotAGeoPackage):
            what()
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(NotWritable):
        append_decision(path.parent / "away" / "decisions.gpkg", FIRST)


def test_gdal_reads_the_table_and_hostile_text_stays_text(
    path: Path, gdal: Callable[..., Any]
) -> None:
    told = gdal("read", path=str(path), layer="decisions")
    assert (told["geometry_type"], told["count"]) == (None, 1)
    (kept,) = told["rows"]
    assert (kept["note"], kept["decided_by"], kept["margin"]) == (HOSTILE, "规划科", -3.75)
    assert kept["shared_area_m2"] is None
    assert kept["decided_on"].startswith("2026-03-01")
    assert told["types"]["decided_on"] == "OFTDate"


def test_admission_knows_it_as_a_table_and_not_as_a_layer(path: Path) -> None:
    admission = admit(path, attributes=True)
    assert [(one.code, one.level) for one in admission.findings] == [("no_features_table", "info")]
    with pytest.raises(TableInvalid):
        admit(path)
