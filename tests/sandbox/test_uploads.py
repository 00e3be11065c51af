"""Adding and removing over the wire: accounting, invalid entries, refusals of shape."""

import pytest

from sandbox import world
from sandbox.membership.checksum import of_rows
from sandbox.uploads.payload import EMPTY_EXTERN_ID, NO_IDENTIFIER, NOT_A_HASH, NOT_A_VALUE

LIST = world.CUSTOMER_LIST


async def test_a_receipt(api, sha):
    receipt = await api.add(LIST, [[sha("a")], [sha("b")], [sha("a")]])
    assert receipt == {
        "audience_id": LIST,
        "session_id": receipt["session_id"],
        "num_received": 3,
        "num_invalid_entries": 0,
        "invalid_entry_samples": {},
    }
    assert receipt["session_id"].isdigit()
    assert await api.members(LIST) == [[sha("a")], [sha("b")]]


async def test_sessions_count_cumulatively_and_end(api, refused, sha):
    for number in (1, 2, 3):
        response = await api.upload(
            LIST,
            [[sha(str(number))], ["nonsense"]],
            session_id=11,
            batch_seq=number,
            last_batch_flag=number == 3,
        )
        body = response.json()
        assert (body["session_id"], body["num_received"], body["num_invalid_entries"]) == (
            "11",
            2 * number,
            number,
        )
    response = await api.upload(LIST, [[sha("4")]], session_id=11, batch_seq=4)
    assert refused(response) == (2650, 1870159)
    assert len(await api.members(LIST)) == 3


async def test_sessions_end_after_ninety_minutes(api, refused, sha):
    await api.upload(LIST, [[sha("1")]], session_id=12, batch_seq=1)
    await api.control("POST", "clock", {"advance": 90 * 60})
    response = await api.upload(LIST, [[sha("2")]], session_id=12, batch_seq=2)
    assert refused(response) == (2650, 1870158)


@pytest.mark.parametrize(
    "session",
    [
        {"session_id": 0},
        {"session_id": -1},
        {"session_id": 2**63},
        {"session_id": "x"},
        {"session_id": 1, "batch_seq": 0},
        {"session_id": 1, "batch_seq": "x"},
    ],
)
async def test_sessions_are_checked(api, refused, sha, session):
    assert refused(await api.upload(LIST, [[sha("a")]], **session)) == (100, None)


async def test_a_removal_takes_everybody_with_these_cells(api, sha):
    schema = ("EMAIL", "FN", "LN")
    ann, bob, row = sha("ann"), sha("bob"), sha("x")
    await api.add(LIST, [[ann, sha("1"), row], [ann, sha("2"), ""], [bob, sha("1"), row]], schema)
    await api.upload(LIST, [["", sha("2"), ""]], schema, method="DELETE")
    assert len(await api.members(LIST)) == 2
    await api.upload(LIST, [[ann]], method="DELETE")
    assert await api.members(LIST) == [[bob, sha("1"), row]]
    await api.upload(LIST, [[bob, sha("other")]], ("EMAIL", "FN"), method="DELETE")
    assert len(await api.members(LIST)) == 1, "all cells given must be equal"


async def test_batches_may_leave_out_empty_columns(api, sha):
    await api.add(LIST, [[sha("a"), ""], [sha("b"), sha("bob")]], ("EMAIL", "FN"))
    await api.add(LIST, [[sha("a")], [sha("c")]])
    assert await api.members(LIST) == [[sha("a"), ""], [sha("b"), sha("bob")], [sha("c"), ""]]


async def test_out_of_every_audience(api, sha):
    others = ["23850000000002001", "23850000000002002"]
    await api.control("PATCH", "ad-accounts/1002", {"name": "Two lists"})
    for audience in [LIST, *others]:
        await api.add(audience, [[sha("a")], [sha("b")]])
    response = await api.upload(
        "act_1002", [[sha("a")]], edge="usersofanyaudience", method="DELETE"
    )
    assert response.json() == {"success": True}
    assert [await api.members(audience) for audience in others] == [[[sha("b")]]] * 2
    assert len(await api.members(LIST)) == 2, "another ad account"


