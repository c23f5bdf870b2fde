"""How far long work is: never falls, ends at 1, is told while the work is going on."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geoplan import workers
from geoplan.catalogue import Catalogue
from geoplan.errors import CoordinateInvalid, GeoplanError, WorkerDied
from geoplan.i18n import phrases
from geoplan.ingest.importing import Wishes, import_files
from geoplan.interchange import export_layer
from geoplan.model import Result
from geoplan.processes import PROCESSES, LayersInputs
from geoplan.progress import QUIET, Progress, Step, each, one_of
from geoplan.quality import inspect
from geoplan.reviewing import write_repaired

CATALOGUE = """\
[plan]
id = "lopsided"
title = { zh = "歪斜", en = "Lopsided" }
extent = [122.0, 40.0, 124.0, 42.0]
measuring_plane = "EPSG:4550"
data_date = 2025-01-01
attribution = { zh = "无", en = "none" }

[[layer]]
id = "absent"
kind = "generic"
title = { zh = "缺", en = "Absent" }
geometry = "area"
role = "context"
source = { zh = "无", en = "none" }
source_date = 2025-01-01
"""
ROWS = 21_000


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    folder = tmp_path / "plan"
    folder.mkdir()
    (folder / "catalogue.toml").write_text(CATALOGUE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def parcels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a FlatGeobuf of many small wedges, 30 m wide, 20 m high, side by side."""
    path = tmp_path_factory.mktemp("parcels") / "parcels.fgb"
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(210) * 40.0, np.arange(100) * 25.0))
    corner = np.column_stack([x + 500_000, y + 4_550_000])
    wedge = np.array([[0, 0], [30, 0], [30, 20], [0, 0]])
    table = {
        "name": "parcels",
        "crs": "EPSG:4550",
        "columns": {"DLMC": ("TEXT", [f"地块{number}" for number in range(ROWS)])},
        "geometry": shapely.to_wkb(shapely.polygons(corner[:, None] + wedge[None])).tolist(),
    }
    workers.run("geoplan.ingest.worker:write", str(path), "flatgeobuf", table, [])
    return path


def towns(folder: Path, name: str, rows: int, last: str = "41.2") -> Path:
    path = folder / name
    lines = ["name,lon,lat", *(f"镇{n},{122.5 + n / 1e4},41.1" for n in range(rows - 1))]
    path.write_text("\n".join([*lines, f"末,122.4,{last}", ""]), encoding="utf-8")
    return path


def course(steps: list[Step]) -> list[float]:
    return [step.ratio for step in steps]


def test_parts_follow_each_other_and_the_last_report_is_the_end() -> None:
    seen: list[Step] = []
    first, second, third = Progress(seen.append).split(0.1, 0.2, 0.4)
    for part, total in ((first, 3), (second, 7), (third, 3)):
        for done in range(total + 1):
            part("placing", done, total)
    ratios = course(seen)
    assert ratios == sorted(ratios)
    assert (ratios[0], ratios[-1]) == (0.0, 1.0)  # exactly: 0.1 + 0.2 + 0.4 is not 0.7
    assert ratios[3] == ratios[4] == pytest.approx(1 / 7)
    assert ratios[11] == ratios[12] == pytest.approx(3 / 7)


def test_nothing_to_do_has_no_parts() -> None:
    assert QUIET.split() == []


def test_rounding_never_carries_a_part_into_the_next() -> None:
    seen: list[Step] = []
    _, middle, last = Progress(seen.append).split(1, 6, 2)
    middle.split(1, 1)[1]("writing", 1, 1)  # 1/9 + (7/9 - 1/9) is 0.7777777777777779
    last("storing", 0, 1)
    assert course(seen) == [7 / 9, 7 / 9]


def test_parts_of_parts_keep_their_name_and_number() -> None:
    seen: list[Step] = []
    _, late = Progress(seen.append).about("b.csv", 2, 5).split(3, 1)
    late.split(1, 1)[1]("checking", 1, 2)
    assert seen == [Step("checking", "b.csv", 1, 2, 0.75 + 0.25 * 0.75, 2, 5)]


def test_what_is_not_known_stays_at_the_beginning_and_too_much_at_the_end() -> None:
    seen: list[Step] = []
    part = Progress(seen.append).split(1, 3)[1]
    part("reading", 40, 0)
    part("reading", 9, 6)
    assert course(seen) == [0.25, 1.0]


@pytest.mark.parametrize(("rows", "said"), [(0, 0), (7, 7), (1234, 1234), (30, 10), (10, 30)])
def test_each_yields_all_in_order_and_reports_about_a_hundred_times(rows: int, said: int) -> None:
    told: list[tuple[int, int]] = []
    report = lambda done, total: told.append((done, total))  # noqa: E731
    assert list(each(iter(range(rows)), said, report)) == list(range(rows))
    assert told[-1] == (said, said)
    assert told == sorted(told)
    assert len(told) <= 105
    assert len(told) >= min(said, 100)


