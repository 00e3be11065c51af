"""Every cell of roles and endpoints (L9-L24, L31, L44, L71, L74), generated from the routes themselves.

A new operation without an entry in `RULES` fails. A refused call must change nothing, an allowed one
must do its work; what contributors may do with an export is tried on a connection that is shared with
them and on one that is not (L13, L21).
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from app.db.secrets import generate_key
from app.settings import Settings
from tests.access.callers import acting_as
from tests.access.deployments import deployed
from tests.conftest import api_document, emptied
from tests.flows.journey import expect, make_connection, make_export, make_segment

CALLERS = ("nobody", "viewer", "contributor", "contributor-unshared", "administrator")

ANYBODY = frozenset(CALLERS)
EVERYBODY = ANYBODY - {"nobody"}
CONTRIBUTORS = EVERYBODY - {"viewer"}
EDITORS = CONTRIBUTORS - {"contributor-unshared"}
ADMINISTRATORS = frozenset({"administrator"})


@dataclass(frozen=True)
class Rule:
    """Who may, and how to try: what is in the path's braces and what is sent."""

    who: frozenset[str]
    sends: "Callable[[World], Awaitable[dict[str, Any]]] | None" = None
    # how it may also end for those who may
    done: frozenset[int] = frozenset({200, 201, 202, 204})


class World:
    """A deployment with everything in it, for a connection that is shared and for one that is not."""

    def __init__(self, api: httpx.AsyncClient, folder: Path) -> None:
        self.api = api
        self.folder = folder
        self.callers: dict[str, httpx.AsyncClient] = {"administrator": api}
        self.made: dict[tuple[str, str], dict[str, Any]] = {}
        self.shared: dict[str, Any] = {}
        self.unshared: dict[str, Any] = {}
        self.segment: dict[str, Any] = {}
        self.connection: dict[str, Any] = {}

    def aim(self, caller: str) -> None:
        """Let what is made next belong to the connection that this caller is tried on."""
        self.connection = self.unshared if caller == "contributor-unshared" else self.shared

    async def sent(self, operation: str, rule: "Rule", *, alone: bool) -> dict[str, Any]:
        """What to send: to an object of its own, or, where it will be refused, to the same again."""
        if rule.sends is None:
            return {}
        if alone:
            return await rule.sends(self)
        place = (operation, self.connection["id"])
        if place not in self.made:
            self.made[place] = await rule.sends(self)
        return self.made[place]

    async def export(self) -> dict[str, Any]:
        return await make_export(self.api, self.connection, self.segment)

    async def a_segment(self) -> dict[str, Any]:
        path = str(self.folder / "m.csv")
        return await make_segment(self.api, path, f"s{uuid4().hex[:10]}")

    async def run(self) -> dict[str, Any]:
        export = await self.export()
        return await expect(await self.api.post(f"/v1/exports/{export['id']}/runs"), 202)

    async def webhook(self) -> dict[str, Any]:
        return await expect(await self.api.post("/v1/webhooks", json=WEBHOOK), 201)

    async def erasure(self) -> dict[str, Any]:
        return await expect(await self.api.post("/v1/erasures", json=ERASURE), 202)

    async def changes(self) -> str | None:
        """The newest audit event: the same as before if nothing was changed."""
        page = await expect(await self.api.get("/v1/audit-events", params={"limit": 1}), 200)
        return page["items"][0]["id"] if page["items"] else None


WEBHOOK = {"url": "https://hooks.example.com/x", "events": ["run.finished"]}
ERASURE = {"people": [{"EMAIL": "forget@example.com"}]}
SCHEDULE = {
    "enabled": False,
    "frequency": "daily",
    "time_zone": "Europe/Berlin",
    "times": ["03:00"],
}


async def on_export(world: World, **sent: Any) -> dict[str, Any]:
    return {"path": {"export_id": (await world.export())["id"]}, **sent}


async def on_connection(world: World, **sent: Any) -> dict[str, Any]:
    return {"path": {"connection_id": world.connection["id"]}, **sent}


async def on_new_connection(world: World, **sent: Any) -> dict[str, Any]:
    made = await expect(await world.api.post("/v1/connections", json={"display_name": "n"}), 201)
    return {"path": {"connection_id": made["id"]}, **sent}


async def on_segment(world: World, **sent: Any) -> dict[str, Any]:
    return {"path": {"segment_id": world.segment["id"]}, **sent}


async def on_new_segment(world: World, **sent: Any) -> dict[str, Any]:
    return {"path": {"segment_id": (await world.a_segment())["id"]}, **sent}


async def on_run(world: World, **sent: Any) -> dict[str, Any]:
    return {"path": {"run_id": (await world.run())["id"]}, **sent}


