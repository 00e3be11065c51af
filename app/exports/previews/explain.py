"""`POST /v1/identifiers/explain`: what becomes of one member's values. Stores and logs nothing."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field, StringConstraints

from app.access.dependencies import ViewerDep
from app.errors import Unprocessable
from app.exports.members.mapping_schema import Attributes
from app.exports.schemas import Country
from app.http.schemas import Input, Output
from app.identifiers import (
    ATTRIBUTE_KEYS,
    RULES_VERSION,
    IdentifierPlan,
    KeyIdentifier,
    explain,
)
from app.segments.source_types import DateFormat

router = APIRouter(prefix="/v1/identifiers", tags=["identifiers"])

_KEYS = frozenset(item.key for item in ATTRIBUTE_KEYS)

Value = Annotated[str, StringConstraints(max_length=1000)]


class ExplainRequest(Input):
    """One member; its fields are named by Meta's keys, or by `attributes` if that is given."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"member": {"EMAIL": " Mary@Example.com"}}]}
    )

    member: Annotated[
        dict[Annotated[str, StringConstraints(min_length=1, max_length=500)], Value | None],
        Field(
            min_length=1,
            max_length=50,
            examples=[{"EMAIL": " Mary@Example.com", "COUNTRY": "Germany"}],
        ),
    ]
    attributes: Attributes | None = None
    default_country: Country | None = None
    date_format: DateFormat | None = None


class ExplainStep(Output):
    """A rule, and the text after it."""

    rule: str
    text: str


class ExplainedKey(Output):
    """What becomes of one key's value."""

    key: str
    given: bool
    steps: list[ExplainStep]
    text: str | None = Field(description="what is hashed, or sent as it is for keys that are not")
    hash: str | None
    reason: str | None = Field(description="why nothing is sent")


class Explained(Output):
    """Every key of the member."""

    rules_version: str
    keys: list[ExplainedKey]


@router.post("/explain", operation_id="explain_identifiers")
async def explain_identifiers(body: ExplainRequest, _: ViewerDep) -> Explained:
    """Show each rule, the text that is hashed, the hash, or why the value is refused."""
    if body.attributes is None and not body.member.keys() <= _KEYS:
        raise _unnamed()
    named = body.attributes or {key: key for key in body.member}
    known = IdentifierPlan(
        KeyIdentifier.EMAIL,
        {key: (names,) if isinstance(names, str) else tuple(names) for key, names in named.items()},
        default_country=body.default_country,
        date_format=body.date_format,
    )
    try:
        found = explain(body.member, known)
    except (KeyError, ValueError):
        raise _unnamed() from None
    return Explained(
        rules_version=RULES_VERSION,
        keys=[
            ExplainedKey(
                key=item.key,
                given=item.given,
                steps=[ExplainStep(rule=rule, text=text) for rule, text in item.steps],
                text=item.text,
                hash=item.hash,
                reason=item.reason,
            )
            for item in found
        ],
    )


def _unnamed() -> Unprocessable:
    # without the names: whoever swaps names and values has a member's values there
    return Unprocessable("Name the member's fields by Meta's keys, or map them in attributes.")
