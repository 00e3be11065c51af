"""The OpenAPI document from FastAPI's: what generators, linters and people need and FastAPI does not say.

Each step is a rule for the whole document, so that a new operation is described like the others; the
rules are long together, and each needs the ones before.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from app.http.openapi.responses import HEADERS, add_headers, refusals, share_refusals
from app.http.problem_document import Problem
from app.http.refusal_examples import add_examples

Json = dict[str, Any]

# ids of the requirements stand in docstrings for who reads the code
_IDS = re.compile(r"\s*\((?:[SL]\d+[a-z]?)(?:(?:, | and |-)[SL]?\d+[a-z]?)*\)")
_LIKE = "x-like"
_CHANGES = frozenset({"put", "patch", "delete"})
_IGNORED = (
    ("Idempotency-Key", {"post"}, "An Idempotency-Key is ignored: what this answers is not kept."),
    ("Idempotency-Key", _CHANGES, "An Idempotency-Key is ignored: to repeat this is safe."),
    ("If-Match", _CHANGES, "If-Match is ignored: this has no version."),
)
# by the end of a parameter's name
_OF_LISTS = (
    ("sort", "the order; `-` turns it round"),
    ("_after", "at that moment or later"),
    ("_before", "earlier than that moment"),
    ("_by", "who it was, by id"),
    ("actor", "who it was, by id"),
    ("_id", "of this id only"),
    ("status", "in this state only"),
    ("state", "in this state only"),
)
_SUCCESSES = {
    "200": "As it is now.",
    "201": "Made; this is it.",
    "202": "Taken on; the work follows.",
    "204": "Done; there is nothing to say.",
}
# FastAPI's names of generic models, and of models that are asked and answered differently
_NAMES = ((re.compile(r"^Page_(\w+)_$"), r"\1Page"), (re.compile(r"^(\w+)-Output$"), r"\1"),
          (re.compile(r"^(\w+)-Input$"), r"\1Input"))  # fmt: skip


def finish(document: Json, *, servers: list[Json], cookie: str, oidc: str | None) -> Json:
    """The document, changed in place.

    `cookie`: the name of the session's. `oidc`: the address of the issuer's configuration, if any.
    """
    schemas = document["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs", {})
    schemas["Problem"] = problem
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    document["components"]["headers"] = HEADERS
    document["servers"] = servers
    _secure(document, cookie, oidc)
    _rename(document)
    _name_events(document)
    for method, operation in operations(document):
        for status, answer in operation["responses"].items():
            if answer["description"] == "Successful Response":
                answer["description"] = _SUCCESSES[status]
        _describe(method, operation)
        for parameter in operation.get("parameters", []):
            _never_null(parameter)
            _say_what_it_is(parameter)
            if parameter["in"] == "path" and "examples" in parameter["schema"]:
                # the page of the API fills in what the parameter says, not what its schema says
                parameter["example"] = parameter["schema"].pop("examples")[0]
        for content in operation.get("requestBody", {}).get("content", {}).values():
            _never_null(content)
        operation["responses"].pop("422", None)
        add_headers(method, operation, schemas)
        operation["responses"] |= refusals(method, operation)
    share_refusals(document)
    add_examples(document)
    _alike(schemas)
    for schema in _asked(document):
        _left_out(schema)
    _name_choices(document)
    walk(document, _typed_map)
    walk(document, _without_ids)
    return document


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    """Every operation with its method."""
    for path in document["paths"].values():
        yield from path.items()


def walk(node: Any, visit: Callable[[Json], None]) -> None:
    """Visit every object of the document, the inner ones first."""
    if isinstance(node, dict):
        for value in node.values():
            walk(value, visit)
        visit(node)
    elif isinstance(node, list):
        for value in node:
            walk(value, visit)


def _secure(document: Json, cookie: str, oidc: str | None) -> None:
    """A key, a session, or a token of the issuer; and nothing only where it says so."""
    schemes: Json = {
        "key": {"type": "http", "scheme": "bearer", "description": "An API key of this service."},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie,
            "description": "The session of a browser that has signed in (`POST /v1/session`).",
        },
    }
    if oidc is not None:
        schemes["oidc"] = {
            "type": "openIdConnect",
            "openIdConnectUrl": oidc,
            "description": "A token of the identity provider, as `Authorization: Bearer …`.",
        }
    document["components"]["securitySchemes"] = schemes
    for _, operation in operations(document):
        operation["security"] = (
            [{name: []} for name in schemes] if operation.get("security") else []
        )


def _describe(method: str, operation: Json) -> None:
    """The first sentence is the summary; headers that mean nothing here are said to be ignored."""
    text = operation.get("description", "").strip()
    first, _, rest = text.partition("\n\n")
    operation["summary"] = " ".join(first.split())
    parameters = {item["name"] for item in operation.get("parameters", [])}
    ignored = [
        sentence
        for name, methods, sentence in _IGNORED
        if method in methods and name not in parameters
    ]
    operation["description"] = "\n\n".join(
        part for part in (first, rest, " ".join(ignored)) if part
    )


def _never_null(parameter: Json) -> None:
    """A parameter, or a body, is there or it is not: its schema has no null, which no query can say."""
    schema = parameter["schema"]
    choices = [item for item in schema.get("anyOf", []) if item != {"type": "null"}]
    if len(choices) == 1:
        del schema["anyOf"]
        # what is said beside the choice wins over what the choice says
        parameter["schema"] = {**choices[0], **{k: v for k, v in schema.items() if k != "title"}}
    parameter["schema"].pop("title", None)


def _say_what_it_is(parameter: Json) -> None:
    """What the parameters of lists have in common is said once, by their names."""
    said = next((text for end, text in _OF_LISTS if parameter["name"].endswith(end)), None)
    if said is not None and parameter["in"] == "query":
        parameter.setdefault("description", said)


def _alike(schemas: Json) -> None:
    """A property that is answered as it is asked has the schema of the request's."""
    for schema in list(schemas.values()):
        for name, value in schema.get("properties", {}).items():
            inner = next((item for item in value.get("anyOf", [value]) if _LIKE in item), value)
            like = value.pop(_LIKE, None) or inner.pop(_LIKE, None)
            if like is None:
                continue
            owner, _, field = like.partition(".")
            if not field:
                said = {key: value[key] for key in ("description",) if key in value}
                schema["properties"][name] = {"$ref": f"#/components/schemas/{owner}", **said}
                continue
            asked = {
                key: item
                for key, item in schemas[owner]["properties"][field].items()
                if key not in {"default", "description", "title"}
            }
            asked = asked.get("anyOf", [asked])[0] if "anyOf" in asked else asked
            said = {key: value[key] for key in ("description",) if key in value}
            is_null = {"type": "null"} in value.get("anyOf", [])
            schema["properties"][name] = (
                {"anyOf": [asked, {"type": "null"}], **said} if is_null else {**asked, **said}
            )


