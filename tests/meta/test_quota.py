"""Delivery under a quota far below the pace of the service: slower, never early, never incomplete.

Meta's five minutes, in which an ad account's score decays, are three seconds here, on both sides of
the wire; the figures are otherwise those of a development account
(developers.facebook.com/docs/marketing-api/overview/rate-limiting).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from app.embedded.postgres import EmbeddedPostgres
from app.embedded.valkey import EmbeddedValkey
from app.facebook import usage_headers as usage
from tests.conftest import LONG, Sandbox
from tests.flows.journey import ACCOUNT, get_run, make_connection, start_run
from tests.meta.deployment import CUSTOMER_LIST, Deployment, addresses, deployment_of, working

MANY = 200_000 if LONG else 80_000

OTHER_LIST = "23850000000000012"
OTHER_ACCOUNT = "act_1002"
LIST_OF_OTHER_ACCOUNT = "23850000000002001"
FIVE_MINUTES = 3.0
HELD = 50.0  # seconds at the most: until the test lets go
FINAL = {"succeeded", "succeeded_with_warnings", "failed", "skipped", "canceled"}


@pytest.fixture
async def meta(
    servers: tuple[EmbeddedPostgres, EmbeddedValkey],
    template: str,
    sandbox_process: Sandbox,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Deployment]:
    """A deployment that announces parked runs of itself, and waits for no block longer than a second."""
    monkeypatch.setattr(usage, "SCORE_WINDOW", FIVE_MINUTES)
    folder = tmp_path_factory.mktemp("quota")
    changes = {"sweep_seconds": 0.2, "throttle_patience_seconds": 1}
    async with deployment_of(servers, template, sandbox_process, folder, **changes) as made:
        yield made


def allow(meta: Deployment, *, writes: int, **more: Any) -> None:
    """So many writes in Meta's five minutes; what was under way at a refusal is no new request."""
    limits = {
        "score_max": 3 * writes,
        "decay_seconds": FIVE_MINUTES,
        "block_seconds": FIVE_MINUTES,
        "grace_seconds": 0.5,
        **more,
    }
    meta.sandbox.control("PUT", f"quota/{ACCOUNT}", json=limits)


def quota(meta: Deployment) -> dict[str, Any]:
    found: dict[str, Any] = meta.sandbox.control("GET", f"quota/{ACCOUNT}")
    return found


async def follow(
    meta: Deployment, *runs: dict[str, Any], seconds: float = 100
) -> list[list[dict[str, Any]]]:
    """Everything a caller sees of the runs until they end, by run."""
    seen: list[list[dict[str, Any]]] = [[run] for run in runs]
    async with asyncio.timeout(seconds):
        while any(views[-1]["status"] not in FINAL for views in seen):
            for views in seen:
                views.append(await get_run(meta.api, views[-1]))
            await asyncio.sleep(0.1)
    return seen


async def test_many_members_at_a_tenth_of_the_pace(meta: Deployment) -> None:
    """Everything arrives, no request is early, and whoever looks at the run sees that it waits."""
    connection = await make_connection(meta.api, audience={"id": CUSTOMER_LIST})
    segment = await meta.segment("many", addresses(MANY))
    export = await meta.export(connection, segment)
    async with working(meta.settings, max_jobs=4):
        (views,) = await follow(meta, await start_run(meta.api, export))
        assert views[-1]["status"] == "succeeded", views[-1]
        sent = meta.uploads()
        freely = max(call["time"] + call["duration"] for call in sent) - sent[0]["time"]
        meta.forget()

        # whoever hears of the block late must find more of it left than a worker waits for
        allow(meta, writes=5, block_seconds=8)
        # sent one by one, as by a slow machine, uploads learn of the limit before they meet it
        meta.fault("slow-before", delay=HELD)
        run = await start_run(meta.api, export)
        await meta.let_go(6)
        (views,) = await follow(meta, run)
    run, counted, sent = views[-1], quota(meta), meta.uploads()
    assert run["status"] == "succeeded", run
    assert run["counts"]["received"] == run["counts"]["added"] == MANY
    assert meta.sandbox.audience(CUSTOMER_LIST)["members"] == MANY
    assert (run["attempt"], run["throttled_until"]) == (1, None)
    parked = [view for view in views if view["throttled_until"] is not None]
    assert {view["status"] for view in parked} == {"queued"}
    assert all(view["error"] is None for view in parked)
    assert counted["refused"] >= 1
    assert counted["requests_during_block"] == 0
    # nothing is sent twice but what was refused
    assert len(sent) == MANY // 10_000 + sum(call["code"] == 17 for call in sent)
    took = sent[-1]["time"] - sent[0]["time"]
    print(f"{MANY:,} members: {freely:.1f} s freely, {took:.1f} s under the quota, {counted}")


