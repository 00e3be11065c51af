"""The quota model: when it refuses, what it says, and whom it caught."""

import orjson
import pytest

from sandbox import world

LIST = world.CUSTOMER_LIST


async def test_the_score_of_an_account(api, refused, sha):
    await api.control(
        "PUT", "quota/act_1001", {"score_max": 10, "block_seconds": 60, "decay_seconds": 300}
    )
    for used in (30.0, 60.0, 90.0):
        response = await api.upload(LIST, [[sha("a")]])
        usage = orjson.loads(response.headers["x-ad-account-usage"])
        assert usage["acc_id_util_pct"] == pytest.approx(used, abs=0.5)
    assert (await api.call("GET", f"/{LIST}")).status_code == 200, "a read is one point"
    response = await api.upload(LIST, [[sha("b")]])
    assert response.status_code == 400
    assert refused(response) == (17, 2446079)
    usage = orjson.loads(response.headers["x-ad-account-usage"])
    assert usage == {
        "acc_id_util_pct": 100.0,
        "reset_time_duration": 60,
        "ads_api_access_tier": "development_access",
    }
    assert await api.members(LIST) == [[sha("a")]]
    assert (await api.call("GET", "/act_1002")).status_code == 200, "another account"
    report = await api.control("GET", "quota/1001")
    assert (report["admitted"], report["refused"], report["requests_during_block"]) == (4, 1, 0)


async def test_a_block_ends_and_points_decay(api, refused, sha):
    await api.control(
        "PUT", "quota/1001", {"score_max": 3, "block_seconds": 30, "decay_seconds": 300}
    )
    await api.upload(LIST, [[sha("a")]])
    assert refused(await api.upload(LIST, [[sha("b")]])) == (17, 2446079)
    await api.control("POST", "clock", {"advance": 31})
    assert refused(await api.upload(LIST, [[sha("b")]])) == (17, 2446079), "not decayed yet"
    await api.control("POST", "clock", {"advance": 300})
    assert (await api.upload(LIST, [[sha("b")]])).status_code == 200


async def test_calling_while_blocked_is_counted_and_prolongs(api, sha):
    await api.control("PUT", "quota/1001", {"blocked_seconds": 60, "score_max": 100})
    await api.upload(LIST, [[sha("a")]])
    report = await api.control("GET", "quota/1001")
    assert (report["on_their_way"], report["requests_during_block"]) == (1, 0), "within the grace"
    await api.control("POST", "clock", {"advance": 50})
    await api.upload(LIST, [[sha("a")]])
    report = await api.control("GET", "quota/1001")
    assert report["requests_during_block"] == 1
    assert 59 < report["blocked_seconds_left"] <= 60
    await api.control("POST", "clock", {"advance": 61})
    assert (await api.upload(LIST, [[sha("a")]])).status_code == 200


async def test_613_instead_of_17(api, refused, sha):
    await api.control("PUT", "quota/1001", {"score_max": 1, "error": 613})
    assert refused(await api.upload(LIST, [[sha("a")]])) == (613, 1487742)


async def test_the_business_use_case(api, refused, sha):
    await api.control("PUT", "quota/1001", {"buc_max": 2, "buc_block_seconds": 150})
    first = await api.call("GET", f"/{LIST}")
    assert orjson.loads(first.headers["x-business-use-case-usage"])["1001"][0]["call_count"] == 50
    await api.upload(LIST, [[sha("a")]], method="DELETE")
    response = await api.upload(LIST, [[sha("a")]], method="DELETE")
    assert refused(response) == (80003, 2446079)
    assert "#custom-audience" in response.json()["error"]["message"]
    (usage,) = orjson.loads(response.headers["x-business-use-case-usage"])["1001"]
    assert (usage["call_count"], usage["estimated_time_to_regain_access"]) == (100, 3)
    assert (await api.upload(LIST, [[sha("a")]])).status_code == 200, "adds are not in this quota"
    await api.control("POST", "clock", {"advance": 3_700})
    assert (await api.call("GET", f"/{LIST}")).status_code == 200


async def test_regain_time_can_be_said_otherwise(api):
    await api.control("PUT", "quota/1001", {"buc_max": 0, "regain_minutes": 7})
    response = await api.call("GET", f"/{LIST}")
    (usage,) = orjson.loads(response.headers["x-business-use-case-usage"])["1001"]
    assert usage["estimated_time_to_regain_access"] == 7


async def test_unknown_limits_are_refused(api):
    response = await api.client.put("/_sandbox/quota/1001", json={"nonsense": 1})
    assert response.status_code == 422
