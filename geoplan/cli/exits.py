"""Which exit code an error ends in."""

from __future__ import annotations

from geoplan.errors import BadData, BadEnvironment, BadRequest, GeoplanError

EXIT_CODES: dict[type[GeoplanError], int] = {BadRequest: 2, BadData: 3, BadEnvironment: 4}
"""Class of error → exit code; a subclass takes the code of its nearest parent here."""


def exit_code(error: GeoplanError) -> int:
    """Return the exit code of an error: that of its nearest ancestor in `EXIT_CODES`."""
    return next(EXIT_CODES[cls] for cls in type(error).__mro__ if cls in EXIT_CODES)