@pytest.mark.parametrize(
    ("schema", "bad", "reason"),
    [
        (["EMAIL"], ["mary@example.com"], NOT_A_HASH),
        (["EMAIL"], ["F" * 64], NOT_A_HASH),
        (["EMAIL"], ["0" * 63], NOT_A_HASH),
        (["EMAIL"], [5], NOT_A_HASH),
        (["EMAIL"], [None], NOT_A_HASH),
        (["EMAIL"], ["é" * 64], NOT_A_HASH),
        (["EMAIL", "FN"], ["", ""], NO_IDENTIFIER),
        (["EMAIL", "EXTERN_ID"], ["a" * 64, ""], EMPTY_EXTERN_ID),
        (["MADID"], [True], NOT_A_VALUE),
        (["EMAIL", "DATA_PROCESSING_OPTIONS"], ["a" * 64, ["XXX"]], NOT_A_VALUE),
    ],
)
async def test_bad_rows_are_counted_and_sampled_not_added(api, sha, schema, bad, reason):
    good = [sha("good") if key in ("EMAIL", "FN") else "id" for key in schema]
    if schema[-1] == "DATA_PROCESSING_OPTIONS":
        good[-1] = ["LDU"]
    receipt = await api.add(LIST, [good, bad], schema)
    assert (receipt["num_received"], receipt["num_invalid_entries"]) == (2, 1)
    assert list(receipt["invalid_entry_samples"].values()) == [reason]
    assert await api.members(LIST) == [good]


async def test_samples_are_the_text_of_the_row_and_at_most_a_hundred(api, sha):
    rows = [[sha(str(number)), ""] for number in range(150)]
    receipt = await api.add(LIST, rows, ("EMAIL", "EXTERN_ID"))
    assert receipt["num_invalid_entries"] == 150
    assert len(receipt["invalid_entry_samples"]) == 100
    assert f'["{sha("0")}",""]' in receipt["invalid_entry_samples"]


async def test_a_session_of_mostly_invalid_rows_is_reported(api, sha):
    await api.upload(
        LIST, [["x"], ["y"], [sha("a")]], session_id=5, batch_seq=1, last_batch_flag=True
    )
    body = await api.get(f"/{LIST}", fields="operation_status")
    assert body["operation_status"]["code"] == 412


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"schema": ["EMAIL"], "data": []}, (100, None)),
        ({"schema": ["EMAIL"]}, (100, None)),
        ({"data": [["x"]]}, (100, None)),
        ({"schema": [], "data": [[]]}, (100, None)),
        ({"schema": ["EMAIL"], "data": ["x"]}, (100, None)),
        ({"schema": ["EMAIL", "FN"], "data": [["x", "y"], ["x"]]}, (100, None)),
        ({"schema": ["EMAIL", "EMAIL"], "data": [["x", "y"]]}, (100, None)),
        ({"schema": ["DOB"], "data": [["x"]]}, (100, None)),
        ({"schema": "FN_SHA256", "data": ["x"]}, (100, None)),
        ({"schema": ["LOOKALIKE_VALUE"], "data": [[1]]}, (100, None)),
        ({"schema": ["UID"], "data": [["1"]]}, (100, None)),
        ({"schema": ["PAGEUID"], "data": [["1"]]}, (100, None)),
        (
            {
                "schema": ["EMAIL", "DATA_PROCESSING_OPTIONS_COUNTRY"],
                "data": [["a" * 64, 1]],
            },
            (100, None),
        ),
        ({"schema": ["EMAIL"], "data": [["x"]] * 10_001}, (1, 99)),
        ("nonsense", (100, None)),
        (5, (100, None)),
    ],
)
async def test_payloads_refused_whole(api, refused, payload, expected):
    response = await api.call("POST", f"/{LIST}/users", json={"payload": payload})
    assert refused(response) == expected
    assert await api.members(LIST) == []


async def test_ten_thousand_rows_are_accepted(api, sha):
    rows = [[sha(str(number))] for number in range(10_000)]
    assert (await api.add(LIST, rows))["num_received"] == 10_000
    report = await api.control("GET", f"audiences/{LIST}")
    assert (report["members"], report["checksum"]) == of_rows(["EMAIL"], rows)


