"""A run of batches under the sandbox's quotas: everything arrives, and nobody calls too early."""

import orjson
import polars as pl
import pytest

from app.facebook.errors import Throttled
from app.facebook.upload.body import upload_body
from sandbox import world as seeded

BATCHES = 40


def _body(number):
    rows = [(number * 10 + n).to_bytes(32, "big") for n in range(10)]
    return upload_body(pl.DataFrame({"EMAIL": rows}))


QUOTAS = {
    "score, development tier": {"score_max": 60, "decay_seconds": 300, "block_seconds": 50},
    "score, drained quickly": {"score_max": 30, "decay_seconds": 10, "block_seconds": 10},
    "score, told as 613": {"score_max": 30, "error": 613, "block_seconds": 20},
}


@pytest.mark.parametrize("quota", QUOTAS.values(), ids=QUOTAS.keys())
async def test_adding_under_a_quota(quota, client, world):
    world.quotas.configure(seeded.SHOP, quota)
    graph = client.for_token(seeded.USER_TOKEN, ad_account_id=seeded.SHOP)
    for number in range(BATCHES):
        await graph.add_users(seeded.CUSTOMER_LIST, _body(number))
    report = world.quotas.report(seeded.SHOP)
    assert report["requests_during_block"] == 0
    assert report["refused"] <= 2
    assert world.world.audiences[seeded.CUSTOMER_LIST].members.settle()[0] == BATCHES * 10


async def test_removing_under_the_custom_audience_quota(client, world):
    """80003 counts removals; its minutes are waited out."""
    world.quotas.configure(seeded.SHOP, {"buc_max": 20, "buc_window": 60, "buc_block_seconds": 60})
    graph = client.for_token(seeded.USER_TOKEN, ad_account_id=seeded.SHOP)
    for number in range(BATCHES):
        await graph.add_users(seeded.CUSTOMER_LIST, _body(number))
    for number in range(BATCHES):
        await graph.remove_users(seeded.CUSTOMER_LIST, _body(number))
    report = world.quotas.report(seeded.SHOP)
    assert report["requests_during_block"] == 0
    assert world.world.audiences[seeded.CUSTOMER_LIST].members.settle()[0] == 0


async def test_a_long_pause_parks_the_caller_who_goes_on_afterwards(client, world, time):
    world.quotas.configure(seeded.SHOP, {"score_max": 60, "blocked_seconds": 900})
    graph = client.for_token(seeded.USER_TOKEN, ad_account_id=seeded.SHOP)
    for _ in range(3):
        with pytest.raises(Throttled) as caught:
            await graph.add_users(seeded.CUSTOMER_LIST, _body(1))
        assert caught.value.wait_seconds == pytest.approx(900, abs=1)
    assert await client.governor.throttled_until(seeded.SHOP) is not None
    assert world.quotas.report(seeded.SHOP)["refused"] == 1  # asked once, not three times
    await time.sleep(901)
    receipt = await graph.add_users(seeded.CUSTOMER_LIST, _body(1))
    assert receipt.num_received == 10


@pytest.mark.parametrize("code", ["4", "17", "613", "80003", "80004"])
async def test_every_throttle_with_its_headers_is_waited_out(code, client, world, time):
    world.faults.add(
        {"kind": f"throttle-{code}", "times": 1, "wait": 45, "match": {"path": "users"}}
    )
    graph = client.for_token(seeded.USER_TOKEN, ad_account_id=seeded.SHOP)
    receipt = await graph.add_users(seeded.CUSTOMER_LIST, _body(1))
    assert receipt.attempts == 2
    # BUC names whole minutes; the app's limit names none, so a minute is guessed
    assert sum(time.slept) == pytest.approx(45 if code in ("17", "613") else 60, abs=0.5)


async def test_one_throttled_account_holds_up_no_other(client, world, time):
    world.quotas.configure(seeded.SHOP, {"score_max": 60, "blocked_seconds": 900})
    shop = client.for_token(seeded.USER_TOKEN, ad_account_id=seeded.SHOP)
    second = client.for_token(seeded.USER_TOKEN, ad_account_id=seeded.SECOND)
    with pytest.raises(Throttled):
        await shop.add_users(seeded.CUSTOMER_LIST, _body(1))
    assert (await second.add_users("23850000000002001", _body(1))).attempts == 1
    assert time.slept == []


def test_the_body_used_here_is_what_meta_reads():
    assert len(orjson.loads(_body(3))["payload"]["data"]) == 10