def test_a_row_is_told_only_after_it_was_taken() -> None:
    told: list[int] = []
    for number in each(range(5), 5, lambda done, _: told.append(done)):
        assert told[-1] == number


def test_nobody_listening_costs_nothing() -> None:
    rows = [1, 2]
    assert QUIET.report("reading") is None
    assert type(QUIET.each(rows, "reading", 2)) is type(iter(rows))


def test_tables_of_one_file_take_equal_shares() -> None:
    told: list[tuple[int, int]] = []
    for number, total in ((0, 4), (1, 0), (2, 5)):
        report = one_of(lambda done, total: told.append((done, total)), number, 3)
        assert report is not None
        for done in (0, total):
            report(done, total)
    shares = [done / total for done, total in told]
    assert shares == sorted(shares)
    assert shares == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3, 2 / 3, 1])


def test_a_long_import_tells_how_far_it_is_while_it_works(plan: Path, parcels: Path) -> None:
    seen: list[tuple[Step, bool]] = []

    def tell(step: Step) -> None:
        stored = (plan / "parcels.gpkg").exists()
        seen.append((step, stored))

    import_files(plan, [parcels], Wishes("generic", layer="parcels"), Progress(tell))
    ratios = [step.ratio for step, _ in seen]
    assert ratios == sorted(ratios)
    assert ratios[-1] == 1.0
    assert [stored for step, stored in seen if step.ratio == 1.0] == [True]
    assert not any(stored for step, stored in seen if step.ratio < 1.0)
    inside = {round(ratio, 2) for ratio in ratios}
    assert len(inside) > 50
    assert max(after - before for before, after in pairwise(ratios)) < 0.12  # no leap of the bar
    whats = list(dict.fromkeys(step.what for step, _ in seen))
    assert whats == ["reading", "matching", "placing", "checking", "writing", "storing"]
    assert {step.done for step, _ in seen if step.what == "writing"} > {0, ROWS}


@pytest.mark.parametrize(
    ("process", "inputs", "named", "count"),
    [
        ("overlap", {}, "industrial-parks × scenic-areas", 10),
        ("overlap", {"layers": ["highways"]}, "highways × industrial-parks", 4),
        ("coverage", {}, "industrial-parks", 3),
    ],
)
def test_questions_to_many_layers_tell_how_far_they_are(
    town: Catalogue, process: str, inputs: dict[str, Any], named: str, count: int
) -> None:
    told: list[Step] = []
    asked = PROCESSES[process].inputs.model_validate(inputs)
    PROCESSES[process].run(town, asked, progress=Progress(told.append))
    ratios = [step.ratio for step in told]
    assert ratios == sorted(ratios)
    assert (ratios[0], ratios[-1]) == (0.0, 1.0)
    assert (told[0].of, told[0].number, told[0].count) == (named, 1, count)
    assert told[-1].number == count
    # while layer by layer is done, not at the end alone
    assert len({step.ratio for step in told if step.what == "measuring"}) == 2 * count
    assert {f"progress.{step.what}" for step in told} <= set(phrases("zh"))


def test_a_repair_tells_of_what_it_reads_mends_and_writes(town: Catalogue, tmp_path: Path) -> None:
    told: list[Step] = []
    write_repaired(town, town["highways"], tmp_path / "x.gpkg", make_valid=False,
                   progress=Progress(told.append))  # fmt: skip
    assert list(dict.fromkeys(step.what for step in told)) == ["reading", "repairing", "writing"]
    assert [step.ratio for step in told] == sorted(step.ratio for step in told)
    assert (told[-1].ratio, told[-1].of) == (1.0, "highways")


def test_rows_are_told_through_the_workers_pipe_before_its_answer(parcels: Path) -> None:
    during: list[tuple[int, int]] = []
    with workers.Worker() as worker:
        ask: tuple[Any, ...] = (str(parcels), "flatgeobuf", None, None, False)
        (table,) = worker.call(
            "geoplan.ingest.worker:read",
            *ask,
            report=lambda done, total: during.append((done, total)),
        )
        assert during[0] == (0, ROWS)
        assert during[-1] == (ROWS, ROWS)
        assert len(during) > 5
        assert during == sorted(during)
        assert worker.call("geoplan.ingest.worker:read", *ask) == [table]


