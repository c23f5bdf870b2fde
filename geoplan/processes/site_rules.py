"""What packs of rules say of one site: parts in the answer of ``site-check``."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import shapely

from geoplan.crs import refuse_other_ground, reproject
from geoplan.errors import BadData, BadQuery
from geoplan.model import Dimension, Layer, Text
from geoplan.processes.check import totals_of
from geoplan.processes.process import ACCURACY
from geoplan.rules.check import Candidate, Check, check
from geoplan.rules.pack import load_pack

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from geopandas import GeoDataFrame
    from pandas import DataFrame
    from pyproj import CRS

    from geoplan.catalogue import Catalogue
    from geoplan.rules.pack import RulePack
    from geoplan.schema import LayerSchema

SITE = "site"
"""Id of the site as a layer of one feature, and of that feature."""

_TITLE = Text(zh="选址", en="Site")
_DIMENSIONS: tuple[Dimension, ...] = ("point", "line", "area")
_OF_FEATURE = ("layer", "id", "name", "name_en")
_TOLD = [
    "measure", "measured", "threshold", "margin", "pm", "unit", "line", "line_basis",
    "shared_area_m2", "shared_length_m", "chainage_from", "chainage_to", "reason", "field",
    "law", "law_en", "article", "in_force", "confidence", "activity", "activity_en", "duty",
    "duty_en", "finding_id",
]  # fmt: skip


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


_READ: dict[str, Callable[[str], Any]] = {
    "INTEGER": int,
    "REAL": _finite,
    "BOOLEAN": lambda text: {"true": True, "false": False}[text.lower()],
    "DATE": date.fromisoformat,
    "DATETIME": datetime.fromisoformat,
}


def load(catalogue: Catalogue, names: Sequence[str], on: date | None) -> list[RulePack]:
    """Return packs of rules: of the plan's own folder, or geoplan's."""
    return [load_pack(name, on=on, folder=catalogue.directory / "rules") for name in names]


def candidate_of(
    catalogue: Catalogue,
    site: GeoDataFrame,
    kind: str | None,
    attributes: Mapping[str, Any],
    crs: CRS,
) -> Candidate:
    """Return a site as a layer of its kind, in a CRS of the plan.

    Parameters
    ----------
    catalogue : Catalogue
    site : GeoDataFrame
        One feature.
    kind : str, optional
        What it would be, such as ``industrial_park``: rules speak of kinds.
    attributes : mapping
        What is known of it, by the names of the kind's fields.
    crs : CRS
        Of the layers that it is checked against.

    Raises
    ------
    BadQuery
        The kind is not given, or unknown, or such a geometry is none of its kind, or it has no
        such field.
    CrsMismatch
        The site is on another datum than the plan.
    """
    known = {name: schema for name, schema in catalogue.schemas.items() if schema.geometry}
    if kind not in known:
        said = "is needed" if kind is None else f"{kind!r} is unknown"
        raise BadQuery(f"rules speak of kinds: the kind of the site {said}; {_listed(known)}")
    schema = known[kind]
    dimension = _DIMENSIONS[int(shapely.get_dimensions(site.geometry.iloc[0]))]
    if dimension not in schema.geometry:
        raise BadQuery(
            f"a site of kind {kind} is drawn as {' or '.join(schema.geometry)}, not as {dimension}"
        )
    refuse_other_ground(site.crs, crs)
    columns = {name: [value] for name, value in _typed(schema, attributes).items()}
    columns[ACCURACY] = site[ACCURACY].tolist()
    shapes = reproject(site.geometry.to_numpy(), site.crs, crs)
    layer = Layer(
        id=_free(catalogue),
        kind=kind,
        title=_TITLE,
        geometry=dimension,
        line_means="centreline" if dimension == "line" else None,
        source=_TITLE,
        source_date=catalogue.plan.data_date,
    )
    return Candidate(layer, gpd.GeoDataFrame(columns, geometry=shapes, crs=crs, index=[SITE]))


def _typed(schema: LayerSchema, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes as the fields of a kind hold them; a command line knows texts only."""
    fields = {field.name: field for field in schema.fields}
    typed = {}
    for name, value in attributes.items():
        if name not in fields and not schema.open:
            raise BadQuery(f"a site of kind {schema.kind} has no field {name!r}; {_listed(fields)}")
        kind = fields[name].type if name in fields else "TEXT"
        try:
            typed[name] = _READ.get(kind, str)(str(value)) if kind != "TEXT" else value
        except (KeyError, ValueError):
            raise BadQuery(f"{name} of the site: {value!r} is no {kind}") from None
    return typed


