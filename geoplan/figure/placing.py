"""Says where on the ground the pixels of a sheet are, in the files that GIS look for beside it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pyproj import CRS

if TYPE_CHECKING:
    from geoplan.figure.spec import Sheet


def world_file(sheet: Sheet, size_px: tuple[int, int]) -> str:
    """Return the world file of a sheet that is so many pixels wide and high.

    Six numbers, one a line: the width of a pixel, two turns, which are none, the height of a
    pixel, negative since rows run southwards, and x and y of the middle of the first pixel [m],
    in the plan's plane, x east.

    Examples
    --------
    >>> from geoplan.figure.spec import Sheet
    >>> whole = (0.0, 0.0, 200.0, 100.0)
    >>> one = Sheet("", (), 1000.0, (200.0, 100.0), (), (500_000.0, 0.0, 500_200.0, 100.0), whole)
    >>> world_file(one, (400, 200)).split()
    ['0.5', '0.0', '0.0', '-0.5', '500000.25', '99.75']
    """
    west, south, east, north = sheet.extent_m
    left, top, wide, high = sheet.field_mm
    # the frame is part of the picture: its pixels lie outside of the map
    across, down = (east - west) / wide, (north - south) / high
    width, height = (
        metres * side / pixels
        for metres, side, pixels in zip((across, down), sheet.size_mm, size_px, strict=True)
    )
    x, y = west - left * across + width / 2, north + top * down - height / 2
    return "".join(f"{number!r}\n" for number in (width, 0.0, 0.0, -height, x, y))


def auxiliary(plane: str) -> str:
    """Return what stands in ``FILE.png.aux.xml``: the CRS, which a world file has no place for.

    GDAL, QGIS and ArcGIS read it; `plane` is that of the plan.
    """
    wkt = CRS.from_user_input(plane).to_wkt("WKT1_GDAL", output_axis_rule=True)
    # what the file says of the order of axes: x east before y north, as in the world file
    mapping = 'dataAxisToSRSAxisMapping="2,1"' if _north_first(plane) else ""
    return f"<PAMDataset>\n  <SRS {mapping}>{escape(wkt)}</SRS>\n</PAMDataset>\n"


def projection(plane: str) -> str:
    """Return what stands in ``FILE.prj``, for programs that look for that instead."""
    return CRS.from_user_input(plane).to_wkt("WKT1_ESRI") + "\n"


def _north_first(plane: str) -> bool:
    return CRS.from_user_input(plane).axis_info[0].direction.lower() == "north"
