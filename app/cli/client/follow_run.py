"""A run followed to its end from the command line: over server-sent events, across restarts of the API."""

import json
import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from app.cli.api_client import Service, refuse, segment_of_path

if TYPE_CHECKING:  # it takes longer to import than most help takes to print
    import httpx

FINAL = frozenset({"succeeded", "succeeded_with_warnings", "failed", "skipped", "canceled"})
# the API sends a sign of life every ten seconds
_CONNECT_SECONDS, _READ_SECONDS = 10.0, 35.0
# what stands between us and an API that is being restarted says one of these
_AWAY = frozenset({429, 502, 503, 504})
_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)


class TimeIsUp(Exception):  # it is no error: the run goes on
    """The run did not end in the time it was given."""


class Deadline:
    """When the patience of whoever follows ends; never, if it is None."""

    def __init__(self, seconds: float | None) -> None:
        self._ends = math.inf if seconds is None else time.monotonic() + seconds

    def left(self, most: float) -> float:
        """Seconds until then, `most` at the most. Raises `TimeIsUp` if there are none."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeIsUp
        return min(most, left)


def follow(
    service: Service, run_id: str, *, patience: float, timeout: float | None = None
) -> Iterator[dict[str, Any]]:
    """Every state of the run that is seen, the last one final.

    An API that is away is waited for, `patience` seconds at a time. Raises `ServiceProblem`,
    `ServiceUnreachable`, and `TimeIsUp` after `timeout` seconds.
    """
    import httpx  # noqa: PLC0415 - see above

    deadline, last_id = Deadline(timeout), ""
    away_since, tries = None, 0
    while True:
        try:
            for event_id, state in _stream(service, run_id, last_id, deadline):
                last_id = event_id
                away_since, tries = None, 0
                yield state
                if state["status"] in FINAL:
                    return
                deadline.left(0)
        except _Over:
            return
        except httpx.TransportError as error:
            now = time.monotonic()
            away_since = away_since or now
            deadline.left(0)
            if now - away_since > patience:
                raise service.unreachable(error) from None
        time.sleep(deadline.left(_PAUSES[min(tries, len(_PAUSES) - 1)]))
        tries += 1


class _Over(Exception):  # it is no error
    """The run has ended, and there is nothing to send."""


def _stream(
    service: Service, run_id: str, last_id: str, deadline: Deadline
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of one connection; raises what `follow` handles."""
    import httpx  # noqa: PLC0415 - see above

    timeout = httpx.Timeout(_CONNECT_SECONDS, read=deadline.left(_READ_SECONDS))
    headers = {"Last-Event-ID": last_id} if last_id else {}
    path = f"/v1/runs/{segment_of_path(run_id)}/events"
    with service.http.stream("GET", path, headers=headers, timeout=timeout) as answer:
        if answer.status_code in _AWAY:
            raise httpx.ConnectError(f"answered {answer.status_code}")
        if not answer.is_success:
            answer.read()
            refuse(answer)
        yield from _events(answer, last_id)
        if answer.status_code == 204:
            raise _Over


def _events(answer: "httpx.Response", last_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(id, data) of each event; https://html.spec.whatwg.org/multipage/server-sent-events.html."""
    data: list[str] = []
    for line in answer.iter_lines():
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data.append(value)
        elif field == "id":
            last_id = value
        elif not line and data:
            yield last_id, json.loads("\n".join(data))
            data = []
