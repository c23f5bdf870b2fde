"""Jobs as pages, from the JSON documents that list and describe them (OGC API - Processes)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geoplan_api.cells import DASH
from geoplan_api.frame import facts, framed, heads, more, table
from geoplan_api.html import Html, tag
from geoplan_api.links import process_path
from geoplan_api.words import words

if TYPE_CHECKING:
    from geoplan_api.frame import View

JOBS_PATH = "/jobs"
_ENDED = ("successful", "failed", "dismissed")
_TIMES = ("created", "started", "updated", "finished")


def jobs_page(document: dict[str, Any], view: View) -> str:
    """Return the list of jobs.

    Parameters
    ----------
    document : dict
        ``jobs``, each a statusInfo, and ``links``.
    view : View
        How the page is looked at.
    """
    title = view.say("site.jobs")
    names = (
        view.say("site.job"),
        view.say("site.process"),
        view.say("site.status"),
        view.say("site.progress"),
        view.say("site.created"),
    )
    rows = [_row(job, view) for job in document["jobs"]]
    listed = table(heads(*names), rows, title)
    return framed(
        view,
        title,
        tag("h1", title),
        listed if rows else tag("p", view.say("site.no-jobs"), class_="note"),
        more(view, document["links"]),
        links=document["links"],
    )


def job_page(document: dict[str, Any], view: View) -> str:
    """Return the status of a job.

    Parameters
    ----------
    document : dict
        A statusInfo: ``jobID``, ``status``, and what else is known.
    view : View
        How the page is looked at.
    """
    title = f"{view.say('site.job')} {document['jobID']}"
    rows: list[tuple[str, str | None]] = [
        (view.say("site.process"), _process(document)),
        (view.say("site.status"), _status(document, view)),
        (view.say("site.progress"), _progress(document)),
        (view.say("site.message"), document.get("message")),
        *((view.say(f"site.{name}"), document.get(name)) for name in _TIMES),
    ]
    running = document["status"] not in _ENDED
    return framed(
        view,
        title,
        tag("h1", title),
        tag("p", view.say("site.job-running"), class_="note", role="status") if running else None,
        facts(rows, title),
        tag("p", tag("a", view.say("site.refresh"), href=view.here, class_="button"))
        if running
        else None,
        more(view, document.get("links", [])),
        trail=[(view.say("site.jobs"), JOBS_PATH)],
        links=document.get("links", []),
    )


def _row(job: dict[str, Any], view: View) -> Html:
    link = tag("a", job["jobID"], href=f"{JOBS_PATH}/{job['jobID']}")
    return tag(
        "tr",
        tag("th", link, scope="row"),
        tag("td", _process(job)),
        tag("td", _status(job, view)),
        tag("td", _progress(job), class_="number"),
        tag("td", job.get("created", DASH)),
    )


def _process(job: dict[str, Any]) -> str:
    name = job.get("processID")
    return DASH if name is None else tag("a", name, href=process_path(name))


def _status(job: dict[str, Any], view: View) -> str:
    return words(view.lang).get(f"job.{job['status']}", str(job["status"]))


def _progress(job: dict[str, Any]) -> str:
    return DASH if job.get("progress") is None else f"{job['progress']} %"
