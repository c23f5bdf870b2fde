"""Whether the data files that GDAL and its PROJ need are there."""

from __future__ import annotations


def gdal_has_data() -> bool:
    """Tell whether GDAL finds its data files, through ``GDAL_DATA`` or by itself."""
    import rasterio
    from rasterio.env import GDALDataFinder

    with rasterio.Env():
        return GDALDataFinder().find_file("gdalvrt.xsd") is not None


def gdal_knows_crs(code: int) -> bool:
    """Tell whether the PROJ within GDAL knows a CRS of EPSG: without its data it knows none."""
    import rasterio
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    try:
        with rasterio.Env():
            return bool(CRS.from_epsg(code).to_wkt())
    except CRSError:
        return False