async def on_ended_run(world: World) -> dict[str, Any]:
    """Followed to its end, which is at once."""
    run = await world.run()
    await expect(await world.api.post(f"/v1/runs/{run['id']}/cancel"), 200)
    return {"path": {"run_id": run["id"]}}


async def on_webhook(world: World, **sent: Any) -> dict[str, Any]:
    return {"path": {"webhook_id": (await world.webhook())["id"]}, **sent}


async def on_code(_: World) -> dict[str, Any]:
    return {"path": {"code": "not-found"}}


async def when_nothing_runs(world: World) -> dict[str, Any]:
    """What follows every run ends when none is under way; no worker takes those of other cells."""
    page = await expect(await world.api.get("/v1/runs?status=queued&limit=200"), 200)
    for run in page["items"]:
        await expect(await world.api.post(f"/v1/runs/{run['id']}/cancel"), 200)
    return {}


async def on_delivery(world: World) -> dict[str, Any]:
    hook = await world.webhook()
    sent = await expect(await world.api.post(f"/v1/webhooks/{hook['id']}/test"), 202)
    return {"path": {"webhook_id": hook["id"], "delivery_id": sent["id"]}}


async def on_erasure(world: World, **sent: Any) -> dict[str, Any]:
    return {"path": {"erasure_id": (await world.erasure())["id"]}, **sent}


async def on_key(world: World) -> dict[str, Any]:
    body = {"display_name": "k", "role": "viewer"}
    made = await expect(await world.api.post("/v1/api-keys", json=body), 201)
    return {"path": {"key_id": made["id"]}}


async def joining(world: World) -> dict[str, Any]:
    segment = await world.a_segment()
    return {"path": {"segment_id": segment["id"], "export_id": (await world.export())["id"]}}


async def leaving(world: World) -> dict[str, Any]:
    found = await joining(world)
    address = "/v1/segments/{segment_id}/exports/{export_id}".format(**found["path"])
    await expect(await world.api.post(address), 200)
    return found


async def new_export(world: World) -> dict[str, Any]:
    return {
        "json": {
            "display_name": "Theirs",
            "connection_id": world.connection["id"],
            "key_identifier": "email",
            "attributes": {"EMAIL": "email"},
            "segment_ids": [world.segment["id"]],
        }
    }


async def new_segment(world: World) -> dict[str, Any]:
    source = {"kind": "file", "url": str(world.folder / "m.csv")}
    return {"json": {"name": f"s{uuid4().hex[:10]}", "source": source}}


async def pushed(world: World) -> dict[str, Any]:
    """A segment that takes what is pushed: contributors have those of their own."""
    body = {"name": f"s{uuid4().hex[:10]}", "source": {"kind": "upload"}}
    made = await expect(await world.callers["contributor"].post("/v1/segments", json=body), 201)
    headers = {"Content-Type": "text/csv"}
    return {
        "path": {"segment_id": made["id"]},
        "content": b"EMAIL\na@example.com\n",
        "headers": headers,
    }


async def to_detach(world: World) -> dict[str, Any]:
    return {"json": {"export_ids": [(await world.export())["id"]]}}


async def bulk(world: World) -> dict[str, Any]:
    export = await world.export()
    return {"json": {"export_ids": [export["id"]], "mode": "keep", "enabled": False}}


async def sign_in_return(world: World) -> dict[str, Any]:
    path = f"/v1/connections/{world.connection['id']}/authorize"
    url = (await expect(await world.api.post(path), 200))["authorization_url"]
    async with httpx.AsyncClient() as browser:
        sent_back = await browser.get(url + "&answer=continue")
    return {"params": dict(httpx.URL(sent_back.headers["location"]).params)}


async def sign_in_confirmation(world: World) -> dict[str, Any]:
    return {"data": (await sign_in_return(world))["params"]}


async def a_cron(world: World) -> dict[str, Any]:
    return {"params": {"cron": "0 5 * * *"}}


def sending(factory: Any, **sent: Any) -> Any:
    return lambda world: factory(world, **sent)


