"""The questions that servers are asked: each time another one, so that none is remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from benchmarks.service.parcels import CENTRE
from geoplan.tiles import MATRIX_SETS

WIDE, HIGH = 41.0 / 83_950, 41.0 / 111_050
"""A cell of the parcels in degrees."""
LEVEL, ACROSS = 14, 9
"""Level of the tiles, and how many of them the parcels fill each way."""
Paths = Callable[[int], dict[str, str]]
"""From the number of a request to its path for each server; one that cannot be asked is absent."""


@dataclass(frozen=True)
class Case:
    """A question, and by how much ours is to be cheaper.

    Attributes
    ----------
    title : str
        What is asked.
    paths : callable
        See `Paths`.
    goals : dict of str to float
        Peer → how many times its CPU time is wanted to be ours.
    counted : bool
        The answers are features, of which there must be as many for each server.
    most : int, optional
        How often it is asked in a round at most: as long as there are other tiles.
    """

    title: str
    paths: Paths
    goals: dict[str, float] = field(default_factory=dict)
    counted: bool = True
    most: int | None = None


def _items(query: Callable[[int], str], own: Callable[[int], str] | None = None) -> Paths:
    def paths(number: int) -> dict[str, str]:
        text = query(number)
        mine = own(number) if own else text
        return {
            "geoplan": f"/collections/parcels/items?{mine}",
            "tipg": f"/collections/public.parcels/items?f=geojson&{text}",
            "pygeoapi": f"/collections/parcels/items?f=json&{text}",
        }

    return paths


def _box(number: int, cells: float) -> list[float]:
    """Return a box of so many cells each way, somewhere among the parcels."""
    west = CENTRE[0] - 0.05 + WIDE * (number * 7 % 150)
    south = CENTRE[1] - 0.04 + HIGH * (number * 11 % 150)
    return [west, south, west + cells * WIDE, south + cells * HIGH]


def _bbox(cells: float, limit: int) -> Callable[[int], str]:
    return lambda n: f"bbox={','.join(f'{edge:.7f}' for edge in _box(n, cells))}&limit={limit}"


def _polygon(number: int) -> str:
    west, south, east, north = _box(number, 9.0)
    ring = [(west, south), (east, south), ((west + east) / 2, north), (west, south)]
    text = ", ".join(f"{x:.7f} {y:.7f}" for x, y in ring)
    return (
        f"filter-lang=cql2-text&limit=100&filter={quote(f'S_INTERSECTS(geom, POLYGON(({text})))')}"
    )


def _attributes(number: int) -> str:
    code = ("0701", "1001", "0602", "0302", "1301")[number % 5]
    status = ("planned", "approved", "built")[number // 5 % 3]
    return f"limit=10&code={code}&status={status}&floors={1 + number // 15 % 33}"


def _by_id(number: int) -> dict[str, str]:
    wanted = 1 + number * 7919 % 200_000
    return {
        "geoplan": f"/collections/parcels/items/{wanted}",
        "tipg": f"/collections/public.parcels/items/{wanted}?f=geojson",
        "pygeoapi": f"/collections/parcels/items/{wanted}?f=json",
    }


def _tile(at: Callable[[int], tuple[int, int]]) -> Paths:
    matrix = MATRIX_SETS["WebMercatorQuad"].matrix(LEVEL)
    assert matrix is not None
    side = 2**LEVEL / 360
    first_column, first_row = int((CENTRE[0] + 180) * side), 6137

    def paths(number: int) -> dict[str, str]:
        right, down = at(number)
        column, row = first_column + right, first_row + down
        return {
            "geoplan": f"/collections/parcels/tiles/WebMercatorQuad/{LEVEL}/{row}/{column}",
            "tipg": f"/collections/public.parcels/tiles/WebMercatorQuad/{LEVEL}/{column}/{row}",
        }

    return paths


CASES = (
    Case("bbox, at most 10 features", _items(_bbox(2.0, 10)), {"tipg": 4, "pygeoapi": 15}),
    Case("bbox, 1,000 features", _items(_bbox(34.0, 1000)), {"tipg": 5, "pygeoapi": 20}),
    Case(
        "page of 1,000",
        _items(
            lambda n: f"limit=1000&offset={n * 1000 % 100_000}",
            lambda n: f"limit=1000&after={n * 1000 % 100_000}",
        ),
        {"tipg": 6, "pygeoapi": 25},
    ),
    Case("one feature by id", _by_id, {"tipg": 3}, counted=False),
    Case(
        "page at offset 150,000",
        _items(
            lambda n: f"limit=10&offset={150_000 + 10 * n % 40_000}",
            lambda n: f"limit=10&after={150_000 + 10 * n % 40_000}",
        ),
        {"tipg": 500, "pygeoapi": 35},
    ),
    Case("CQL2 S_INTERSECTS with a polygon", _items(_polygon), {"tipg": 2.5}),
    Case("attribute filter with exact count", _items(_attributes), {"tipg": 2}),
    Case(
        "MVT z14, cold",
        _tile(lambda n: (n % ACROSS - ACROSS // 2, n // ACROSS % ACROSS - ACROSS // 2)),
        {"tipg": 1.2},
        counted=False,
        most=ACROSS**2 // 3 - 2,
    ),
    Case("MVT z14, cached", _tile(lambda _: (0, 0)), {"tipg": 50}, counted=False),
    Case(
        "landing page",
        lambda _: dict.fromkeys(("geoplan", "tipg", "pygeoapi"), "/?f=html"),
        {"tipg": 2},
        counted=False,
    ),
)