def _asked(document: Json) -> list[Json]:
    """The schemas that requests are made of."""
    schemas, found = document["components"]["schemas"], dict[str, Json]()

    def note(node: Json) -> None:
        name = str(node.get("$ref", "")).rpartition("/")[2]
        if name in schemas and name not in found:
            found[name] = schemas[name]
            walk(schemas[name], note)

    for _, operation in operations(document):
        walk(operation.get("requestBody", {}), note)
    return list(found.values())


def _left_out(schema: Json) -> None:
    """What may be left out of a request has no `default`: generators take it for something required."""
    required = set(schema.get("required", []))
    for name, value in schema.get("properties", {}).items():
        if name in required or "default" not in value:
            continue
        default = value.pop("default")
        if default not in (None, "", [], {}):
            shown = f"`{default}`" if isinstance(default, str) else f"`{str(default).lower()}`"
            said = value.get("description", "")
            if "absent" not in said:
                value["description"] = (
                    f"{said}; {shown} if absent" if said else f"{shown} if absent"
                )


def _rename(document: Json) -> None:
    """Names that programs can call: `RunPage` for `Page_Run_`."""
    schemas = document["components"]["schemas"]
    fresh = {}
    for name in list(schemas):
        new = next((form.sub(by, name) for form, by in _NAMES if form.match(name)), name)
        if new != name:
            fresh[f"#/components/schemas/{name}"] = f"#/components/schemas/{new}"
            schemas[new] = {**schemas.pop(name), "title": new}

    def refer(node: Json) -> None:
        if node.get("$ref") in fresh:
            node["$ref"] = fresh[node["$ref"]]

    walk(document, refer)


