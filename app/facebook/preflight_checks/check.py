"""One verdict of a preflight, and the error that the first refusal among them stands for."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.errors import Culprit
from app.facebook.errors import Fatal, GraphError, Refused, Scope, Throttled

REPLACE_RUNNING = "replace-in-progress"
_REPLACE_PAUSE = 60.0  # seconds until a look at a running replace is worth while


@dataclass(frozen=True, slots=True)
class Check:
    """Whether one condition holds. A warning holds with a reservation, and then has a `code`.

    `unknown`: a warning since Meta did not say; the upload's own answer decides.
    """

    name: str
    ok: bool
    code: str | None = None
    detail: str | None = None
    help_url: str | None = None
    culprit: Culprit | None = None
    warning: bool = False
    unknown: bool = False
    error: GraphError | None = field(default=None, repr=False, compare=False)

    @property
    def outcome(self) -> str:
        """`passed`, `warning`, `unknown` or `refused`."""
        if not self.ok:
            return "refused"
        if self.unknown:
            return "unknown"
        return "warning" if self.warning else "passed"


def passed(name: str, detail: str | None = None) -> Check:
    """The condition holds."""
    return Check(name, ok=True, detail=detail)


def warned(name: str, code: str, detail: str, help_url: str | None = None) -> Check:
    """The condition holds, with a reservation."""
    return Check(name, ok=True, code=code, detail=detail, help_url=help_url, warning=True)


def unknown(name: str, code: str, what: str, help_url: str | None = None) -> Check:
    """Meta left out what would decide; only a documented impossibility refuses."""
    detail = f"{what} The run is tried, and Meta's answer to the upload decides."
    return Check(
        name, ok=True, code=code, detail=detail, help_url=help_url, warning=True, unknown=True
    )


def failed(
    name: str,
    code: str,
    detail: str,
    help_url: str | None = None,
    culprit: Culprit = Culprit.USER,
) -> Check:
    """The condition does not hold; `detail` says what to do."""
    return Check(name, ok=False, code=code, detail=detail, help_url=help_url, culprit=culprit)


def unanswered(name: str, error: GraphError) -> Check:
    """Meta answered the question itself with an error."""
    return Check(
        name,
        ok=False,
        code=error.code,
        detail=error.detail,
        help_url=error.help_url,
        culprit=error.culprit,
        error=error,
    )


def raise_for(checks: Iterable[Check]) -> None:
    """Raises what the first failed check stands for: a GraphError, whose class says what to do.

    Throttled for what passes by itself (another replace is running), Refused where a person must
    act; where Meta's own answer failed, that error.
    """
    first = next((check for check in checks if not check.ok), None)
    if first is None:
        return
    if first.error is not None:
        raise first.error
    kind: type[GraphError] = Refused if first.culprit is Culprit.USER else Fatal
    if first.code == REPLACE_RUNNING:
        kind = Throttled
    error = kind(
        first.detail,
        code=first.code,
        culprit=first.culprit,
        help_url=first.help_url,
        retry_after=_REPLACE_PAUSE if kind is Throttled else None,
    )
    if isinstance(error, Throttled):
        error.scope = Scope.AUDIENCE
    raise error
