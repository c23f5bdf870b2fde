"""A layer in partitions: a folder of GeoParquet files and a list of what each holds."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyproj import CRS

from geoplan.errors import FileUnreadable, WrongGeometryType
from geoplan.queries.checks import NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geopandas import GeoDataFrame

    from geoplan.crs import Extent

LIST = "partitions.json"
"""The list is written last: a folder without it is not whole."""

FORM = 1
_UNREADABLE = (pa.ArrowException, OSError, ValueError, KeyError, TypeError)


@dataclass(frozen=True)
class Partition:
    """One file of neighbouring features.

    Attributes
    ----------
    file : str
        Its name in the folder.
    count : int
        Features in it.
    box : tuple of float
        Around them, in the units of the CRS.
    dimensions : tuple of int
        Of its geometries: 0 points, 1 lines, 2 areas.
    accuracy_m : float
        The most that any of them may be off [m]; 0 where none says.
    """

    file: str
    count: int
    box: Extent
    dimensions: tuple[int, ...]
    accuracy_m: float


@dataclass(frozen=True)
class Partitions:
    """A layer in partitions; its features are read when they are asked for.

    Attributes
    ----------
    folder : Path
    crs : pyproj.CRS
    partitions : tuple of Partition
        Along the curve.
    no_geometry : tuple
        Ids of features without a place, which are in no partition.
    """

    folder: Path
    crs: CRS
    partitions: tuple[Partition, ...]
    no_geometry: tuple[Any, ...] = field(default=(), repr=False)

    @classmethod
    def open(cls, folder: Path | str) -> Self:
        """Open a folder that `geoplan.partitions.tile` has written.

        Raises
        ------
        FileUnreadable
            It holds no list of partitions, or one of another form.
        """
        try:
            listed = _listed(Path(folder) / LIST)
            known = tuple(_partition(one) for one in listed["partitions"])
            crs = CRS.from_json_dict(listed["crs"])
            return cls(Path(folder), crs, known, tuple(listed["no_geometry"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FileUnreadable(
                f"{folder} is not a layer in partitions, as `geoplan tile` writes them: {error}"
            ) from error

    def write_list(self) -> None:
        """Write the list of partitions."""
        listed = {
            "form": FORM,
            "crs": json.loads(self.crs.to_json()),
            "count": self.count,
            "partitions": [asdict(one) for one in self.partitions],
            "no_geometry": list(self.no_geometry),
        }
        text = json.dumps(listed, ensure_ascii=False, indent=1)
        (self.folder / LIST).write_text(text, encoding="utf-8")

    @property
    def count(self) -> int:
        """How many features have a place."""
        return sum(one.count for one in self.partitions)

    @property
    def extent(self) -> Extent:
        """The box around all of them, in the units of the CRS."""
        boxes = np.array([one.box for one in self.partitions])
        low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
        return _box([*low.tolist(), *high.tolist()])

    @property
    def accuracy_m(self) -> float:
        """The most that any feature may be off [m]; 0 where none says."""
        return max(one.accuracy_m for one in self.partitions)

    @property
    def dimension(self) -> int:
        """The one dimension of the features: 0 points, 1 lines, 2 areas.

        Raises
        ------
        WrongGeometryType
            They are of several.
        """
        found = sorted({each for one in self.partitions for each in one.dimensions})
        if len(found) > 1:
            names = " and ".join(NAMES[each] for each in found)
            raise WrongGeometryType(f"{self.folder.name} mixes {names}: lay out each by itself")
        return found[0]

    def read(self, number: int, columns: Sequence[str] = ()) -> GeoDataFrame:
        """Return the features of a partition by their ids, with some of their columns."""
        return self._read([self.partitions[number]], None, columns)

    def within(self, box: Extent, columns: Sequence[str] = ()) -> GeoDataFrame:
        """Return the features of all partitions whose boxes meet a box in the units of the CRS."""
        return self._read([one for one in self.partitions if _meet(one.box, box)], box, columns)

    def estimate(self, box: Extent) -> float:
        """Return about how many features meet a box, as if each partition were spread evenly."""
        return sum(one.count * _share(one.box, box) for one in self.partitions)

    def _read(
        self, asked: Sequence[Partition], box: Extent | None, columns: Sequence[str]
    ) -> GeoDataFrame:
        wanted = [*columns, "geometry"]
        frames = []
        for one in asked:
            try:
                held = self._columns(one, wanted)
                frame = gpd.read_parquet(self.folder / one.file, columns=held, bbox=box)
            except _UNREADABLE as error:
                raise FileUnreadable(
                    f"partition {one.file} of {self.folder} cannot be read: {error}"
                ) from error
            if len(frame):
                frames.append(frame)
        if not frames:
            return gpd.GeoDataFrame(
                {name: [] for name in columns}, geometry=gpd.GeoSeries([], crs=self.crs)
            )
        # in the order of ids, as other stores give them: which file they stood in decides nothing
        together = gpd.GeoDataFrame(pd.concat(frames), crs=self.crs)
        return together.sort_index().rename_axis("id")

    def _columns(self, one: Partition, wanted: Sequence[str]) -> list[str]:
        """Return which of some columns a partition has."""
        names = pq.read_schema(self.folder / one.file).names
        return [name for name in wanted if name in names]


def _listed(path: Path) -> dict[str, Any]:
    listed: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if listed["form"] != FORM:
        raise ValueError(f"its form is {listed['form']}, and {FORM} is read")
    return listed


def _partition(listed: dict[str, Any]) -> Partition:
    return Partition(
        listed["file"],
        int(listed["count"]),
        _box(listed["box"]),
        tuple(map(int, listed["dimensions"])),
        float(listed["accuracy_m"]),
    )


def _box(values: Sequence[float]) -> Extent:
    xmin, ymin, xmax, ymax = map(float, values)
    return xmin, ymin, xmax, ymax


def _meet(one: Extent, other: Extent) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _share(one: Extent, other: Extent) -> float:
    """Return which share of one box lies in another."""
    share = 1.0
    for low, high in ((0, 2), (1, 3)):
        common = min(one[high], other[high]) - max(one[low], other[low])
        if common < 0:
            return 0.0
        length = one[high] - one[low]
        share *= min(common / length, 1.0) if length > 0 else 1.0
    return share
