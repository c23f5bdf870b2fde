"""Pages that were made, kept while what they show stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST = 64


class KeptPages:
    """A few pages by the tag of what they show; the oldest goes first."""

    def __init__(self) -> None:
        self._pages: dict[str, bytes] = {}

    def held(self, tag: str) -> bytes | None:
        """Return the page of a tag, if it is there."""
        return self._pages.get(tag)

    def get(self, tag: str, make: Callable[[], str]) -> bytes:
        """Return the page of a tag, made when it is not there."""
        found = self._pages.get(tag)
        if found is None:
            found = self._pages[tag] = make().encode("utf-8", "backslashreplace")
            while len(self._pages) > _MOST:
                self._pages.pop(next(iter(self._pages)), None)
        return found