RULES: dict[str, Rule] = {
    # operations
    "livez": Rule(ANYBODY),
    "list_problem_types": Rule(ANYBODY),
    "get_problem_type": Rule(ANYBODY, on_code),
    "readyz": Rule(ANYBODY),
    "get_overview": Rule(EVERYBODY),
    "metrics": Rule(ANYBODY),
    # access
    "get_me": Rule(EVERYBODY),
    "create_api_key": Rule(
        ADMINISTRATORS, lambda _: _sent(json={"display_name": "k", "role": "viewer"})
    ),
    "list_api_keys": Rule(ADMINISTRATORS),
    "get_api_key": Rule(ADMINISTRATORS, on_key),
    "revoke_api_key": Rule(ADMINISTRATORS, on_key),
    "list_audit_events": Rule(ADMINISTRATORS),
    # signing in: anybody may ask how, and a key is a key
    "get_sign_in": Rule(ANYBODY),
    "create_session": Rule(EVERYBODY),
    "get_session": Rule(EVERYBODY),
    "delete_session": Rule(EVERYBODY),
    "create_sign_in_link": Rule(EVERYBODY),
    # 404: no issuer is configured
    "begin_oidc_sign_in": Rule(ANYBODY, done=frozenset({404})),
    "finish_oidc_sign_in": Rule(ANYBODY, done=frozenset({404})),
    # connections: administrators decide where data may go (L5, L7, L10)
    "list_connection_types": Rule(EVERYBODY),
    "get_consent": Rule(EVERYBODY),
    "create_connection": Rule(ADMINISTRATORS, lambda _: _sent(json={"display_name": "n"})),
    "list_connections": Rule(ADMINISTRATORS),
    "list_available_connections": Rule(CONTRIBUTORS),
    "get_connection": Rule(ADMINISTRATORS, on_connection),
    "update_connection": Rule(ADMINISTRATORS, sending(on_connection, json={})),
    "delete_connection": Rule(ADMINISTRATORS, on_new_connection),
    "get_account_throttle": Rule(ADMINISTRATORS, on_connection),
    "list_connection_exports": Rule(ADMINISTRATORS, on_connection),
    "list_ad_accounts": Rule(ADMINISTRATORS, on_connection),
    "list_audiences": Rule(ADMINISTRATORS, on_connection),
    "check_connection": Rule(ADMINISTRATORS, on_connection),
    "resume_connection": Rule(ADMINISTRATORS, on_connection),
    "authorize_connection": Rule(ADMINISTRATORS, on_connection),
    # who began it, by cookie or key
    "finish_facebook_sign_in": Rule(ADMINISTRATORS, sign_in_return),
    "confirm_facebook_sign_in": Rule(ADMINISTRATORS, sign_in_confirmation),
    # segments: those that read files or databases are administrators'
    "create_segment": Rule(ADMINISTRATORS, new_segment),
    "list_segments": Rule(EVERYBODY),
    "get_segment": Rule(EVERYBODY, on_segment),
    "update_segment": Rule(ADMINISTRATORS, sending(on_new_segment, json={"display_name": "x"})),
    "delete_segment": Rule(ADMINISTRATORS, on_new_segment),
    "list_segment_attributes": Rule(EVERYBODY, on_segment),
    "list_segment_evaluations": Rule(EVERYBODY, on_segment),
    "list_segment_exports": Rule(EVERYBODY, on_segment),
    "replace_segment_members": Rule(CONTRIBUTORS, pushed),
    "refresh_segment": Rule(CONTRIBUTORS, on_segment),
    "add_segment_to_export": Rule(EDITORS, joining),
    "remove_segment_from_export": Rule(EDITORS, leaving),
    "list_segment_sources": Rule(ADMINISTRATORS),
    # 404: nothing is configured
    "check_segment_source": Rule(
        ADMINISTRATORS, lambda _: _sent(path={"name": "crm"}), frozenset({404})
    ),
    # exports: contributors on connections shared with them, and then every export on it (L13, L21)
    "create_export": Rule(EDITORS, new_export),
    "list_exports": Rule(EVERYBODY),
    "get_export": Rule(EVERYBODY, on_export),
    "update_export": Rule(EDITORS, sending(on_export, json={"display_name": "x"})),
    "delete_export": Rule(EDITORS, on_export),
    "duplicate_export": Rule(EDITORS, on_export),
    "preview_export": Rule(EDITORS, on_export),
    "preview_draft": Rule(EDITORS, new_export),
    "detach_export": Rule(ADMINISTRATORS, on_export),
    "detach_exports": Rule(ADMINISTRATORS, to_detach),
    "explain_identifiers": Rule(
        EVERYBODY, lambda _: _sent(json={"member": {"EMAIL": "a@example.com"}})
    ),
    # schedules: the system's is the administrators', an export's its editors' (L56, L21)
    "get_schedule": Rule(EVERYBODY),
    "put_schedule": Rule(ADMINISTRATORS, lambda _: _sent(json=SCHEDULE)),
    "list_time_zones": Rule(EVERYBODY),
    "list_next_times": Rule(EVERYBODY, a_cron),
    "schedule_exports": Rule(EDITORS, bulk),
    # runs: whoever may edit an export may run it and cancel its runs
    "run_all_exports": Rule(CONTRIBUTORS),
    "create_run": Rule(EDITORS, on_export),
    "list_export_runs": Rule(EVERYBODY, on_export),
    "list_runs": Rule(EVERYBODY),
    "get_run": Rule(EVERYBODY, on_run),
    "cancel_run": Rule(EDITORS, on_run),
    "list_run_batches": Rule(EVERYBODY, on_run),
    "create_events_ticket": Rule(EVERYBODY, on_run),
    "follow_active_runs": Rule(EVERYBODY, when_nothing_runs),
    "follow_run": Rule(EVERYBODY, on_ended_run),
    "get_export_statistics": Rule(EVERYBODY, on_export),
    # the configuration, out and in (L37)
    "export_configuration": Rule(ADMINISTRATORS),
    "import_configuration": Rule(ADMINISTRATORS, lambda _: _sent(json={"format": 1})),
    # erasures and webhooks
    "create_erasure": Rule(ADMINISTRATORS, lambda _: _sent(json=ERASURE)),
    "list_erasures": Rule(ADMINISTRATORS),
    "get_erasure": Rule(ADMINISTRATORS, on_erasure),
    # 409: nobody has carried it out yet
    "lift_erasure": Rule(
        ADMINISTRATORS, sending(on_erasure, json={"reason": "a mistake"}), frozenset({200, 409})
    ),
    # 409: the record stays, whoever asks
    "delete_erasure": Rule(ADMINISTRATORS, on_erasure, frozenset({409})),
    "create_webhook": Rule(ADMINISTRATORS, lambda _: _sent(json=WEBHOOK)),
    "list_webhooks": Rule(ADMINISTRATORS),
    "get_webhook": Rule(ADMINISTRATORS, on_webhook),
    "update_webhook": Rule(ADMINISTRATORS, sending(on_webhook, json={"enabled": False})),
    "delete_webhook": Rule(ADMINISTRATORS, on_webhook),
    "rotate_webhook_secret": Rule(ADMINISTRATORS, on_webhook),
    "send_test_webhook": Rule(ADMINISTRATORS, on_webhook),
    "list_webhook_deliveries": Rule(ADMINISTRATORS, on_webhook),
    "resend_webhook_delivery": Rule(ADMINISTRATORS, on_delivery),
    "recover_webhook": Rule(
        ADMINISTRATORS, sending(on_webhook, json={"since": "2026-01-01T00:00:00Z"})
    ),
}

