"""The control endpoint, batch requests, and the record of calls."""

import asyncio

import orjson
import pytest

from sandbox import world

LIST = world.CUSTOMER_LIST


async def test_help_names_everything(api):
    body = await api.control("GET", "")
    assert "POST faults" in body["endpoints"]
    assert "hangup-after" in body["fault_kinds"]
    assert "latency" in body["settings"]
    assert "score_max" in body["quota"]
    assert any("act_1001" in line for line in body["world"])


async def test_reset(api, sha):
    await api.add(LIST, [[sha("a")]])
    await api.control("PATCH", "ad-accounts/act_1001", {"name": "Changed"})
    await api.control("POST", "faults", {"kind": "code1"})
    await api.control("PUT", "settings", {"latency": 0.01})
    await api.control("PUT", "quota/1001", {"score_max": 0})
    await api.control("POST", "reset")
    assert await api.members(LIST) == []
    assert (await api.get("/act_1001", fields="name"))["name"] == "Sandbox Shop"
    summary = await api.control("GET", "state")
    assert (summary["faults"], summary["quotas"], summary["written"]) == ([], {}, [])
    assert summary["settings"]["latency"] == 0


async def test_state(api, sha):
    await api.add(LIST, [[sha("a")], [sha("a")]])
    summary = await api.control("GET", "state")
    (written,) = summary["written"]
    assert (written["id"], written["rows_added"], written["rows_removed"]) == (LIST, 2, 0)
    assert (summary["requests"], summary["open_requests"], summary["most_open_requests"]) == (
        1,
        0,
        1,
    )


async def test_changing_and_deleting(api, refused):
    changed = await api.control(
        "PATCH", f"audiences/{LIST}", {"subtype": "WEBSITE", "operation_status": 450}
    )
    assert changed["subtype"] == "WEBSITE"
    body = await api.get(f"/{LIST}", fields="subtype,operation_status")
    assert (body["subtype"], body["operation_status"]["code"]) == ("WEBSITE", 450)
    await api.control("DELETE", f"audiences/{LIST}")
    assert refused(await api.call("GET", f"/{LIST}")) == (100, 33)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PATCH", f"audiences/{LIST}", {"nonsense": 1}, 422),
        ("PATCH", f"audiences/{LIST}", {"members": 1}, 422),
        ("PATCH", "audiences/1", {"name": "x"}, 404),
        ("GET", "audiences/1", None, 404),
        ("GET", "audiences/1/members", None, 404),
        ("DELETE", "audiences/1", None, 404),
        ("PATCH", "ad-accounts/1", {"name": "x"}, 404),
        ("PATCH", "tokens/nonsense", {"scopes": []}, 404),
        ("PUT", "settings", {"nonsense": 1}, 422),
        ("GET", "requests?path=(", None, 422),
    ],
)
async def test_what_cannot_be(api, method, path, body, status):
    response = await api.client.request(method, f"/_sandbox/{path}", json=body)
    assert response.status_code == status


async def test_too_many_rows_to_list(api, state):
    state.world.audiences[LIST].members.rows_dropped = True
    response = await api.client.get(f"/_sandbox/audiences/{LIST}/members")
    assert response.status_code == 409


async def test_no_token_is_ever_shown(api, state):
    for path in ("state", f"audiences/{LIST}", "requests", ""):
        assert world.USER_TOKEN not in orjson.dumps(
            await api.control("GET", path)
        ).decode().replace(f"`{world.USER_TOKEN}`", "")
    shown = await api.control("PATCH", f"tokens/{world.USER_TOKEN}", {"user_name": "x"})
    assert "token" not in shown
    assert world.USER_TOKEN not in repr(state.world.tokens[world.USER_TOKEN])


async def test_the_record_of_calls(api, sha):
    await api.upload(
        LIST, [[sha("a")], [sha("b")]], session_id=9, batch_seq=1, last_batch_flag=True
    )
    await api.upload(LIST, [[sha("c")]], session_id=9, batch_seq=2)
    await api.get("/act_1002")
    first, second = await api.control("GET", "requests?path=/users$")
    assert first["path"] == f"/{LIST}/users"
    kept = (
        "method account audience operation rows session_id batch_seq last_batch applied "
        "status code subcode"
    )
    assert [first[name] for name in kept.split()] == [
        "POST", "act_1001", LIST, "add", 2, 9, 1, True, True, 200, None, None,
    ]  # fmt: skip
    assert (second["applied"], second["status"], second["code"], second["subcode"]) == (
        False,
        400,
        2650,
        1870159,
    )
    assert first["time"] <= second["time"]
    assert first["bytes"] > 128
    assert sha("a") not in orjson.dumps(first).decode()
    assert len(await api.control("GET", "requests?account=act_1002")) == 1
    assert await api.control("DELETE", "requests") == []


async def test_one_sandbox_keeps_up_with_many_at_once(api, sha):
    await api.control("PUT", "settings", {"latency": 0.05})
    await asyncio.gather(*(api.upload(LIST, [[sha(str(n))]]) for n in range(8)))
    assert (await api.control("GET", "state"))["most_open_requests"] == 8
    assert len(await api.members(LIST)) == 8


async def test_sessions_that_two_audiences_share_are_shown(api, sha):
    for audience, session in ((LIST, 5), (world.LOOKALIKE_SEED, 5), (LIST, 6)):
        await api.upload(audience, [[sha("a")]], session_id=session)
    assert (await api.control("GET", "state"))["shared_sessions"] == [5]


async def batch(api, parts, **more):
    return await api.client.post(
        "/v26.0/",
        data={"access_token": world.USER_TOKEN, "batch": orjson.dumps(parts).decode(), **more},
    )


async def test_batches_are_positional_and_bodies_are_strings(api, sha):
    payload = orjson.dumps({"schema": ["EMAIL"], "data": [[sha("a")]]}).decode()
    response = await batch(
        api,
        [
            {"method": "GET", "relative_url": "act_1001?fields=name"},
            {"method": "GET", "relative_url": "v25.0/act_1006"},
            {"method": "POST", "relative_url": f"{LIST}/users", "body": f"payload={payload}"},
            {"method": "DELETE", "relative_url": f"{LIST}/users", "body": f"payload={payload}"},
        ],
    )
    parts = response.json()
    assert [part["code"] for part in parts] == [200, 400, 200, 400]
    assert orjson.loads(parts[0]["body"]) == {"name": "Sandbox Shop", "id": "act_1001"}
    assert {"name": "facebook-api-version", "value": "v25.0"} in parts[1]["headers"]
    assert "Missing required parameter: payload" in parts[3]["body"], "as the real one does"
    assert await api.members(LIST) == [[sha("a")]]
    assert len(await api.control("GET", "requests")) == 5, "each call counts"


async def test_batches_that_cannot_be(api, refused):
    too_many = await batch(api, [{"relative_url": "me"}] * 51)
    assert too_many.json()["error"]["type"] == "GraphBatchException"
    assert refused(await batch(api, 5)) == (100, None)
    response = await api.client.post("/v26.0/", data={"batch": "nonsense"})
    assert refused(response) == (100, None)
