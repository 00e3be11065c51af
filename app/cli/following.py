"""A run followed to its end from the command line: over server-sent events, across restarts of the API."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx

from app.cli.service import Service, refuse, segment_of_path

FINAL = frozenset({"succeeded", "succeeded_with_warnings", "failed", "skipped", "canceled"})
# the API sends a sign of life every ten seconds
_TIMEOUT = httpx.Timeout(10, read=35)
# what stands between us and an API that is being restarted says one of these
_AWAY = frozenset({429, 502, 503, 504})
_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)


def follow(service: Service, run_id: str, *, patience: float) -> Iterator[dict[str, Any]]:
    """Every state of the run that is seen, the last one final.

    An API that is away is waited for, `patience` seconds at a time. Raises `ServiceProblem`,
    `ServiceUnreachable`.
    """
    path, last_id = f"/v1/runs/{segment_of_path(run_id)}", ""
    away_since, tries = None, 0
    while True:
        try:
            headers = {"Last-Event-ID": last_id} if last_id else {}
            with service.http.stream(
                "GET", f"{path}/events", headers=headers, timeout=_TIMEOUT
            ) as answer:
                if answer.status_code in _AWAY:
                    raise httpx.ConnectError(f"answered {answer.status_code}")
                if not answer.is_success:
                    answer.read()
                    refuse(answer)
                for event_id, state in _events(answer, last_id):
                    last_id = event_id
                    away_since, tries = None, 0
                    yield state
                    if state["status"] in FINAL:
                        return
                if answer.status_code == 204:
                    return
        except httpx.TransportError as error:
            now = time.monotonic()
            away_since = away_since or now
            if now - away_since > patience:
                raise service.unreachable(error) from None
        time.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
        tries += 1


def _events(answer: httpx.Response, last_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
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
