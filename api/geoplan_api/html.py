"""HTML whose text is always escaped: only what `tag` made counts as markup."""

from __future__ import annotations

from html import escape

_VOID = {"meta", "br", "input", "link"}


class Html(str):
    """Markup made by `tag`."""

    __slots__ = ()


def tag(name: str, /, *children: str | None, **attributes: str | bool | None) -> Html:
    """Return an element; children that are no markup are escaped.

    An attribute that is True stands without a value; one that is None or False is left out.

    Examples
    --------
    >>> tag("p", "a < b", tag("b", "c"), class_="note", hidden=True)
    '<p class="note" hidden>a &lt; b<b>c</b></p>'
    """
    written = "".join(
        f" {_spelled(key)}" if value is True else f' {_spelled(key)}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Html(f"<{name}{written}>")
    inner = "".join(
        child if isinstance(child, Html) else escape(child) for child in children if child
    )
    return Html(f"<{name}{written}>{inner}</{name}>")


def _spelled(key: str) -> str:
    return key.rstrip("_").replace("_", "-")
