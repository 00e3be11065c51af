"""The control endpoint, `/_sandbox/`: what a test needs to arrange and to see, without a token.

`GET /_sandbox/` lists everything it can do.
"""

import re
from collections import Counter
from dataclasses import asdict, fields
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import world
from sandbox.entities import AdAccount, Audience, Token, change
from sandbox.simulation.faults import KINDS
from sandbox.simulation.quota import Limits
from sandbox.simulation.settings import Settings
from sandbox.state import SandboxState
from sandbox.uploads import sessions

HELP: Final = {
    "POST reset": "the seeded world again; no faults, quotas or records",
    "GET state": "summary: settings, clock, counters, quotas, audiences that were written to",
    "GET audiences/{id}": "all attributes, distinct members, checksum (formula: sandbox.membership.checksum)",
    "GET audiences/{id}/members": "schema and rows, for up to 100,000 rows",
    "PATCH audiences/{id}": "set attributes by name (sandbox.entities.Audience)",
    "DELETE audiences/{id}": "the audience is gone, as if a person had deleted it",
    "PATCH ad-accounts/{id}": "set attributes by name (sandbox.entities.AdAccount)",
    "PATCH tokens/{token}": "set attributes by name (sandbox.entities.Token)",
    "POST faults": "a rule: kind, match, times, skip, delay, … (sandbox.simulation.faults.Fault)",
    "GET faults, DELETE faults": "the rules in force with their hits; no rules any more, and nothing slow",
    "PUT quota/{account}, GET quota/{account}": "limits (sandbox.simulation.quota.Limits) and counters",
    "POST clock": '{"advance": seconds}',
    "GET requests": "recorded calls; ?path=REGEX&method=&account=&audience=&operation=",
    "DELETE requests": "forget them",
    "PUT settings": "switches (sandbox.simulation.settings.Settings)",
}


