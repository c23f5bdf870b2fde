"""HTML whose text is always escaped: only what `tag` made counts as markup."""

from __future__ import annotations

from html import escape

_VOID = {"meta", "br", "input"}


class Html(str):
    """Markup made by `tag`."""

    __slots__ = ()


def tag(name: str, /, *children: str | None, **attributes: str) -> Html:
    """Return an element; children that are no markup are escaped.

    Examples
    --------
    >>> tag("p", "a < b", tag("b", "c"), class_="note")
    '<p class="note">a &lt; b<b>c</b></p>'
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
    )
    if name in _VOID:
        return Html(f"<{name}{written}>")
    inner = "".join(
        child if isinstance(child, Html) else escape(child) for child in children if child
    )
    return Html(f"<{name}{written}>{inner}</{name}>")


def document(title: str, lang: str, style: str, *body: str | None) -> str:
    """Return a whole page with its style inside."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Html(style)),
    )
    return f"<!doctype html>\n{tag('html', head, tag('body', *body), lang=lang)}\n"
