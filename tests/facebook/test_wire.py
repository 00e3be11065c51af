"""Real sockets: connections are kept, one for each call in flight, and real hang-ups are survived."""

import asyncio
import os
import socket
import subprocess
import sys
import time as wall
from pathlib import Path

import httpx
import polars as pl
import pytest

from app.facebook.client import GraphClient, GraphConfig, RetryPolicy
from app.facebook.errors import AmbiguousOutcome, Retryable
from app.facebook.upload.body import UploadSession, upload_body
from sandbox import world as seeded

ROOT = Path(__file__).parents[2]
REAL_CONNECTIONS = True


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def address():
    """A sandbox in a process of its own."""
    port = _free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    deadline = wall.monotonic() + 60
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert wall.monotonic() < deadline, "the sandbox did not come up"
        wall.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait()


@pytest.fixture
async def control(address):
    async with httpx.AsyncClient(base_url=f"{address}/_sandbox/") as client:
        await client.post("reset")
        yield client


@pytest.fixture
async def client(address):
    async with _client(address, seconds=30) as client:
        yield client


def _client(address, *, seconds):
    config = GraphConfig(
        address, "v26.0", seeded.APP_ID, seeded.APP_SECRET, timeout_seconds=seconds
    )
    return GraphClient(config, policy=RetryPolicy(base_seconds=0.01, cap_seconds=0.05))


def _rows(*numbers):
    return pl.DataFrame({"EMAIL": [number.to_bytes(32, "big") for number in numbers]})


async def _members(control):
    answer = await control.get(f"audiences/{seeded.CUSTOMER_LIST}")
    return answer.json()["members"]


@pytest.mark.parametrize(
    "kind",
    [
        "hangup-early",
        "hangup-before",
        "hangup-after",
        "truncated",
        "html502",
        "service-unavailable-200",
        "empty-200",
        "code2",
    ],
)
async def test_a_batch_survives_every_fault_of_the_wire(kind, client, control):
    await control.post("faults", json={"kind": kind, "times": 2, "match": {"path": "users$"}})
    graph = client.for_token(seeded.USER_TOKEN, ad_account_id=seeded.SHOP)
    receipt = await graph.add_users(seeded.CUSTOMER_LIST, upload_body(_rows(*range(10_000))))
    assert receipt.attempts == 3
    assert await _members(control) == 10_000


async def test_a_slow_answer_is_a_lost_one(address, control):
    await control.post("faults", json={"kind": "slow", "delay": 6, "times": 1})
    async with _client(address, seconds=2) as client:
        graph = client.for_token(seeded.USER_TOKEN, ad_account_id=seeded.SHOP)
        receipt = await graph.add_users(seeded.CUSTOMER_LIST, upload_body(_rows(1, 2)))
    assert receipt.attempts == 2
    assert await _members(control) == 2


async def test_a_hang_up_after_the_start_of_a_replace_is_ambiguous(client, control):
    match = {"path": "usersreplace"}
    await control.post("faults", json={"kind": "hangup-after", "times": 1, "match": match})
    graph = client.for_token(seeded.USER_TOKEN, ad_account_id=seeded.SHOP)
    body = upload_body(_rows(1), session=UploadSession(5, 1, last_batch=False))
    with pytest.raises(AmbiguousOutcome):
        await graph.replace_users(seeded.CUSTOMER_LIST, body, first=True)
    assert (await graph.audience(seeded.CUSTOMER_LIST)).operation == 414


async def test_nobody_listens():
    config = GraphConfig(f"http://127.0.0.1:{_free_port()}", "v26.0", "", "")
    policy = RetryPolicy(base_seconds=0.001)
    async with GraphClient(config, policy=policy) as client:
        with pytest.raises(Retryable) as caught:
            await client.for_token("t").replace_users("77", b"{}", first=True)
    assert caught.value.attempts == 6
    assert caught.value.nothing_done


class Counting:
    """A server that answers every upload and counts its connections."""

    def __init__(self):
        self.connections = 0

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                await asyncio.sleep(0.005)
                body = b'{"num_received":1}'
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


async def test_connections_are_as_many_as_calls_in_flight_and_are_kept():
    counting = Counting()
    server = await asyncio.start_server(counting.serve, "127.0.0.1", 0)
    config = GraphConfig(
        f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "v26.0", "1", "s"
    )
    async with server, GraphClient(config) as client:
        graph = client.for_token("t", ad_account_id="5")
        places = asyncio.Semaphore(4)

        async def upload():
            async with places:
                return await graph.add_users("77", b"{}")

        receipts = await asyncio.gather(*(upload() for _ in range(100)))
        assert sum(receipt.num_received for receipt in receipts) == 100
        assert counting.connections == 4


async def test_a_prescribed_proxy_is_used_except_for_this_machine(monkeypatch):
    """The tests' own server is on this machine; so only where the calls would go is asked."""
    from app.facebook.transport.http import _proxy  # noqa: PLC0415

    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    assert _proxy("https://graph.facebook.com") is None
    monkeypatch.setenv("https_proxy", "http://proxy.test:3128")
    assert _proxy("https://graph.facebook.com") == "http://proxy.test:3128"
    assert _proxy("http://127.0.0.1:9") is None
    monkeypatch.setenv("no_proxy", "graph.facebook.com")
    assert _proxy("https://graph.facebook.com") is None