class Control:
    """The handlers, over one state."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    async def help(self, _: Request) -> Response:
        """What there is."""
        names = {one.name: str(one.type) for one in fields(Settings)}
        limits = {one.name: str(one.type) for one in fields(Limits)}
        return _json(
            {
                "endpoints": HELP,
                "fault_kinds": KINDS,
                "settings": names,
                "quota": limits,
                "world": (world.__doc__ or "").splitlines(),
            }
        )

    async def reset(self, _: Request) -> Response:
        """POST reset."""
        self._state.reset()
        return _json({"reset": True})

    async def summary(self, _: Request) -> Response:
        """GET state."""
        state = self._state
        written = [
            self._audience(audience, count=False)
            for audience in state.world.audiences.values()
            if audience.rows_added or audience.rows_removed
        ]
        return _json(
            {
                "counting": state.counting,
                "now": state.clock.now(),
                "settings": asdict(state.settings),
                "requests": state.log.total,
                "open_requests": state.log.open,
                "most_open_requests": state.log.most_open,
                "ad_accounts": len(state.world.accounts),
                "audiences": len(state.world.audiences),
                "written": written,
                "shared_sessions": self._shared_sessions(),
                "quotas": {one: state.quotas.report(one) for one in state.quotas.accounts()},
                "faults": state.faults.report(),
            }
        )

    async def read_audience(self, request: Request) -> Response:
        """GET audiences/{id}."""
        audience = self._find(request)
        return _missing() if audience is None else _json(self._audience(audience, count=True))

    async def read_members(self, request: Request) -> Response:
        """GET audiences/{id}/members."""
        audience = self._find(request)
        if audience is None:
            return _missing()
        listed = audience.members.rows()
        if listed is None:
            return _json({"error": "too many rows were sent to keep them; use the checksum"}, 409)
        schema, rows = listed
        return _json({"schema": schema, "rows": rows})

    async def change_audience(self, request: Request) -> Response:
        """PATCH audiences/{id}."""
        return await self._change(request, self._find(request))

    async def delete_audience(self, request: Request) -> Response:
        """DELETE audiences/{id}."""
        gone = self._state.world.audiences.pop(request.path_params["id"], None)
        return _missing() if gone is None else _json({"deleted": True})

    async def change_account(self, request: Request) -> Response:
        """PATCH ad-accounts/{id}."""
        account_id = "act_" + request.path_params["id"].removeprefix("act_")
        return await self._change(request, self._state.world.accounts.get(account_id))

    async def change_token(self, request: Request) -> Response:
        """PATCH tokens/{token}."""
        return await self._change(
            request, self._state.world.tokens.get(request.path_params["token"])
        )

    async def add_fault(self, request: Request) -> Response:
        """POST faults."""
        try:
            fault = self._state.faults.add(await _body(request))
        except (TypeError, ValueError) as error:
            return _json({"error": str(error)}, 422)
        return _json(asdict(fault), 201)

    async def faults(self, request: Request) -> Response:
        """GET and DELETE faults."""
        if request.method == "DELETE":
            self._state.faults.clear()
        return _json(self._state.faults.report())

    async def quota(self, request: Request) -> Response:
        """PUT and GET quota/{account}."""
        account = "act_" + request.path_params["account"].removeprefix("act_")
        if request.method == "PUT":
            try:
                self._state.quotas.configure(account, await _body(request))
            except TypeError as error:
                return _json({"error": str(error)}, 422)
        return _json(self._state.quotas.report(account))

    async def clock(self, request: Request) -> Response:
        """POST clock."""
        self._state.clock.advance(float((await _body(request)).get("advance", 0)))
        return _json({"now": self._state.clock.now()})

    async def requests(self, request: Request) -> Response:
        """GET and DELETE requests."""
        log = self._state.log
        if request.method == "DELETE":
            log.clear()
        asked = request.query_params
        try:
            return _json(
                log.select(
                    asked.get("path"),
                    method=asked.get("method"),
                    account=asked.get("account"),
                    audience=asked.get("audience"),
                    operation=asked.get("operation"),
                )
            )
        except re.error as error:
            return _json({"error": str(error)}, 422)

    async def settings(self, request: Request) -> Response:
        """PUT and GET settings."""
        if request.method == "PUT":
            changes = await _body(request)
            unknown = set(changes) - {one.name for one in fields(Settings)}
            if unknown:
                return _json({"error": f"no such settings: {sorted(unknown)}"}, 422)
            for name, value in changes.items():
                setattr(self._state.settings, name, value)
        return _json(asdict(self._state.settings))

    def _shared_sessions(self) -> list[int]:
        """Session ids met in two audiences; Meta wants them unique within the ad account."""
        used = Counter(
            (audience.account_id, session)
            for audience in self._state.world.audiences.values()
            for session in audience.sessions
        )
        return sorted(session for (_, session), times in used.items() if times > 1)

    def _find(self, request: Request) -> Audience | None:
        return self._state.world.audiences.get(request.path_params["id"])

    def _audience(self, audience: Audience, *, count: bool) -> dict[str, Any]:
        sessions.tick(audience, self._state.clock.now(), self._state.settings)
        view = _attributes(audience)
        view["sessions"] = [asdict(session) for session in audience.sessions.values()]
        if count:
            view["members"], view["checksum"] = audience.members.settle()
        return view

    @staticmethod
    async def _change(request: Request, entity: Token | AdAccount | Audience | None) -> Response:
        if entity is None:
            return _missing()
        try:
            change(entity, await _body(request))
        except KeyError as error:
            return _json({"error": f"no such attribute: {error}"}, 422)
        return _json(_attributes(entity))


def _attributes(entity: Token | AdAccount | Audience) -> dict[str, Any]:
    hidden = ("members", "sessions", "token")
    return {one.name: getattr(entity, one.name) for one in fields(entity) if one.name not in hidden}


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")


def _missing() -> Response:
    return _json({"error": "no such object"}, 404)


async def _body(request: Request) -> dict[str, Any]:
    body = await request.body()
    value = orjson.loads(body) if body else {}
    return value if isinstance(value, dict) else {}


def control_routes(state: SandboxState) -> list[Route]:
    """The routes under `/_sandbox`."""
    control = Control(state)
    return [
        Route("/", control.help),
        Route("/reset", control.reset, methods=["POST"]),
        Route("/state", control.summary),
        Route("/audiences/{id}", control.read_audience),
        Route("/audiences/{id}", control.change_audience, methods=["PATCH"]),
        Route("/audiences/{id}", control.delete_audience, methods=["DELETE"]),
        Route("/audiences/{id}/members", control.read_members),
        Route("/ad-accounts/{id}", control.change_account, methods=["PATCH"]),
        Route("/tokens/{token:path}", control.change_token, methods=["PATCH"]),
        Route("/faults", control.add_fault, methods=["POST"]),
        Route("/faults", control.faults, methods=["GET", "DELETE"]),
        Route("/quota/{account}", control.quota, methods=["GET", "PUT"]),
        Route("/clock", control.clock, methods=["POST"]),
        Route("/requests", control.requests, methods=["GET", "DELETE"]),
        Route("/settings", control.settings, methods=["GET", "PUT"]),
    ]
