"""Crowds: who is let in is served in time, others are told when to come back, probes always answer."""

import asyncio
import statistics
import time
from collections.abc import Callable
from typing import Any

import redis
from sqlalchemy import text

from app.edge.concurrency_limit import Lane, Overloaded
from app.settings import Settings
from tests.access.deployments import deployed
from tests.attacks.conftest import Target
from tests.conftest import API_KEY

WAITING = "select count(*) from pg_locks where not granted and relation = 'segments'::regclass"


async def ask(server: Target, path: str, reader: Any, writer: Any) -> tuple[int, bool, float]:
    """Status, whether there is a Retry-After, and the seconds; by hand, since a client costs more."""
    began = time.monotonic()
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {API_KEY}\r\n\r\n".encode()
    )
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    await reader.readexactly(int(head.split("content-length: ")[1].split("\r\n")[0]))
    return int(head.split()[1]), "\r\nretry-after: " in head, time.monotonic() - began


async def test_probes_answer_in_a_crowd(
    target: Callable[..., Any], figures: Callable[..., None]
) -> None:
    """Before, with 200 readers: lists at 21 s in the median, /readyz at 29 s."""
    few = {"max_concurrent_requests": 4, "request_queue_seconds": 0.3}
    patient = {"header_timeout_seconds": 30, "max_connections_per_address": 500}
    with target(**few, **patient) as server:
        until = time.monotonic() + 4
        lists: list[tuple[int, bool, float]] = []
        probes: list[float] = []

        async def follow(path: str, pause: float) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            while time.monotonic() < until:
                answer = await ask(server, path, reader, writer)
                if path == "/readyz":
                    assert answer[0] == 200
                    probes.append(answer[2])
                else:
                    lists.append(answer)
                # as Retry-After says
                await asyncio.sleep(1 if answer[0] == 503 else pause)
            writer.close()

        await asyncio.gather(
            *(follow("/v1/runs", 0.01) for _ in range(200)), follow("/readyz", 0.1)
        )
    assert {status for status, _, _ in lists} == {200, 503}
    assert all(retry for status, retry, _ in lists if status == 503)
    served = [seconds for status, _, seconds in lists if status == 200]
    figures(
        "200 readers",
        served=len(served),
        p50_seconds=statistics.median(served),
        shed=len(lists) - len(served),
        readyz_p50_seconds=statistics.median(probes),
        readyz_slowest_seconds=max(probes),
    )
    assert statistics.median(served) < 4
    assert statistics.median(probes) < 2


async def test_nobody_waits_for_somebody_elses_crowd() -> None:
    lane = Lane(1, patience=5)
    served: list[str] = []

    async def one(network: str) -> None:
        async with lane.place(network):
            served.append(network)
            await asyncio.sleep(0.01)

    crowd = [asyncio.create_task(one("crowd")) for _ in range(10)]
    await asyncio.sleep(0)
    other = asyncio.create_task(one("other"))
    await asyncio.gather(*crowd, other)
    assert served.index("other") <= 2


async def test_places_are_given_back_whatever_happens() -> None:
    lane = Lane(2, patience=0.05)

    async def one() -> str:
        try:
            async with lane.place("a"):
                await asyncio.sleep(0.2)
        except Overloaded as error:
            return f"shed {error.members['retry_after']}"
        return "served"

    tasks = [asyncio.create_task(one()) for _ in range(30)]
    await asyncio.sleep(0)
    for task in tasks[10:20]:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert ended.count("served") == 2
    assert ended.count("shed 1") == 18
    async with lane.place("b"), lane.place("c"):
        pass


async def test_calls_to_others_do_not_keep_readers_out(
    make_settings: Callable[..., Settings],
) -> None:
    """Two places, both with calls that wait for a source; reading has places of its own."""
    settings = make_settings(max_concurrent_requests=2, request_queue_seconds=0.2)
    async with deployed(settings) as api:
        async with api.app.state.database.transaction() as session:  # type: ignore[attr-defined]
            await session.execute(text("lock table segments in access exclusive mode"))
            body = {"name": "s", "display_name": "S", "source": {"kind": "upload"}}
            stuck = [asyncio.create_task(api.post("/v1/segments", json=body)) for _ in range(2)]
            waiting = 0
            while waiting < 2:
                await asyncio.sleep(0.02)
                waiting = await session.scalar(text(WAITING))
            late = await api.post("/v1/segments", json=body)
            assert (late.status_code, late.json()["code"]) == (503, "overloaded")
            assert late.headers["retry-after"]
            assert (await api.get("/v1/runs")).status_code == 200
        assert sorted([(await task).status_code for task in stuck]) == [201, 409]


async def test_a_queue_that_takes_nothing_shows(api: Any, redis_url: str) -> None:
    """Valkey answers a PING also when it refuses all writes."""
    with redis.Redis.from_url(redis_url) as valkey:
        valkey.config_set("maxmemory", 1)
        try:
            await asyncio.sleep(0.4)
            seen = (await api.get("/readyz")).json()
        finally:
            valkey.config_set("maxmemory", 0)
    assert seen["status"] == "degraded"
    assert seen["checks"] == {"database": True, "queue": False}
    await asyncio.sleep(0.4)
    assert (await api.get("/readyz")).json()["status"] == "ok"
