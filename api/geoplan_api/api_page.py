"""The definition of the API as a page: operations, what they take and answer, how to try them."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from geoplan_api.frame import framed, heads, table
from geoplan_api.html import Html, tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geoplan_api.frame import View

_FEW = 8
_REF = "#/components/schemas/"


def documentation_page(
    definition: dict[str, Any], view: View, examples: Mapping[str, str] | None = None
) -> str:
    """Return the definition of the API as a page.

    Parameters
    ----------
    definition : dict
        An OpenAPI document.
    view : View
        How the page is looked at.
    examples : mapping of str to str, optional
        Values of path parameters that the document does not list.
    """
    title, info = view.say("link.service-doc"), definition["info"]
    written = _Written(definition, view, examples or {})
    schemas = definition["components"]["schemas"]
    return framed(
        view,
        title,
        tag("h1", title),
        tag("p", f"{info['title']} · {info['version']} · OpenAPI {definition['openapi']}"),
        tag("p", info["description"]),
        tag("p", tag("a", view.say("link.service-desc"), href="/openapi.json")),
        tag("p", view.say("site.api-how"), class_="soft"),
        tag("h2", view.say("site.operations")),
        *(written.operation(path, method, one) for path, method, one in _operations(definition)),
        tag("h2", view.say("site.schemas")),
        *(
            tag(
                "details",
                tag("summary", tag("code", name)),
                tag("pre", _json(schema), tabindex="0"),
                id=f"schema-{name}",
            )
            for name, schema in schemas.items()
        ),
    )


def _operations(definition: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in definition["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


class _Written:
    """Writes the operations of a document."""

    def __init__(self, definition: dict[str, Any], view: View, examples: Mapping[str, str]) -> None:
        self._definition, self._view, self._examples = definition, view, examples

    def operation(self, path: str, method: str, one: dict[str, Any]) -> Html:
        parameters = [self._resolved(parameter) for parameter in one["parameters"]]
        return tag(
            "details",
            tag("summary", tag("code", f"{method} {path}"), " ", one["summary"]),
            self._parameters(parameters, one["summary"]) if parameters else None,
            *self._body(one.get("requestBody")),
            self._answers(one["responses"], one["summary"]),
            tag("p", self._view.say("site.try")),
            tag("pre", self._curl(path, method, one, parameters), class_="curl", tabindex="0"),
            class_="operation",
        )

    def _resolved(self, found: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in found:
            return found
        place: Any = self._definition
        for step in found["$ref"].removeprefix("#/").split("/"):
            place = place[step]
        return dict(place)

    def _parameters(self, parameters: list[dict[str, Any]], caption: str) -> Html:
        say = self._view.say
        rows = [
            tag(
                "tr",
                tag("th", tag("code", one["name"]), scope="row"),
                tag("td", one["in"] + (f" · {say('site.needed')}" if one.get("required") else "")),
                tag("td", _schema(one["schema"])),
                tag("td", one["description"]),
            )
            for one in parameters
        ]
        names = (say("page.parameters"), say("site.where"), say("site.type"), say("site.meaning"))
        return table(heads(*names), rows, f"{caption}: {say('page.parameters')}")

    def _body(self, body: dict[str, Any] | None) -> Iterator[Html]:
        for kind, content in (body or {}).get("content", {}).items():
            text = self._view.say("site.body")
            yield tag("p", f"{text} ", tag("code", kind), " ", _schema(content["schema"]))

    def _answers(self, responses: dict[str, Any], caption: str) -> Html:
        rows = []
        for status, response in responses.items():
            answer = self._resolved(response)
            kinds: list[Html | str] = []
            for kind, content in answer.get("content", {}).items():
                kinds += [tag("code", kind), " ", _schema(content["schema"]), tag("br")]
            rows.append(
                tag(
                    "tr",
                    tag("th", status, scope="row"),
                    tag("td", answer["description"]),
                    tag("td", *kinds),
                )
            )
        say = self._view.say
        names = (say("page.answers"), say("site.meaning"), say("site.type"))
        return table(heads(*names), rows, f"{caption}: {say('page.answers')}")

    def _curl(
        self, path: str, method: str, one: dict[str, Any], parameters: list[dict[str, Any]]
    ) -> str:
        for parameter in parameters:
            if parameter["in"] == "path":
                value = quote(self._example(parameter), safe="")
                path = path.replace(f"{{{parameter['name']}}}", value)
        words = ["curl"]
        if method != "GET":
            words += ["-X", method]
        for kind, content in one.get("requestBody", {}).get("content", {}).items():
            words += ["-H", f"Content-Type: {kind}", "-d", json.dumps(content.get("example", {}))]
            break
        address = self._definition["servers"][0]["url"] + path
        return " ".join(shlex.quote(word) for word in [*words, address])

    def _example(self, parameter: dict[str, Any]) -> str:
        name, listed = parameter["name"], parameter["schema"].get("enum")
        return self._examples.get(name) or (str(listed[0]) if listed else f":{name}")


def _schema(schema: dict[str, Any]) -> Html:
    """Return a schema in few words: a link to a named one, a type with its limits for others."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REF)
        return tag("a", name, href=f"#schema-{name}")
    if schema.get("type") == "array":
        return tag("div", "[ ", _schema(schema.get("items", {})), " ]")
    words = [str(schema.get("type", ""))]
    words += [
        f"{name} {schema[name]}"
        for name in ("format", "minimum", "maximum", "maxLength", "default")
        if name in schema
    ]
    if "enum" in schema:
        values = [str(value) for value in schema["enum"]]
        if len(values) > _FEW:
            told = tag(
                "summary",
                ", ".join(word for word in [*words, f"{values[0]} | … ({len(values)})"] if word),
            )
            return tag("details", told, tag("ul", *(tag("li", value) for value in values)))
        words.append(" | ".join(values))
    return tag("span", ", ".join(word for word in words if word))


def _json(schema: dict[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=1)
