"""Faults on demand: which calls they strike and what a client then sees."""

import asyncio
import time

import httpx
import orjson
import pytest

from sandbox import world
from sandbox.simulation.faults import KINDS

LIST = world.CUSTOMER_LIST
USERS = {"path": "/users$"}


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        ("code1", 500, (1, 99)),
        ("code2", 500, (2, None)),
        ("throttle-4", 400, (4, None)),
        ("throttle-17", 400, (17, 2446079)),
        ("throttle-613", 400, (613, 1487742)),
        ("throttle-80003", 400, (80003, 2446079)),
        ("throttle-80004", 400, (80004, 2446079)),
        ("token-expired", 400, (190, 463)),
        ("token-revoked", 400, (190, 458)),
        ("password-changed", 400, (190, 460)),
        ("token-invalid", 400, (190, None)),
        ("policy", 400, (368, None)),
        ("alias", 404, (803, None)),
    ],
)
async def test_errors_come_instead_of_the_call(api, refused, sha, kind, status, expected):
    await api.control("POST", "faults", {"kind": kind, "match": USERS, "times": 1})
    response = await api.upload(LIST, [[sha("a")]])
    assert response.status_code == status
    assert refused(response) == expected
    assert await api.members(LIST) == []
    assert (await api.upload(LIST, [[sha("a")]])).status_code == 200, "once only"


async def test_code_2_says_it_is_transient(api, sha):
    await api.control("POST", "faults", {"kind": "code2"})
    assert (await api.upload(LIST, [[sha("a")]])).json()["error"]["is_transient"] is True


@pytest.mark.parametrize(
    ("kind", "header", "path", "value"),
    [
        ("throttle-17", "x-ad-account-usage", ("reset_time_duration",), 90),
        (
            "throttle-80003",
            "x-business-use-case-usage",
            ("1001", 0, "estimated_time_to_regain_access"),
            2,
        ),
    ],
)
async def test_throttles_name_the_wait(api, sha, kind, header, path, value):
    await api.control("POST", "faults", {"kind": kind, "wait": 90})
    found = orjson.loads((await api.upload(LIST, [[sha("a")]])).headers[header])
    for step in path:
        found = found[step]
    assert found == value


async def test_an_error_of_ones_own(api, sha):
    await api.control(
        "POST",
        "faults",
        {
            "kind": "error",
            "code": 2650,
            "subcode": 1870148,
            "status": 418,
            "message": "Something went wrong",
            "user_title": "Title",
            "user_msg": "Text",
            "headers": {"x-more": "yes"},
        },
    )
    response = await api.upload(LIST, [[sha("a")]])
    assert (response.status_code, response.headers["x-more"]) == (418, "yes")
    error = response.json()["error"]
    error.pop("fbtrace_id")
    assert error == {
        "message": "Something went wrong",
        "type": "OAuthException",
        "code": 2650,
        "error_subcode": 1870148,
        "error_user_title": "Title",
        "error_user_msg": "Text",
    }


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        ("html502", 502, "Sorry, something went wrong"),
        ("non-json-200", 200, "Sorry, something went wrong"),
        ("service-unavailable-200", 200, "Service Unavailable"),
        ("empty-200", 200, ""),
    ],
)
async def test_answers_that_are_not_the_apis(api, sha, kind, status, text):
    await api.control("POST", "faults", {"kind": kind})
    response = await api.upload(LIST, [[sha("a")]])
    assert response.status_code == status
    assert text in response.text
    assert await api.members(LIST) == []


async def test_an_error_after_the_call_was_applied(api, refused, sha):
    await api.control("POST", "faults", {"kind": "code2", "applied": True})
    assert refused(await api.upload(LIST, [[sha("a")]])) == (2, None)
    assert await api.members(LIST) == [[sha("a")]]


async def test_slow_answers(api, sha):
    await api.control("POST", "faults", {"kind": "slow", "delay": 0.2, "times": 1})
    started = time.monotonic()
    assert (await api.upload(LIST, [[sha("a")]])).status_code == 200
    assert time.monotonic() - started >= 0.2
    assert await api.members(LIST) == [[sha("a")]]
    started = time.monotonic()
    await api.control("POST", "faults", {"kind": "slow-before", "delay": 0.2, "times": 1})
    await api.upload(LIST, [[sha("b")]])
    assert time.monotonic() - started >= 0.2
    assert len(await api.members(LIST)) == 2


async def test_what_is_slow_goes_on_when_the_faults_end(api, sha):
    for kind, applied in (("slow", 1), ("slow-before", 0)):
        await api.control("POST", "reset")
        await api.control("POST", "faults", {"kind": kind, "delay": 3_600})
        slow = asyncio.create_task(api.upload(LIST, [[sha("a")]]))
        hit = 0
        while not hit:
            await asyncio.sleep(0.01)
            hit = (await api.control("GET", "faults"))[0]["hit"]
        assert len(await api.members(LIST)) == applied, kind
        await api.control("DELETE", "faults")
        assert (await slow).status_code == 200
        assert len(await api.members(LIST)) == 1


