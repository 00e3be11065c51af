"""Counting mode and the process itself."""

import subprocess
import sys

import httpx
import orjson
import pytest

from sandbox import world
from sandbox.counting_mode.counting import Upload

LIST = world.CUSTOMER_LIST
USERS = f"/v26.0/{LIST}/users"


@pytest.fixture(scope="module", params=["httptools", "h11"])
def counting(request, start):
    return start("--counting", "--http", request.param)


@pytest.fixture
async def client(counting):
    headers = {"authorization": f"Bearer {world.USER_TOKEN}"}
    async with httpx.AsyncClient(base_url=counting, headers=headers) as client:
        await client.post("/_sandbox/reset")
        yield client


def upload(rows, schema=("EMAIL", "FN"), **session):
    cells = ["a" * 64] * len(schema)
    return {"payload": {"schema": list(schema), "data": [cells] * rows}, "session": session}


@pytest.mark.parametrize("rows", [1, 10, 15, 16, 30, 10_000])
async def test_rows_are_counted_whatever_the_size(client, rows):
    response = await client.post(USERS, json=upload(rows, session_id=3, batch_seq=1))
    assert response.json() == {
        "audience_id": LIST,
        "session_id": "3",
        "num_received": rows,
        "num_invalid_entries": 0,
        "invalid_entry_samples": {},
    }
    (record,) = (await client.get("/_sandbox/requests")).json()
    assert (record["rows"], record["batch_seq"]) == (rows, 1)
    assert record["bytes"] == int(response.request.headers["content-length"])


async def test_sessions_sum_up_and_forms_count_too(client):
    await client.post(USERS, json=upload(5, session_id=3))
    body = upload(7, session_id=3, last_batch_flag=True)
    fields = {name: (None, orjson.dumps(value).decode()) for name, value in body.items()}
    response = await client.post(USERS, files=fields)
    assert response.json()["num_received"] == 12
    response = await client.request("DELETE", USERS, json=upload(2))
    assert response.json()["num_received"] == 2
    view = (await client.get(f"/_sandbox/audiences/{LIST}")).json()
    assert (view["rows_added"], view["rows_removed"], view["members"]) == (12, 2, 0)


async def test_tokens_and_objects_are_still_checked(client):
    assert (await client.post(USERS, json=upload(1), headers={"authorization": ""})).json()[
        "error"
    ]["code"] == 104
    body = upload(1) | {"access_token": world.SYSTEM_TOKEN}
    response = await client.post(USERS, json=body, headers={"authorization": ""})
    assert response.status_code == 200
    response = await client.post("/v26.0/1/users", json=upload(1))
    assert response.json()["error"]["error_subcode"] == 33


async def test_everything_else_is_served_as_always(client):
    response = await client.get(f"/v26.0/{LIST}", params={"fields": "subtype"})
    assert response.json()["subtype"] == "CUSTOM"
    response = await client.post(f"/v26.0/{LIST}", json={"name": "Renamed"})
    assert response.json() == {"success": True}


async def test_faults_strike_uploads_before_they_are_counted(client):
    await client.post("/_sandbox/faults", json={"kind": "code2", "times": 1})
    assert (await client.post(USERS, json=upload(5))).status_code == 500
    view = (await client.get(f"/_sandbox/audiences/{LIST}")).json()
    assert view["rows_added"] == 0


@pytest.mark.parametrize("pieces", [1, 7, 1_000, 100_000])
def test_a_meter_sees_the_same_however_a_body_is_cut(pieces):
    body = orjson.dumps(upload(30, session_id=1, batch_seq=2))
    meter = Upload()
    for start in range(0, len(body), pieces):
        meter.feed(body[start : start + pieces])
    assert (meter.rows, meter.size) == (30, len(body))
    assert meter.ends.startswith(body[:2_048])
    assert meter.ends.endswith(body[-2_000:])


async def test_latency_from_the_command_line(start):
    address = start("--latency", "0.2")
    async with httpx.AsyncClient(base_url=address) as client:
        response = await client.get("/v26.0/me", params={"access_token": world.USER_TOKEN})
    assert response.elapsed.total_seconds() >= 0.2


async def test_a_unix_socket(start, tmp_path):
    path = tmp_path / "graph.sock"
    assert start("--uds", str(path)) == f"unix:{path}"
    transport = httpx.AsyncHTTPTransport(uds=str(path))
    async with httpx.AsyncClient(transport=transport, base_url="http://graph.test") as client:
        response = await client.get("/v26.0/me", params={"access_token": world.USER_TOKEN})
    assert response.status_code == 200


def test_a_port_that_is_taken_is_an_error(start):
    port = start().rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "--port", port],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "address already in use" in done.stderr
    assert "ready" not in done.stdout


async def test_counted_uploads_are_charged_like_any_other_call(client):
    """Else a fleet that is measured by them would seem never to reach the quota."""
    quota = f"/_sandbox/quota/{world.SHOP}"
    await client.put(quota, json={"score_max": 7, "decay_seconds": 3600})
    answers = [await client.post(USERS, json=upload(1)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 400]
    assert answers[2].json()["error"]["code"] == 17
    used = [orjson.loads(answer.headers["x-ad-account-usage"]) for answer in answers]
    assert [round(one["acc_id_util_pct"]) for one in used] == [43, 86, 100]
    report = (await client.get(quota)).json()
    assert (report["admitted"], report["refused"], report["points"]) == (2, 1, 6)
    assert (await client.get(f"/_sandbox/audiences/{LIST}")).json()["rows_added"] == 2
