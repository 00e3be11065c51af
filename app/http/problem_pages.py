"""`GET /problems/{code}`: the address that a problem document's `type` names, for people and for programs."""

import html
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from app.codes import CODES, Code
from app.errors import Culprit, NotFound
from app.http.schemas import OnePage, Output

router = APIRouter(prefix="/problems", tags=["problems"])

MOVES = {
    Culprit.USER: "It is your move.",
    Culprit.SYSTEM: "It is this service's move, or its operator's.",
    Culprit.EXTERNAL: "It is the move of Meta, or of another system outside of this service.",
}
PLACES = {
    "answer": "answers of the API",
    "run": "the `error` of runs",
    "check": "checks of connections",
    "warning": "warnings of exports, previews and runs",
    "delivery": "deliveries of webhooks",
    "erasure": "erasures",
    "overview": "the overview",
    "command": "the command line",
}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem;"
    "color-scheme:light dark}code{font-size:.95em}"
)

Place = Literal["answer", "run", "check", "warning", "delivery", "erasure", "overview", "command"]


class ProblemType(Output):
    """What a code means, whose move it is, and what to do."""

    code: str = Field(examples=["not-found"])
    type: str = Field(
        description="its address, as problem documents name it", examples=["/problems/not-found"]
    )
    title: str = Field(examples=["Nothing under this address"])
    status: int | None = Field(description="of answers; null where no answer has it")
    culprit: Culprit = Field(description="whose move it usually is; each occurrence says it again")
    places: list[Place] = Field(description="where it is met")
    meaning: str
    action: str = Field(description="what to do")


class ProblemTypes(Output):
    """Every code there is."""

    items: list[ProblemType]
    next_cursor: OnePage = None


@router.get("", operation_id="list_problem_types")
async def list_problem_types() -> ProblemTypes:
    """List every code that an answer, a run or a check may name."""
    return ProblemTypes(items=[_view(row) for row in CODES.values()])


@router.get(
    "/{code}",
    operation_id="get_problem_type",
    response_model=ProblemType,
    responses={
        200: {
            "description": "JSON for programs; a page for browsers, which ask for `text/html`",
            "content": {"text/html": {"schema": {"type": "string"}}},
        }
    },
)
async def get_problem_type(
    request: Request, code: Annotated[str, Path(max_length=80, examples=["not-found"])]
) -> Response | ProblemType:
    """Explain a code: what it means, whose move it is, and what to do."""
    row = CODES.get(code)
    if row is None:
        raise NotFound("There is no such code.")
    if "text/html" in ",".join(request.headers.getlist("Accept")):
        return HTMLResponse(_page(row), headers={"Content-Security-Policy": _POLICY})
    return _view(row)


def _view(row: Code) -> ProblemType:
    return ProblemType(
        code=row.code,
        type=f"/problems/{row.code}",
        title=row.title,
        status=row.status,
        culprit=row.culprit,
        places=[place for place in PLACES if place in row.places],
        meaning=row.meaning,
        action=row.action,
    )


def _page(row: Code) -> str:
    where = ", ".join(PLACES[place].replace("`", "") for place in PLACES if place in row.places)
    status = f", with status {row.status}" if row.status else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(row.title)}</title><style>{_STYLE}</style>"
        f"<h1>{html.escape(row.title)}</h1><p><code>{row.code}</code></p>"
        f"<p>{_text(row.meaning)}</p>"
        f"<h2>What to do</h2><p>{_text(row.action)}</p><p>{MOVES[row.culprit]}</p>"
        f"<p>Met in {where}{status}.</p></html>"
    )


def _text(sentence: str) -> str:
    """The sentence with its `words` as code."""
    pieces = html.escape(sentence).split("`")
    return "".join(
        f"<code>{piece}</code>" if place % 2 else piece for place, piece in enumerate(pieces)
    )
