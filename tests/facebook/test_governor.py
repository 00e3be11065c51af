"""The governor on virtual time: nobody calls before Meta allows, and nothing waits for long."""

import asyncio
import heapq
import json
from itertools import count
from math import ceil

import pytest

from app import clock
from app.facebook.errors import Scope, Throttled
from app.facebook.quota.governor import Governor
from app.facebook.quota.state import MemoryQuota
from app.facebook.usage_headers import NOTHING, Level, Usage, read_usage


class VirtualTime:
    """Wakes sleepers in order; time passes only when nobody can go on."""

    def __init__(self):
        self.now = 0.0
        self._sleepers = []
        self._numbers = count()

    def monotonic(self):
        return self.now

    async def sleep(self, seconds):
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._numbers), woken))
        await woken

    async def run(self, *tasks):
        work = asyncio.gather(*tasks)
        while not work.done():
            for _ in range(25):
                await asyncio.sleep(0)
            if self._sleepers and not work.done():
                self.now, _, woken = heapq.heappop(self._sleepers)
                if not woken.done():
                    woken.set_result(None)
        return await work


class Meta:
    """An ad account's score as documented: points drain evenly; beyond the limit, a block."""

    def __init__(self, time, *, points, drain_seconds, block_seconds, cost=3.0, latency=0.4):
        self._time = time
        self._points, self._drain = points, points / drain_seconds
        self._block, self._cost, self._latency = block_seconds, cost, latency
        self._level = self._at = self.blocked_until = 0.0
        self.refused = self.too_early = self.taken = 0
        self.most_at_once = self._open = 0

    async def call(self):
        """The usage after a call that was taken, or Throttled."""
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)
        await self._time.sleep(self._latency / 2)
        answer = self._decide()
        await self._time.sleep(self._latency / 2)
        self._open -= 1
        if isinstance(answer, Throttled):
            raise answer
        return answer

    def _decide(self):
        now = self._time.now
        self._level = max(0.0, self._level - (now - self._at) * self._drain)
        self._at = now
        if now < self.blocked_until:
            # what left before the refusal came back arrives within the time of a call, to the instant
            on_its_way = self.blocked_until - self._block + self._latency + 1e-6
            self.too_early += now > on_its_way
            return self._refusal()
        if self._level + self._cost > self._points:
            self.refused += 1
            self.blocked_until = now + self._block
            return self._refusal()
        self._level += self._cost
        self.taken += 1
        return Usage(levels=(Level("score", 100 * self._level / self._points, 300.0),))

    def _refusal(self):
        error = Throttled(retry_after=self.blocked_until - self._time.now)
        error.named = True
        return error


async def _upload(governor, meta, batches, account="5"):
    """One uploader: takes batches until there are none, as long as it takes."""
    while batches:
        batch = batches.pop()
        while True:
            async with governor.slot(account) as slot:
                try:
                    await slot.answered(await meta.call())
                    break
                except Throttled as error:
                    await slot.refused(error, NOTHING)
        del batch


def _governor(time, **more):
    return Governor(
        sleep=time.sleep, monotonic=time.monotonic, random=lambda: 0.5, max_wait=1e9, **more
    )


@pytest.mark.parametrize(
    ("points", "drain", "block", "batches"),
    [(60, 300, 300, 60), (9_000, 300, 60, 4_000), (60, 30, 30, 120)],
    ids=["development", "full", "a tenth of the pace"],
)
async def test_a_quota_is_used_but_not_overrun(points, drain, block, batches):
    """https://developers.facebook.com/docs/marketing-api/overview/rate-limiting, score limits."""
    time = VirtualTime()
    meta = Meta(time, points=points, drain_seconds=drain, block_seconds=block)
    governor = _governor(time)
    left = list(range(batches))
    await time.run(*(_upload(governor, meta, left) for _ in range(8)))
    assert meta.taken == batches
    assert meta.too_early == 0
    assert meta.refused <= 1
    # what the quota allows: a full bucket at once, then as fast as it drains
    least = max(0.0, batches * 3 - points) * drain / points
    assert time.now <= 1.6 * least + batches * 0.4 / 8 + 30


