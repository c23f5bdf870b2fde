"""Threats 8 and 9: a disk that is full, a file that another program holds."""

from __future__ import annotations

import json
import os
import resource
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.service.editing_rig import (
    EAST,
    NORTH,
    Client,
    Nursery,
    Plot,
    Plots,
    feature,
    plots_in,
    write_plots,
)

SOAK = bool(os.environ.get("GEOPLAN_SOAK"))
RUNS = 100 if SOAK else 4
SECONDS = 600 if SOAK else 30
REST = 0.01 if SOAK else 0.15
"""Seconds between two edits of a program: the minute in `make test` leaves room for others."""
_GDAL = Path(__file__).with_name("gdal_editor.py")
_NOTE = "x" * 3000


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    found = Nursery()
    yield found
    found.close()


def _fill(client: Client, acknowledged: Plots, run: int) -> int:
    """Add plots until one is refused; return the status of that answer."""
    for number in range(2000):
        plot = Plot(number, (EAST + number, NORTH + run, EAST + number + 5, NORTH + run + 3))
        answer = client.create(f"new-{run}-{number}", plot, _NOTE)
        if answer.status != 201:
            assert answer.headers["content-type"] == "application/problem+json"
            return answer.status
        acknowledged[f"new-{run}-{number}"] = plot
    raise AssertionError("the disk was never full")


@contextmanager
def _small_disk(path: Path) -> Iterator[Path]:
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def test_threat_08_full_disk_is_507_and_loses_nothing(tmp_path: Path, nursery: Nursery) -> None:
    for run in range(RUNS):
        with _small_disk(tmp_path / f"disk{run}") as disk:
            acknowledged = write_plots(disk)
            with nursery.serving(disk) as server:
                (disk / "ballast").write_bytes(b"0" * (200_000 + 1111 * run))
                client = server.client()
                assert _fill(client, acknowledged, run) == 507
                shown = client.ask("GET", "?limit=1000").body
                assert {one["properties"]["name"] for one in shown["features"]} == set(acknowledged)
                if run % 2:
                    server.kill()  # with the disk still full
                else:
                    (disk / "ballast").unlink()
                    plot = Plot(7, (EAST, NORTH, EAST + 1, NORTH + 2))
                    assert client.create("after", plot).status == 201
                    acknowledged["after"] = plot
                client.close()
            (disk / "ballast").unlink(missing_ok=True)
            kept = tmp_path / f"kept{run}"
            shutil.copytree(disk, kept)
        assert plots_in(kept / "plots.gpkg") == acknowledged


def test_threat_08_file_size_limit_is_507_and_loses_nothing(
    tmp_path: Path, nursery: Nursery
) -> None:
    for run in range(RUNS):
        plan = tmp_path / str(run)
        acknowledged = write_plots(plan)
        with nursery.serving(plan) as server:
            client = server.client()
            assert client.ask("GET", "?limit=1").status == 200
            most = 160_000 + 1777 * run
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (most, most))
            assert _fill(client, acknowledged, run) == 507
            shown = client.ask("GET", "?limit=1000").body
            assert {one["properties"]["name"] for one in shown["features"]} == set(acknowledged)
            if run % 2:
                server.kill()
            client.close()
        assert plots_in(plan / "plots.gpkg") == acknowledged


def test_threat_08_read_only_file_is_507(tmp_path: Path, nursery: Nursery) -> None:
    mounted = tmp_path / "ro"
    mounted.mkdir()
    plots = write_plots(tmp_path / "plan")
    plan = str(tmp_path / "plan")
    bound = subprocess.run(
        ["mount", "--bind", plan, str(mounted)], check=False, capture_output=True
    )
    if bound.returncode:
        pytest.skip(f"nothing can be mounted here: {bound.stderr.decode().strip()}")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(mounted)], check=True)
        with nursery.serving(mounted) as server:
            client = server.client()
            assert client.create("new", Plot(1, None)).status == 507
            assert client.ask("GET", "?limit=1").status == 200
            client.close()
    finally:
        subprocess.run(["umount", "-l", str(mounted)], check=True)
    assert plots_in(tmp_path / "plan" / "plots.gpkg") == plots


_HOLD = """
import sqlite3, sys, time
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
held.execute("ROLLBACK")
"""


