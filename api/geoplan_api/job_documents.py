"""Jobs as documents (statusInfo of OGC API - Processes, Part 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geoplan_api.links import job_path
from geoplan_api.negotiation import JSON
from geoplan_api.words import word

if TYPE_CHECKING:
    from geoplan.model import Lang
    from geoplan_api.links import Links
    from geoplan_api.work.jobs import Job

RESULTS = "http://www.opengis.net/def/rel/ogc/1.0/results"


def status_info(job: Job, lang: Lang, links: Links) -> dict[str, Any]:
    """Return how a job stands, as a document with links."""
    path = job_path(job.id)
    own = [
        links.to("self", path, JSON.media_type, word("link.job", lang)),
        links.to("up", "/jobs", JSON.media_type, word("link.jobs", lang)),
    ]
    if job.status in ("accepted", "running"):
        own.append(links.to("monitor", path, JSON.media_type, word("link.job", lang)))
    if job.status in ("successful", "failed"):
        kind = (job.answer or {}).get("media_type", JSON.media_type)
        own.append(links.to(RESULTS, f"{path}/results", kind, word("link.results", lang)))
    times = {"started": job.started, "finished": job.finished}
    return {
        "processID": job.process,
        "type": "process",
        "jobID": job.id,
        "status": job.status,
        "message": job.message or word(f"job.{job.status}", lang),
        "progress": job.progress,
        "created": job.created,
        "updated": job.updated,
        **{name: value for name, value in times.items() if value is not None},
        "links": own,
    }
