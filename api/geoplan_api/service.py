"""What the routes share: the plan, its tables, and room for few heavy runs at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from anyio import CapacityLimiter

from geoplan.store.served import ServedTable
from geoplan_api.tile_cache import TileCache

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geoplan.catalogue import Catalogue
    from geoplan.settings import Settings

RUNS_AT_A_TIME = 2


@dataclass(frozen=True)
class Service:
    """A plan being served.

    Attributes
    ----------
    catalogue : Catalogue
        The plan.
    settings : Settings
        Defaults: language, host.
    tables : mapping of str to ServedTable
        Its layers, open for reading.
    tiles : TileCache
        Tiles that were made.
    runs : CapacityLimiter
        Lets few processes run at a time; others wait.
    """

    catalogue: Catalogue
    settings: Settings
    tables: Mapping[str, ServedTable]
    tiles: TileCache
    runs: CapacityLimiter

    @classmethod
    def of(cls, catalogue: Catalogue, settings: Settings) -> Self:
        """Make what the routes share."""
        tables = {
            layer_id: ServedTable(catalogue.path(layer_id), layer)
            for layer_id, layer in catalogue.items()
        }
        return cls(
            catalogue, settings, tables, TileCache.of(settings), CapacityLimiter(RUNS_AT_A_TIME)
        )
