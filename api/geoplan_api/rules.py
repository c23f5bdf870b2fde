"""Planning rules, looked up: the rules of a pack, and one with its basis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, get_args

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from geoplan.model import Lang
from geoplan.rules.browse import Placed, RuleQuery, browse, find_rule
from geoplan.rules.model import Demand, Rule, Severity
from geoplan.rules.pack import NATIONAL, RulePack, load_pack, pack_names
from geoplan.rules.wording import conditions_in_words, demand_in_words, kind_in_words
from geoplan_api.deps import LinksDep, ServiceDep, ViewDep
from geoplan_api.errors import BadParameter
from geoplan_api.links import Links, rule_path
from geoplan_api.negotiation import HTML, JSON, Offer, choose
from geoplan_api.query import filled, read_day, read_pack
from geoplan_api.respond import html_response, json_response
from geoplan_api.rule_pages import rule_page, rules_page
from geoplan_api.words import word

if TYPE_CHECKING:
    from geoplan_api.service import Service

router = APIRouter()
_READ = ["GET", "HEAD"]
_OFFERS = (JSON, HTML)

SEVERITIES: tuple[str, ...] = get_args(Severity)
DEMANDS: tuple[str, ...] = tuple(
    get_args(kind.model_fields["kind"].annotation)[0] for kind in get_args(get_args(Demand)[0])
)
FILTERS = ("pack", "subject", "object", "severity", "demand", "q", "on")


@dataclass(frozen=True)
class RulesQuery:
    """What a request asks of ``/rules``."""

    pack: str
    on: date | None
    query: RuleQuery
    offer: Offer


async def _rules_query(request: Request) -> RulesQuery:
    asked = filled(request.query_params.multi_items(), ("f", *FILTERS))
    offer = choose(_OFFERS, asked.get("f"), request.headers.get("accept"))
    query = RuleQuery(
        subject=asked.get("subject"),
        object=asked.get("object"),
        severity=_one_of("severity", asked.get("severity"), SEVERITIES),
        demand=_one_of("demand", asked.get("demand"), DEMANDS),
        words=asked.get("q"),
    )
    pack = read_pack("pack", asked["pack"]) if "pack" in asked else NATIONAL
    day = read_day("on", asked["on"]) if "on" in asked else None
    return RulesQuery(pack, day, query, offer)


async def _rule_query(request: Request) -> tuple[str | None, Offer]:
    given = filled(request.query_params.multi_items(), ("f", "pack"))
    offer = choose(_OFFERS, given.get("f"), request.headers.get("accept"))
    return (read_pack("pack", given["pack"]) if "pack" in given else None), offer


def _one_of(name: str, value: str | None, known: tuple[str, ...]) -> str | None:
    if value is not None and value not in known:
        raise BadParameter(f"{name} = {value!r} is none of: {', '.join(known)}")
    return value


RulesQueryDep = Annotated[RulesQuery, Depends(_rules_query)]
RuleQueryDep = Annotated[tuple[str | None, Offer], Depends(_rule_query)]


@router.api_route("/rules", methods=_READ)
def rules(service: ServiceDep, view: ViewDep, links: LinksDep, asked: RulesQueryDep) -> Response:
    """List the rules of a pack."""
    lang = view.lang
    pack = load_pack(asked.pack, on=asked.on, folder=_folder(service))
    found = browse(pack, asked.query)
    names = pack_names(_folder(service))
    if asked.offer is HTML:
        own = _links(links, lang, HTML)
        return html_response(rules_page(pack, found, names, asked, view, own), lang, form=True)
    document = {
        "pack": _described(pack),
        "packs": names,
        "on": None if asked.on is None else asked.on.isoformat(),
        "notInForce": dict(pack.left),
        "withdrawn": dict(pack.withdrawn),
        "numberMatched": len(found),
        "rules": [_listed(rule, pack, links) for rule in found],
        "links": _links(links, lang, asked.offer),
    }
    return json_response(document, lang, asked.offer)


@router.api_route("/rules/{rule_id}", methods=_READ)
def rule(
    rule_id: str, service: ServiceDep, view: ViewDep, links: LinksDep, asked: RuleQueryDep
) -> Response:
    """Show a rule: what it means and demands, where it is written, and how far that was read."""
    (name, offer), lang = asked, view.lang
    placed = find_rule(rule_id, pack=name, folder=_folder(service))
    own = [
        *_links(links, lang, offer),
        links.to("collection", "/rules", JSON.media_type, word("link.rules", lang)),
        *_elsewhere(placed, links),
    ]
    if offer is HTML:
        return html_response(rule_page(placed, view, own), lang)
    document = {
        **_told(placed.rule, placed.pack),
        "otherPacks": list(placed.elsewhere),
        "unreadablePacks": list(placed.unreadable),
        "links": own,
    }
    return json_response(document, lang, offer)


def _folder(service: Service) -> Any:
    return service.catalogue.directory / "rules"


def _described(pack: RulePack) -> dict[str, Any]:
    return {
        "id": pack.id,
        "title": pack.title.model_dump(),
        "version": pack.version,
        "jurisdiction": pack.jurisdiction.model_dump(),
        "example": pack.example,
        "sha256": pack.sha256,
    }


def _listed(rule: Rule, pack: RulePack, links: Links) -> dict[str, Any]:
    mine = links.to("item", rule_path(rule.id, pack.id), JSON.media_type, rule.id)
    return {**_told(rule, pack), "links": [mine]}


def _told(rule: Rule, pack: RulePack) -> dict[str, Any]:
    """Return a rule as it stands in its pack, and its demand and conditions in words."""
    own, *overridden = pack.origins[rule.id]
    sides = {"subject": rule.subject, "object": rule.object}
    return {
        **rule.model_dump(mode="json"),
        "inWords": {
            lang: {
                "demand": demand_in_words(rule.demand, lang),
                **{side: kind_in_words(kind, lang) for side, kind in sides.items()},
                **{
                    f"{side}_where": conditions_in_words(getattr(rule.where, side), kind, lang)
                    for side, kind in sides.items()
                },
            }
            for lang in _LANGS
        },
        "pack": own,
        "overrides": overridden,
    }


_LANGS: tuple[Lang, ...] = get_args(Lang)


def _links(links: Links, lang: Lang, offer: Offer) -> list[dict[str, str]]:
    return [
        links.self(offer.media_type, word("link.self", lang)),
        *links.alternates(offer, _OFFERS, lang),
    ]


def _elsewhere(placed: Placed, links: Links) -> list[dict[str, str]]:
    rule_id = placed.rule.id
    return [
        links.to("related", rule_path(rule_id, name), JSON.media_type, f"{rule_id} ({name})")
        for name in placed.elsewhere
    ]
