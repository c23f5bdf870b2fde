"""Importing: foreign files become layers of a plan, all of them or none.

Everything is read, placed, matched and written beside the plan first, and checked as the
catalogue would; then the files are moved into place and the catalogue's new entries with them.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoplan.catalogue import CATALOGUE, Catalogue
from geoplan.errors import BadQuery, FileBusy, NotWritable
from geoplan.ingest.drawing import parts_of
from geoplan.ingest.entry import store_text, with_entries
from geoplan.ingest.formats import format_of, refuse_addresses
from geoplan.ingest.layering import Prepared, prepare
from geoplan.ingest.provenance import provenance_of
from geoplan.ingest.reading import one_of, read_file, sha256_of
from geoplan.progress import QUIET
from geoplan.store.write import write_geopackage
from geoplan.styles import style_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geoplan.ingest.formats import Format
    from geoplan.ingest.table import ForeignTable
    from geoplan.model import Layer, LineMeaning
    from geoplan.progress import Progress
    from geoplan.workers import Limits


@dataclass(frozen=True)
class Wishes:
    """What the user says of an import.

    Attributes
    ----------
    kind : str
        Of the layers to be; empty leaves it to the drawing layers of a DXF.
    kind_of : mapping
        Pattern → kind of the drawing layers of a DXF that match it, the first that does.
    layer : str, optional
        Id of the layer, or the table wanted where a file holds several.
    source_crs, encoding : str, optional
        What the coordinates and texts are in, when the file does not say or is wrong.
    mapping : mapping
        Foreign column → field.
    accept_datum_shift_m : float, optional
        The datum shift that may be left out [m].
    line_means : {"centreline", "edge"}
        What the lines of a new layer stand for.
    swap_axes : bool, optional
        Whether north comes first; None leaves it to the numbers.
    allow_outside : bool
        Take data outside the plan's extent.
    dry_run : bool
        Tell everything, write nothing.
    limits : Limits, optional
        What reading one file may use.
    """

    kind: str = ""
    layer: str | None = None
    source_crs: str | None = None
    encoding: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    accept_datum_shift_m: float | None = None
    line_means: LineMeaning = "centreline"
    swap_axes: bool | None = None
    allow_outside: bool = False
    dry_run: bool = False
    limits: Limits | None = None
    kind_of: Mapping[str, str] = field(default_factory=dict)


def import_files(
    plan: Path | str,
    files: Sequence[Path | str],
    wishes: Wishes,
    progress: Progress = QUIET,
) -> list[Prepared]:
    """Import foreign files into a plan.

    Parameters
    ----------
    plan : path-like
        Folder with ``catalogue.toml``.
    files : sequence of path-like
        What to import.
    wishes : Wishes
        What the user says of them.
    progress : Progress, optional
        Told how far the import is; its end only once everything is in its place.

    Returns
    -------
    list of Prepared
        One for each layer, with all that was found and all that was lost.

    Raises
    ------
    GeoplanError
        By name; the plan is as it was.
    """
    catalogue = Catalogue.parse(plan)
    _refuse_kinds(catalogue, files, wishes)
    prepared: list[Prepared] = []
    making, storing = progress.split(8, 2)
    parts = making.split(*map(_size, files))
    for number, (name, its) in enumerate(zip(files, parts, strict=True), 1):
        named = its.about(Path(name).name, number, len(files))
        prepared += _prepared_from(name, catalogue, wishes, prepared, named)
    ids = [one.layer.id for one in prepared]
    if len(set(ids)) < len(ids):
        raise BadQuery(f"two tables would become the layer {max(ids, key=ids.count)!r}: name them")
    _store(catalogue, prepared, storing, dry_run=wishes.dry_run)
    return prepared


def _size(name: Path | str) -> int:
    """Return how much there is to read of a file or folder, for its share of the bar [bytes]."""
    path = Path(name)
    try:
        if path.is_dir():
            return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        return path.stat().st_size
    except (OSError, ValueError):
        return 0  # an address, or no file: reading says so


def _refuse_kinds(catalogue: Catalogue, files: Sequence[Path | str], wishes: Wishes) -> None:
    """Refuse kinds that nobody knows, and files that nobody says the kind of."""
    known = sorted(name for name, schema in catalogue.schemas.items() if schema.geometry)
    for kind in (*filter(None, [wishes.kind]), *wishes.kind_of.values()):
        if kind not in known:
            raise BadQuery(f"unknown kind {kind!r}; known: {', '.join(known)}")
    for name in files:
        refuse_addresses(str(name))
        if format_of(Path(name)).key == "dxf":
            continue
        if wishes.kind_of:
            raise BadQuery(f"{Path(name).name} has no drawing layers: --kind-of is for DXF only")
        if not wishes.kind:
            raise BadQuery(f"say with --kind of which kind {Path(name).name} is; only a DXF may "
                           f"tell it by its drawing layers; known: {', '.join(known)}")  # fmt: skip


def _prepared_from(
    name: Path | str,
    catalogue: Catalogue,
    wishes: Wishes,
    before: list[Prepared],
    progress: Progress,
) -> list[Prepared]:
    path = Path(name)
    reading, preparing = progress.split(2, 8)
    reading("reading", 0, 1)
    form, tables = read_file(
        path,
        encoding=wishes.encoding,
        table=wishes.layer,
        declared=wishes.source_crs is not None,
        limits=wishes.limits,
        progress=reading,
    )
    if wishes.layer is not None and len(tables) > 1:
        tables = [one_of(tables, wishes.layer, path)]
    source = _source(path, form)
    found: list[Prepared] = []
    wished = _wished(tables, catalogue, wishes)
    parts = preparing.split(*(len(table.geometry) for table, _ in wished))
    several = len(wished) > 1
    for (table, its_wishes), its in zip(wished, parts, strict=True):
        taken = {one.layer.id for one in (*before, *found)}
        found += prepare(
            table, catalogue, its_wishes, source, several=several, taken=taken, progress=its
        )
    return found


def _wished(
    tables: list[ForeignTable], catalogue: Catalogue, wishes: Wishes
) -> list[tuple[ForeignTable, Wishes]]:
    """Return tables with what is wished of each; a drawing becomes one for each kind."""
    if not wishes.kind_of and wishes.kind:
        return [(table, wishes) for table in tables]
    return [one for table in tables for one in parts_of(table, catalogue.schemas, wishes)]


def _source(path: Path, form: Format) -> dict[str, Any]:
    return {"file": path.name, "sha256": sha256_of(path), "format": form.key}


def _store(
    catalogue: Catalogue,
    prepared: list[Prepared],
    progress: Progress,
    *,
    dry_run: bool,
) -> None:
    """Write all layers beside the plan, check them, then move them in."""
    writing, moving = progress.about(catalogue.directory.name).split(9, 1)
    new = [one.layer for one in prepared if one.layer.id not in catalogue]
    text = with_entries(catalogue.directory, new) if new else None
    where = None if dry_run else catalogue.directory
    try:
        staging = Path(tempfile.mkdtemp(prefix=".import-", dir=where))
    except OSError as error:
        raise NotWritable(f"cannot write in {catalogue.directory}: {error.strerror}") from error
    try:
        parts = writing.split(*(len(one.features) for one in prepared))
        for number, (one, its) in enumerate(zip(prepared, parts, strict=True), 1):
            named = its.about(one.layer.id, number, len(prepared))
            _write(one, staging, catalogue, named)
        moving("storing", 0, 1)
        layers = tuple(one.layer for one in prepared)
        checked = Catalogue(staging, catalogue.plan, layers)
        for layer in layers:
            checked.check(layer)
        if not dry_run:
            _move_in(catalogue.directory, staging, layers, text)
        moving("storing", 1, 1)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write(one: Prepared, staging: Path, catalogue: Catalogue, progress: Progress) -> None:
    moment = datetime.now(tz=UTC)
    columns = [str(name) for name in one.features.columns if name != "geometry"]
    columns += [] if one.layer.id_column is None else [one.layer.id_column]
    target = staging / one.layer.file
    target.parent.mkdir(parents=True, exist_ok=True)
    write_geopackage(
        target,
        one.layer.table,
        one.features,
        id_column=one.layer.id_column,
        identifier=one.layer.title.zh,
        description=one.layer.source.zh,
        last_change=moment,
        column_types=one.column_types,
        provenance=provenance_of(one, moment),
        schema=one.schema,
        style=style_of(one.layer, catalogue.symbol(one.layer), one.schema, columns),
        progress=progress,
    )


def _move_in(directory: Path, staging: Path, layers: tuple[Layer, ...], text: str | None) -> None:
    """Move files into place; when one cannot be, put back what stood there."""
    for layer in layers:
        for suffix in ("-journal", "-wal"):
            if (directory / f"{layer.file}{suffix}").exists():
                raise FileBusy(f"{layer.file} is open in another program: close it there first")
    old = staging / ".old"
    moved: list[Path] = []
    try:
        for layer in layers:
            target, kept = directory / layer.file, old / layer.file
            if target.exists():
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.hardlink_to(target)
            moved.append(Path(layer.file))
            (staging / layer.file).replace(target)
        if text is not None:
            store_text(directory / CATALOGUE, text)
    except BaseException as error:
        for file in moved:
            if (old / file).exists():
                (old / file).replace(directory / file)
            else:
                (directory / file).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise NotWritable(f"cannot write in {directory}: {error.strerror}") from error
        raise