def _name_choices(document: Json) -> None:
    """An enumeration has one name wherever it stands."""
    schemas = document["components"]["schemas"]
    named = {tuple(item["enum"]): name for name, item in schemas.items() if "enum" in item}
    asked = {
        f"{operation['operationId'].title().replace('_', '')}Query": {
            "properties": {
                item["name"]: item["schema"]
                for item in operation.get("parameters", [])
                if item["in"] == "query"
            }
        }
        for _, operation in operations(document)
    }
    # what only a parameter takes is named by its operation
    for values, (owner, field) in sorted(_unnamed(schemas | asked, named).items()):
        title = owner + field.title().replace("_", "")
        if title not in schemas:
            named[values] = title
            schemas[title] = {"type": "string", "enum": list(values), "title": title}

    def refer(node: Json) -> None:
        for value in (*node.get("properties", {}).values(), *_parameter_schemas(node)):
            for choice in _choices(value):
                name = named.get(tuple(choice["enum"]))
                if name is not None:
                    for key in ("enum", "type", "title"):
                        choice.pop(key, None)
                    choice["$ref"] = f"#/components/schemas/{name}"

    for name, schema in list(schemas.items()):
        if name not in named.values():
            walk(schema, refer)
    walk(document["paths"], refer)


def _unnamed(
    schemas: Json, named: dict[tuple[str, ...], str]
) -> dict[tuple[str, ...], tuple[str, str]]:
    """The enumerations without a name, each with the schema and property that give it one."""
    places: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for name, schema in schemas.items():
        for field, value in schema.get("properties", {}).items():
            for choice in _choices(value):
                if tuple(choice["enum"]) not in named:
                    places.setdefault(tuple(choice["enum"]), []).append((name, field))
    return {
        values: min(found, key=lambda place: (len(place[0]), place))
        for values, found in places.items()
    }


def _parameter_schemas(node: Json) -> Iterator[Json]:
    if node.get("in") in {"query", "path"} and "schema" in node:
        yield node["schema"]


def _choices(value: Json) -> Iterator[Json]:
    """The enumerations of a property: its own, one of its alternatives, or of its items."""
    for item in (value, *value.get("anyOf", []), value.get("items", {})):
        if len(item.get("enum", [])) > 1 and item.get("type") == "string":
            yield item


def _name_events(document: Json) -> None:
    """`WebhookEvent`: any of the bodies that webhooks receive, told apart by `type`."""
    bodies = {}
    for event, path in document.get("webhooks", {}).items():
        operation = path["post"]
        text = operation.get("description", "").partition("\n\n")
        operation |= {"summary": text[0], "description": operation["description"], "security": []}
        operation["responses"] = {"2XX": {"description": "It arrived."}}
        reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        bodies[event] = reference
    document["components"]["schemas"]["WebhookEvent"] = {
        "title": "WebhookEvent",
        "oneOf": [{"$ref": reference} for reference in bodies.values()],
        "discriminator": {"propertyName": "type", "mapping": bodies},
    }


def _typed_map(node: Json) -> None:
    """A map says what all its values are: told by the form of its keys, generators take it for a free one."""
    forms = node.pop("patternProperties", None)
    if forms:
        ((pattern, value),) = forms.items()
        node |= {"propertyNames": {"pattern": pattern}, "additionalProperties": value}


def _without_ids(node: Json) -> None:
    for key in ("description", "summary"):
        if isinstance(node.get(key), str):
            node[key] = _IDS.sub("", node[key])