def test_a_listener_that_raises_ends_the_work_and_the_worker(parcels: Path) -> None:
    class Enough(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done:
            raise Enough

    with workers.Worker() as worker:
        with pytest.raises(Enough):
            worker.call(
                "geoplan.ingest.worker:read",
                *(str(parcels), "flatgeobuf", None, None, False),
                report=stop,
            )
        assert not worker.alive


def test_a_worker_that_tells_no_numbers_is_refused() -> None:
    for lie in ((1,), ("x", 2), None, (float("inf"), 2)):
        with pytest.raises(WorkerDied, match="numbers"):
            workers._counts(lie)


def test_a_failed_import_tells_no_end(plan: Path, tmp_path: Path) -> None:
    good = towns(tmp_path, "good.csv", 3000)
    bad = towns(tmp_path, "bad.csv", 3000, last="north")
    seen: list[Step] = []
    with pytest.raises(CoordinateInvalid):
        import_files(plan, [good, bad], Wishes("generic"), Progress(seen.append))
    ratios = course(seen)
    assert ratios == sorted(ratios)
    assert 0.3 < ratios[-1] < 0.6  # the first of two files of one size is done, the second is not
    assert {(step.number, step.count) for step in seen} == {(1, 2), (2, 2)}


def test_a_write_that_fails_tells_no_end(
    plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import geoplan.ingest.importing as importing

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(importing, "store_text", full)
    seen: list[Step] = []
    with pytest.raises(GeoplanError):
        import_files(plan, [towns(tmp_path, "a.csv", 40)], Wishes("generic"), Progress(seen.append))
    assert 0.9 < max(course(seen)) < 1.0


@pytest.mark.parametrize("ending", ["gpkg", "csv", "geojson", "xlsx", "fgb", "parquet", "shp.zip"])
def test_an_export_tells_how_far_it_is(plan: Path, tmp_path: Path, ending: str) -> None:
    import_files(plan, [towns(tmp_path, "towns.csv", 900)], Wishes("generic", layer="towns"))
    seen: list[Step] = []
    output = tmp_path / f"out.{ending}"
    export_layer(Catalogue.open(plan), "towns", output, progress=Progress(seen.append))
    ratios = course(seen)
    assert ratios == sorted(ratios)
    assert ratios[-1] == 1.0
    assert any(0.2 < ratio < 0.9 for ratio in ratios)
    assert {step.of for step in seen} == {"towns"}


def test_quality_tells_of_each_layer_and_check(plan: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        import_files(plan, [towns(tmp_path, f"{name}.csv", 50)], Wishes("generic", layer=name))
    seen: list[Step] = []
    catalogue = Catalogue.open(plan)
    run = PROCESSES["quality"].run
    found = run(catalogue, LayersInputs(layers=("a", "b")), progress=Progress(seen.append))
    ratios = course(seen)
    assert ratios == sorted(ratios)
    assert ratios[-1] == 1.0
    assert [(step.of, step.number, step.count) for step in (seen[0], seen[-1])] == [
        ("a", 1, 2),
        ("b", 2, 2),
    ]
    silent = run(catalogue, LayersInputs(layers=("a", "b")))
    assert isinstance(silent, Result)
    assert isinstance(found, Result)
    assert silent.features.equals(found.features)


def test_checks_of_nothing_still_come_to_an_end() -> None:
    seen: list[Step] = []
    nothing = gpd.GeoDataFrame({"name": []}, geometry=[], crs="EPSG:4490")
    today = date(2025, 1, 1)
    inspect(nothing, schema=None, extent=None, today=today, progress=Progress(seen.append))
    assert course(seen)[-1] == 1.0


def command(plan: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "geoplan.cli", *words, "--plan", str(plan), "--lang", "en"]


def test_on_a_pipe_nothing_is_shown(plan: Path, tmp_path: Path) -> None:
    file = towns(tmp_path, "towns.csv", 60)
    asked = command(plan, "import", str(file), "--kind", "generic")
    done = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    assert "%" not in done.stdout
    assert "\x1b" not in done.stdout


def test_quality_shows_its_bar_in_the_language_asked_for(plan: Path, tmp_path: Path) -> None:
    import_files(plan, [towns(tmp_path, "a.csv", 3000)], Wishes("generic", layer="a"))
    text = on_a_terminal(command(plan, "quality", "a"))
    assert "Checking a" in text
    assert "检查" not in text


def test_on_a_terminal_a_bar_counts_files_and_percent(plan: Path, tmp_path: Path) -> None:
    names = ("east.csv", "w\x1b[2Jest.csv")
    files = [str(towns(tmp_path, name, 6000)) for name in names]
    shown = on_a_terminal(command(plan, "import", *files, "--kind", "generic"))
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    percents = [int(found) for found in re.findall(r"(\d+) %", text)]
    assert percents == sorted(percents)
    assert len(set(percents)) > 3  # a fast machine shows few
    assert "east.csv  1/2" in text
    assert "\x1b[2J" not in shown


def on_a_terminal(asked: list[str]) -> str:
    """Run a command whose standard error is a terminal; return what stood there in time."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "30"}
    with subprocess.Popen(asked, stdout=subprocess.DEVNULL, stderr=theirs, env=environment) as one:
        os.close(theirs)
        shown = b""
        while part := _read(ours):
            shown += part
    os.close(ours)
    assert one.returncode == 0
    return shown.decode()


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 65536)
    except OSError:  # the other side of the terminal is closed
        return b""
