"""Every error that geoplan raises, as one tree.

::

    GeoplanError
    ├── BadRequest               the question cannot be answered as it was put
    │   ├── LayerNotFound
    │   ├── FeatureNotFound
    │   ├── FeatureChanged
    │   ├── FeatureInvalid
    │   ├── BadBbox
    │   ├── BadQuery
    │   ├── UnknownFormat
    │   ├── BadCrs
    │   ├── PackNotFound
    │   ├── RuleNotFound
    │   ├── VersionNotFound
    │   ├── FindingNotFound
    │   ├── ChainageNotFound
    │   ├── ChainageAmbiguous
    │   ├── OutsideRaster
    │   ├── RasterNotFound
    │   ├── AnswerTooLarge
    │   ├── KeyNotFound
    │   ├── KeyNameTaken
    │   └── WrongGeometryType
    ├── BadData                  what is on disk, or was handed in, is at fault
    │   ├── ForeignFileInvalid
    │   │   ├── FileUnreadable
    │   │   ├── DisguisedFile
    │   │   ├── RemoteReference
    │   │   ├── ArchiveRefused
    │   │   ├── TooDeep
    │   │   ├── TooLarge
    │   │   ├── EncodingUnknown
    │   │   ├── CrsUnknown
    │   │   ├── UnitsMismatch
    │   │   ├── ZoneMismatch
    │   │   ├── CrsContradicted
    │   │   ├── OutsidePlan
    │   │   ├── MixedCoordinates
    │   │   ├── DatumShiftUnknown
    │   │   ├── CoordinateInvalid
    │   │   ├── MixedGeometry
    │   │   └── FieldsInvalid
    │   ├── CatalogueInvalid
    │   ├── BackupInvalid
    │   ├── PackInvalid
    │   ├── TemplateInvalid
    │   ├── SourceInvalid
    │   ├── NotAGeoPackage
    │   ├── TableInvalid
    │   ├── UnexpectedObject
    │   ├── IndexLies
    │   ├── MalformedGeometry
    │   ├── GeometryTooLarge
    │   ├── InvalidGeometry
    │   ├── FeatureTooWide
    │   ├── CrsMismatch
    │   ├── LayerElsewhere
    │   ├── ChainageInvalid
    │   ├── RouteInvalid
    │   ├── EquationInvalid
    │   ├── EmptyLayer
    │   ├── RasterInvalid
    │   ├── DuplicateId
    │   ├── AccuracyInvalid
    │   └── UnstorableColumn
    └── BadEnvironment           the machine does not give what is needed
        ├── WorkerDied
        ├── WorkerTimeout
        ├── WorkerOutOfMemory
        ├── NotWritable
        ├── KeysUnreadable
        ├── FileBusy
        ├── DatabaseUnreachable
        ├── ClusterUnreachable
        ├── PackageMissing
        └── FontMissing

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


class FeatureChanged(BadRequest):
    """The feature is no longer what the request takes it to be."""


class FeatureInvalid(BadRequest):
    """A feature cannot be stored as it was sent."""

    def __init__(self, message: str, pointer: str = "") -> None:
        """Say what is wrong, and where: a JSON pointer into the feature (RFC 6901)."""
        super().__init__(message)
        self.pointer = pointer


class BadBbox(BadRequest):
    """A bounding box is not four finite numbers in order."""


class BadQuery(BadRequest):
    """A query names an unknown column or a value out of range."""


class UnknownFormat(BadRequest):
    """The ending of a file names no format that is read or written."""


class BadCrs(BadRequest):
    """The name given for a coordinate system names none, or its accepted shift is no length."""


class PackNotFound(BadRequest):
    """There is no rule pack of that name."""


class VersionNotFound(BadRequest):
    """The plan keeps no older version of that name."""


class RuleNotFound(BadRequest):
    """No pack of rules holds the rule."""


class FindingNotFound(BadRequest):
    """A check has no finding of that id."""


class ChainageNotFound(BadRequest):
    """A route has no place of that chainage."""


class ChainageAmbiguous(BadRequest):
    """A chainage occurs more than once along a route, and which is meant was not said."""


class OutsideRaster(BadRequest):
    """Nothing of what is asked about lies on the raster."""


class RasterNotFound(BadRequest):
    """The plan has no raster of that id."""


class AnswerTooLarge(BadRequest):
    """What is asked for would be larger than may be returned."""


class KeyNotFound(BadRequest):
    """There is no API key of that name."""


class KeyNameTaken(BadRequest):
    """There is an API key of that name already."""


class WrongGeometryType(BadRequest):
    """Two layers have no common measure because of their dimensions."""


class BadData(GeoplanError):
    """What is on disk, or was handed in, is at fault."""


class ForeignFileInvalid(BadData):
    """A file from outside cannot become a layer."""


class FileUnreadable(ForeignFileInvalid):
    """A foreign file is broken, empty, cut short or incomplete."""


class DisguisedFile(ForeignFileInvalid):
    """A file's content is not what its ending says."""


