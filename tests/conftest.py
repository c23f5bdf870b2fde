"""The fixture of most tests: the lopsided town, built anew from its text sources."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from hypothesis import settings

from geoplan import Catalogue
from geoplan.authoring import build_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]

# the same examples every run: a failure is a fault of the change, not of the day
settings.register_profile("house", derandomize=True, deadline=None, max_examples=18)
settings.register_profile("soak", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


# jobs are kept with the state of the user: that of the tests goes with them
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="geoplan-tests-state-")
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)
# a test may run on a machine that is slow or busy
os.environ["GEOPLAN_COMPUTE_SECONDS"] = "60"


@pytest.fixture(scope="session")
def town_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of examples/town whose GeoPackages were just built."""
    directory = tmp_path_factory.mktemp("plan") / "town"
    source = ROOT / "examples" / "town"
    shutil.copytree(source, directory, ignore=shutil.ignore_patterns("*.gpkg"))
    list(build_plan(directory))
    return directory


@pytest.fixture(scope="session")
def town(town_dir: Path) -> Catalogue:
    """Return the town's catalogue."""
    return Catalogue.open(town_dir)


class WriteRaster(Protocol):
    """Writes a GeoTIFF for a test and returns its path."""

    def __call__(self, values: NDArray[Any], affine: tuple[float, ...], **profile: Any) -> Path: ...


@pytest.fixture
def write_raster(tmp_path: Path) -> WriteRaster:
    """Return a writer of small GeoTIFFs: values of shape (rows, columns) or (bands, …)."""
    import numpy as np
    import rasterio

    def write(values: NDArray[Any], affine: tuple[float, ...], **profile: Any) -> Path:
        path = tmp_path / f"raster-{len(list(tmp_path.iterdir()))}.tif"
        bands = values if values.ndim == 3 else values[np.newaxis]
        mask, unit = profile.pop("mask", None), profile.pop("unit", None)
        scale, offset = profile.pop("scale", 1.0), profile.pop("offset", 0.0)
        shape = {"count": bands.shape[0], "height": bands.shape[1], "width": bands.shape[2]}
        profile = {"crs": "EPSG:4550", "dtype": bands.dtype, **shape, **profile}
        with (
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
            rasterio.open(
                path, "w", driver="GTiff", transform=rasterio.Affine(*affine), **profile
            ) as file,
        ):
            file.write(bands)
            file.scales, file.offsets = [scale] * bands.shape[0], [offset] * bands.shape[0]
            if unit:
                file.units = [unit] * bands.shape[0]
            if mask is not None:
                file.write_mask(mask)
        return path

    return write


@pytest.fixture(scope="module", params=["exactextract", "kernels"])
def each_zonal_engine(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let either engine answer small questions about zones and rasters too."""
    from geoplan.queries import engine

    if request.param == "kernels" and not engine.is_there():
        pytest.skip("the extra 'engine' is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "WORTH_CELLS", 0 if request.param == "kernels" else float("inf"))
        yield