OPERATIONS = {
    operation["operationId"]: (method.upper(), path)
    for path, operations in api_document()["paths"].items()
    for method, operation in operations.items()
}


async def _sent(**sent: Any) -> dict[str, Any]:
    return sent


@pytest.fixture(scope="module")
async def world(
    servers: Any, template: str, sandbox_process: Any, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """One deployment for all cells: a refused call changes nothing, an allowed one has objects of its own."""
    postgres, valkey = servers
    sandbox_process.control("POST", "reset")
    name = f"t_{uuid4().hex[:12]}"
    admin = await asyncpg.connect(
        postgres.address("postgres", role="postgres").replace("+asyncpg", "")
    )
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER app")
    folder = tmp_path_factory.mktemp("matrix")
    (folder / "m.csv").write_text("email\na@example.com\n")
    settings = Settings(
        database_url=postgres.address(name),
        redis_url=emptied(valkey),
        snapshot_url=str(folder / "snapshots"),
        data_dir=folder / "data",
        encryption_keys=generate_key(),
        graph_api_url=sandbox_process.url,
        facebook_dialog_url=sandbox_process.url,
        facebook_app_id="1000000000000001",
        facebook_app_secret="sandbox-app-secret",
        public_url="http://testserver",
        segment_roots=str(folder),
        bootstrap_api_key="matrix-bootstrap-key",
        log_level="ERROR",
    )
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(deployed(settings))
        made = World(api, folder)
        roles = {"viewer": "viewer", "contributor": "contributor"}
        roles["contributor-unshared"] = "contributor"
        for caller, role in roles.items():
            made.callers[caller] = await stack.enter_async_context(acting_as(api, role))
        transport = httpx.ASGITransport(api.app, raise_app_exceptions=False)  # type: ignore[attr-defined]
        made.callers["nobody"] = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://testserver")
        )
        both = ["administrator", "contributor"]
        made.shared = await make_connection(api, shared_with=both)
        made.unshared = await make_connection(api, audience={"name": "Administrators' list"})
        made.segment = await make_segment(api, str(folder / "m.csv"), "everybody")
        yield made
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


