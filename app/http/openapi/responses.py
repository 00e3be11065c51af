"""What an operation may answer that is no success, by status and code; and the headers of its answers.

What every operation may answer, and what follows from its parameters, is added here; what is its own is in
`app/operations.tsv`.
"""

import re
from collections import defaultdict
from copy import deepcopy
from http import HTTPStatus
from typing import Any

from app.codes import CODES, of_family, of_operation
from app.http.problem_document import MEDIA_TYPE

Json = dict[str, Any]

# more would make no name
_MOST_WORDS = 4
_UNLISTED = "AnyProblem"
_READING = {"get", "head"}
PROBLEM: Json = {"$ref": "#/components/schemas/Problem"}
_ANY: Json = {
    "description": "What went wrong and what to do (RFC 9457).",
    "content": {MEDIA_TYPE: {"schema": PROBLEM}},
}
HEADERS: Json = {
    "XRequestID": {
        "description": "Joins this answer with the log: the one that was sent, or a new one.",
        "schema": {"type": "string"},
    },
    "RetryAfter": {
        "description": "Seconds to wait before the request is sent again.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "ETag": {
        "description": "The answer's tag, for If-None-Match; of what has a `version`, also for If-Match.",
        "schema": {"type": "string"},
    },
    "Location": {"description": "Where the new resource is read.", "schema": {"type": "string"}},
    "IdempotencyReplayed": {
        "description": "`true` where this is the first answer again, given for the same Idempotency-Key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "WWWAuthenticate": {"description": "`Bearer`.", "schema": {"type": "string"}},
}
NAMES = {
    "XRequestID": "X-Request-ID",
    "RetryAfter": "Retry-After",
    "ETag": "ETag",
    "Location": "Location",
    "IdempotencyReplayed": "Idempotency-Replayed",
    "WWWAuthenticate": "WWW-Authenticate",
}


def may_answer(method: str, operation: Json) -> set[str]:
    """The codes of an operation of the document."""
    parameters = {item["name"]: item["in"] for item in operation.get("parameters", [])}
    codes = of_family("every") | of_operation(operation["operationId"])
    if operation.get("security"):
        codes |= of_family("caller")
        if method in _READING:
            codes.discard("cross-site-request")
    if "requestBody" in operation:
        codes |= of_family("body")
    if "path" in parameters.values():
        codes.add("not-found")
    if "cursor" in parameters:
        codes |= of_family("page")
    if "If-Match" in parameters:
        codes |= of_family("version")
    if "Idempotency-Key" in parameters:
        codes |= of_family("repeat")
    return codes


def refusals(method: str, operation: Json) -> Json:
    """The answers that are no success, by status."""
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in sorted(may_answer(method, operation)):
        status = CODES[code].status
        # 499 is for the log: who went away receives nothing
        if status is not None and status != 499:
            by_status[status].append(code)
    listed = {str(status): _refusal(status, codes) for status, codes in sorted(by_status.items())}
    return {**listed, "default": {"$ref": f"#/components/responses/{_UNLISTED}"}}


def _refusal(status: int, codes: list[str]) -> Json:
    one_of = {"type": "object", "properties": {"code": {"type": "string", "enum": codes}}}
    headers = ["XRequestID"]
    if status in {429, 503}:
        headers.append("RetryAfter")
    if status == 401:
        headers.append("WWWAuthenticate")
    return {
        "description": HTTPStatus(status).phrase,
        "headers": headed(headers),
        "content": {MEDIA_TYPE: {"schema": {"allOf": [PROBLEM, one_of]}}},
    }


def share_refusals(document: Json) -> None:
    """Refusals that several operations have stand once, named by their status and what is special in them."""
    places: dict[str, dict[tuple[str, ...], list[Json]]] = defaultdict(lambda: defaultdict(list))
    for path in document["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                codes = _codes(answer)
                if codes:
                    places[status][codes].append(operation["responses"])
    shared = document["components"].setdefault("responses", {})
    shared[_UNLISTED] = {**deepcopy(_ANY), "headers": headed(["XRequestID"])}
    schemas = document["components"]["schemas"]
    for status, sets in places.items():
        usual = max(sets, key=lambda codes: (len(sets[codes]), codes))
        for codes, owners in sets.items():
            words = [
                *sorted(set(codes) - set(usual)),
                *(f"no-{c}" for c in sorted(set(usual) - set(codes))),
            ]
            if len(owners) < 2 or len(words) > _MOST_WORDS:
                continue
            phrase = HTTPStatus(int(status)).phrase
            name = "".join(
                part.title() for word in (phrase, *words) for part in re.split(r"\W", word)
            )
            answer = shared[name] = owners[0][status]
            content = answer["content"][MEDIA_TYPE]
            schemas[f"{name}Problem"] = content["schema"]
            content["schema"] = {"$ref": f"#/components/schemas/{name}Problem"}
            for responses in owners:
                responses[status] = {"$ref": f"#/components/responses/{name}"}


def _codes(answer: Json) -> tuple[str, ...]:
    schema = answer.get("content", {}).get(MEDIA_TYPE, {}).get("schema", {})
    both = schema.get("allOf", [])
    return tuple(both[1]["properties"]["code"]["enum"]) if both else ()


def headed(names: list[str]) -> Json:
    """References to the headers of the components."""
    return {NAMES[name]: {"$ref": f"#/components/headers/{name}"} for name in names}


def add_headers(method: str, operation: Json, schemas: Json) -> None:
    """Say which headers the operation's successes have, and take If-None-Match where answers have tags.

    What has a `version` among the schemas is answered with its tag by every method.
    """
    parameters = {item["name"] for item in operation.get("parameters", [])}
    for status, answer in operation["responses"].items():
        if not status.startswith(("2", "3")):
            continue
        names = ["XRequestID"]
        schema = answer.get("content", {}).get("application/json", {}).get("schema")
        name = "" if schema is None else str(schema.get("$ref", "")).rpartition("/")[2]
        has_version = "version" in schemas.get(name, {}).get("properties", {})
        if schema is not None and (method == "get" or has_version):
            names.append("ETag")
        if status in {"201", "202", "303"} and operation["operationId"] not in _PLACELESS:
            names.append("Location")
        if "Idempotency-Key" in parameters:
            names.append("IdempotencyReplayed")
        answer["headers"] = headed(names)
    if method == "get" and "application/json" in operation["responses"].get("200", {}).get(
        "content", {}
    ):
        operation.setdefault("parameters", []).append(
            {
                "name": "If-None-Match",
                "in": "header",
                "required": False,
                "description": "The ETag of an answer that is known; while it is the same, this answers 304.",
                "schema": {"type": "string"},
            }
        )
        operation["responses"]["304"] = {
            "description": "The answer that is known is still the same.",
            "headers": headed(["XRequestID", "ETag"]),
        }


# 201 and 202 that make nothing with an address of its own
_PLACELESS = frozenset(
    {
        "run_all_exports",
        "create_api_key",
        "create_session",
        "create_sign_in_link",
        "send_test_webhook",
        "resend_webhook_delivery",
        "recover_webhook",
    }
)