async def test_two_workers_on_one_account_behave_as_one(meta: Deployment) -> None:
    """A refusal that one of them gets holds the other back, too."""
    connection = await make_connection(meta.api, audience={"id": CUSTOMER_LIST})
    exports = [
        await meta.export(connection, await meta.segment("one", addresses(60_000))),
        await meta.export(
            connection,
            await meta.segment("two", addresses(60_000)),
            audience={"id": OTHER_LIST},
            display_name="Other list",
        ),
    ]
    allow(meta, writes=5)
    # more than are allowed are under way before any is answered, of both: none has more than six
    meta.fault("slow-before", delay=HELD)
    async with AsyncExitStack() as stack:
        for _ in exports:
            await stack.enter_async_context(working(meta.settings, max_jobs=1))
        runs = [await start_run(meta.api, export) for export in exports]
        await meta.let_go(8)
        seen = await follow(meta, *runs)
    assert [views[-1]["status"] for views in seen] == ["succeeded", "succeeded"]
    for audience_id in (CUSTOMER_LIST, OTHER_LIST):
        assert meta.sandbox.audience(audience_id)["members"] == 60_000
    # both were at work before either was done
    ended = [views[-1] for views in seen]
    assert max(run["started_at"] for run in ended) < min(run["finished_at"] for run in ended)
    counted = quota(meta)
    assert counted["refused"] >= 1
    assert counted["requests_during_block"] == 0


@pytest.mark.parametrize("patience", [0.5, 20], ids=["parked", "waiting"])
async def test_a_throttled_account_holds_up_no_other(meta: Deployment, patience: float) -> None:
    """Whether its run is parked or waits in the worker, another account's run goes on."""
    segment = await meta.segment("few", addresses(40))
    blocked = await meta.export(
        await make_connection(meta.api, audience={"id": CUSTOMER_LIST}), segment
    )
    free = await meta.export(
        await make_connection(
            meta.api, ad_account_id=OTHER_ACCOUNT, audience={"id": LIST_OF_OTHER_ACCOUNT}
        ),
        segment,
    )
    # both are at Meta when the block begins, and it is long enough for one upload
    meta.fault("slow-before", delay=HELD, match={"account": ACCOUNT})
    meta.fault("slow-before", delay=HELD, match={"path": f"{LIST_OF_OTHER_ACCOUNT}/users$"})
    settings = meta.settings.model_copy(update={"throttle_patience_seconds": patience})
    async with working(settings, max_jobs=4):
        held = await start_run(meta.api, blocked)
        other = await start_run(meta.api, free)
        await meta.let_go(3, then=lambda: allow(meta, writes=5, blocked_seconds=6))
        seen = await follow(meta, held, other)
    assert [views[-1]["status"] for views in seen] == ["succeeded", "succeeded"]
    ended = [views[-1]["finished_at"] for views in seen]
    assert ended[1] < ended[0]
    done = next(at for at, view in enumerate(seen[1]) if view["status"] in FINAL)
    meanwhile = seen[0][min(done, len(seen[0]) - 1)]
    assert meanwhile["status"] == ("queued" if patience < 1 else "running")
    # the two questions that a run asks at once; they told us of the block
    assert quota(meta)["refused"] == 2
