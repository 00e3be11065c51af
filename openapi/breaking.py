"""Finds what a change of the document would break for a client of the last released one.

`python openapi/breaking.py [old] [new]` prints each break and ends with 1 if there is one. The rules are
those that oasdiff calls errors: what could be sent is still taken, what was answered is still there.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]

HERE = Path(__file__).parent
_WIDER = "the new pattern takes all that the old one took, and YY"
_STAYS_NULL = "it is null as ever, and typed as in every list: generators trip over a type of null"
_LIFTED = "an erasure is lifted with a reason instead, so that its record stays: docs/erasure.md"
# breaks that are meant, or that are none although the rules say so; each with its reason
ALLOWED = {
    "DELETE /v1/erasures/{erasure_id}: operationId is not lift_erasure any more": _LIFTED,
    "DELETE /v1/erasures/{erasure_id} 204: removed": _LIFTED,
    "POST /v1/exports body.date_format: another pattern": _WIDER,
    "PATCH /v1/exports/{export_id} body.date_format: another pattern": _WIDER,
    "POST /v1/identifiers/explain body.date_format: another pattern": _WIDER,
    "POST /v1/segments body.source.date_format: another pattern": _WIDER,
    "PATCH /v1/segments/{segment_id} body.source.date_format: another pattern": _WIDER,
    **{
        f"{where} 200.next_cursor: may be string now": _STAYS_NULL
        for where in (
            *("GET /v1/connection-types", "GET /v1/connections/available"),
            *("GET /v1/connections/{connection_id}/ad-accounts", "POST /v1/exports/schedule"),
            "GET /v1/connections/{connection_id}/audiences",
            *("GET /v1/connections/{connection_id}/exports", "GET /v1/schedule/time-zones"),
            *("GET /v1/segments/{segment_id}/attributes", "GET /v1/segments/{segment_id}/exports"),
        )
    },
}
_BOUNDS = (
    ("minimum", 1),
    ("maximum", -1),
    ("minLength", 1),
    ("maxLength", -1),
    ("minItems", 1),
    ("maxItems", -1),
)
Seen = set[tuple[str, str]]


class Comparison:
    """An old document and a new one."""

    def __init__(self, old: Json, new: Json) -> None:
        """Both as parsed JSON."""
        self.old, self.new = old, new

    def breaks(self) -> Iterator[str]:
        """A sentence for each break."""
        for path, methods in self.old["paths"].items():
            for method, old in methods.items():
                where = f"{method.upper()} {path}"
                new = self.new["paths"].get(path, {}).get(method)
                if new is None:
                    yield f"{where}: removed"
                    continue
                if old["operationId"] != new["operationId"]:
                    yield f"{where}: operationId is not {old['operationId']} any more"
                yield from self._callers(where, old, new)
                yield from self._parameters(where, old, new)
                yield from self._body(where, old, new)
                yield from self._answers(where, old, new)
        for event, methods in self.old.get("webhooks", {}).items():
            told = self.new.get("webhooks", {}).get(event)
            if told is None:
                yield f"webhook {event}: removed"
                continue
            # a body that others receive is an answer to them
            sent, now = (one["post"]["requestBody"]["content"] for one in (methods, told))
            for kind, content in sent.items():
                there = now.get(kind, {}).get("schema", {})
                yield from self._given(f"webhook {event}", content["schema"], there, set())

    def _callers(self, where: str, old: Json, new: Json) -> Iterator[str]:
        """Who could call it still can: with no credential, or with each kind of them."""
        before, after = (
            {
                (scheme["type"], scheme.get("scheme", scheme.get("in")))
                for way in operation.get("security", [])
                for scheme in (document["components"]["securitySchemes"][name] for name in way)
            }
            for operation, document in ((old, self.old), (new, self.new))
        )
        if not before and after:
            yield f"{where}: needs a credential now"
        elif after:
            for kind in sorted(before - after):
                yield f"{where}: {' '.join(kind)} does not let in any more"

    def _parameters(self, where: str, old: Json, new: Json) -> Iterator[str]:
        before, after = (
            {(item["in"], item["name"]): item for item in _listed(operation, document)}
            for operation, document in ((old, self.old), (new, self.new))
        )
        for (place, name), item in before.items():
            if (place, name) not in after:
                yield f"{where} {place} {name}: removed"
                continue
            taken = after[place, name]["schema"]
            yield from self._taken(f"{where} {place} {name}", _said(item["schema"]), taken, set())
        for (place, name), item in after.items():
            was_required = before.get((place, name), {}).get("required", False)
            if item.get("required") and not was_required:
                yield f"{where} {place} {name}: required now"

    def _body(self, where: str, old: Json, new: Json) -> Iterator[str]:
        before, after = (
            None if body is None else resolved(document, body)
            for body, document in (
                (old.get("requestBody"), self.old),
                (new.get("requestBody"), self.new),
            )
        )
        if after is not None and after.get("required") and not (before or {}).get("required"):
            yield f"{where} body: required now"
        for kind, content in (before or {}).get("content", {}).items():
            taken = (after or {}).get("content", {}).get(kind)
            if taken is None:
                yield f"{where} body: {kind} is not taken any more"
                continue
            yield from self._taken(
                f"{where} body", _said(content.get("schema", {})), taken.get("schema", {}), set()
            )

    def _answers(self, where: str, old: Json, new: Json) -> Iterator[str]:
        for status, answer in old["responses"].items():
            given = new["responses"].get(status)
            if given is None:
                yield f"{where} {status}: removed"
                continue
            before, after = resolved(self.old, answer), resolved(self.new, given)
            for name in sorted(set(before.get("headers", {})) - set(after.get("headers", {}))):
                yield f"{where} {status} header {name}: removed"
            for kind, content in before.get("content", {}).items():
                there = after.get("content", {}).get(kind)
                if there is None:
                    yield f"{where} {status}: {kind} is not answered any more"
                elif kind == "application/json":
                    yield from self._given(
                        f"{where} {status}",
                        content.get("schema", {}),
                        there.get("schema", {}),
                        set(),
                    )

    def _taken(self, where: str, old: Json, new: Json, seen: Seen) -> Iterator[str]:
        """What the old schema allowed to send, the new one must allow."""
        if _again(old, new, seen):
            return
        news = _ways(new, self.new)
        for way in _ways(old, self.old):
            taken = _match(way, news)
            if taken is None:
                yield f"{where}: {_kind(way)} is not taken any more"
                continue
            yield from _narrower(where, way, taken)
            for name, value in way.get("properties", {}).items():
                there = taken.get("properties", {}).get(name)
                if there is not None:
                    yield from self._taken(f"{where}.{name}", value, there, seen)
                elif taken.get("additionalProperties") is False:
                    yield f"{where}.{name}: not taken any more"
            if "items" in way and "items" in taken:
                yield from self._taken(f"{where}[]", way["items"], taken["items"], seen)

    def _given(self, where: str, old: Json, new: Json, seen: Seen) -> Iterator[str]:
        """What the old schema promised, the new one must promise."""
        if _again(old, new, seen):
            return
        olds = _ways(old, self.old)
        for way in _ways(new, self.new):
            before = _match(way, olds)
            if before is None:
                if not any(_kind(item) == "anything" for item in olds):
                    yield f"{where}: may be {_kind(way)} now"
                continue
            yield from _wider(where, before, way)
            for name, value in before.get("properties", {}).items():
                there = way.get("properties", {}).get(name)
                if there is None:
                    yield f"{where}.{name}: not answered any more"
                    continue
                if name in before.get("required", []) and name not in way.get("required", []):
                    yield f"{where}.{name}: may be missing now"
                yield from self._given(f"{where}.{name}", value, there, seen)
            if "items" in before and "items" in way:
                yield from self._given(f"{where}[]", before["items"], way["items"], seen)


def _said(schema: Json) -> Json:
    """The schema without null, which no query can say, and which a body that is left out says."""
    ways = [item for item in schema.get("anyOf", []) if item != {"type": "null"}]
    return {**schema, "anyOf": ways} if ways else schema


def _again(old: Json, new: Json, seen: Seen) -> bool:
    """Whether these two were compared: schemas may hold themselves."""
    if "$ref" not in old:
        return False
    pair = (old["$ref"], str(new.get("$ref")))
    known = pair in seen
    seen.add(pair)
    return known


def _narrower(where: str, old: Json, new: Json) -> Iterator[str]:
    """Of two schemas of one kind, what the new one does not take."""
    before, after = _values(old), _values(new)
    gone = [value for value in before if after and value not in after]
    if gone:
        yield f"{where}: not taken any more: {', '.join(map(str, gone))}"
    if after and not before:
        yield f"{where}: only some values are taken now"
    if new.get("format", old.get("format")) != old.get("format"):
        yield f"{where}: must be a {new['format']} now"
    for bound, sign in _BOUNDS:
        if bound in new and (bound not in old or (new[bound] - old[bound]) * sign > 0):
            yield f"{where}: {bound} is {new[bound]} now"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield f"{where}: another pattern"
    for name in sorted(set(new.get("required", [])) - set(old.get("required", []))):
        yield f"{where}.{name}: required now"


def _wider(where: str, old: Json, new: Json) -> Iterator[str]:
    """Of two schemas of one kind, what the new one does not promise any more."""
    if _values(old) and not _values(new):
        yield f"{where}: may be any {_kind(new)} now"
    if old.get("format") and old["format"] != new.get("format"):
        yield f"{where}: is no {old['format']} any more"


def _values(schema: Json) -> list[Any]:
    """The only values that there are, or none where any is."""
    values: list[Any] = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return values


def _listed(operation: Json, document: Json) -> list[Json]:
    return [resolved(document, item) for item in operation.get("parameters", [])]


def resolved(document: Json, item: Json) -> Json:
    """What is behind a reference: a schema, a parameter, a body, an answer."""
    while "$ref" in item:
        _, *way = item["$ref"].split("/")
        item = document
        for part in way:
            item = item[part.replace("~1", "/").replace("~0", "~")]
    return item


def _ways(schema: Json, document: Json) -> list[Json]:
    """The alternatives of a schema, each behind its references."""
    schema = resolved(document, schema)
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return [way for item in schema[word] for way in _ways(item, document)]
    return [schema]


def _match(one: Json, others: list[Json]) -> Json | None:
    """The alternative of the same kind: by its constant `kind` or `type` where there are several."""
    same = [other for other in others if _kind(other) == _kind(one)]
    if _kind(one) == "integer" and not same:
        same = [other for other in others if _kind(other) == "number"]
    marks = _marks(one)
    if marks and any(_marks(other) for other in same):
        # of a family that is told apart by a constant: it is there, or it is gone
        same = [other for other in same if _marks(other).items() >= marks.items()]
    return same[0] if same else None


def _marks(schema: Json) -> dict[str, Any]:
    return {
        name: value["const"]
        for name, value in schema.get("properties", {}).items()
        if "const" in value
    }


def _kind(schema: Json) -> str:
    if "type" in schema:
        return str(schema["type"])
    if "const" in schema:
        return "string" if isinstance(schema["const"], str) else str(type(schema["const"]).__name__)
    return "string" if "enum" in schema else "object" if "properties" in schema else "anything"


def main(arguments: list[str]) -> int:
    """Compare two files; the released and the present one by default."""
    paths = [Path(item) for item in arguments] or [HERE / "released.json", HERE / "openapi.json"]
    old, new = (json.loads(path.read_text("utf-8")) for path in paths)
    found = [item for item in Comparison(old, new).breaks() if item not in ALLOWED]
    print("\n".join(found) or "nothing is broken")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
