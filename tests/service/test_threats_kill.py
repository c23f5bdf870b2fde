"""Threat 1: kill -9 in the middle of edits."""

from __future__ import annotations

import http.client
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.editing_rig import (
    EAST,
    NORTH,
    Client,
    Nursery,
    Plot,
    Plots,
    Server,
    audit_lines,
    geometry,
    plots_in,
    write_plots,
)

KILLS = 1000 if os.environ.get("GEOPLAN_SOAK") else 50
_AFTER_S = 0.08


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    found = Nursery()
    yield found
    found.close()


class Editor(threading.Thread):
    """Edits plots of its own until the server dies, and knows what was acknowledged."""

    def __init__(self, server: Server, plots: Plots, ids: dict[str, str], seed: str) -> None:
        super().__init__(daemon=True)
        self.plots, self.ids, self.acknowledged = plots, ids, 0
        self.doubtful: tuple[str, Plot | None] | None = None
        """The edit that was sent and not answered: name, and what it would leave."""
        self._server, self._random, self._seed = server, random.Random(seed), seed  # noqa: S311
        self.failed: list[str] = []
        self.name_start = seed[0]

    def run(self) -> None:
        client = self._server.client()
        try:
            for number in range(10_000):
                self._edit(client, f"{self._seed}-{number}")
        except (http.client.HTTPException, OSError):
            pass
        finally:
            client.close()

    def _edit(self, client: Client, name: str) -> None:
        kind = self._random.choice(("create", "create", "move", "value", "delete"))
        chance = self._random.randrange
        west, south = EAST + chance(2000), NORTH + chance(3000)
        plot = Plot(chance(10**6), (west, south, west + 1 + chance(50), south + 1 + chance(70)))
        if kind == "create" or not self.ids:
            self.doubtful = (name, plot)
            answer, expected = client.create(name, plot), 201
        else:
            name = self._random.choice(sorted(self.ids))
            path, before = f"/{self.ids[name]}", self.plots[name]
            if kind == "delete":
                self.doubtful = (name, None)
                answer, expected = client.ask("DELETE", path), 204
            else:
                kept = before.box if kind == "value" else plot.box
                plot = Plot(plot.value, kept)
                patch: dict[str, object] = {"properties": {"value": plot.value}}
                if kind == "move":
                    patch["geometry"] = geometry(plot.box)
                self.doubtful = (name, plot)
                answer, expected = client.ask("PATCH", path, patch), 204
        if answer.status != expected:
            self.failed.append(f"{kind}: {answer}")
        elif kind == "delete" and expected == 204:
            del self.plots[name], self.ids[name]
        else:
            self.plots[name] = plot
            if expected == 201:
                self.ids[name] = answer.headers["location"].rpartition("/")[2]
        self.doubtful = None
        self.acknowledged += 1


def _one_kill(nursery: Nursery, plan: Path, states: list[tuple[Plots, dict[str, str]]],
              number: int) -> int:  # fmt: skip
    """Let two clients edit until the server is killed; return how many edits were acknowledged."""
    server = nursery.serve(plan)
    editors = [
        Editor(server, plots, ids, f"{who}{number}")
        for who, (plots, ids) in zip("ab", states, strict=True)
    ]
    for editor in editors:
        editor.start()
    pause = random.Random(number).uniform(0, _AFTER_S)  # noqa: S311
    ended = threading.Event()
    while not any(editor.acknowledged for editor in editors):
        ended.wait(0.002)
        assert any(editor.is_alive() for editor in editors), [one.failed for one in editors]
    ended.wait(pause)
    server.kill()
    for editor in editors:
        editor.join(20)
        assert not editor.failed
    _compare(plan / "plots.gpkg", editors)
    return sum(editor.acknowledged for editor in editors)


def _compare(path: Path, editors: list[Editor]) -> None:
    """Compare the file with what was acknowledged; each client's last edit may be in or not."""
    found = plots_in(path)
    for editor in editors:
        mine = {name: plot for name, plot in found.items() if name[0] == editor.name_start}
        if mine == editor.plots or editor.doubtful is None:
            assert mine == editor.plots
            continue
        name, plot = editor.doubtful
        if plot is None:
            del editor.plots[name], editor.ids[name]
        else:
            editor.plots[name] = plot
        assert mine == editor.plots


def test_threat_01_kills_lose_no_acknowledged_edit(tmp_path: Path, nursery: Nursery) -> None:
    old = write_plots(tmp_path)
    states: list[tuple[Plots, dict[str, str]]] = [({}, {}), ({}, {})]
    edits = sum(_one_kill(nursery, tmp_path, states, number) for number in range(KILLS))
    found = plots_in(tmp_path / "plots.gpkg")
    assert {name: plot for name, plot in found.items() if name in old} == old
    lines = len(audit_lines(tmp_path / "plots.gpkg"))
    # a line for every acknowledged edit, and at most one for each that was cut off
    assert edits <= lines <= edits + 2 * KILLS
    print(f"{KILLS} kills, {edits} acknowledged edits, {lines} lines of audit")  # noqa: T201
