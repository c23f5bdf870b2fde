"""What the routes share: the plan, its tables, and those who compute."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from geoplan.errors import GeoplanError
from geoplan.store import edit
from geoplan.store.journal import EditedFile
from geoplan.store.served import ServedTable
from geoplan_api.kept import KeptPages
from geoplan_api.tile_cache import TileCache
from geoplan_api.work.computing import Computing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from geoplan.catalogue import Catalogue
    from geoplan.settings import Settings

_LOG = logging.getLogger("geoplan_api")


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
    computing : Computing
        Runs processes, at once or as jobs, and draws rasters.
    editors : mapping of str to EditedFile
        Their files for edits, one for the layers that share it; empty unless the settings say so.
    pages : KeptPages
        Pages that were made.
    """

    catalogue: Catalogue
    settings: Settings
    tables: Mapping[str, ServedTable]
    tiles: TileCache
    computing: Computing
    editors: Mapping[str, EditedFile]
    pages: KeptPages = field(default_factory=KeptPages)
    _parts: dict[frozenset[str], Self] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, catalogue: Catalogue, settings: Settings) -> Self:
        """Make what the routes share."""
        tables = {
            layer_id: ServedTable(catalogue.path(layer_id), layer)
            for layer_id, layer in catalogue.items()
        }
        files: dict[Path, EditedFile] = {}
        editors = {}
        for layer_id in catalogue if settings.editing else ():
            path = catalogue.path(layer_id).resolve()
            editors[layer_id] = files.setdefault(path, EditedFile(path))
        cache, computing = TileCache.of(settings), Computing(catalogue.directory, settings)
        return cls(catalogue, settings, tables, cache, computing, editors)

    def only(self, ids: frozenset[str] | None) -> Self:
        """Return the service as if the plan had no other layers than some; None takes all."""
        if ids is None:
            return self
        if ids not in self._parts:
            catalogue = self.catalogue.only(ids)
            tables = {one: self.tables[one] for one in catalogue}
            editors = {one: self.editors[one] for one in catalogue if one in self.editors}
            self._parts[ids] = replace(
                self,
                catalogue=catalogue,
                tables=tables,
                editors=editors,
                pages=KeptPages(),
                _parts={},
            )
        return self._parts[ids]

    def open_files(self) -> None:
        """Open all files for edits; one that cannot be is told now, and tried again by an edit."""
        for file in set(self.editors.values()):
            try:
                file.open()
            except GeoplanError as error:
                _LOG.warning("%s cannot be edited now: %s", file.path.name, error)

    def close_files(self) -> None:
        """Close them, and leave no log beside them."""
        for table in self.tables.values() if self.editors else ():
            table.close()  # whoever reads keeps the log
        for layer_id, file in self.editors.items():
            with suppress(GeoplanError):
                edit.settle_if_edited(file, self.catalogue[layer_id])
        for file in set(self.editors.values()):
            file.close()
