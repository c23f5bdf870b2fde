"""A page inside another page: in a notebook, a report or a site."""

from __future__ import annotations

from html import escape


class Frame:
    """A map in an ``<iframe>`` that may run its own scripts and save a picture, and nothing else.

    Jupyter and Quarto show it by itself; elsewhere ``str(frame)`` is the HTML to put into a page.

    Parameters
    ----------
    page : str
        A whole document, as `planner_page` or the process ``map`` write it.
    title : str
        What the frame is called for those who cannot see it.
    height : int, default 560
        Of the frame [px]; it is as wide as there is room.

    Examples
    --------
    >>> str(Frame("<p>a & b</p>", "Plan", height=300))[:76]
    '<iframe title="Plan" sandbox="allow-scripts allow-downloads" style="display:'
    """

    def __init__(self, page: str, title: str, *, height: int = 560) -> None:
        self.page = page
        self.title = title
        self.height = height

    def __str__(self) -> str:
        style = f"display:block;width:100%;height:{int(self.height)}px;border:1px solid #dfe4e9"
        return (
            f'<iframe title="{escape(self.title)}" sandbox="allow-scripts allow-downloads" '
            f'style="{style}" srcdoc="{escape(self.page)}"></iframe>'
        )

    def _repr_html_(self) -> str:
        return str(self)