class RemoteReference(ForeignFileInvalid):
    """A file or its name points outside of itself: to an address or to other files."""


class ArchiveRefused(ForeignFileInvalid):
    """An archive is broken, unpacks to too much, or reaches outside its folder."""


class TooDeep(ForeignFileInvalid):
    """A file is nested deeper than anything honest is."""


class TooLarge(ForeignFileInvalid):
    """A file, a table or a geometry is larger than can be taken."""


class EncodingUnknown(ForeignFileInvalid):
    """Text is in an encoding that is not stated and cannot be told."""


class CrsUnknown(ForeignFileInvalid):
    """A file does not say in which coordinate system it is, or says it wrongly."""


class UnitsMismatch(ForeignFileInvalid):
    """Coordinates are in degrees where their CRS is in metres, or the other way round."""


class ZoneMismatch(ForeignFileInvalid):
    """Coordinates belong to another zone than the one their CRS names."""


class CrsContradicted(ForeignFileInvalid):
    """Coordinates fit the plan only if read in another way than they are declared."""


class OutsidePlan(ForeignFileInvalid):
    """No known way to read the coordinates puts them inside the plan's extent."""


class MixedCoordinates(ForeignFileInvalid):
    """Features of one layer are in different coordinate systems."""


class DatumShiftUnknown(ForeignFileInvalid):
    """The shift from the datum of the coordinates to CGCS2000 is not published."""


class CoordinateInvalid(ForeignFileInvalid):
    """A coordinate is no finite number."""


class MixedGeometry(ForeignFileInvalid):
    """Features are of dimensions that the layer cannot hold."""


class FieldsInvalid(ForeignFileInvalid):
    """Columns of a foreign file do not fit the layer, or a mapping names none of them."""


class CatalogueInvalid(BadData):
    """An entry of catalogue.toml cannot be used."""


class BackupInvalid(BadData):
    """A backup is not whole, or holds what it should not."""


class PackInvalid(BadData):
    """A rule pack cannot be used."""


class TemplateInvalid(BadData):
    """A document that a report is to be filled into lacks a style or a place for it."""


class SourceInvalid(BadData):
    """A text source of a layer cannot be built."""


class NotAGeoPackage(BadData):
    """The file is missing, is no SQLite database, or is no GeoPackage."""


class TableInvalid(BadData):
    """A table of a GeoPackage lacks what its layer promises."""


class UnexpectedObject(BadData):
    """A GeoPackage carries what a layer has no need of and what would run when it is used."""


class IndexLies(BadData):
    """The R-tree or the feature count of a GeoPackage contradicts its features."""


class MalformedGeometry(BadData):
    """A geometry blob of a GeoPackage cannot be decoded."""


class GeometryTooLarge(BadData):
    """A geometry is nested too deep or has too many vertices."""


class InvalidGeometry(BadData):
    """A geometry breaks the rules of simple features, so measures of it have no meaning."""


class FeatureTooWide(BadData):
    """A feature reaches too far from the meridian of the plane that would measure it."""


class CrsMismatch(BadData):
    """Layers differ in their CRS, or one has none."""


class LayerElsewhere(BadData):
    """A layer lies nowhere near the extent of its plan."""


class ChainageInvalid(BadData):
    """A text cannot be read as a chainage, or a number cannot be written as one."""


class RouteInvalid(BadData):
    """A line and what is stated of its chainage do not make a measured route."""


class EquationInvalid(BadData):
    """A chainage equation names no route, or a value that its route does not have there."""


class EmptyLayer(BadData):
    """A layer has no feature at all."""


class RasterInvalid(BadData):
    """A raster has no place on the map, or holds values of which nothing can be said."""


class DuplicateId(BadData):
    """Two features of a layer carry the same id, or one carries none."""


class AccuracyInvalid(BadData):
    """An accuracy of a feature is negative, infinite or no number."""


class UnstorableColumn(BadData):
    """A column holds values that a GeoPackage cannot store."""


class BadEnvironment(GeoplanError):
    """The machine does not give what is needed."""


class WorkerDied(BadEnvironment):
    """The process that did the work crashed."""


class WorkerTimeout(BadEnvironment):
    """The work took longer than it may."""


class WorkerOutOfMemory(BadEnvironment):
    """The work wanted more memory than it may have."""


class NotWritable(BadEnvironment):
    """A result cannot be written where it was asked for."""


class KeysUnreadable(BadEnvironment):
    """The file of the API keys cannot be read or written, or is open to others."""


class FileBusy(BadEnvironment):
    """Another program holds the file."""


class DatabaseUnreachable(BadEnvironment):
    """No server answers at a database's address, or it lets this user not in."""


class ClusterUnreachable(BadEnvironment):
    """No scheduler of workers answers at an address, or it has too few of them."""


class PackageMissing(BadEnvironment):
    """A package of an extra is not installed."""


class FontMissing(BadEnvironment):
    """No font with Chinese characters is installed, so that no sheet can be lettered."""