async def test_without_any_limit_nothing_slows_down():
    time = VirtualTime()
    meta = Meta(time, points=1e9, drain_seconds=1, block_seconds=0)
    left = list(range(400))
    await time.run(*(_upload(_governor(time), meta, left) for _ in range(8)))
    assert time.now == pytest.approx(400 / 8 * 0.4)


@pytest.mark.parametrize("percent", [0.0, 4.0, 9.67])
async def test_calls_whose_answers_tell_of_room_go_as_fast_as_meta_answers(percent):
    """What a development account's write costs by the documents would fill the quota; it does not fill."""
    time, left = VirtualTime(), list(range(97))
    governor = _governor(time)
    facts = {"acc_id_util_pct": percent, "ads_api_access_tier": "development_access"}
    usage = read_usage({"x-ad-account-usage": json.dumps(facts)}, "5")

    async def upload():
        while left:
            left.pop()
            async with governor.slot("5") as slot:
                await time.sleep(0.5)
                await slot.answered(usage)

    await time.run(*(upload() for _ in range(16)))
    assert time.now <= 1.2 * (ceil(97 / 16) * 0.5)


async def test_whoever_waits_for_a_block_goes_on_when_somebody_lifts_it():
    time = VirtualTime()
    governor = _governor(time)
    async with governor.slot("5") as slot:
        error = Throttled(retry_after=42.0)
        error.named = True
        await slot.refused(error, NOTHING)

    async def call():
        async with governor.slot("5"):
            assert time.now == 1

    async def somebody():
        await time.sleep(1)
        await governor.lift("5")

    await time.run(call(), somebody())


async def test_a_refusal_halves_the_calls_at_once_and_success_lets_them_grow():
    time = VirtualTime()
    governor = _governor(time)
    at_once = []

    async def phase(seconds, uploaders=16):
        open_now = most = 0
        end = time.now + seconds

        async def work():
            nonlocal open_now, most
            while time.now < end:
                async with governor.slot("5") as slot:
                    open_now += 1
                    most = max(most, open_now)
                    await time.sleep(0.5)
                    open_now -= 1
                    await slot.answered(NOTHING)

        await time.run(*(work() for _ in range(uploaders)))
        at_once.append(most)

    await phase(2)
    async with governor.slot("5") as slot:
        error = Throttled(retry_after=10.0)
        error.named = True
        await slot.refused(error, NOTHING)
    await phase(11)
    await phase(30)
    assert at_once[0] == 16
    assert at_once[1] < 8
    assert at_once[1] < at_once[2] <= 16


async def test_a_refusal_blocks_every_call_of_the_account_and_no_other():
    time = VirtualTime()
    governor = _governor(time)
    times = {}

    async def call(account):
        async with governor.slot(account):
            times[account] = time.now

    async with governor.slot("5") as slot:
        error = Throttled(retry_after=42.0)
        error.named = True
        await slot.refused(error, NOTHING)
    until = await governor.throttled_until("5")
    assert 41 < (until - clock.now()).total_seconds() <= 42
    assert await governor.throttled_until("act_5") is not None
    assert await governor.throttled_until("6") is None
    await time.run(call("5"), call("6"), call(None))
    assert times["6"] == times[None] == 0
    assert 42 <= times["5"] < 43
    assert await governor.throttled_until("5") is None


async def test_the_apps_limit_blocks_every_account():
    time = VirtualTime()
    governor = _governor(time)
    async with governor.slot("5") as slot:
        error = Throttled(retry_after=42.0)
        error.scope, error.named = Scope.APP, True
        await slot.refused(error, NOTHING)
    for account in ("5", "6", None):
        assert await governor.throttled_until(account) is not None


async def test_a_busy_audience_blocks_nothing_else():
    time = VirtualTime()
    governor = _governor(time)
    async with governor.slot("5") as slot:
        error = Throttled(retry_after=42.0)
        error.scope = Scope.AUDIENCE
        await slot.refused(error, NOTHING)
    assert await governor.throttled_until("5") is None


