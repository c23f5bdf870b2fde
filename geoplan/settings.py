"""What can be set from outside; read when asked for, never at import."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from geoplan.model import Lang


class Settings(BaseSettings):
    """Defaults of the command line and the service, each set by ``GEOPLAN_<NAME>``.

    Attributes
    ----------
    plan : Path
        Folder of the plan, when ``--plan`` does not say.
    lang : {"zh", "en"}
        Language, when ``--lang`` or the request does not say.
    host, port : str, int
        Where the service listens, when ``--host`` and ``--port`` do not say.
    max_raster_cells : int
        Cells of a raster that the service makes for one request; the command line makes any.
    tile_cache : Path, optional
        Folder in which the service keeps the tiles that it made; without it, in memory only.
    tile_cache_mb : int
        What that folder may hold [MB].
    editing : bool
        Whether the service lets features be edited, also without ``--edit``.
    require_if_match : bool
        Whether an edit must name the version it means; QGIS names none.
    max_body_bytes : int
        Largest feature that is taken [bytes].
    max_vertices : int
        Most vertices of a geometry that is taken.
    """

    model_config = SettingsConfigDict(env_prefix="GEOPLAN_", frozen=True)

    plan: Path = Path("layers")
    lang: Lang = "zh"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    max_raster_cells: int = Field(default=25_000_000, ge=1)
    tile_cache: Path | None = None
    tile_cache_mb: int = Field(default=256, ge=1)
    editing: bool = False
    require_if_match: bool = False
    max_body_bytes: int = Field(default=8_000_000, gt=0)
    max_vertices: int = Field(default=100_000, gt=0)
