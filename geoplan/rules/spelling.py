"""Words in rules that no layer can ever answer to: kinds, fields and values that are not there.

A rule on a kind or a value that does not exist would never be hit, and nobody would notice.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from geoplan.rules.model import Range

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from geoplan.rules.model import Rule, Wanted
    from geoplan.schema import Field, LayerSchema

NUMBERS = ("INTEGER", "REAL")


def unknown_words(rule: Rule, schemas: Mapping[str, LayerSchema]) -> Iterator[str]:
    """Yield what a rule names that no layer has, each as a sentence with what there is instead.

    Parameters
    ----------
    rule : Rule
    schemas : mapping of str to LayerSchema
        Every kind that a plan may hold.
    """
    for side, kind in (("subject", rule.subject), ("object", rule.object)):
        schema = schemas.get(kind)
        if schema is None:
            yield f"{side}: there is no kind of layer {kind!r}; {_instead(kind, schemas)}"
            continue
        for name, wanted in getattr(rule.where, side).items():
            field = schema.field(name)
            place = f"where.{side}.{name}"
            if field is not None:
                yield from (f"{place}: {one}" for one in _never(field, wanted))
            elif not schema.open:
                names = [one.name for one in schema.fields]
                yield f"{place}: {kind!r} has no such field; {_instead(name, names)}"


def _never(field: Field, wanted: Wanted) -> Iterator[str]:
    """Yield why a field can never hold what is wanted."""
    if isinstance(wanted, Range):
        if field.type not in NUMBERS:
            yield "minimum and maximum are for numbers"
        return
    codes = [one.code for one in field.values]
    for value in wanted if isinstance(wanted, tuple) else (wanted,):
        if not _fits(value, field.type):
            yield f"{value!r} is no {field.type}"
        elif codes and not field.open and value not in codes:
            yield f"{value!r} is no value of it; {_instead(value, codes)}"


def _fits(value: Any, type_: str) -> bool:
    if type_ == "BOOLEAN":
        return isinstance(value, bool)
    if type_ in NUMBERS:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str)


def _instead(word: Any, known: Iterable[str]) -> str:
    """Say what may have been meant, or all there is."""
    close = get_close_matches(str(word), list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known)}"