def test_threat_09_held_lock_is_503_within_two_and_a_half_seconds(
    tmp_path: Path, nursery: Nursery
) -> None:
    plots = write_plots(tmp_path)
    with nursery.serving(tmp_path) as server:
        client = server.client()
        assert client.ask("GET", "?limit=1").status == 200
        command = [sys.executable, "-c", _HOLD, str(tmp_path / "plots.gpkg")]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            began = time.monotonic()
            answer = client.create("new", Plot(1, None))
            waited = time.monotonic() - began
            assert answer.status == 503
            assert int(answer.headers["retry-after"]) >= 1
            assert 1.5 < waited < 2.5
            assert client.ask("GET", "/1").status == 200  # reading goes on
            holder.communicate("")
        assert client.create("new", Plot(1, None)).status == 201
        client.close()
    assert plots_in(tmp_path / "plots.gpkg") == {**plots, "new": Plot(1, None)}


def test_threat_09_edits_of_two_programs_on_one_file(tmp_path: Path, nursery: Nursery) -> None:
    plots = write_plots(tmp_path)
    with nursery.serving(tmp_path) as server:
        client = server.client()
        assert client.ask("GET", "?limit=1").status == 200
        command = [
            sys.executable,
            str(_GDAL),
            str(tmp_path / "plots.gpkg"),
            str(SECONDS),
            str(REST),
        ]
        # into a file: what it tells after minutes is more than a pipe holds
        with (
            (tmp_path / "told.json").open("w", encoding="utf-8") as told_file,
            subprocess.Popen(command, stdout=told_file) as other,
        ):
            mixed = _MixedEdits(client, plots)
            while other.poll() is None:
                mixed.one()
                time.sleep(REST)
        assert other.returncode == 0
        told = json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))
        client.close()
    # GDAL's own count and extent are of when it opened the file: made right as the server stops
    plots |= {name: Plot(value, tuple(box)) for name, (value, box) in told["added"].items()}
    found = plots_in(tmp_path / "plots.gpkg")
    assert {name: found.get(name) for name in plots} == plots
    assert set(found) - set(plots) <= set(told["doubtful"])
    assert len(told["added"]) >= 3, told
    assert min(mixed.done.values()) >= 3, mixed.done
    print(f"{mixed.done}, {mixed.busy} busy; {len(told['added'])} of GDAL's")  # noqa: T201


class _MixedEdits:
    """Adds, moves, changes and removes plots in turn, and keeps what was acknowledged."""

    def __init__(self, client: Client, plots: Plots) -> None:
        self.client, self.plots = client, plots
        self.ids: dict[str, str] = {}
        self.done = {"POST": 0, "PUT": 0, "PATCH": 0, "DELETE": 0}
        self.busy, self.number = 0, 0

    def one(self) -> None:
        """Make the next edit; of four new plots one is moved, one changed and one removed."""
        number = self.number
        west = EAST - 9 * (number % 5000)  # no further west than the plane reaches
        box = (west, NORTH, west + 4, NORTH + 3)
        turn = ("POST", "POST", "POST", "PUT", "POST", "PATCH", "DELETE")[number % 7]
        self.number += 1
        if turn == "POST":
            self._add(f"api-{number}", Plot(number, box))
            return
        if not self.ids:
            return
        name = next(iter(self.ids))
        plot = self.plots[name]._replace(value=-number)
        path = "/" + self.ids[name]
        if turn == "PUT":
            plot = plot._replace(box=box)
            status = self.client.ask("PUT", path, feature(name, plot)).status
        elif turn == "PATCH":
            change = {"properties": {"value": plot.value}}
            status = self.client.ask("PATCH", path, change).status
        else:
            status = self.client.ask("DELETE", path).status
        if self._acknowledged(turn, status):
            del self.ids[name]
            del self.plots[name]
            if turn != "DELETE":
                self.plots[name] = plot

    def _add(self, name: str, plot: Plot) -> None:
        answer = self.client.create(name, plot)
        if self._acknowledged("POST", answer.status):
            self.plots[name] = plot
            self.ids[name] = answer.headers["location"].rsplit("/", 1)[1]

    def _acknowledged(self, turn: str, status: int) -> bool:
        assert status in (200, 201, 204, 503), status
        self.busy += status == 503
        self.done[turn] += status != 503
        return status != 503


def test_a_served_file_is_left_as_it_was_by_reads(tmp_path: Path, nursery: Nursery) -> None:
    """Editing leaves one file in rollback mode behind, of the mode and owner that it had."""
    write_plots(tmp_path)
    path = tmp_path / "plots.gpkg"
    path.chmod(0o640)
    with nursery.serving(tmp_path) as server:
        client = server.client()
        assert client.create("new", Plot(1, None)).status == 201
        assert path.with_name("plots.gpkg-wal").exists()
        client.close()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["catalogue.toml", "plots.gpkg"]
    assert path.read_bytes()[18:20] == b"\x01\x01"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
