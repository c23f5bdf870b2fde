"""What can be set from outside; read when asked for, never at import."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from geoplan.model import Lang


def _names(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    return value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)]
"""Several names, with commas between."""


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
    compute_processes : int
        Processes of the service that compute what is asked for at once.
    compute_queue : int
        Requests that may wait for one of them; more are told to come again.
    compute_memory_mb : int
        What one of them may use for a request or a job [MB].
    compute_seconds : float
        How long a request may be computed [s]; what takes longer is asked for as a job.
    download_seconds : float
        How long the file of a layer may be made [s].
    job_processes : int
        Processes that compute jobs.
    job_seconds : float
        How long a job may be computed [s].
    job_queue : int
        Jobs that may wait.
    job_days : float
        How long a job that ended is kept [d].
    jobs : Path, optional
        Folder in which jobs and their results are kept; without it, one of the user's.
    echo : bool
        Whether there is a process that answers with its inputs, for test suites.
    keys : Path, optional
        File of the API keys; without it ``<plan>.keys.json`` beside the folder of the plan.
    require_key : bool
        Whether a key is needed on this machine too; needed for any other host in any case.
    url_token : bool
        Whether ``?token=`` is taken for a key: ArcGIS has no other way.
    rate_limit, rate_burst : float, int
        Requests a second, and at once, for each key where keys are required; 0 for no limit.
    origins : tuple of str
        Sites whose pages may ask from a browser (CORS), such as ``https://maps.example.org``.
    hosts : tuple of str
        Names that the service answers for beside those of this machine.
    trusted_proxies : tuple of str
        Addresses whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed.
    root_path : str
        Path below which a proxy shows the service, such as ``/plan``.
    workers : int
        Processes that answer.
    log : {"text", "json", "off"}
        How each request is logged.
    map_features : int
        A layer of as many features or more is not in the page at ``/map``: the page reads it
        from the service, tile by tile.
    font : Path, optional
        Font file that figures and reports in PDF are set in; without it, the best installed one.
    tianditu_key : str, optional
        Of https://console.tianditu.gov.cn, for maps with its basemap; it stands in such a file.
    """

    model_config = SettingsConfigDict(env_prefix="GEOPLAN_", frozen=True)

    plan: Path = Path("layers")
    lang: Lang = "zh"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    max_raster_cells: int = Field(default=25_000_000, ge=1)
    tile_cache: Path | None = None
    map_features: int = Field(default=300_000, ge=1)
    tile_cache_mb: int = Field(default=256, ge=1)
    editing: bool = False
    require_if_match: bool = False
    max_body_bytes: int = Field(default=8_000_000, gt=0)
    max_vertices: int = Field(default=100_000, gt=0)
    compute_processes: int = Field(default=2, ge=1, le=64)
    compute_queue: int = Field(default=16, ge=0)
    compute_memory_mb: int = Field(default=2048, ge=64)
    compute_seconds: float = Field(default=10.0, gt=0)
    download_seconds: float = Field(default=120.0, gt=0)
    job_processes: int = Field(default=1, ge=1, le=64)
    job_seconds: float = Field(default=3600.0, gt=0)
    job_queue: int = Field(default=100, ge=0)
    job_days: float = Field(default=7.0, gt=0)
    jobs: Path | None = None
    echo: bool = False
    keys: Path | None = None
    require_key: bool = False
    url_token: bool = False
    rate_limit: float = Field(default=50, ge=0)
    rate_burst: int = Field(default=500, ge=1)
    origins: Names = ()
    hosts: Names = ()
    trusted_proxies: Names = ()
    root_path: str = Field(default="", pattern=r"^(/[A-Za-z0-9._~-]+)*$")
    workers: int = Field(default=1, ge=1, le=64)
    log: Literal["text", "json", "off"] = "text"
    font: Path | None = None
    tianditu_key: str | None = Field(default=None, pattern=r"^[0-9A-Za-z]{1,64}$")
