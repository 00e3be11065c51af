"""The state machine of `usersreplace`, subcode by subcode."""

import pytest

from sandbox import world

LIST = world.CUSTOMER_LIST


@pytest.fixture
def replace(api):
    async def send(rows, seq, *, session=1, last=False, audience=LIST, schema=("EMAIL",), **more):
        session_fields = {"session_id": session, "batch_seq": seq, "last_batch_flag": last, **more}
        return await api.upload(audience, rows, schema, edge="usersreplace", **session_fields)

    return send


@pytest.fixture
def status(api):
    async def read(audience=LIST):
        return (await api.get(f"/{audience}", fields="operation_status"))["operation_status"][
            "code"
        ]

    return read


async def test_a_replace_from_first_to_last(api, replace, status, sha):
    await api.add(LIST, [[sha("old")]])
    assert (await replace([[sha("1")]], 1)).json()["num_received"] == 1
    assert await status() == 414
    assert await api.members(LIST) == [[sha("1")]], "the first batch wipes the audience"
    await replace([[sha("3")]], 3)
    await replace([[sha("3")], [sha("2")]], 3)
    assert await status() == 414
    body = (await replace([[sha("4")]], 2, last=True)).json()
    assert (body["session_id"], body["num_received"]) == ("1", 5)
    assert await status() == 200
    assert len(await api.members(LIST)) == 4


async def test_one_batch_is_enough(api, replace, status, sha):
    await replace([[sha("1")]], 1, last=True)
    assert await status() == 200
    assert await api.members(LIST) == [[sha("1")]]


async def test_the_first_batch_must_come_first(replace, refused, status, sha):
    assert refused(await replace([[sha("2")]], 2)) == (2650, 1870147)
    assert await status() == 200


async def test_the_first_batch_must_not_come_twice(api, replace, refused, sha):
    await replace([[sha("1")]], 1)
    await replace([[sha("2")]], 2)
    assert refused(await replace([[sha("1")]], 1)) == (2650, 1870145)
    assert len(await api.members(LIST)) == 2


async def test_nothing_else_meanwhile(api, replace, refused, sha):
    await replace([[sha("1")]], 1)
    assert refused(await replace([[sha("1")]], 1, session=2)) == (2650, 1870145)
    assert refused(await api.upload(LIST, [[sha("2")]])) == (2650, 1870145)
    assert refused(await api.upload(LIST, [[sha("2")]], method="DELETE")) == (2650, 1870145)
    assert refused(await replace([[sha("1")]], 1, audience=world.REPLACING)) == (2650, 1870145)


async def test_nothing_after_the_last_batch(replace, refused, sha):
    await replace([[sha("1")]], 1, last=True)
    for seq in (1, 2):
        assert refused(await replace([[sha("2")]], seq)) == (2650, 1870159)


async def test_ninety_minutes(api, replace, refused, status, sha):
    await replace([[sha("1")]], 1)
    await api.control("POST", "clock", {"advance": 89 * 60})
    assert (await replace([[sha("2")]], 2)).status_code == 200
    await api.control("POST", "clock", {"advance": 60})
    assert await status() == 415
    assert refused(await replace([[sha("3")]], 3)) == (2650, 1870158)
    assert len(await api.members(LIST)) == 2, "it ends with whatever arrived"
    assert (await api.upload(LIST, [[sha("3")]])).status_code == 200, "the rest is added"
    assert await status() == 200


async def test_a_replace_that_received_all_it_announced_is_whole_without_a_last_batch(
    api, replace, status, sha
):
    await replace([[sha("1")]], 1, estimated_num_total=2)
    await replace([[sha("2")]], 2)
    await api.control("POST", "clock", {"advance": 90 * 60})
    assert await status() == 200


async def test_a_failed_replace_can_be_started_anew(api, replace, status, sha):
    await replace([[sha("1")]], 1)
    await api.control("POST", "clock", {"advance": 90 * 60})
    assert (await replace([[sha("2")]], 1, session=2, last=True)).status_code == 200
    assert await api.members(LIST) == [[sha("2")]]


async def test_settling(api, replace, refused, status, sha):
    await api.control("PUT", "settings", {"settle_seconds": 300})
    await replace([[sha("1")]], 1, last=True)
    assert await status() == 414
    assert refused(await api.upload(LIST, [[sha("2")]])) == (2650, 1870145)
    await api.control("POST", "clock", {"advance": 300})
    assert await status() == 200


async def test_one_schema_for_all_batches(api, replace, refused, sha):
    await replace([[sha("1")]], 1)
    response = await replace([[sha("2"), sha("x")]], 2, schema=("EMAIL", "FN"))
    assert refused(response) == (100, None)
    assert len(await api.members(LIST)) == 1


async def test_a_refused_first_batch_wipes_nothing(api, replace, refused, status, sha):
    await api.add(LIST, [[sha("old")]])
    assert refused(await replace([], 1)) == (100, None)
    assert refused(await replace([[sha("1"), "x"]], 1)) == (100, None)
    assert refused(await replace([[sha("1"), 5]], 1, schema=("EMAIL", "LOOKALIKE_VALUE"))) == (
        100,
        None,
    )
    assert await status() == 200
    assert await api.members(LIST) == [[sha("old")]]


async def test_what_a_replace_needs(api, replace, refused, sha):
    assert refused(await api.upload(LIST, [[sha("1")]], edge="usersreplace")) == (100, None)
    response = await api.upload(LIST, [[sha("1")]], edge="usersreplace", session_id=1)
    assert refused(response) == (100, None)
    assert refused(await replace([[sha("1")]], 1, audience=world.HUGE)) == (2650, 1870144)
    assert refused(await replace([[sha("1")]], 1, audience=world.FLAGGED)) == (100, 1713230)
    assert refused(await replace([[sha("1")]], 1, audience=world.WEBSITE)) == (2650, None)
    assert refused(await replace([[sha("1")]], 1, audience=world.VALUE_BASED)) == (100, None)


async def test_a_replace_onto_a_new_audience(api, replace, status, sha):
    body = {"name": "New", "subtype": "CUSTOM", "customer_file_source": "USER_PROVIDED_ONLY"}
    audience = (await api.call("POST", "/act_1001/customaudiences", json=body)).json()["id"]
    await replace([[sha("1")]], 1, last=True, audience=audience)
    assert await status(audience) == 200


async def test_the_replace_that_runs_in_the_seeded_world_fails_in_time(api, status):
    await api.control("POST", "clock", {"advance": 91 * 60})
    assert await status(world.REPLACING) == 415
