"""The Folium elements of the page: a map without a CDN, a figure of our own, the plan.

Folium's ``MacroElement`` compiles what it has rendered as a template once more, so a value
that reads ``{{7*7}}`` would be computed. Whatever carries values goes through `Verbatim`.
"""

from __future__ import annotations

from html import escape
from typing import Any

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template

DATA_ID = "plan-data"


class Verbatim(Element):
    """Text that is written as it stands and never read as a template."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def render(self, **kwargs: Any) -> str:
        """Return the text."""
        return self.text


class PlannerFigure(Figure):
    """A whole document that declares its language and closes its body after the scripts."""

    _template = Template(
        '<!DOCTYPE html>\n<html lang="{{ this.html_lang }}">\n<head>\n'
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "{{ this.header.render(**kwargs) }}\n</head>\n<body>\n"
        "{{ this.html.render(**kwargs) }}\n"
        "<script>\n{{ this.script.render(**kwargs) }}\n</script>\n</body>\n</html>\n"
    )

    def __init__(self, html_lang: str) -> None:
        super().__init__()
        self.html_lang = html_lang
        # The charset stands in the template; Folium's own line would repeat it.
        self.header = Element()


class PlannerMap(folium.Map):
    """A Folium map that brings no script, style or tile of its own from anywhere.

    Its name is fixed, so that the same content gives the same bytes.
    """

    default_js: list[tuple[str, str]] = []  # noqa: RUF012 -- Folium reads it as a class attribute
    default_css: list[tuple[str, str]] = []  # noqa: RUF012

    _template = Template(
        """
        {% macro html(this, kwargs) %}
        <div class="folium-map" id={{ this.get_name()|tojson }}></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
        const {{ this.get_name() }} = L.map({{ this.get_name()|tojson }}, Object.assign(
            {center: {{ this.location|tojson }}, crs: L.CRS.EPSG3857},
            {{ this.options|tojavascript }}
        ));
        {% endmacro %}
        """
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(tiles=None, zoom_control=False, **options)
        self._id = "planner"


class LayerElement(MacroElement):
    """The features of a layer, as text that no browser runs.

    A long text comes in pieces, each of which a line of script hands to the worker at once.
    """

    PIECE = 1 << 20  # letters, a multiple of the four that make three bytes

    def __init__(self, name: str, text: str, in_pieces: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Layer"
        self.name = name
        self.text = text
        self.in_pieces = in_pieces

    def render(self, **kwargs: Any) -> None:  # type: ignore[override]
        """Put the text into the page."""
        figure = self.get_root()
        if not isinstance(figure, Figure):
            raise TypeError("a LayerElement is drawn on a map that stands in a figure")
        block = f'<script type="text/plain" id="{self.name}">{self.text}</script>\n'
        pieces = self._pieces() if self.in_pieces else block
        figure.html.add_child(Verbatim(pieces), name=self.name)

    def _pieces(self) -> str:
        begins = range(0, len(self.text), self.PIECE)
        return "".join(
            f'<script type="text/plain" data-layer="{self.name}">{self.text[at : at + self.PIECE]}'
            "</script><script>geoplan.engine.feed();</script>\n"
            for at in begins
        )


class PlanElement(MacroElement):
    """The plan on a map: carries the data and starts the page's scripts."""

    def __init__(self, data: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Plan"
        self.data = data

    def render(self, **kwargs: Any) -> None:  # type: ignore[override]
        """Put the data into the page and the start into its script."""
        figure, planner_map = self.get_root(), self._parent
        if not isinstance(figure, Figure) or planner_map is None:
            raise TypeError("a PlanElement is drawn on a map that stands in a figure")
        block = f'<script type="application/json" id="{DATA_ID}">{self.data}</script>'
        figure.html.add_child(Verbatim(block), name="plan_data")
        start = f"geoplan.start({planner_map.get_name()}, {DATA_ID!r});"
        figure.script.add_child(Verbatim(start), name="plan_start")


def title(text: str) -> Verbatim:
    """Return the document's title."""
    return Verbatim(f"<title>{escape(text)}</title>\n")
