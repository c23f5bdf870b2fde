"""GDAL in a process of its own, asked in lines of JSON; its warnings are errors."""

from __future__ import annotations

import json
import sys
import warnings
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pyogrio
import shapely

if TYPE_CHECKING:
    from collections.abc import Callable

warnings.simplefilter("error")


def read(path: str, layer: str) -> dict[str, Any]:
    """Tell what GDAL finds in a layer."""
    info = pyogrio.read_info(path, layer=layer)
    found = pyogrio.read_dataframe(path, layer=layer, fid_as_index=True)
    shapes = found.geometry if "geometry" in found else []
    attributes = found.drop(columns="geometry") if "geometry" in found else found
    attributes = attributes.map(lambda value: value.hex() if isinstance(value, bytes) else value)
    return {
        "crs": info["crs"],
        "geometry_type": info["geometry_type"],
        "types": dict(zip(info["fields"].tolist(), info["ogr_types"], strict=True)),
        "subtypes": dict(zip(info["fields"].tolist(), info["ogr_subtypes"], strict=True)),
        "bounds": info["total_bounds"],
        "count": info["features"],
        "fids": found.index.tolist(),
        "rows": json.loads(
            attributes.astype(object)
            .where(attributes.notna(), None)
            .to_json(orient="records", date_format="iso", default_handler=repr)
        ),
        "wkt": [None if shape is None else shape.wkt for shape in shapes],
    }


def layers(path: str) -> list[str]:
    """Name the layers of a file."""
    return [str(name) for name in pyogrio.list_layers(path)[:, 0]]


def inside(path: str, layer: str, bbox: list[float]) -> list[int]:
    """Tell which features GDAL finds in a box through the file's R-tree."""
    return [int(fid) for fid in pyogrio.read_dataframe(
        path, layer=layer, bbox=tuple(bbox), fid_as_index=True).index]  # fmt: skip


def write(
    path: str,
    layer: str,
    wkt: list[str | None],
    columns: dict[str, list[Any]] | None = None,
    dtypes: dict[str, str] | None = None,
    crs: str | None = "EPSG:4550",
    **options: Any,
) -> str:
    """Write a layer as GDAL does; options are pyogrio's and the driver's."""
    shapes = [None if text is None else shapely.from_wkt(text) for text in wkt]
    features = gpd.GeoDataFrame(columns or {}, geometry=gpd.GeoSeries(shapes, crs=crs), crs=crs)
    for name, dtype in (dtypes or {}).items():
        features[name] = features[name].astype(dtype)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'crs' was not provided")
        pyogrio.write_dataframe(features, path, layer=layer, driver="GPKG", **options)
    return path


def main() -> None:
    """Answer one line after another."""
    tasks: dict[str, Callable[..., Any]] = {
        "read": read,
        "layers": layers,
        "inside": inside,
        "write": write,
    }
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer: dict[str, Any] = {"answer": tasks[question.pop("task")](**question)}
        except Exception as error:  # noqa: BLE001, RUF100 - whatever it is, the test shows it
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer, default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
