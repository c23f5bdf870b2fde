"""Geometries in CQL2 text, which are WKT, → GeoJSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NoReturn

from geoplan.store.cql2.tokens import number

if TYPE_CHECKING:
    from collections.abc import Callable

    from geoplan.store.cql2.tokens import Token

GEOMETRIES = {
    "POINT": "Point",
    "LINESTRING": "LineString",
    "POLYGON": "Polygon",
    "MULTIPOINT": "MultiPoint",
    "MULTILINESTRING": "MultiLineString",
    "MULTIPOLYGON": "MultiPolygon",
    "GEOMETRYCOLLECTION": "GeometryCollection",
}
_NESTING = {
    "LINESTRING": 1,
    "POLYGON": 2,
    "MULTIPOINT": 1,
    "MULTILINESTRING": 2,
    "MULTIPOLYGON": 3,
}


class WktReader(ABC):
    """Reads geometries from the tokens of a filter."""

    @property
    @abstractmethod
    def now(self) -> Token:
        """The token to read next."""

    @abstractmethod
    def take(self) -> Token:
        """Return the token to read next and go on."""

    @abstractmethod
    def is_sign(self, sign: str) -> bool:
        """Tell whether a sign comes next."""

    @abstractmethod
    def expect(self, sign: str) -> None:
        """Go on behind a sign that must come next."""

    @abstractmethod
    def refuse(self, wanted: str) -> NoReturn:
        """Refuse the token to read next, because something else is needed."""

    def geometry(self, word: str) -> dict[str, Any]:
        """Read a geometry behind its name."""
        if self.now.text.upper() == "Z":
            self.take()
        self.expect("(")
        if word == "GEOMETRYCOLLECTION":
            return {"type": GEOMETRIES[word], "geometries": self.listed(self._part)}
        if word == "POINT":
            point = self._point()
            self.expect(")")
            return {"type": GEOMETRIES[word], "coordinates": point}
        inner = self._bare_or_wrapped if word == "MULTIPOINT" else self._point
        return {"type": GEOMETRIES[word], "coordinates": self._nested(_NESTING[word], inner)}

    def listed(self, read: Callable[[], Any]) -> list[Any]:
        """Read what stands between commas, up to the parenthesis that closes."""
        found = [read()]
        while self.is_sign(","):
            self.take()
            found.append(read())
        self.expect(")")
        return found

    def coordinate(self) -> float:
        """Read a number with its sign."""
        sign = 1
        if self.is_sign("-") or self.is_sign("+"):
            sign = -1 if self.take().text == "-" else 1
        if self.now.kind != "number":
            self.refuse("a number")
        return sign * number(self.take())

    def _part(self) -> dict[str, Any]:
        word = self.now.text.upper()
        if word not in GEOMETRIES or word == "GEOMETRYCOLLECTION":
            self.refuse("a geometry that is no collection")
        self.take()
        return self.geometry(word)

    def _nested(self, levels: int, read: Callable[[], Any]) -> list[Any]:
        if levels == 1:
            return self.listed(read)

        def part() -> list[Any]:
            self.expect("(")
            return self._nested(levels - 1, read)

        return self.listed(part)

    def _point(self) -> list[float]:
        found = [self.coordinate(), self.coordinate()]
        if self.now.kind == "number" or self.is_sign("-") or self.is_sign("+"):
            found.append(self.coordinate())
        return found

    def _bare_or_wrapped(self) -> list[float]:
        if not self.is_sign("("):
            return self._point()
        self.take()
        found = self._point()
        self.expect(")")
        return found
