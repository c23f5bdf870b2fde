"""The inputs of a process as the fields of a form, from their JSON schemas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from geoplan_api.html import Html, tag
from geoplan_api.words import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geoplan_api.frame import View
    from geoplan_api.process_examples import PlanWords

_PAIR = 2
_UNITS = {"m2": "m²", "m": "m", "mm": "mm", "px": "px", "deg": "°"}


class Input(NamedTuple):
    """An input of a process: its name, its JSON schema without null, and what stands beside."""

    process: str
    name: str
    schema: dict[str, Any]
    required: bool
    description: str


def read_input(process: str, name: str, described: Mapping[str, Any]) -> Input:
    """Return an input from its description (OGC API - Processes)."""
    schema = described["schema"]
    kinds = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if kinds:
        outer = {key: value for key, value in schema.items() if key != "anyOf"}
        # of several kinds a text stands for all: an id is written alike as text and as number
        text = next((one for one in kinds if one.get("type") == "string"), kinds[0])
        schema = {**outer, **text}
    required = described.get("minOccurs", 1) > 0
    return Input(process, name, schema, required, described.get("description", ""))


def way_to_enter(schema: Mapping[str, Any]) -> str:
    """Return how a value is entered; the script of the page reads it back by this name.

    Examples
    --------
    >>> way_to_enter({"type": "array", "items": {"type": "string", "enum": ["a"]}})
    'several'
    >>> way_to_enter({"type": "array", "items": {"type": "number"}})
    'numbers'
    """
    kind, items = schema.get("type"), schema.get("items", {})
    if "enum" in schema:
        return "choice"
    if kind == "array" and "enum" in items:
        return "pair" if schema.get("maxItems") == _PAIR else "several"
    if kind == "array" and items.get("type") == "string":
        return "lines"
    if kind == "array" and items.get("type") == "array":
        return "points"
    if kind == "array" and items.get("type") in ("number", "integer"):
        return "numbers"
    if kind == "string":
        return "date" if schema.get("format") == "date" else "text"
    return str(kind) if kind in ("number", "integer", "boolean") else "json"


def field(one: Input, view: View, plan: PlanWords) -> Html:
    """Return the field of an input: label, control, help, and room for what is wrong with it."""
    known = plan.known.get(one.name, ())
    way = way_to_enter(one.schema)
    if way == "lines" and known:
        way, one = "several", one._replace(schema={**one.schema, "items": {"enum": list(known)}})
    label = _label(one, view)
    told = tag("p", _help(one, view), class_="soft", id=f"how-{one.name}")
    wrong = tag("p", class_="wrong", id=f"wrong-{one.name}", role="alert", hidden=True)
    kept = {"data_name": one.name, "data_way": way, "data_default": _json(one.schema)}
    if way in ("several", "pair"):
        boxes = (_boxes if way == "several" else _pair)(one, view, plan)
        legend = tag("legend", label)
        return tag("fieldset", legend, boxes, told, wrong, class_="field", **kept)
    control = _control(one, way, view, plan)
    if way == "boolean":
        named = tag("label", control, " ", label, class_="check")
        return tag("div", named, told, wrong, class_="field", **kept)
    named = tag("label", label, for_=f"input-{one.name}")
    return tag("div", named, control, told, wrong, class_="field", **kept)


def _json(schema: Mapping[str, Any]) -> str | None:
    return json.dumps(schema["default"]) if "default" in schema else None


def _label(one: Input, view: View) -> str:
    known = words(view.lang)
    label = known.get(f"input.{one.name}", one.name)
    unit = _UNITS.get(one.name.rpartition("_")[2]) if "_" in one.name else None
    label = f"{label} ({unit})" if unit else label
    return label + (f" · {view.say('site.needed')}" if one.required else "")


def _help(one: Input, view: View) -> str:
    known = words(view.lang)
    keys = (f"input-how.{one.process}.{one.name}", f"input-how.{one.name}")
    text = next((known[key] for key in keys if key in known), one.description)
    limits = [view.say("site.text-lines")] if way_to_enter(one.schema) == "lines" else []
    for sign, key in ((">", "exclusiveMinimum"), ("≥", "minimum"), ("≤", "maximum")):
        if key in one.schema:
            limits.append(f"{sign} {one.schema[key]:g}")
    return " ".join(part for part in (text, ", ".join(limits)) if part)


def _control(one: Input, way: str, view: View, plan: PlanWords) -> Html:
    own: dict[str, str | bool | None] = {
        "id": f"input-{one.name}",
        "name": one.name,
        "required": one.required and way != "boolean",
        "aria_describedby": f"how-{one.name} wrong-{one.name}",
    }
    given = one.schema.get("default")
    if way == "choice":
        return tag("select", *_options(one, view, plan), **own)
    if way == "boolean":
        return tag("input", type="checkbox", checked=bool(given), **own)
    if way in ("lines", "points", "json"):
        text = "\n".join(given) if way == "lines" and given else ""
        return tag("textarea", text, rows="3" if way == "lines" else "4", spellcheck="false", **own)
    if way in ("number", "integer"):
        least, most = one.schema.get("minimum"), one.schema.get("maximum")
        return tag(
            "input",
            type="number",
            step="1" if way == "integer" else "any",
            min=None if least is None else f"{least:g}",
            max=None if most is None else f"{most:g}",
            value=None if given is None else f"{given:g}",
            **own,
        )
    known = plan.known.get(one.name, ())
    control = tag(
        "input",
        type="date" if way == "date" else "text",
        autocomplete="off",
        value=None if given is None else str(given),
        **own,
        list=f"known-{one.name}" if known else None,
    )
    listed = [tag("option", plan.titles.get(value, value), value=value) for value in known]
    if not known:
        return control
    return tag("div", control, tag("datalist", *listed, id=f"known-{one.name}"))


def _options(one: Input, view: View, plan: PlanWords) -> list[Html]:
    given = one.schema.get("default")
    empty = [] if given is not None else [tag("option", view.say("site.choose"), value="")]
    return empty + [
        tag(
            "option",
            _choice(one, str(value), view, plan),
            value=str(value),
            selected=value == given,
        )
        for value in one.schema["enum"]
    ]


def _boxes(one: Input, view: View, plan: PlanWords) -> Html:
    given = one.schema.get("default") or ()
    return tag(
        "div",
        *(
            tag(
                "label",
                tag(
                    "input",
                    type="checkbox",
                    name=one.name,
                    value=str(value),
                    checked=value in given,
                    aria_describedby=f"how-{one.name} wrong-{one.name}",
                ),
                " ",
                _choice(one, str(value), view, plan),
                class_="check",
            )
            for value in one.schema["items"]["enum"]
        ),
        class_="boxes",
    )


def _pair(one: Input, view: View, plan: PlanWords) -> Html:
    """Return two lists to choose from: of two layers, which is the first matters."""
    values = [str(value) for value in one.schema["items"]["enum"]]
    options = [tag("option", _choice(one, value, view, plan), value=value) for value in values]
    both = one.schema.get("minItems") == _PAIR
    return tag(
        "div",
        *(
            tag(
                "label",
                view.say(f"site.{place}"),
                tag(
                    "select",
                    tag("option", view.say("site.choose"), value=""),
                    *options,
                    name=one.name,
                    required=both,
                    aria_describedby=f"how-{one.name} wrong-{one.name}",
                ),
            )
            for place in ("one", "two")
        ),
        class_="pair",
    )


def _choice(one: Input, value: str, view: View, plan: PlanWords) -> str:
    """Return a value that can be chosen in words."""
    return words(view.lang).get(f"choice.{one.name}.{value}") or plan.titles.get(value, value)


def example_inputs(inputs: list[Input], examples: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs that a process can be run with: those it needs, from examples by name."""
    return {one.name: _example(one, examples) for one in inputs if one.required}


def _example(one: Input, examples: Mapping[str, Any]) -> Any:
    for key in (f"{one.process}.{one.name}", one.name):
        if key in examples:
            return examples[key]
    if "enum" in one.schema:
        return one.schema["enum"][0]
    items = one.schema.get("items", {})
    if "enum" in items:
        return items["enum"][: max(one.schema.get("minItems", 0), 1)]
    return one.schema.get("default", one.schema.get("minimum", ""))
