"""CQL2 text → CQL2 JSON, by precedence climbing: one pass, in time linear in the text.

The grammar (OGC 21-065r2, annex B) tells expressions apart by their type; here any expression may
stand anywhere, and what does not fit is refused when the tree is compiled.
"""

from __future__ import annotations

from typing import Any, NoReturn

from geoplan.errors import BadQuery
from geoplan.store.cql2.tokens import Token, number, tokens, unescaped
from geoplan.store.cql2.wkt import GEOMETRIES, WktReader

MAX_DEPTH = 50
"""How deep expressions may stand in each other."""

_OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _POWER = range(1, 8)
_LEVELS = {
    "OR": _OR,
    "AND": _AND,
    **dict.fromkeys(("=", "<>", "<", "<=", ">", ">="), _COMPARISON),
    **dict.fromkeys(("IS", "LIKE", "BETWEEN", "IN", "NOT"), _COMPARISON),
    **dict.fromkeys(("+", "-"), _SUM),
    **dict.fromkeys(("*", "/", "%", "DIV"), _PRODUCT),
    "^": _POWER,
}
_INSTANTS = {"DATE": "date", "TIMESTAMP": "timestamp"}


def parse(text: str) -> Any:
    """Return the tree of a filter in CQL2 text.

    Raises
    ------
    BadQuery
        It is no CQL2; the message says at which character.
    """
    parser = _Parser(text)
    tree = parser.expression(_OR)
    if parser.now.kind != "end":
        parser.refuse("an operator or the end")
    return tree


class _Parser(WktReader):
    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._place = 0
        self._depth = 0

    @property
    def now(self) -> Token:
        return self._tokens[self._place]

    @property
    def _next(self) -> Token:
        return self._tokens[min(self._place + 1, len(self._tokens) - 1)]

    def take(self) -> Token:
        token = self.now
        self._place += token.kind != "end"
        return token

    def is_sign(self, sign: str) -> bool:
        return self.now.kind == "sign" and self.now.text == sign

    def expect(self, sign: str) -> None:
        if self.now.text != sign or self.now.kind not in ("sign", "word"):
            self.refuse(repr(sign))
        self.take()

    def refuse(self, wanted: str) -> NoReturn:
        there = repr(self.now.text) if self.now.text else "the end"
        raise BadQuery(f"filter: {there} at character {self.now.at + 1}, where {wanted} is needed")

    def expression(self, least: int) -> Any:
        """Read an expression whose operators bind at least so tightly."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise BadQuery(f"filter is nested more than {MAX_DEPTH} deep")
        left = self._prefix()
        while self.now.kind in ("sign", "word"):
            level = _LEVELS.get(self.now.text)
            if level is None or level < least:
                break
            left = self._infix(left, level)
        self._depth -= 1
        return left

    def _infix(self, left: Any, level: int) -> Any:
        operator = self.take().text
        if operator == "NOT":
            if self.now.text not in ("LIKE", "BETWEEN", "IN"):
                self.refuse("LIKE, BETWEEN or IN")
            return _op("not", self._infix(left, level))
        if operator == "IS":
            return self._is_null(left)
        if operator == "BETWEEN":
            low = self.expression(_SUM)
            self.expect("AND")
            return _op("between", left, low, self.expression(_SUM))
        if operator == "IN":
            self.expect("(")
            return _op("in", left, self.listed(lambda: self.expression(_SUM)))
        right = self.expression(level + 1)
        name = operator.lower()
        if level in (_OR, _AND) and isinstance(left, dict) and left.get("op") == name:
            left["args"].append(right)
            return left
        return _op(name, left, right)

    def _is_null(self, left: Any) -> Any:
        negated = self.now.text == "NOT" and self.now.kind == "word"
        if negated:
            self.take()
        self.expect("NULL")
        found = _op("isNull", left)
        return _op("not", found) if negated else found

    def _prefix(self) -> Any:
        token = self.take()
        if token.kind == "number":
            return number(token)
        if token.kind == "text":
            return unescaped(token.text)
        if token.kind == "quoted":
            return {"property": token.text[1:-1].replace('""', '"')}
        if token.kind == "name":
            return self._named(token)
        if token.text == "(" and token.kind == "sign":
            return self._parenthesis()
        if token.text == "NOT":
            return _op("not", self.expression(_NOT))
        if token.text in ("TRUE", "FALSE"):
            return token.text == "TRUE"
        if token.text in ("-", "+") and token.kind == "sign":
            return self._signed(token.text)
        self._place -= token.kind != "end"
        return self.refuse("a property, a literal or a function")

    def _signed(self, sign: str) -> Any:
        operand = self.expression(_POWER + 1)
        if isinstance(operand, (int, float)) and not isinstance(operand, bool):
            return -operand if sign == "-" else operand
        return _op("*", -1, operand) if sign == "-" else operand

    def _parenthesis(self) -> Any:
        """Read what stands in parentheses: an expression, or an array of others than one."""
        if self.is_sign(")"):
            self.take()
            return []
        first = self.expression(_OR)
        if not self.is_sign(","):
            self.expect(")")
            return first
        self.take()
        return [first, *self.listed(lambda: self.expression(_OR))]

    def _named(self, token: Token) -> Any:
        word = token.text.upper()
        if word in GEOMETRIES and (self.is_sign("(") or self._is_tall()):
            return self.geometry(word)
        if not self.is_sign("("):
            return {"property": token.text}
        self.take()
        if word == "BBOX":
            return {"bbox": self.listed(self.coordinate)}
        if word in _INSTANTS:
            moment = self.take()
            if moment.kind != "text":
                self._place -= 1
                self.refuse("a day or a moment in quotes")
            self.expect(")")
            return {_INSTANTS[word]: unescaped(moment.text)}
        if self.is_sign(")"):
            self.take()
            return {"op": token.text.lower(), "args": []}
        arguments = self.listed(lambda: self.expression(_OR))
        if word == "INTERVAL":
            return {"interval": arguments}
        return {"op": token.text.lower(), "args": arguments}

    def _is_tall(self) -> bool:
        return self.now.text.upper() == "Z" and self._next.text == "("


def _op(name: str, *arguments: Any) -> dict[str, Any]:
    return {"op": name, "args": list(arguments)}
