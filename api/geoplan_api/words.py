"""Fixed phrases of the service in Chinese and English; both files hold the same keys."""

import tomllib
from functools import cache
from importlib.resources import files

from geoplan.model import Lang

HTML_LANG = {"zh": "zh-CN", "en": "en"}
"""The language of a text as HTML and HTTP name it."""


@cache
def words(lang: Lang) -> dict[str, str]:
    """Return all phrases of one language, key → text."""
    text = files(__package__).joinpath("i18n", f"{lang}.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text))


def word(key: str, lang: Lang, **values: object) -> str:
    """Return one phrase, its ``{names}`` filled in."""
    return words(lang)[key].format(**values)