async def test_limited_data_use(api, sha):
    schema = (
        "EMAIL",
        "DATA_PROCESSING_OPTIONS",
        "DATA_PROCESSING_OPTIONS_COUNTRY",
        "DATA_PROCESSING_OPTIONS_STATE",
    )
    receipt = await api.add(LIST, [[sha("a"), ["LDU"], 1, 1000], [sha("b"), [], 0, 0]], schema)
    assert receipt["num_invalid_entries"] == 0
    receipt = await api.add(LIST, [[sha("c"), ["LDU"], 2, 1000]], schema)
    assert receipt["num_invalid_entries"] == 1


async def test_value_based_audiences(api, refused, sha):
    response = await api.upload(world.VALUE_BASED, [[sha("a")]])
    assert refused(response) == (100, None)
    assert "requires LOOKALIKE_VALUE" in response.json()["error"]["message"]
    rows = [[sha("a"), 44.5], [sha("b"), "0.9"], [sha("c"), 0], [sha("d"), -1], [sha("e"), "x"]]
    receipt = await api.add(world.VALUE_BASED, rows, ("EMAIL", "LOOKALIKE_VALUE"))
    assert receipt["num_invalid_entries"] == 2
    removed = await api.upload(world.VALUE_BASED, [[sha("a")]], method="DELETE")
    assert removed.status_code == 200, "a removal needs no value"
    assert len(await api.members(world.VALUE_BASED)) == 2


async def test_data_sources_do_not_mix(api, refused, sha):
    response = await api.upload(world.STRING_SCHEMA, [[sha("a")]])
    assert refused(response) == (2650, None)
    assert response.json()["error"]["message"] == (
        "(#2650) Failed to update the custom audience: This audience was created from data source "
        "FILE_IMPORTED.HASHES_OR_USER_IDS, which does not support data source "
        "FILE_IMPORTED.MULTI_HASHES."
    )
    assert refused(await api.upload(LIST, [sha("a")], "EMAIL_SHA256")) == (2650, None)
    for data in ([sha("a")], [[sha("b")]]):
        assert (await api.upload(world.STRING_SCHEMA, data, "EMAIL_SHA256")).status_code == 200
    assert await api.members(world.STRING_SCHEMA) == [[sha("a")], [sha("b")]]


@pytest.mark.parametrize("audience", [world.WEBSITE, world.LOOKALIKE, world.ENGAGEMENT])
async def test_other_kinds_of_audience_take_no_members(api, refused, sha, audience):
    assert refused(await api.upload(audience, [[sha("a")]])) == (2650, None)


async def test_removals_that_would_leave_too_few(api, refused, sha):
    await api.add(LIST, [[sha(str(number))] for number in range(110)])
    await api.control("PUT", "settings", {"small_audience_threshold": 100})
    ten, eleven = [[[sha(str(number))] for number in range(count)] for count in (10, 11)]
    assert refused(await api.upload(LIST, eleven, method="DELETE")) == (200, 1870047)
    assert len(await api.members(LIST)) == 110
    assert (await api.upload(LIST, ten, method="DELETE")).status_code == 200
    assert len(await api.members(LIST)) == 100


async def test_populating_takes_as_long_as_it_is_told_to(api, refused, sha):
    await api.control("PUT", "settings", {"settle_seconds": 600})
    await api.add(LIST, [[sha("a")]])
    body = await api.get(f"/{LIST}", fields="operation_status")
    assert body["operation_status"]["code"] == 441
    assert (await api.upload(LIST, [[sha("b")]])).status_code == 200
    replace = {"edge": "usersreplace", "session_id": 1, "batch_seq": 1}
    assert refused(await api.upload(LIST, [[sha("b")]], **replace)) == (2650, 1870145)
    await api.control("POST", "clock", {"advance": 601})
    body = await api.get(f"/{LIST}", fields="operation_status")
    assert body["operation_status"]["code"] == 200


async def test_hashes_of_nothing_are_noticed(api, sha):
    await api.add(LIST, [[sha("a"), sha("")], [sha("b"), ""]], ("EMAIL", "FN"))
    assert (await api.control("GET", f"audiences/{LIST}"))["empty_hashes"] == 1