async def test_a_long_block_raises_at_once_so_that_the_run_is_parked():
    time = VirtualTime()
    governor = Governor(sleep=time.sleep, monotonic=time.monotonic, max_wait=60.0)
    async with governor.slot("5") as slot:
        error = Throttled(retry_after=600.0)
        error.named = True
        await slot.refused(error, NOTHING)
    with pytest.raises(Throttled) as caught:
        async with governor.slot("5"):
            pytest.fail("admitted while blocked")
    assert caught.value.wait_seconds == 600
    assert time.now == 0


async def test_guessed_pauses_double_while_refusals_go_on_and_named_ones_do_not():
    time = VirtualTime()
    quota = MemoryQuota(time.monotonic)
    waits = []
    for _ in range(8):
        waits.append(await quota.block("account:5", 60, named=False, in_flight=4))
        # others that were on their way are no further refusals
        assert await quota.block("account:5", 60, named=False, in_flight=4) == waits[-1]
        time.now += waits[-1]
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert await quota.block("account:5", 7, named=True, in_flight=4) == 7


async def test_a_success_ends_the_doubling():
    time = VirtualTime()
    quota = MemoryQuota(time.monotonic)
    for _ in range(2):
        time.now += await quota.block("account:5", 60, named=False, in_flight=4)
    verdict = await quota.enter(["account:5"], "a")
    assert verdict.tracked
    await quota.leave(["account:5"], "a", passed=True)
    assert await quota.block("account:5", 60, named=False, in_flight=4) == 60


async def test_a_lost_holder_gives_its_place_back_after_a_while():
    time = VirtualTime()
    quota = MemoryQuota(time.monotonic, lease=120)
    await quota.block("account:5", 0, named=True, in_flight=2)
    assert (await quota.enter(["account:5"], "a")).word == "go"
    assert (await quota.enter(["account:5"], "b")).word == "full"
    time.now += 121
    assert (await quota.enter(["account:5"], "b")).word == "go"


async def test_usage_that_names_a_time_blocks_even_on_success():
    time = VirtualTime()
    governor = _governor(time)
    async with governor.slot("5") as slot:
        await slot.answered(Usage(regain_seconds=120.0))
    until = await governor.throttled_until("5")
    assert 119 < (until - clock.now()).total_seconds() <= 120


def test_the_headers_as_meta_sends_them():
    """Recorded forms and those of the guides; header names arrive in lower case."""
    usage = read_usage(
        {
            "x-business-use-case-usage": (
                '{"5":[{"type":"custom_audience","call_count":32,"total_cputime":3,"total_time":7,'
                '"estimated_time_to_regain_access":4},{"type":"ads_management","call_count":99,'
                '"total_cputime":0,"total_time":0,"estimated_time_to_regain_access":9,'
                '"ads_api_access_tier":"standard_access"}],'
                '"6":[{"type":"custom_audience","call_count":100,'
                '"estimated_time_to_regain_access":50}]}'
            ),
            "x-ad-account-usage": '{"acc_id_util_pct":9.67,"reset_time_duration":100}',
            "x-app-usage": '{"call_count":28,"total_time":25,"total_cputime":29}',
        },
        "5",
    )
    assert usage.levels == (Level("business", 32, 3600), Level("score", 9.67, 300))
    assert usage.app_level == Level("app", 29, 3600)
    assert (usage.regain_seconds, usage.regain_any_seconds) == (240, 540)
    assert (usage.reset_seconds, usage.development) == (100, False)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"5":7}', '{"acc_id_util_pct":"x"}'])
def test_unreadable_headers_are_no_failure(text):
    names = ("x-business-use-case-usage", "x-ad-account-usage", "x-app-usage")
    assert read_usage(dict.fromkeys(names, text), "5").regain_seconds == 0
    assert read_usage({}, "5") is NOTHING
