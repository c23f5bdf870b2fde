"""Opening a store by its address: a path is a GeoPackage, ``postgresql://`` a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoplan.store.gpkg import GeoPackageStore

if TYPE_CHECKING:
    from pathlib import Path

    from geoplan.store.postgis import PostGISStore


def open_store(address: str | Path) -> GeoPackageStore | PostGISStore:
    """Open a store for reading.

    Parameters
    ----------
    address : str or Path
        The path of a GeoPackage, or ``postgresql://user@host:port/database``.

    Returns
    -------
    Store
        A context manager, closed at its end.

    Raises
    ------
    NotAGeoPackage, FileBusy
        The file cannot be read.
    DatabaseUnreachable
        No server answers there, or it lets this user not in.
    PackageMissing
        It is a database, and psycopg is not installed.

    Examples
    --------
    >>> with open_store("postgresql://reader@cadastre/anshan") as store:  # doctest: +SKIP
    ...     store.read(layer, FeatureQuery(bbox=(500000, 4550000, 501000, 4551000)))
    """
    if str(address).startswith(("postgresql://", "postgres://")):
        # psycopg is an extra: only who asks a database needs it
        from geoplan.store.postgis import PostGISStore

        return PostGISStore(str(address))
    return GeoPackageStore(address)