async def test_which_calls_a_rule_meets(api, sha):
    rules = [
        ({"method": "DELETE"}, [False, True, False]),
        ({"account": "act_1001"}, [True, True, False]),
        ({"audience": LIST}, [True, True, False]),
        ({"path": "usersreplace"}, [False, False, False]),
    ]
    for match, expected in rules:
        await api.control("DELETE", "faults")
        await api.control("POST", "faults", {"kind": "code2", "match": match})
        struck = [
            (await api.upload(LIST, [[sha("a")]])).status_code == 500,
            (await api.upload(LIST, [[sha("a")]], method="DELETE")).status_code == 500,
            (await api.upload("23850000000002001", [[sha("a")]])).status_code == 500,
        ]
        assert struck == expected, match


async def test_skip_and_times(api, sha):
    await api.control("POST", "faults", {"kind": "code2", "skip": 2, "times": 2, "match": USERS})
    statuses = [(await api.upload(LIST, [[sha("a")]])).status_code for _ in range(6)]
    assert statuses == [200, 200, 500, 500, 200, 200]
    (rule,) = await api.control("GET", "faults")
    assert (rule["seen"], rule["hit"]) == (6, 2)


async def test_chance_is_repeatable(api, sha):
    runs = []
    for _ in range(2):
        await api.control("DELETE", "faults")
        await api.control("POST", "faults", {"kind": "code2", "probability": 0.5, "seed": 4})
        runs.append([(await api.upload(LIST, [[sha("a")]])).status_code for _ in range(20)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


async def test_a_row_nobody_likes(api, refused, sha):
    await api.control(
        "POST",
        "faults",
        {"kind": "error", "code": 100, "when_row_hash": sha("bad"), "match": USERS},
    )
    good = [[sha(str(number))] for number in range(10)]
    assert (await api.upload(LIST, good)).status_code == 200
    assert refused(await api.upload(LIST, [*good, [sha("bad")]])) == (100, None)
    assert refused(await api.upload(LIST, [[sha("bad")]], method="DELETE")) == (100, None)


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "nonsense"},
        {"kind": "slow", "applied": False},
        {"kind": "error"},
        {"kind": "code1", "match": {"x": "y"}},
        {"x": 1},
    ],
)
async def test_rules_that_cannot_be(api, rule):
    assert (await api.client.post("/_sandbox/faults", json=rule)).status_code == 422


async def test_a_hang_up_without_a_connection_is_raised(api, sha):
    await api.control("POST", "faults", {"kind": "hangup-after"})
    with pytest.raises(ConnectionResetError):
        await api.upload(LIST, [[sha("a")]])
    assert await api.members(LIST) == [[sha("a")]]


def test_help_tells_every_kind():
    assert len(KINDS) == 24


# From here over TCP, under each of uvicorn's HTTP implementations.


@pytest.mark.parametrize(
    ("kind", "applied"),
    [("hangup-early", 0), ("hangup-before", 0), ("hangup-after", 1), ("truncated", 1)],
)
async def test_hang_ups_cut_the_connection(remote, sha, kind, applied):
    await remote.control("POST", "faults", {"kind": kind, "times": 1, "match": USERS})
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)):
        await remote.upload(LIST, [[sha(str(number))] for number in range(5_000)])
    found = await remote.control("GET", f"audiences/{LIST}")
    assert found["members"] == 5_000 * applied
    assert (await remote.upload(LIST, [[sha("a")]])).status_code == 200, "the next is served"
    (first, _) = await remote.control("GET", "requests?path=users")
    assert (first["fault"], first["status"], first["applied"]) == (kind, None, bool(applied))


async def test_a_client_that_hangs_up_leaves_no_trace(remote, sha):
    port = remote.client.base_url.port
    _reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"POST /v26.0/{LIST}/users HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n"
        f"authorization: Bearer {world.USER_TOKEN}\r\n\r\npart of it".encode()
    )
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    for _ in range(200):
        found = await remote.control("GET", "requests?path=users")
        if found and found[0]["fault"] is not None:
            break
        await asyncio.sleep(0.02)
    (record,) = found
    assert (record["fault"], record["applied"]) == ("client-gone", False)


async def test_long_queries_may_also_be_dropped(remote, sha):
    await remote.control("PUT", "settings", {"query_too_long": "hangup"})
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)):
        await remote.call("DELETE", f"/{LIST}/users", params={"payload": "x" * 30_000})
    await remote.control("PUT", "settings", {"query_too_long": "html"})
    response = await remote.call("DELETE", f"/{LIST}/users", params={"payload": "x" * 60_000})
    assert (response.status_code, response.headers["content-type"]) == (
        400,
        "text/html; charset=utf-8",
    )
