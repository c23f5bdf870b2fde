"""A GeoPackage that geoplan wrote, opened by QGIS's own libraries (`make test-qgis`)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = "/usr/bin/python3"  # Debian's: QGIS's libraries are not in ours
BUILT = "建成或状态未公布"
Seen = Callable[[str], dict[str, Any]]

pytestmark = pytest.mark.qgis


@cache
def why_not() -> str | None:
    try:
        asked = [PYTHON, "-c", "import qgis.core"]
        subprocess.run(asked, check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return f"{PYTHON} has no module qgis: install Debian's package python3-qgis"
    return None


@pytest.fixture
def seen() -> Seen:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)

    def ask(layer: str) -> dict[str, Any]:
        path = ROOT / "layers" / f"{layer}.gpkg"
        before = path.read_bytes()
        answer = subprocess.run(
            [PYTHON, str(Path(__file__).parent / "seen.py"), str(path), layer.replace("-", "_")],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "LC_ALL": "C.UTF-8"},
        )
        assert path.read_bytes() == before
        told: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
        assert told["valid"]
        return told

    return ask


def _rule(told: dict[str, Any], label: str) -> dict[str, Any]:
    (found,) = [rule for rule in told["rules"] if rule["label"] == label]
    return dict(found)


def _dash(layer: dict[str, Any]) -> str:
    return str(layer["customdash"]) if layer["use_custom_dash"] == "1" else ""


def test_labels_and_value_lists_are_chinese(seen: Seen) -> None:
    told = seen("gas-pipelines")
    assert told["aliases"]["feature_id"] == "标识码"
    assert told["aliases"]["pipeline_class"] == "管道类别"
    assert told["editors"]["pipeline_class"] == [
        "ValueMap",
        {"long_distance": "长输管道", "urban": "城镇燃气", "plant": "厂区"},
    ]
    assert told["editors"]["declared_length_km"] == ["TextEdit", {}]  # a spin box would round it


def test_lines_have_the_symbols_colours_and_schematic_ones_are_broken(seen: Seen) -> None:
    told = seen("gas-pipelines")
    assert told["renderer"] == "RuleRenderer"
    plain, planned, schematic = (_rule(told, label) for label in (BUILT, "规划", "示意"))
    assert [layer["colour"] for layer in plain["layers"]] == ["#ffffff", "#8a5200", "#e08a00"]
    assert [_dash(layer) for layer in plain["layers"]] == ["", "", "10;6"]
    assert [_dash(layer) for layer in planned["layers"]] == ["", "20;10", "8;4;8;10"]
    assert [_dash(layer) for layer in schematic["layers"]] == ["1.5;3.5", ""]
    assert [layer["colour"] for layer in schematic["layers"]] == ["#8a5200", "#ffffff"]
    assert {layer["line_width_unit"] for layer in schematic["layers"]} == {"Pixel"}


def test_each_feature_has_one_body_and_a_sketched_one_its_sign(seen: Seen) -> None:
    """QGIS itself is asked which rules draw a feature of each status, surveyed and sketched."""
    told = seen("industrial-parks")
    labels = {"planned": "规划", "approved": "已批", "under_construction": "在建"}
    for status in ("planned", "approved", "under_construction", "built", "retired", None):
        body = labels.get(status or "", "停用" if status == "retired" else BUILT)
        drawn = told["drawn"][str(status)]
        assert drawn == {"survey": [body], "schematic": ["示意", body]}, status
    wanted = {"规划": "7;5", "已批": "16;4", "在建": "12;3.5;2;3.5", BUILT: "", "停用": "2;6"}
    assert {label: _dash(_rule(told, label)["layers"][-1]) for label in wanted} == wanted


def test_areas_have_their_second_cue_and_estimated_ones_are_lighter(seen: Seen) -> None:
    told = seen("scenic-areas")
    plain, estimated = _rule(told, BUILT), _rule(told, f"{BUILT}、位置为估计")
    kinds = [layer["type"] for layer in plain["layers"]]
    assert kinds == ["SimpleFill", "PointPatternFill", "SimpleLine"]
    assert plain["layers"][0]["colour"] == "#148d4a"
    assert [layer["alpha"] for layer in plain["layers"]] == [51, 204, 255]
    assert [layer["alpha"] for layer in estimated["layers"]] == [26, 102, 128]
    assert _dash(_rule(told, "示意")["layers"][0]) == "1.5;3.5"


def test_points_and_waves(seen: Seen) -> None:
    assert seen("places")["rules"][0]["layers"][0]["type"] == "SimpleMarker"
    waves = _rule(seen("river-remediation-zones"), BUILT)["layers"]
    assert [layer["type"] for layer in waves] == ["SimpleFill", "LinePatternFill", "SimpleLine"]
    assert waves[0]["colour"] == "#338ec0"


def test_the_table_of_styles_is_no_layer_of_the_map(seen: Seen) -> None:
    assert seen("highways")["sublayers"] == ["highways"]
