"""What a user has to know of a layer's coordinates: the findings of `judge`, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely

from geoplan.ingest.candidates import Reading, zone_of, zones
from geoplan.ingest.case import Case, middle
from geoplan.ingest.datums import Bridge, datum_of
from geoplan.ingest.offsets import shifted_there
from geoplan.ingest.suspicion import suspect
from geoplan.model import Text

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from pyproj import CRS
    from shapely import Geometry

Level = Literal["info", "warning"]

_FAR_DEG = 0.5
_BEYOND_DEG = 0.1
_FIRST_IDS = 20


@dataclass(frozen=True)
class CoordinateFinding:
    """Something about a layer's coordinates that its user has to know.

    Attributes
    ----------
    code : str
        Which: ``prefix_corrected``, ``axes_swapped``, ``axes_ambiguous``, ``zone_ambiguous``,
        ``beyond_zone``, ``same_numbers``, ``outside_extent``, ``declared_overruled``,
        ``ties_ignored``, ``datum_taken_as_same``, ``datum_shift_not_applied``,
        ``datum_transformed``, ``offset_removed``, ``offset_not_there``,
        ``offset_not_looked_for``, ``no_coordinates``,
        ``suspect_gcj02``, ``suspect_bd09``, ``suspect_no_offset``, ``suspect_projection``.
    level : {"info", "warning"}
        Whether somebody has to look at it.
    message : Text
        In words.
    count : int
        How many features it concerns; 0 where it concerns the layer as a whole.
    ids : tuple
        The first of them.
    """

    code: str
    level: Level
    message: Text
    count: int = 0
    ids: tuple[Any, ...] = ()


def corrections(stated: Reading, reading: Reading) -> list[CoordinateFinding]:
    """Report what was put right: the zone number, the axes."""
    found = []
    if stated.crs != reading.crs:
        found.append(
            CoordinateFinding(
                "prefix_corrected",
                "warning",
                Text(
                    zh=f"声明为 {stated.name}，但横坐标的带号与之不符，已按 {reading.title} 读取",
                    en=f"declared as {stated.name}, but the zone number before the eastings "
                    f"says otherwise: read as {reading.title}; the numbers are unchanged",
                ),
            )
        )
    if reading.swapped and not stated.swapped:
        found.append(
            CoordinateFinding(
                "axes_swapped",
                "warning",
                Text(
                    zh="坐标轴颠倒（北坐标或纬度在前），已交换",
                    en="the axes are swapped (north or latitude first): put right",
                ),
            )
        )
    return found


def doubts(reading: Reading, case: Case) -> list[CoordinateFinding]:
    """Return what else the numbers could mean, and how far from its zone the layer lies."""
    found = []
    turned = Reading(reading.crs, not reading.swapped, reading.offset)
    if case.swap_axes is None and case.fits(turned):
        found.append(
            CoordinateFinding(
                "axes_ambiguous",
                "warning",
                Text(
                    zh="交换坐标轴后数据也落在规划范围内，请核对",
                    en="the data also fit the plan with their axes swapped: check, and say which "
                    "with --swap-axes or --no-swap-axes",
                ),
            )
        )
    return [*found, *_zone_doubts(reading, case), *_zone_facts(reading, case)]


def _zone_doubts(reading: Reading, case: Case) -> list[CoordinateFinding]:
    if not reading.crs.is_projected:
        return []
    here = middle(reading, case.boxes)
    others = [
        one.reading.name
        for one in case.fitting
        if one.reading.swapped == reading.swapped
        and not one.reading.add_easting_m
        and np.abs(middle(one.reading, case.boxes) - here).max() > _FAR_DEG
    ]
    if not others:
        return []
    names = ", ".join(others[:6])
    return [
        CoordinateFinding(
            "zone_ambiguous",
            "warning",
            Text(
                zh=f"规划范围较宽，数据按其他分带（{names}）读取也落在范围内，请核对带号",
                en=f"the extent is wide: the data also fit it in another zone ({names}), far from "
                f"here: check which zone they are in",
            ),
        )
    ]


def _zone_facts(reading: Reading, case: Case) -> list[CoordinateFinding]:
    zone = zone_of(reading.crs, datum_of(reading.crs))
    if zone is None:
        return []
    found = []
    twins = [
        one
        for one in zones()
        if (one.datum, one.meridian, one.prefix) == (zone.datum, zone.meridian, zone.prefix)
        and one.epsg != zone.epsg
    ]
    if twins:
        code = twins[0].epsg
        found.append(
            CoordinateFinding(
                "same_numbers",
                "info",
                Text(
                    zh=f"EPSG:{code}（{twins[0].width} 度带）与 EPSG:{zone.epsg} 数值相同",
                    en=f"EPSG:{code} ({twins[0].width}° zone) gives the same numbers as "
                    f"EPSG:{zone.epsg} ({zone.width}° zone): the meridian is the same",
                ),
            )
        )
    far = abs(float(middle(reading, case.boxes)[0]) - zone.meridian)
    if far > zone.width / 2.0 + _BEYOND_DEG:
        found.append(
            CoordinateFinding(
                "beyond_zone",
                "warning",
                Text(
                    zh=f"数据距中央子午线 {far:.2f}°，超出 {zone.width} 度带的范围，请核对带号",
                    en=f"the data lie {far:.2f}° from the central meridian, outside the "
                    f"{zone.width}° zone: check the zone",
                ),
            )
        )
    return found


def outside(within: NDArray[np.bool_], ids: NDArray[Any]) -> list[CoordinateFinding]:
    """Report the features that lie outside the plan."""
    out = ids[~within].tolist()
    if not out:
        return []
    words = Text(
        zh=f"{len(out)} 个要素落在规划范围之外",
        en=f"{len(out)} of {len(ids)} features lie outside the plan's extent",
    )
    return [
        CoordinateFinding("outside_extent", "warning", words, len(out), tuple(out[:_FIRST_IDS]))
    ]


def of_bridge(way: Bridge) -> list[CoordinateFinding]:
    """Report how the datum was dealt with."""
    metres = f"{way.accuracy_m:g} m"
    if way.kind == "accepted":
        words = Text(
            zh=f"未做基准转换（缺少当地参数），已按用户接受的 {metres} 计入平面精度",
            en=f"no datum shift was applied, for want of local parameters: the {metres} that the "
            f"user accepts are added to geometry_accuracy_m",
        )
        return [CoordinateFinding("datum_shift_not_applied", "warning", words)]
    if way.kind == "null":
        words = Text(
            zh=f"WGS 84 或 ITRF 坐标按 CGCS2000 处理，误差不超过 {metres}",
            en=f"WGS 84 or ITRF taken as CGCS2000: within {metres}",
        )
        return [CoordinateFinding("datum_taken_as_same", "info", words)]
    if way.kind == "published":
        words = Text(zh=f"已做基准转换：{way.method}", en=f"datum transformed: {way.method}")
        return [CoordinateFinding("datum_transformed", "info", words)]
    return []


def of_offset(reading: Reading, boxes: NDArray[np.float64]) -> list[CoordinateFinding]:
    """Report that a web map's offset is taken off, or is not there to be taken off."""
    if not reading.offset:
        return []
    there = shifted_there(reading.east_north(boxes[:, :2]))
    found = []
    if there.any():
        removed = CoordinateFinding(
            "offset_removed",
            "warning",
            Text(
                zh=f"已按公开算法去除 {reading.offset} 偏移；该算法非官方，"
                "精度未公布，请用已知点核对",
                en=f"the offset of {reading.offset} is taken off by the public algorithm, which "
                f"is unofficial and of unpublished accuracy: compare with a known point",
            ),
        )
        found.append(removed)
    if not there.all():
        outside = int((~there).sum())
        words = Text(
            zh=f"{outside} 个要素在中国范围矩形之外，未做 {reading.offset} 偏移改正",
            en=f"{outside} features lie outside the rectangle of {reading.offset}: not shifted",
        )
        found.append(CoordinateFinding("offset_not_there", "warning", words, outside))
    return found


