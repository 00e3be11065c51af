"""The API as the command line calls it: an address, a key, and problems turned into one sentence."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from app.cli.environment import value_of
from app.errors import AppError, ConfigurationError

if TYPE_CHECKING:  # it takes longer to import than most help takes to print
    import httpx

URL, KEY = "AUDIENCE_EXPORT_URL", "AUDIENCE_EXPORT_API_KEY"
_DEFAULT_URL = "http://127.0.0.1:8080"
# the API gives up after a minute; its previews may take longer
_CONNECT_SECONDS, _READ_SECONDS = 10.0, 330.0


class ServiceProblem(AppError):
    """The service refused."""

    code = "service-problem"

    @property
    def document(self) -> Mapping[str, Any]:
        """The problem document, as far as there was one."""
        found: Mapping[str, Any] = self.members.get("document") or {}
        return found


class ServiceUnreachable(AppError):
    """The service cannot be reached."""

    code = "service-unreachable"


class Service:
    """One service and one caller."""

    def __init__(self, url: str, key: str) -> None:
        """`url` without a path; `key` is an API key or a token of the OIDC issuer."""
        import httpx  # noqa: PLC0415 - see above

        self.url = url.rstrip("/")
        self.http = httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(_CONNECT_SECONDS, read=_READ_SECONDS),
        )

    def __repr__(self) -> str:
        """No keys."""
        return f"Service({self.url!r})"

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        content: Iterable[bytes] | None = None,
    ) -> Any:
        """The answer's JSON, None without any; `body` goes as JSON, `content` as it is.

        Raises `ServiceProblem`, `ServiceUnreachable`.
        """
        import httpx  # noqa: PLC0415 - see above

        given = {name: value for name, value in (params or {}).items() if value is not None}
        try:
            answer = self.http.request(
                method, path, json=body, params=given or None, headers=headers, content=content
            )
        except httpx.TransportError as error:
            raise self.unreachable(error) from None
        refuse(answer)
        return answer.json() if answer.content else None

    def items(
        self, path: str, *, limit: int, params: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """A list's first items, page by page. Raises as `call`."""
        found: list[dict[str, Any]] = []
        cursor = None
        while len(found) < limit:
            asked = {**(params or {}), "limit": min(limit - len(found), 200), "cursor": cursor}
            page = self.call("GET", path, params=asked)
            found += page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                break
        return found

    def unreachable(self, error: "httpx.TransportError") -> ServiceUnreachable:
        """The error for somebody who asked a service that does not answer."""
        return ServiceUnreachable(
            f"The service at {self.url} cannot be reached ({type(error).__name__}). "
            f"Is it running? {URL} says where it is."
        )


@contextmanager
def service() -> Iterator[Service]:
    """The service that the environment names. Raises `ConfigurationError`."""
    url, key = value_of(URL) or _DEFAULT_URL, value_of(KEY)
    if not key:
        raise ConfigurationError(f"Set {KEY} to an API key of the service at {url}.")
    if not url.startswith(("http://", "https://")):
        raise ConfigurationError(f"{URL} must begin with http:// or https://.")
    if not key.isascii() or not key.isprintable():
        raise ConfigurationError(f"{KEY} holds characters that no key has.")
    found = Service(url, key)
    with found.http:
        yield found


def refuse(answer: "httpx.Response") -> None:
    """Raises `ServiceProblem` for an answer that is no success, with what it says."""
    if answer.is_success:
        return
    try:
        problem = answer.json()
        detail, code = str(problem["detail"]), str(problem["code"])
    except (ValueError, KeyError, TypeError):
        raise ServiceProblem(
            f"{answer.request.method} {answer.request.url.path} answered {answer.status_code}; "
            "is this address an Audience Export?"
        ) from None
    for field in problem.get("errors") or ():
        place = field.get("pointer") or field.get("parameter")
        said = str(field.get("detail"))
        # what concerns the whole request has been said, and so may what concerns one field
        detail += f"\n  {place}: {said}" if place and said not in detail else ""
    request_id = problem.get("request_id")
    raise ServiceProblem(f"{detail}\n  ({code}, request {request_id})", code=code, document=problem)


def document(path: str) -> Any:
    """The JSON of a file, or of standard input for `-`. Raises `ConfigurationError`."""
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
        return json.loads(text)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise ConfigurationError(f"{path} does not hold JSON.") from None


def segment_of_path(text: str) -> str:
    """An id as part of an address, whatever was typed."""
    return quote(text, safe="")