def test_every_operation_has_a_rule() -> None:
    """A new route says here who may use it; one that is gone is taken out."""
    assert set(RULES) == set(OPERATIONS)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("operation", sorted(set(RULES) & set(OPERATIONS)))
async def test_cell(world: World, operation: str, caller: str) -> None:
    rule, (method, template) = RULES[operation], OPERATIONS[operation]
    world.aim(caller)
    sent = dict(await world.sent(operation, rule, alone=caller in rule.who))
    path = template.format(**sent.pop("path", {}))
    before = await world.changes()
    answer = await world.callers[caller].request(method, path, **sent)
    if caller in rule.who:
        assert answer.status_code in rule.done, answer.text
        return
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    if caller == "nobody":
        assert answer.status_code == 401
        assert problem["code"] in {"unauthenticated", "sign-in-unbound"}
    elif operation in {"create_export", "preview_draft"} and caller == "contributor-unshared":
        # that connection is not for them to know of: the same as one that is not there (L10, L45)
        assert (answer.status_code, problem["code"]) == (422, "connection-unknown")
    else:
        assert answer.status_code == 403, answer.text
    assert await world.changes() == before


async def test_of_a_connection_contributors_see_id_name_and_type(world: World) -> None:
    """L11, S21, S45."""
    answer = await world.callers["contributor"].get("/v1/connections/available")
    assert await expect(answer, 200) == {
        "items": [
            {
                "type": "facebook_ads_manager",
                "display_name": "Facebook Ads Manager",
                "connections": [
                    {
                        "id": world.shared["id"],
                        "display_name": world.shared["display_name"],
                        "type": "facebook_ads_manager",
                        "status": "ready",
                    }
                ],
            }
        ],
        "next_cursor": None,
    }


async def test_your_permission_says_what_would_be_allowed(world: World) -> None:
    """L19, L23: everybody sees every export, and what they may do with it."""
    for aimed, expected in (("contributor", "edit"), ("contributor-unshared", "view")):
        world.aim(aimed)
        export = await world.export()
        path = f"/v1/exports/{export['id']}"
        permissions = {
            caller: (await expect(await world.callers[caller].get(path), 200))["your_permission"]
            for caller in ("viewer", "contributor", "administrator")
        }
        assert permissions == {
            "viewer": "view",
            "contributor": expected,
            "administrator": "edit",
        }


async def test_unsharing_keeps_exports_and_takes_the_right_to_edit(world: World) -> None:
    """L14, L15: nothing is deleted, detached or stopped; contributors fall back to view."""
    both = ["administrator", "contributor"]
    connection = await make_connection(
        world.api, shared_with=both, audience={"name": "Shared for a while"}
    )
    contributor = world.callers["contributor"]
    export = await make_export(contributor, connection, world.segment, display_name="Theirs")
    path = f"/v1/exports/{export['id']}"
    share = f"/v1/connections/{connection['id']}"
    await expect(await world.api.patch(share, json={"shared_with": ["administrator"]}), 200)

    kept = await expect(await contributor.get(path), 200)
    assert kept["your_permission"] == "view"
    same = ("connection_id", "schedule", "enabled", "status", "segment_ids", "version")
    assert {key: kept[key] for key in same} == {key: export[key] for key in same}
    assert (await contributor.patch(path, json={"enabled": False})).status_code == 403
    assert (await contributor.post(f"{path}/runs")).status_code == 403
    # the administrators' run, and the schedule's, go on
    run = await expect(await world.api.post(f"{path}/runs"), 202)
    assert (await contributor.post(f"/v1/runs/{run['id']}/cancel")).status_code == 403
    assert (await contributor.get(f"/v1/runs/{run['id']}")).status_code == 200

    await expect(await world.api.patch(share, json={"shared_with": both}), 200)
    again = await expect(await contributor.get(path), 200)
    assert again["your_permission"] == "edit"
    assert (await contributor.post(f"/v1/runs/{run['id']}/cancel")).status_code == 200


async def test_an_export_cannot_be_moved_where_its_editor_may_not(world: World) -> None:
    """A contributor moves an export neither onto an unshared connection nor off one."""
    world.aim("contributor")
    mine = await world.export()
    contributor = world.callers["contributor"]
    moved = await contributor.patch(
        f"/v1/exports/{mine['id']}", json={"connection_id": world.unshared["id"]}
    )
    assert (await expect(moved, 422))["code"] == "connection-unknown"
    world.aim("contributor-unshared")
    theirs = await world.export()
    taken = await contributor.patch(
        f"/v1/exports/{theirs['id']}", json={"connection_id": world.shared["id"]}
    )
    assert taken.status_code == 403