def suspicion(
    reading: Reading, features: GeoDataFrame, boundary: Geometry | None
) -> list[CoordinateFinding]:
    """Report the reading that fits the boundary better, if there is one."""
    if boundary is None:
        return [] if reading.offset else [_not_looked_for()]
    vertices = shapely.get_coordinates(np.asarray(features.geometry.to_numpy(), dtype=object))
    found = suspect(reading, vertices, boundary)
    if found is None:
        return []
    gains = f"{found.gained_inside} / {found.gained_on_line}"
    words = Text(
        zh=f"若按 {found.reading} 读取，数据与行政区界吻合得更好（{found.vertices} 个顶点中，"
        f"进入界内 / 落在界线上的增加 {gains}）；未做改动，请核对来源",
        en=f"the data would fit the boundary better if read as {found.reading} (of "
        f"{found.vertices} vertices, {gains} more inside / along the line): nothing was changed; "
        f"if it is so, say --source-crs {found.reading}",
    )
    return [CoordinateFinding(found.code, "warning", words)]


def _not_looked_for() -> CoordinateFinding:
    words = Text(
        zh="没有行政区界可供比对，未检查是否带有 GCJ-02、BD-09 偏移",
        en="without a boundary to compare with, nobody has looked for an offset of GCJ-02 or BD-09",
    )
    return CoordinateFinding("offset_not_looked_for", "info", words)


def overruled(declared: CRS, source_crs: str) -> CoordinateFinding:
    """Report that the user contradicts the file."""
    words = Text(
        zh=f"文件声明为 {declared.name}，按用户指定的 {source_crs[:60]} 读取",
        en=f"the file says {declared.name}; the user says {source_crs[:60]}, which is followed",
    )
    return CoordinateFinding("declared_overruled", "warning", words)


def ties_ignored(crs: CRS) -> CoordinateFinding:
    """Report that parameters tied to a CRS are left aside."""
    words = Text(
        zh=f"{crs.name} 自带的转换参数（TOWGS84）来源与精度不明，未采用",
        en=f"the parameters (TOWGS84) that come with {crs.name} are of unknown origin and "
        f"accuracy: not used",
    )
    return CoordinateFinding("ties_ignored", "warning", words)


def no_coordinates() -> CoordinateFinding:
    """Report that there was nothing to judge by."""
    words = Text(
        zh="图层没有任何坐标，坐标系无从核对",
        en="the layer has no coordinates at all: what it is declared in could not be checked",
    )
    return CoordinateFinding("no_coordinates", "info", words)
