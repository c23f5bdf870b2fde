"""A drawing taken apart: which of its layers become layers of which kind.

A DXF is one table whose rows name the drawing layer they stand on. The user says with patterns
which drawing layers are of which kind; without a kind for the others, those whose name is that of
a kind, or its title or standard code, tell it by themselves.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import shapely

from geoplan.errors import BadQuery, LayerNotFound
from geoplan.ingest.fields import folded, slug
from geoplan.ingest.table import ForeignTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from geoplan.ingest.importing import Wishes
    from geoplan.schema import LayerSchema

LAYER_NAME = "layer_name"
"""The column that tells of each feature on which drawing layer it stands."""
_DEFAULT = "0"


@dataclass(frozen=True)
class _Part:
    """Drawing layers that become one table of a kind; `name` is empty for all the others."""

    kind: str
    name: str
    layers: tuple[str, ...]


def parts_of(
    table: ForeignTable, schemas: Mapping[str, LayerSchema], wishes: Wishes
) -> list[tuple[ForeignTable, Wishes]]:
    """Return the tables that a drawing becomes, each with what is wished of it.

    Parameters
    ----------
    table : ForeignTable
        The drawing.
    schemas : mapping
        Kind → its schema.
    wishes : Wishes
        `kind_of` comes first, pattern by pattern; `kind` is for the drawing layers left over,
        or, when it is empty, their own names tell it.

    Raises
    ------
    LayerNotFound
        A pattern matches no drawing layer.
    BadQuery
        Nothing tells the kind of any drawing layer.
    """
    if not table.geometry:
        return [(table, wishes)]  # making a layer of it says so
    names = layer_names(table)
    parts, left = _assigned(names, schemas, wishes)
    if not parts:
        raise BadQuery(
            f"none of the drawing layers is named as a kind, its title or its code: say with "
            f"--kind of which kind they are, or with --kind-of which are of which; there are: "
            f"{listed(left)}"
        )
    found = []
    for part in parts:
        own = _rows(table, names, part)
        found.append((own, replace(wishes, kind=part.kind, layer=_id(part, wishes, len(parts)))))
    if left:
        found[0][0].notes.append(("drawing_layers_left", {"layers": listed(left)}))
    return found


def layer_names(table: ForeignTable) -> list[str]:
    """Return the drawing layer of each feature; none is named for layer 0, as DXF has it."""
    return [name or _DEFAULT for name in table.columns[LAYER_NAME][1]]


def layers_of(columns: Mapping[str, tuple[str, list[Any]]]) -> dict[str, int]:
    """Return drawing layer → how many features stand on it."""
    return dict(sorted(Counter(name or _DEFAULT for name in columns[LAYER_NAME][1]).items()))


def listed(names: Iterable[str]) -> str:
    """Return drawing layers in words, with the number of their features."""
    counts = sorted(Counter(names).items())
    return ", ".join(f"{name} ({count})" for name, count in counts) or "none"


def closed_to_areas(shapes: NDArray[Any]) -> NDArray[Any]:
    """Return closed lines of a drawing as the areas they are drawn around."""
    lines = shapely.get_type_id(shapes) == shapely.GeometryType.LINESTRING
    closed = lines & shapely.is_closed(shapes) & (shapely.get_num_points(shapes) > 3)
    areas = shapes.copy()
    areas[closed] = [shapely.Polygon(shape) for shape in shapes[closed]]
    return areas


def _assigned(
    names: list[str], schemas: Mapping[str, LayerSchema], wishes: Wishes
) -> tuple[list[_Part], list[str]]:
    """Return the parts of a drawing, and the layer of each feature that is in none."""
    parts: list[_Part] = []
    layers = list(dict.fromkeys(names))
    for pattern, kind in wishes.kind_of.items():
        found = [name for name in layers if _matches(name, pattern)]
        if not found:
            earlier = any(_matches(name, pattern) for name in names)
            why = "an earlier --kind-of takes all that match" if earlier else "none matches"
            raise LayerNotFound(f"--kind-of {pattern}={kind}: {why}; drawing layers: "
                                f"{listed(names)}")  # fmt: skip
        parts.append(_Part(kind, found[0] if len(found) == 1 else pattern, tuple(found)))
        layers = [name for name in layers if name not in found]
    if wishes.kind and layers:
        parts.append(_Part(wishes.kind, "", tuple(layers)))
        layers = []
    elif layers:
        named = _by_name(layers, schemas)
        for kind, found in named.items():
            name = found[0] if len(found) == 1 else schemas[kind].title.zh
            parts.append(_Part(kind, name, tuple(found)))
        layers = [name for name in layers if all(name not in found for found in named.values())]
    return parts, [name for name in names if name in layers]


def _matches(name: str, pattern: str) -> bool:
    """Tell whether a name is a pattern, or like one, whatever width and case its letters have."""
    plain, wanted = (unicodedata.normalize("NFKC", text).casefold() for text in (name, pattern))
    return plain == wanted or fnmatchcase(plain, wanted)


def _by_name(layers: list[str], schemas: Mapping[str, LayerSchema]) -> dict[str, list[str]]:
    """Return kind → drawing layers whose name is its own, its title or its code."""
    kinds: dict[str, set[str]] = {}
    for kind, schema in schemas.items():
        if schema.geometry:
            for said in (kind, schema.title.zh, schema.title.en, schema.code):
                kinds.setdefault(folded(said or kind), set()).add(kind)
    found: dict[str, list[str]] = {}
    for name in layers:
        told = kinds.get(folded(name), set())
        if len(told) == 1:
            found.setdefault(min(told), []).append(name)
    return found


def _id(part: _Part, wishes: Wishes, count: int) -> str | None:
    """Return the layer's id to be: the one wished for, with what tells several parts apart."""
    if wishes.layer is None or count == 1 or not part.name:
        return wishes.layer
    tail = slug(part.name) or f"{part.kind.replace('_', '-')}s"
    return re.sub("-{2,}", "-", f"{wishes.layer}-{tail}")


def _rows(table: ForeignTable, names: list[str], part: _Part) -> ForeignTable:
    wanted = set(part.layers)
    at = [row for row, name in enumerate(names) if name in wanted]
    columns = {
        name: (type_, [values[row] for row in at])
        for name, (type_, values) in table.columns.items()
    }
    return replace(
        table,
        name=part.name or table.name,
        columns=columns,
        geometry=[table.geometry[row] for row in at],
        notes=list(table.notes),
    )
