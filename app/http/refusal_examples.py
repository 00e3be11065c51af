"""An example of every refusal in the API document, true for each operation that may answer it.

Without them pages and mock servers make one of what the schema says of each field: the same for all statuses.
"""

from collections import defaultdict
from os.path import commonpath
from typing import Any

from app.codes import CODES, named_by, of_operation
from app.http.problem_document import MEDIA_TYPE

Json = dict[str, Any]

# what stands for every status and code that an operation does not list
_UNLISTED = "internal-error"
_REQUEST = "req_0193…"


def _wrong(pointer: str | None, parameter: str | None, rule: str, expected: str) -> Json:
    return {
        "errors": [{"pointer": pointer, "parameter": parameter, "code": rule, "detail": expected}]
    }


# what programs go on with
_MEMBERS: dict[str, Json] = {
    "run-already-active": {"run_id": "run_0193…"},
    "connection-in-use": {"exports": [{"id": "exp_0193…", "display_name": "Newsletter"}]},
    "segment-in-use": {"exports": [{"id": "exp_0193…", "display_name": "Newsletter"}]},
    "connection-draft": {"connection_id": "con_0193…", "missing": ["consent"]},
    "audience-name-taken": {"audience_id": "120210000000000001"},
    "forbidden": {"role": "viewer", "required_roles": ["administrator"]},
    "unknown-parameter": _wrong(
        None,
        "limit",
        "unknown-parameter",
        "This operation does not know a parameter of the query: did you mean limit?",
    ),
    "repeated-parameter": _wrong(
        None, "limit", "repeated-parameter", "limit stands more than once; send it once."
    ),
    "validation-failed": _wrong("/display_name", None, "missing", "Field required"),
}


def problem_example(code: str, instance: str) -> Json:
    """A problem document as `problems` writes it."""
    row = CODES[code]
    return {
        "type": f"/problems/{code}",
        "title": row.title,
        "status": row.status,
        "detail": f"{row.meaning} {row.action}",
        "instance": instance,
        "code": code,
        "culprit": str(row.culprit),
        "request_id": _REQUEST,
        "help_url": None,
        **_MEMBERS.get(code, {}),
    }


def add_examples(document: Json) -> None:
    """Give every refusal, shared or not, the example of its most telling code."""
    shared = document["components"]["responses"]
    owners: dict[str, list[tuple[str, Json]]] = defaultdict(list)
    for path, methods in document["paths"].items():
        for operation in methods.values():
            called = _filled(path, operation)
            for answer in operation["responses"].values():
                if "$ref" in answer:
                    owners[answer["$ref"].rpartition("/")[2]].append((called, operation))
                elif MEDIA_TYPE in answer.get("content", {}):
                    _add(answer, document, [(called, operation)])
    for name, those in owners.items():
        _add(shared[name], document, those)


def _add(answer: Json, document: Json, owners: list[tuple[str, Json]]) -> None:
    content = answer["content"][MEDIA_TYPE]
    codes = _codes(content["schema"], document)
    shown = _telling(codes, [operation for _, operation in owners]) if codes else _UNLISTED
    content["example"] = problem_example(shown, _common([path for path, _ in owners]))


def _codes(schema: Json, document: Json) -> list[str]:
    named = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], schema)
    *_, said = named.get("allOf", [{}])
    listed: list[str] = said.get("properties", {}).get("code", {}).get("enum", [])
    return listed


def _telling(codes: list[str], operations: list[Json]) -> str:
    """The code that says most of what these operations do: one of their own before what all may answer."""
    names = [operation["operationId"] for operation in operations]
    for own in (named_by(names[0]), CODES):
        found = [
            code for code in own if code in codes and all(code in of_operation(n) for n in names)
        ]
        if found:
            return found[0]
    has_bodies = all("requestBody" in operation for operation in operations)
    unfit = "unknown-parameter" if has_bodies else "validation-failed"
    special = [code for code in CODES if code in codes and CODES[code].family != "every"]
    usual = [code for code in CODES if code in codes and code != unfit]
    is_ours = CODES[usual[0]].status in range(500, 600)
    return (usual if is_ours or not special else special)[0]


def _filled(path: str, operation: Json) -> str:
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(parameter["example"]))
    return path


def _common(paths: list[str]) -> str:
    """The path, or what all begin with."""
    if len(set(paths)) == 1:
        return paths[0]
    return f"{commonpath(paths).rstrip('/')}/…"
