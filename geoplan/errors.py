"""Every error that geoplan raises, as one tree.

::

    GeoplanError
    ├── BadRequest               the question cannot be answered as it was put
    │   ├── LayerNotFound
    │   ├── FeatureNotFound
    │   ├── BadBbox
    │   ├── BadQuery
    │   └── WrongGeometryType
    ├── BadData                  what is on disk, or was handed in, is at fault
    │   ├── CatalogueInvalid
    │   ├── SourceInvalid
    │   ├── NotAGeoPackage
    │   ├── TableInvalid
    │   ├── MalformedGeometry
    │   ├── InvalidGeometry
    │   ├── FeatureTooWide
    │   ├── CrsMismatch
    │   ├── EmptyLayer
    │   ├── DuplicateId
    │   └── UnstorableColumn
    └── BadEnvironment           the machine does not give what is needed
        ├── NotWritable
        └── FileBusy

No web and no command line in here: ``geoplan.cli`` maps a class to an exit code and
``geoplan_api.errors`` maps it to an HTTP status. A message says what is wrong, where, and
what to do about it.
"""


class GeoplanError(Exception):
    """Root of all errors of geoplan."""


class BadRequest(GeoplanError):
    """The question cannot be answered as it was put."""


class LayerNotFound(BadRequest):
    """The plan has no layer of that id."""


class FeatureNotFound(BadRequest):
    """The layer has no feature of that id."""


class BadBbox(BadRequest):
    """A bounding box is not four finite numbers in order."""


class BadQuery(BadRequest):
    """A query names an unknown column or a value out of range."""


class WrongGeometryType(BadRequest):
    """Two layers have no common measure because of their dimensions."""


class BadData(GeoplanError):
    """What is on disk, or was handed in, is at fault."""


class CatalogueInvalid(BadData):
    """An entry of catalogue.toml cannot be used."""


class SourceInvalid(BadData):
    """A text source of a layer cannot be built."""


class NotAGeoPackage(BadData):
    """The file is missing, is no SQLite database, or is no GeoPackage."""


class TableInvalid(BadData):
    """A table of a GeoPackage lacks what its layer promises."""


class MalformedGeometry(BadData):
    """A geometry blob of a GeoPackage cannot be decoded."""


class InvalidGeometry(BadData):
    """A geometry breaks the rules of simple features, so measures of it have no meaning."""


class FeatureTooWide(BadData):
    """A feature reaches too far from the meridian of the plane that would measure it."""


class CrsMismatch(BadData):
    """Layers differ in their CRS, or one has none."""


class EmptyLayer(BadData):
    """A layer has no feature at all."""


class DuplicateId(BadData):
    """Two features of a layer carry the same id, or one carries none."""


class UnstorableColumn(BadData):
    """A column holds values that a GeoPackage cannot store."""


class BadEnvironment(GeoplanError):
    """The machine does not give what is needed."""


class NotWritable(BadEnvironment):
    """A result cannot be written where it was asked for."""


class FileBusy(BadEnvironment):
    """Another program holds the file."""