def rule_parts(
    catalogue: Catalogue, packs: Sequence[RulePack], candidate: Candidate, on: date | None
) -> tuple[Check | None, list[dict[str, Any]]]:
    """Return the check of a site by packs of rules, and its parts.

    Returns
    -------
    Check, optional
        None where what a layer holds cannot be measured; the one part says why.
    list of dict
        One for each hit and each doubt, worst first: ``rule_id``, ``outcome``, ``severity``,
        ``title``, ``binds`` (the site, or the feature that it would disturb), the feature,
        ``measured``, ``threshold``, ``margin``, ``pm``, ``unit``, ``law``, ``article``,
        ``confidence`` and more of `geoplan.rules.findings.COLUMNS`. Then what was not checked,
        by ``reason`` and ``field``: how many findings (``finding_count``) of which rules
        (``rule_ids``).
    """
    try:
        found = check(catalogue, packs, candidate=candidate, on=on)
    except BadData as error:
        ids = ", ".join(pack.id for pack in packs)
        reason = f"{type(error).__name__}: {error}"
        return None, [{"packs": ids, "outcome": "not_checked", "reason": reason}]
    rows = found.findings
    unchecked = (rows["outcome"] == "not_checked").to_numpy(dtype=bool)
    told = _told(rows[~unchecked], candidate.layer.id)
    return found, [*told, *_counted(rows[unchecked])]


def totals(found: Check | None) -> dict[str, int]:
    """Return how many pairs of features the rules were asked of, and what came of them."""
    if found is None:
        return {}
    return {f"rules_{name}": count for name, count in totals_of(found).items() if name != "count"}


def _told(rows: DataFrame, site: str) -> list[dict[str, Any]]:
    """Return findings by what lies on the other side than the site."""
    told = []
    for row in rows.to_dict("records"):
        row = {str(name): None if value != value else value for name, value in row.items()}
        bound = row["subject_layer"] == site
        side = "object" if bound else "subject"
        head = ("rule_id", "outcome", "severity", "title", "title_en")
        told.append(
            {name: row[name] for name in head}
            | {"binds": "site" if bound else "feature"}
            | {f"feature_{name}": row[f"{side}_{name}"] for name in _OF_FEATURE}
            | {name: row[name] for name in _TOLD}
        )
    return told


def _counted(rows: DataFrame) -> list[dict[str, Any]]:
    """Return how many findings were not checked for each reason, the most frequent first."""
    grouped: dict[tuple[str, str | None], list[str]] = {}
    for rule_id, reason, field in zip(rows["rule_id"], rows["reason"], rows["field"], strict=True):
        grouped.setdefault((reason, field), []).append(rule_id)
    ordered = sorted(grouped.items(), key=lambda one: (-len(one[1]), str(one[0])))
    return [
        {
            "outcome": "not_checked",
            "reason": reason,
            "field": field,
            "finding_count": len(ids),
            "rule_ids": ", ".join(sorted(set(ids))),
        }
        for (reason, field), ids in ordered
    ]


def _free(catalogue: Catalogue) -> str:
    """Return an id that no layer of the plan has."""
    name, number = SITE, 2
    while name in catalogue:
        name, number = f"{SITE}-{number}", number + 1
    return name


def _listed(names: Iterable[str]) -> str:
    return f"known: {', '.join(sorted(names))}"
