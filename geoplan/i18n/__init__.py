"""Fixed phrases in Chinese and English; both files hold the same keys."""

import tomllib
from functools import cache
from importlib.resources import files

from geoplan.model import Lang


@cache
def phrases(lang: Lang) -> dict[str, str]:
    """Return all phrases of one language, key → text."""
    text = files(__package__).joinpath(f"{lang}.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text))


def phrase(key: str, lang: Lang, **values: object) -> str:
    """Return one phrase, its ``{names}`` filled in.

    Raises
    ------
    KeyError
        There is no such phrase: a slip in the code, caught by a test.
    """
    return phrases(lang)[key].format(**values)
