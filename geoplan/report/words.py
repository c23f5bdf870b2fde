"""The phrases of reports, beside those of the tables (`geoplan.i18n`)."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from geoplan.i18n import phrases

if TYPE_CHECKING:
    from geoplan.model import Lang

LONGEST = 400
"""Characters of a cell in print; the workbook has a text in full."""


@cache
def words(lang: Lang) -> dict[str, str]:
    """Return the phrases of reports of one language."""
    text = files(__package__).joinpath(f"{lang}.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text))


class Say:
    """Says phrases in one language: a report's own, and as ``say.code(group, value)`` codes."""

    def __init__(self, lang: Lang) -> None:
        self.lang, self.words, self._shared = lang, words(lang), phrases(lang)

    def __call__(self, key: str, **values: object) -> str:
        """Return a phrase of reports, filled in."""
        return self.words[key].format(**values) if values else self.words[key]

    def code(self, group: str, value: object) -> str:
        """Return a code in words, such as ``severity`` and ``prohibited``."""
        return self._shared.get(f"{group}.{value}", str(value))

    def closes(self, yes: bool) -> str:
        """Say whether a sum closes."""
        return self.words["closes.yes" if yes else "closes.no"]

    def listed(self, texts: list[str]) -> str:
        """Return texts one after the other."""
        return ("、" if self.lang == "zh" else ", ").join(texts)

    def cell(self, value: object, places: int | None = None) -> str:
        """Return a value as it is printed; nothing for None and NaN."""
        if value is None or value != value:
            return ""
        if isinstance(value, int | float) and not isinstance(value, bool):
            return f"{value:.{places}f}" if places is not None else f"{value:g}"
        text = "".join(one if one >= " " or one == "\n" else "\N{REPLACEMENT CHARACTER}"
                       for one in str(value))  # fmt: skip
        return text if len(text) <= LONGEST else text[:LONGEST] + self.words["cut"]
