"""The tree of a filter → a condition in SQL with bound values.

Null is what SQL makes of it, which is what the standard asks: a comparison with null is null, and
only rows of which the whole filter is true are found. Where nothing but ``AND`` and ``OR`` stands
above a predicate, null may count as false; elsewhere they are told apart.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import shapely

from geoplan.errors import BadQuery
from geoplan.store.condition import Condition, Located
from geoplan.store.cql2 import times
from geoplan.store.cql2.functions import ARRAY_RELATIONS, FUNCTIONS, accenti, casei, glob
from geoplan.store.cql2.geometry import RELATIONS, geometry_of, related
from geoplan.store.cql2.terms import INSTANTS, NUMBERS, Term, comparable, of_kind, shown
from geoplan.store.cql2.text import MAX_DEPTH
from geoplan.store.ddl import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from geoplan.store.cql2.geometry import Axes

T = TypeVar("T")

_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
_ARITHMETIC = ("+", "-", "*", "/", "%", "div", "^")
_LOGIC = ("and", "or", "not")
_TEMPORAL = (*times.BOTH, *times.INTERVALS)
_LARGEST = 2**63
_PREDICATES = (
    *(*_LOGIC, *_COMPARISONS, "like", "between", "in", "isnull"),
    *(*RELATIONS, *_TEMPORAL, *ARRAY_RELATIONS),
)


@dataclass(frozen=True)
class Queryables:
    """What a filter can ask of a table.

    Attributes
    ----------
    key : str
        Its key.
    geometry : str
        Its geometry.
    kinds : mapping of str to str
        Its other columns, and the kind of their values.
    """

    key: str
    geometry: str
    kinds: Mapping[str, str]

    def kind(self, name: str) -> str:
        """Return the kind of a queryable.

        Raises
        ------
        BadQuery
            There is none of that name.
        """
        if name == self.geometry:
            return "geometry"
        if name not in self.kinds:
            there = ", ".join([self.geometry, *self.kinds])
            raise BadQuery(f"filter: there is no queryable {name!r}; there is: {there}")
        return self.kinds[name]


def compiled(tree: Any, queryables: Queryables, axes: Axes) -> Condition:
    """Return the condition that a filter is.

    Parameters
    ----------
    tree : CQL2 JSON
        As `geoplan.store.cql2.read` returns it.
    queryables : Queryables
        What there is.
    axes : Axes
        The CRS of its geometries.

    Raises
    ------
    BadQuery
        It is no filter, or asks for what is not there or cannot be compared.
    """
    compiler = _Compiler(queryables, axes)
    text = compiler.predicate(tree, strict=False)
    return Condition(text, tuple(compiler.values.items()), tuple(compiler.located))


@dataclass
class _Compiler:
    queryables: Queryables
    axes: Axes
    values: dict[str, Any] = field(default_factory=dict)
    located: list[Located] = field(default_factory=list)
    depth: int = 0

    def predicate(self, node: Any, strict: bool) -> str:
        """Return the SQL of a predicate; `strict` where null must be told from false."""
        if isinstance(node, bool):
            return "1" if node else "0"
        name, arguments = _operation(node)
        if name in _PREDICATES:
            return self._deeper(lambda: self._predicate(name, arguments, strict))
        return of_kind(self.value(node), "boolean").text

    def value(self, node: Any) -> Term:
        """Return the SQL of a value.

        Raises
        ------
        BadQuery
            It is none, such as a geometry or an interval.
        """
        return self._deeper(lambda: self._value(node))

    def _deeper(self, told: Callable[[], T]) -> T:
        self.depth += 1
        if self.depth > 2 * MAX_DEPTH:  # a predicate is judged twice: as such, and by its kind
            raise BadQuery(f"filter is nested more than {MAX_DEPTH} deep")
        found = told()
        self.depth -= 1
        return found

    def _predicate(self, name: str, arguments: list[Any], strict: bool) -> str:
        if name in ("and", "or"):
            if len(arguments) < 2:
                raise BadQuery(f"filter: {name} joins two predicates or more")
            parts = [self.predicate(argument, strict) for argument in arguments]
            return _balanced(f" {name.upper()} ", parts)
        if name == "isnull":
            return self._is_null(_one(name, arguments))
        if name == "not":
            return f"(NOT {self.predicate(_one(name, arguments), strict=True)})"
        if name == "between":
            return self._between(arguments)
        left, right = _two(name, arguments)
        if name == "in":
            return self._in(left, right)
        if name == "like":
            return self._like(left, right)
        if name in RELATIONS:
            return self._spatial(name, left, right, strict)
        if name in _TEMPORAL:
            return times.predicate(name, self._period(left), self._period(right), strict)
        if name in ARRAY_RELATIONS:
            return f"cql2_array('{name}', {self._array(left)}, {self._array(right)})"
        first, second = comparable(self.value(left), self.value(right))
        return f"({first} {name} {second})"

    def _is_null(self, node: Any) -> str:
        if isinstance(node, dict) and ("type" in node or "bbox" in node):
            geometry_of(node, self.axes)
            return "0"
        if isinstance(node, dict) and node.get("property") == self.queryables.geometry:
            return self._nowhere()
        if isinstance(node, dict) and "interval" in node:
            period = self._period(node)
            return f"({period.start.text} IS NULL OR {period.end.text} IS NULL)"
        return f"({self.value(node).text} IS NULL)"

    def _between(self, arguments: list[Any]) -> str:
        if len(arguments) != 3:
            raise BadQuery("filter: BETWEEN takes a number and two ends")
        value, low, high = (of_kind(self.value(part), *NUMBERS) for part in arguments)
        told = f"({value.text} BETWEEN {low.text} AND {high.text})"
        unsure = [f"{end.text} IS NULL" for end in (low, high) if not end.known]
        # SQL is content with one end when that decides; the standard is not
        return f"CASE WHEN {' OR '.join(unsure)} THEN NULL ELSE {told} END" if unsure else told

    def _in(self, node: Any, listed: Any) -> str:
        if not isinstance(listed, list) or not listed:
            raise BadQuery("filter: IN takes a list of values")
        value = self.value(node)
        pairs = [comparable(value, self.value(item)) for item in listed]
        if len({first for first, _ in pairs}) == 1:
            return f"({pairs[0][0]} IN ({', '.join(second for _, second in pairs)}))"
        return _balanced(" OR ", [f"({first} = {second})" for first, second in pairs])

    def _like(self, node: Any, pattern_node: Any) -> str:
        value = of_kind(self.value(node), "string")
        pattern = self.value(pattern_node)
        if pattern.literal is None:
            raise BadQuery(f"filter: LIKE takes a pattern in quotes, not {pattern.shown}")
        return f"({value.text} GLOB {self._bound(glob(pattern.literal))})"

    def _value(self, node: Any) -> Term:
        what = shown(node)
        if isinstance(node, bool):
            return Term("1" if node else "0", "boolean", what, known=True)
        if isinstance(node, (int, float)):
            kind = "integer" if isinstance(node, int) else "number"
            return Term(self._bound(_storable(node)), kind, what, known=True)
        if isinstance(node, str):
            return Term(self._bound(node), "string", what, literal=node, known=True)
        if isinstance(node, list):
            return Term(self._array(node), "array", what)
        if isinstance(node, dict) and set(node) == {"property"}:
            return self._property(node["property"])
        for kind in INSTANTS:
            if isinstance(node, dict) and set(node) == {kind}:
                return self._instant(node[kind], kind, what)
        if node is None:
            raise BadQuery("filter: null is compared with nothing; ask IS NULL")
        name, arguments = _operation(node)
        if name in _ARITHMETIC:
            return self._arithmetic(name, arguments, what)
        if name in ("casei", "accenti"):
            return self._folded(name, _one(name, arguments), what)
        if name in _PREDICATES:
            return Term(self.predicate(node, strict=True), "boolean", what)
        return self._function(name, arguments, what)

    def _property(self, name: Any) -> Term:
        if not isinstance(name, str):
            raise BadQuery("filter: a property is named by a text")
        kind, column = self.queryables.kind(name), f"t.{quoted(name)}"
        if kind == "geometry":
            raise BadQuery(f"filter: {name} is a geometry: ask S_INTERSECTS and the like")
        if kind == "string":
            return Term(f"{column} COLLATE BINARY", kind, name)
        if kind == "date":
            return Term(f"unixepoch({column}, 'start of day')", kind, name)
        if kind == "timestamp":
            day = f"unixepoch({column}, 'start of day')"
            return Term(f"unixepoch({column}, 'subsec')", kind, name, day=day)
        return Term(column, kind, name)

    def _instant(self, text: Any, kind: Any, what: str) -> Term:
        if not isinstance(text, str):
            raise BadQuery(f"filter: {what} holds no text")
        seconds, _ = times.instant(text, kind)
        day = self._bound(math.floor(seconds / times.DAY_S) * times.DAY_S)
        return Term(self._bound(seconds), kind, what, day=day, known=True)

    def _arithmetic(self, name: str, arguments: list[Any], what: str) -> Term:
        left, right = (of_kind(self.value(part), *NUMBERS) for part in _two(name, arguments))
        whole = left.kind == right.kind == "integer"
        first, second = left.text, right.text
        if name in ("+", "-", "*"):
            return Term(f"({first} {name} {second})", "integer" if whole else "number", what)
        if name == "^":
            return Term(f"pow({first}, {second})", "number", what)
        if name == "/":
            return Term(f"(1.0 * {first} / {second})", "number", what)
        if whole:
            return Term(f"({first} {'/' if name == 'div' else '%'} {second})", "integer", what)
        text = f"trunc(1.0 * {first} / {second})" if name == "div" else f"mod({first}, {second})"
        return Term(text, "number", what)

    def _folded(self, name: str, node: Any, what: str) -> Term:
        term = of_kind(self.value(node), "string")
        if term.literal is None:
            return Term(f"cql2_{name}({term.text})", "string", what)
        folded = (casei if name == "casei" else accenti)(term.literal)
        return Term(self._bound(folded), "string", what, literal=folded, known=True)

    def _function(self, name: str, arguments: list[Any], what: str) -> Term:
        if name not in FUNCTIONS:
            known = ", ".join(["casei", "accenti", *FUNCTIONS])
            raise BadQuery(f"filter: there is no function {name!r}; there is: {known}")
        function = FUNCTIONS[name]
        if len(arguments) != len(function.arguments):
            raise BadQuery(f"filter: {name} takes {len(function.arguments)} arguments")
        terms = [
            of_kind(self.value(argument), *kinds)
            for argument, kinds in zip(arguments, function.arguments, strict=True)
        ]
        return Term(function.sql.format(*(term.text for term in terms)), function.returns, what)

    def _period(self, node: Any) -> times.Period:
        if isinstance(node, dict) and set(node) == {"interval"}:
            ends = node["interval"]
            if not isinstance(ends, list) or len(ends) != 2:
                raise BadQuery("filter: an interval has a start and an end")
            if all(isinstance(end, str) and end != ".." for end in ends):
                first, last = (times.instant(end)[0] for end in ends)
                if first > last and times.instant(ends[0])[1] == times.instant(ends[1])[1]:
                    raise BadQuery(f"filter: the interval {ends} ends before it begins")
            return times.Period(self._end(ends[0], -math.inf), self._end(ends[1], math.inf), True)
        bound = self._end(node, None)
        return times.Period(bound, bound, False)

    def _end(self, node: Any, openness: float | None) -> times.Bound:
        if isinstance(node, str) and openness is not None:
            if node == "..":
                return times.Bound(self._bound(openness), None, True)
            seconds, granularity = times.instant(node)
            return times.Bound(self._bound(seconds), granularity, True)
        term = of_kind(self.value(node), "timestamp", "date")
        return times.Bound(term.text, "date" if term.kind == "date" else "timestamp", term.known)

    def _array(self, node: Any) -> str:
        if not isinstance(node, list):
            return self.value(node).text if isinstance(node, dict) else self._array([node])
        if all(isinstance(item, (str, int, float)) for item in node):
            return self._bound(json.dumps(node, ensure_ascii=False))
        return f"json_array({', '.join(map(self._element, node))})"

    def _element(self, node: Any) -> str:
        if isinstance(node, dict) and len(node) == 1 and (node.keys() & {"date", "timestamp"}):
            (text,) = node.values()
            self.value(node)  # it is one
            return self._bound(text)
        if isinstance(node, dict) and node.keys() & {"type", "bbox", "interval"}:
            raise BadQuery("filter: arrays of geometries and intervals are not compared")
        term = self.value(node)
        if term.kind == "boolean":
            return f"json(CASE WHEN {term.text} THEN 'true' ELSE 'false' END)"
        return f"json({term.text})" if term.kind == "array" else term.text

    def _spatial(self, name: str, left: Any, right: Any, strict: bool) -> str:
        first, second = self._place(left), self._place(right)
        if first is not None and second is not None:
            return "1" if related(name, first, second) else "0"
        if first is None and second is None:  # a table has one geometry: it is compared to itself
            same = name in ("s_intersects", "s_equals", "s_within", "s_contains")
            return f"CASE WHEN {self._nowhere()} THEN NULL ELSE {int(same)} END"
        relation = name if first is None else RELATIONS[name]
        literal = second if first is None else first
        negated = relation == "s_disjoint"
        keys = self._keys("s_intersects" if negated else relation, literal)
        if negated or strict:
            told = f"{'NOT ' if negated else ''}{keys}"
            return f"CASE WHEN {self._nowhere()} THEN NULL ELSE {told} END"
        return keys

    def _place(self, node: Any) -> Any:
        """Return a geometry literal; None for the geometry of the rows."""
        if isinstance(node, dict) and ("type" in node or "bbox" in node):
            return geometry_of(node, self.axes)
        if isinstance(node, dict) and isinstance(node.get("property"), str):
            if self.queryables.kind(node["property"]) == "geometry":
                return None
            raise BadQuery(
                f"filter: {shown(node)} is no geometry, as {self.queryables.geometry} is"
            )
        raise BadQuery(f"filter: {shown(node)} is no geometry")

    def _keys(self, relation: str, literal: Any) -> str:
        number = len(self.located)
        located = Located(f"located{number}", relation, shapely.to_wkb(literal), self.axes.name)
        self.located.append(located)
        return self._among(located.parameter)

    def _nowhere(self) -> str:
        if not any(located.relation is None for located in self.located):
            self.located.append(Located("nowhere", None, b"", self.axes.name))
        return self._among("nowhere")

    def _among(self, parameter: str) -> str:
        return f"(t.{quoted(self.queryables.key)} IN (SELECT value FROM carray(:{parameter})))"

    def _bound(self, value: Any) -> str:
        name = f"q{len(self.values)}"
        self.values[name] = value
        return f":{name}"


def _operation(node: Any) -> tuple[str, list[Any]]:
    """Return the operator of a node, in lower case, and its arguments; no operator: ``""``."""
    if not isinstance(node, dict):
        return "", []
    if "op" not in node:
        if set(node) == {"property"} or set(node) <= {"date", "timestamp"}:
            return "", []
        raise BadQuery(f"filter: {shown(node)} is no predicate or value")
    name, arguments = node["op"], node.get("args", [])
    if not isinstance(name, str) or not isinstance(arguments, list):
        raise BadQuery("filter: an operation has a name and a list of arguments")
    return name.lower(), arguments


def _one(name: str, arguments: Sequence[Any]) -> Any:
    if len(arguments) != 1:
        raise BadQuery(f"filter: {name} takes one argument")
    return arguments[0]


def _two(name: str, arguments: Sequence[Any]) -> tuple[Any, Any]:
    if len(arguments) != 2:
        raise BadQuery(f"filter: {name} takes two arguments")
    return arguments[0], arguments[1]


def _storable(value: float) -> float:
    """Return a number as SQLite holds it: whole ones of 64 bits, others rounded.

    Raises
    ------
    BadQuery
        It is larger than any that can be compared.
    """
    if isinstance(value, int) and -_LARGEST <= value < _LARGEST:
        return value
    try:
        return float(value)
    except OverflowError:
        raise BadQuery("filter: a number is larger than any that can be compared") from None


def _balanced(operator: str, parts: list[str]) -> str:
    """Join parts so that a long chain does not stand deep in SQL."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return f"({_balanced(operator, parts[:half])}{operator}{_balanced(operator, parts[half:])})"
