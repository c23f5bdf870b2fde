"""A layer for any map of Folium's: many features, few bytes, texts that stay texts."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import folium
from branca.element import Figure

from geoplan.schema import schemas
from geoplan.symbols import marks, symbols
from geoplan.webmap import assets
from geoplan.webmap.compact import IN_ROW_ORDER, encode
from geoplan.webmap.elements import Verbatim
from geoplan.webmap.payload import as_json
from geoplan.webmap.values import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geopandas import GeoDataFrame

    from geoplan.model import Lang
    from geoplan.symbols import Symbol
    from geoplan.webmap.compact import Precision

PALETTE = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C6D31", "#5E4FA2",
)  # fmt: skip
"""Colours that colour-blind readers tell apart, for the commonest values of a column."""

OTHER = "#8C9199"
"""The colour of every other value."""

_GEOMETRIES = {"Point": "point", "LineString": "line", "LinearRing": "line", "Polygon": "area"}


class PlanLayer(folium.map.Layer):
    """Features on a Folium map, drawn as tiles by a worker.

    The page carries its scripts once, however many of these layers it has. The map itself, that
    is Leaflet, is Folium's matter: for a file that needs no network write a planner's page.

    Parameters
    ----------
    features : GeoDataFrame
        Indexed by feature id, in any CRS. Points, lines and areas are drawn each as they are;
        the geometry that most features have decides on the symbol.
    name : str, optional
        What the layer is called in a ``folium.LayerControl``.
    kind : str, optional
        A kind of layer of geoplan's, such as ``"highway"``: its symbol, and what its schema
        calls the columns. Without it the symbol is the generic one.
    symbol : Symbol, optional
        How it is drawn, in the place of the kind's symbol.
    colour_by : str, optional
        A column whose values decide on the colour; a legend stands on the map.
    colours : mapping of str to str, optional
        The colour of each value; the commonest values get those of `PALETTE` when not given.
    tooltip : str, optional
        The column shown on hover; ``"name"`` when not given and there is one.
    popup : sequence of str, optional
        The columns shown in a table on a click; all when not given, no table for ().
    lang : {"zh", "en"}, default "zh"
        The language of the labels of columns.
    precision : {"full", "1m", "10m", "100m"}, default "full"
        How fine the coordinates are.
    overlay, control, show : bool, default True
        As for every layer of Folium's.

    Raises
    ------
    CrsMismatch
        The features have geometries but no CRS.

    Examples
    --------
    >>> map_ = folium.Map()
    >>> PlanLayer(parcels, name="Parcels", colour_by="use").add_to(map_)
    >>> folium.LayerControl().add_to(map_)
    >>> map_.fit_bounds(map_.get_bounds())
    """

    def __init__(
        self,
        features: GeoDataFrame,
        name: str | None = None,
        *,
        kind: str | None = None,
        symbol: Symbol | None = None,
        colour_by: str | None = None,
        colours: Mapping[str, str] | None = None,
        tooltip: str | None = None,
        popup: Sequence[str] | None = None,
        lang: Lang = "zh",
        precision: Precision = "full",
        overlay: bool = True,
        control: bool = True,
        show: bool = True,
    ) -> None:
        # a Leaflet control writes the names of layers as HTML
        shown_name = None if name is None else escape(name)
        super().__init__(name=shown_name, overlay=overlay, control=control, show=show)
        self._name = "PlanLayer"
        self.text = encode(features, precision=precision)
        self.bounds = _bounds(features)
        columns = [str(one) for one in features.columns if one != features.geometry.name]
        labels = _labels(columns, kind, lang)
        drawn = symbol or symbols().get(kind or "generic") or symbols()["generic"]
        self.options: dict[str, Any] = {
            "symbol": {**drawn.model_dump(mode="json"), "kind": kind or "generic"},
            "marks": marks().model_dump(mode="json"),
            "geometry": _geometry(features),
            "large": len(features) > IN_ROW_ORDER,
            "column": colour_by,
            "colours": None
            if colour_by is None
            else dict(colours or _colours(features[colour_by])),
            "other": OTHER,
            "legend": None if colour_by is None else labels[colour_by],
            "tooltip": tooltip or ("name" if "name" in columns else None),
            "popup": [[one, labels[one]] for one in (columns if popup is None else popup)] or None,
        }

    def render(self, **kwargs: Any) -> None:  # type: ignore[override]
        """Put the scripts, the features and the start of the layer into the page."""
        figure = self.get_root()
        if not isinstance(figure, Figure):
            raise TypeError("a PlanLayer is drawn on a map that stands in a figure")
        scripts = {**assets.engine_scripts(), "geoplan-plan-layer": assets.plan_layer_scripts()}
        for script_id, script in scripts.items():
            block = f'<script id="{script_id}">\n{script}</script>\n'
            figure.header.add_child(Verbatim(block), name=script_id)
        licences = f'<script type="text/plain">\n{assets.licences()}</script>\n'
        figure.header.add_child(Verbatim(licences), name="geoplan-licences")
        own = self.get_name()
        block = f'<script type="text/plain" id="{own}-data">{self.text}</script>\n'
        figure.html.add_child(Verbatim(block), name=f"{own}-data")
        start = f'const {own} = new geoplan.PlanLayer("{own}-data", {as_json(self.options)});'
        figure.script.add_child(Verbatim(start), name=own)
        super().render(**kwargs)  # type: ignore[no-untyped-call]

    def _get_self_bounds(self) -> list[list[float | None]]:
        return self.bounds


def _bounds(features: GeoDataFrame) -> list[list[float | None]]:
    located = features.geometry[features.geometry.notna() & ~features.geometry.is_empty]
    if located.empty:
        return [[None, None], [None, None]]
    from geoplan.crs import lonlat_bounds

    west, south, east, north = lonlat_bounds(located.total_bounds, located.crs)
    return [[south, west], [north, east]]


def _geometry(features: GeoDataFrame) -> str:
    """Return what most features are: points, lines or areas."""
    types = features.geometry.geom_type.dropna().str.removeprefix("Multi").map(_GEOMETRIES)
    return str(types.mode().iloc[0]) if types.notna().any() else "area"


def _labels(columns: list[str], kind: str | None, lang: Lang) -> dict[str, str]:
    schema = schemas().get(kind or "")
    fields = {} if schema is None else {field.name: field for field in schema.fields}
    labels = {}
    for name in columns:
        field = fields.get(name)
        unit = f" {field.unit}" if field is not None and field.unit else ""
        labels[name] = name if field is None else field.label.to(lang) + unit
    return labels


def _colours(values: Any) -> dict[str, str]:
    counts = values.dropna().map(_as_shown).value_counts(sort=True)
    commonest = sorted(counts.index[: len(PALETTE)])
    return dict(zip(commonest, PALETTE, strict=False))


def _as_shown(value: Any) -> str:
    """Return a value as JavaScript writes it."""
    given = plain(value)
    if isinstance(given, bool):
        return str(given).lower()
    whole = isinstance(given, float) and given.is_integer()
    return str(int(given)) if whole and given is not None else str(given)
