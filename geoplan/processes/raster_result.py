"""The answer of a process that makes a raster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoplan.model import RasterLayer, Result, RunRecord
from geoplan.raster import write_cog
from geoplan.raster.cog import usual_resampling

if TYPE_CHECKING:
    import pandas as pd

    from geoplan.raster import Blocks, Raster
    from geoplan.raster.cog import Compression, Resampling


@dataclass(frozen=True)
class RasterResult:
    """A raster that is computed when it is written or summed up, window by window.

    Attributes
    ----------
    process : str
        The id of the process that answers.
    inputs : mapping
        The inputs as understood, defaults filled in.
    source : RasterLayer, optional
        The raster that is read, where it is one of the plan.
    run : RunRecord
        How the answer comes about.
    opener : callable
        Opens the raster that is read.
    derive : callable
        Takes it, and returns what is to be computed.
    resampling : {"nearest", "average", "mode"}, optional
        How overviews are made; by default as in `geoplan.raster.to_cog`.
    tally : callable
        Sums the cells up, as a table.
    """

    process: str
    inputs: Mapping[str, Any]
    source: RasterLayer | None
    run: RunRecord
    opener: Callable[[], Raster]
    derive: Callable[[Raster], Blocks]
    resampling: Resampling | None
    tally: Callable[[Blocks], pd.DataFrame]

    @contextmanager
    def opened(self) -> Iterator[Blocks]:
        """Give what is to be computed, with the raster open that is read."""
        with self.opener() as raster:
            yield self.derive(raster)

    def write(
        self,
        target: Path,
        *,
        compress: Compression = "deflate",
        resampling: Resampling | None = None,
    ) -> Path:
        """Write a COG, whole or not at all; see `geoplan.raster.write_cog`."""
        with self.opened() as blocks:
            chosen = resampling or self.resampling or usual_resampling(blocks.dtype)
            return write_cog(blocks, target, compress=compress, resampling=chosen)

    def summary(self) -> Result:
        """Return what the cells amount to, each counted as one."""
        with self.opened() as blocks:
            table, grid = self.tally(blocks), blocks.grid
        cells, valued = grid.height * grid.width, int(table["cell_count"].sum())
        totals = {
            "width": grid.width,
            "height": grid.height,
            "cell_count": valued,
            "no_data_count": cells - valued,
        }
        read = () if self.source is None else (self.source,)
        return Result(self.process, table, self.inputs, (), self.run, totals=totals, rasters=read)
