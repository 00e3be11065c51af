"""Which fields, which objects, which page: the reading conventions all lists and nodes share.

Source: Graph API "Overview" and "Paginated Results" (developers.facebook.com/docs/graph-api).
"""

import base64
import binascii
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from sandbox.conventions.errors import invalid_parameter, permission_denied, too_much_data
from sandbox.conventions.wire import Call

DEFAULT_PAGE: Final = 25
_CURSOR: Final = "QVFI"


def field_names(text: Any) -> dict[str, str]:
    """`id,business{id,name}` as names, each with what stands in its braces.

    Modifiers such as `.limit(5)` are left out. A JSON array of names is accepted too.
    """
    if isinstance(text, str) and text.startswith("["):
        try:
            text = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise invalid_parameter("Param fields must be a list of names") from None
    if isinstance(text, list):
        text = ",".join(map(str, text))
    names: dict[str, str] = {}
    depth, start = 0, 0
    text = f"{text or ''},"
    for at, letter in enumerate(text):
        depth += (letter in "{(") - (letter in "})")
        if letter == "," and depth == 0:
            part = text[start:at].strip()
            start = at + 1
            head, brace, inner = part.partition("{")
            if head:
                names[head.partition(".")[0].strip()] = inner.rstrip("}") if brace else ""
    return names


def select(
    node: Mapping[str, Any],
    fields: Any,
    *,
    default: Sequence[str],
    known: frozenset[str],
    kind: str,
    hidden: Collection[str] = (),
    refused: Collection[str] = (),
) -> dict[str, Any]:
    """The asked fields of a node and its id; fields without a value and `hidden` ones are left out.

    Raises: GraphError 100 for a field the node type does not have, 200 for one of `refused`.
    """
    names = field_names(fields) or dict.fromkeys(default, "")
    chosen: dict[str, Any] = {}
    for name, inner in names.items():
        if name not in known:
            raise invalid_parameter(
                f"Tried accessing nonexisting field ({name}) on node type ({kind})"
            )
        if name in refused:
            permission = "business_management" if name == "business" else "ads_read"
            raise permission_denied(f"Requires {permission} permission to read {name}")
        value = node.get(name)
        if value is None or name in hidden:
            continue
        if inner and isinstance(value, Mapping):
            value = {sub: value[sub] for sub in field_names(inner) if sub in value}
        chosen[name] = value
    chosen["id"] = node["id"]
    return chosen


def page(
    call: Call, ids: Sequence[str], render: Callable[[str], dict[str, Any]], *, max_page: int
) -> dict[str, Any]:
    """One page of an edge, `{"data": […]}` with cursors; no `paging` on an empty list, no `next`
    on the last page.
    """
    limit = _limit(call.params.get("limit"), max_page)
    start, end = 0, limit
    if call.params.get("after"):
        start = _position(ids, call.params["after"]) + 1
        end = start + limit
    elif call.params.get("before"):
        end = _position(ids, call.params["before"])
        start = max(0, end - limit)
    shown = ids[start:end]
    answer: dict[str, Any] = {"data": [render(one) for one in shown]}
    if not shown:
        return answer
    paging: dict[str, Any] = {"cursors": {"before": cursor(shown[0]), "after": cursor(shown[-1])}}
    if end < len(ids):
        paging["next"] = _address(call, limit, after=cursor(shown[-1]))
    if start > 0:
        paging["previous"] = _address(call, limit, before=cursor(shown[0]))
    answer["paging"] = paging
    return answer


def cursor(object_id: str) -> str:
    """An opaque cursor."""
    return _CURSOR + base64.urlsafe_b64encode(object_id.encode()).decode()


def _position(ids: Sequence[str], text: Any) -> int:
    try:
        object_id = base64.urlsafe_b64decode(str(text).removeprefix(_CURSOR)).decode()
        return ids.index(object_id)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise invalid_parameter("Invalid cursors values") from None


def _limit(text: Any, max_page: int) -> int:
    try:
        limit = int(text) if text is not None else DEFAULT_PAGE
    except (TypeError, ValueError):
        raise invalid_parameter("Param limit must be an integer") from None
    if limit > max_page:
        raise too_much_data()
    return max(1, limit)


def _address(call: Call, limit: int, **cursors: str) -> str:
    params = {name: value for name, value in call.params.items() if name not in ("after", "before")}
    if call.token_in_query and call.token is not None:
        params["access_token"] = call.token
    params.update(limit=limit, **cursors)
    return f"{call.base_url}/{call.version}/{call.name}?{urlencode(params)}"


def matches(node: Mapping[str, Any], filtering: Any) -> bool:
    """Whether a node passes every condition of `filtering` (a JSON array of field, operator,
    value); raises GraphError 100 for an operator that does not exist.
    """
    if not filtering:
        return True
    if isinstance(filtering, str):
        try:
            filtering = orjson.loads(filtering)
        except orjson.JSONDecodeError:
            filtering = None
    if not isinstance(filtering, list) or not all(isinstance(one, dict) for one in filtering):
        raise invalid_parameter("Param filtering must be an array")
    return all(_passes(node, condition) for condition in filtering)


def _passes(node: Mapping[str, Any], condition: Mapping[str, Any]) -> bool:
    value: Any = node
    for part in str(condition.get("field", "")).split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    operator = _OPERATORS.get(str(condition.get("operator")))
    if operator is None:
        raise invalid_parameter("Param filtering must use a known operator")
    try:
        return value is not None and operator(value, condition.get("value"))
    except (TypeError, ValueError):
        raise invalid_parameter("Param filtering compares what cannot be compared") from None


def _within(value: Any, bounds: Any) -> bool:
    low, high = bounds
    return bool(low <= value <= high)


def _contains(value: Any, part: Any) -> bool:
    return str(part).lower() in str(value).lower()


def _any_of(value: Any, parts: Any) -> bool:
    return any(_contains(value, part) for part in parts)


_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "EQUAL": lambda value, other: str(value) == str(other),
    "NOT_EQUAL": lambda value, other: str(value) != str(other),
    "GREATER_THAN": lambda value, other: bool(value > other),
    "GREATER_THAN_OR_EQUAL": lambda value, other: bool(value >= other),
    "LESS_THAN": lambda value, other: bool(value < other),
    "LESS_THAN_OR_EQUAL": lambda value, other: bool(value <= other),
    "IN_RANGE": _within,
    "NOT_IN_RANGE": lambda value, bounds: not _within(value, bounds),
    "CONTAIN": _contains,
    "NOT_CONTAIN": lambda value, part: not _contains(value, part),
    "CONTAINS_ANY": _any_of,
    "ANY": _any_of,
    "CONTAINS_ALL": lambda value, parts: all(_contains(value, part) for part in parts),
    "ALL": lambda value, parts: all(_contains(value, part) for part in parts),
    "NOT_CONTAINS_ANY": lambda value, parts: not _any_of(value, parts),
    "NONE": lambda value, parts: not _any_of(value, parts),
    "STEM_MATCH": _contains,
    "STARTS_WITH": lambda value, part: str(value).startswith(str(part)),
    "ENDS_WITH": lambda value, part: str(value).endswith(str(part)),
    "IN": lambda value, others: str(value) in map(str, others),
    "NOT_IN": lambda value, others: str(value) not in map(str, others),
    "AFTER": lambda value, other: bool(value > other),
    "ON_OR_AFTER": lambda value, other: bool(value >= other),
    "BEFORE": lambda value, other: bool(value < other),
    "ON_OR_BEFORE": lambda value, other: bool(value <= other),
}
