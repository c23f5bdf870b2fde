"""Checks of texts: characters that came through a wrong encoding, or should not be there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from geoplan.quality.subject import Finding, Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SURE = re.compile("\ufffd|锟斤拷|锟斤|烫烫烫|屯屯屯|Ã[\x80-\xbf]|â€|é¥|ï¿½")
_HAN = re.compile("[\u4e00-\u9fff]")
_CHINESE = re.compile("[\x20-\x7e\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+")
_HIGH_RUN = re.compile("[\x81-\xff]{4,}")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)


def mojibake(subject: Subject) -> Iterator[Finding]:
    """Report texts that were read in a wrong encoding; the message has what they may have been."""
    yield from _texts(subject, _is_mojibake)


def surrounding_whitespace(subject: Subject) -> Iterator[Finding]:
    """Report texts that begin or end with white space."""
    yield from _texts(subject, lambda text: text != text.strip())


def control_characters(subject: Subject) -> Iterator[Finding]:
    """Report texts with control, zero-width or direction characters; line breaks are none.

    A wrong encoding makes control characters too: there they are no news.
    """

    def hides(text: str) -> bool:
        return _UNSEEN.search(text) is not None and not _is_mojibake(text)

    for finding in _texts(subject, hides):
        seen = _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", finding.value or "")
        yield Finding(finding.at, None, finding.column, seen)


def _is_mojibake(text: str) -> bool:
    return _SURE.search(text) is not None or _meant(text) is not None


def _texts(subject: Subject, is_wrong: Callable[[str], bool]) -> Iterator[Finding]:
    for column, values in subject.texts().items():
        for row, text in values.items():
            if is_wrong(text):
                shown = text if len(text) <= 80 else f"{text[:79]}…"
                yield Finding(at=int(str(row)), column=column, value=shown)


def _meant(text: str) -> str | None:
    """Return the Chinese text that was read in a wrong encoding, None when it looks right."""
    if text.isascii():
        return None
    read = _again(text, "gb18030", "utf-8")
    if read and _CHINESE.fullmatch(read) and len(_HAN.findall(read)) > 1:
        return read
    for western in ("latin-1", "cp1252"):
        if (read := _again(text, western, "utf-8")) and _HAN.search(read):
            return read
    if _HIGH_RUN.search(text):
        read = _again(text, "latin-1", "gb18030")
        return read if read and _HAN.search(read) else None
    return None


def _again(text: str, wrong: str, right: str) -> str | None:
    try:
        return text.encode(wrong).decode(right)
    except UnicodeError:
        return None
