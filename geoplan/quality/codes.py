"""Every code of a finding: its level, the function that finds it, and what it means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from geoplan.model import Text
from geoplan.quality import attributes, shapes, texts, topology
from geoplan.quality.subject import Finding, Level, Subject


class Code(NamedTuple):
    """A kind of finding.

    Attributes
    ----------
    level : {"info", "warning", "error"}
        How bad it is, unless a finding says otherwise.
    find : callable
        Yields the findings of a layer.
    title : Text
        What it is, in a few words; the sentence is the phrase ``quality.<code>``.
    """

    level: Level
    find: Callable[[Subject], Iterator[Finding]]
    title: Text


def _code(level: Level, find: Callable[[Subject], Iterator[Finding]], zh: str, en: str) -> Code:
    return Code(level, find, Text(zh=zh, en=en))


CODES: dict[str, Code] = {
    "empty-layer": _code("info", shapes.empty_layer, "空图层", "empty layer"),
    "missing-crs": _code("error", shapes.missing_crs, "缺坐标系", "no CRS"),
    "missing-field": _code("warning", attributes.missing_field, "缺字段", "missing field"),
    "unknown-field": _code("info", attributes.unknown_field, "未知字段", "unknown field"),
    "null-required": _code("info", attributes.null_required, "必填未公布", "not published"),
    "wrong-type": _code("error", attributes.wrong_type, "类型不符", "wrong type"),
    "out-of-domain": _code("error", attributes.out_of_domain, "值域外", "out of domain"),
    "out-of-range": _code("error", attributes.out_of_range, "超出范围", "out of range"),
    "too-long": _code("warning", attributes.too_long, "文本过长", "too long"),
    "duplicate-id": _code("error", attributes.duplicate_id, "标识重复", "duplicate id"),
    "missing-id": _code("error", attributes.missing_id, "缺标识", "missing id"),
    "missing-accuracy": _code("warning", attributes.missing_accuracy, "缺精度", "no accuracy"),
    "future-date": _code("warning", attributes.future_date, "未来日期", "future date"),
    "start-after-end": _code("error", attributes.start_after_end, "起止颠倒", "start after end"),
    "mojibake": _code("warning", texts.mojibake, "乱码", "mojibake"),
    "surrounding-whitespace": _code(
        "info", texts.surrounding_whitespace, "首尾空白", "surrounding white space"
    ),
    "control-characters": _code(
        "warning", texts.control_characters, "控制字符", "control characters"
    ),
    "null-geometry": _code("info", shapes.null_geometry, "位置未公布", "position not published"),
    "empty-geometry": _code("warning", shapes.empty_geometry, "空几何", "empty geometry"),
    "too-many-vertices": _code("error", shapes.too_many_vertices, "顶点过多", "too many vertices"),
    "invalid-geometry": _code("error", shapes.invalid_geometry, "几何无效", "invalid geometry"),
    "wrong-geometry-type": _code(
        "error", shapes.wrong_geometry_type, "几何类型不符", "wrong geometry type"
    ),
    "mixed-geometry-types": _code(
        "warning", shapes.mixed_geometry_types, "几何类型混杂", "mixed geometry types"
    ),
    "zero-length": _code("error", shapes.zero_length, "零长度", "zero length"),
    "zero-area": _code("error", shapes.zero_area, "零面积", "zero area"),
    "repeated-vertices": _code("info", shapes.repeated_vertices, "重复顶点", "repeated vertices"),
    "self-overlap": _code("error", shapes.self_overlap, "自重叠", "self-overlap"),
    "out-of-extent": _code("warning", shapes.out_of_extent, "超出规划范围", "out of extent"),
    "declared-measure": _code(
        "warning", shapes.declared_measure, "公布值与图上值不符", "published and drawn differ"
    ),
    "overlap-within-layer": _code(
        "error", topology.overlap_within_layer, "层内重叠", "overlap within the layer"
    ),
    "gap": _code("warning", topology.gap, "缝隙", "gap"),
    "sliver": _code("warning", topology.sliver, "狭长碎面", "sliver"),
    "duplicate-geometry": _code(
        "warning", topology.duplicate_geometry, "几何重复", "duplicate geometry"
    ),
    "duplicate-line": _code("warning", topology.duplicate_line, "线重复", "duplicate line"),
    "dangling-line": _code("warning", topology.dangling_line, "悬挂线", "dangling line"),
    "not-checked": _code("warning", shapes.not_checked, "未核查", "not checked"),
}
