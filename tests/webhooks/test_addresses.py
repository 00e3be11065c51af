"""Where messages may go: no way into our own network, by no name and no detour."""

import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.main import create_app
from app.settings import Settings
from app.webhooks.allowed_addresses import AddressRefused, is_public
from app.webhooks.sending import NotSent, Sender
from tests.conftest import API_KEY
from tests.flows.journey import expect
from tests.webhooks.simulated import Receiver


@pytest.fixture
async def strict_api(make_settings: Callable[..., Settings]) -> AsyncIterator[httpx.AsyncClient]:
    """The API as it comes: private addresses are refused."""
    app = create_app(make_settings(sweep_seconds=3600))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://testserver",
            headers={"Authorization": f"Bearer {API_KEY}"},
        ) as client,
    ):
        yield client


async def test_private_addresses_are_refused_on_save(strict_api: httpx.AsyncClient) -> None:
    for url in [
        "http://93.184.216.34/hook",
        "ftp://93.184.216.34/hook",
        "https://127.0.0.1/hook",
        "https://localhost:8443/hook",
        "https://10.0.0.8/hook",
        "https://172.16.3.4/hook",
        "https://192.168.1.1/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://0.0.0.0/hook",
        "https://100.64.0.1/hook",
        "https://[::1]/hook",
        "https://[fe80::1]/hook",
        "https://[fd00::1]/hook",
        "https://[::ffff:10.0.0.1]/hook",
        "https://[64:ff9b::7f00:1]/hook",
        "https://2130706433/hook",
        "https://user@93.184.216.34/hook",
        "https://93.184.216.34/hook#part",
        "https:///hook",
        "https://93.184.216.34:99999/hook",
    ]:
        body = {"url": url, "events": ["run.failed"]}
        problem = await expect(await strict_api.post("/v1/webhooks", json=body), 422)
        assert problem["type"].endswith("webhook-address-refused"), url
        assert url not in problem["detail"]
    body = {"url": "https://93.184.216.34/hook", "events": ["run.failed"]}
    hook = await expect(await strict_api.post("/v1/webhooks", json=body), 201)
    moved = await strict_api.patch(
        f"/v1/webhooks/{hook['id']}", json={"url": "https://10.0.0.8/hook"}
    )
    await expect(moved, 422)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("192.0.2.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::5db8:d822", True),
        ("ff02::1", False),
        ("::", False),
    ],
)
def test_what_is_public(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


def resolver_of(*answers: Sequence[str]) -> Any:
    """A name server that answers differently each time."""
    left = list(answers)

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


async def test_a_name_that_moves_to_a_private_address_is_refused_at_delivery(
    receiver: Receiver,
) -> None:
    """DNS rebinding: what was public when it was saved is looked at again, and only that is used."""
    sender = Sender(resolver=resolver_of(["93.184.216.34"], ["127.0.0.1"]))
    url = f"https://hooks.example.com:{receiver.port}/x"
    await sender.check(url)
    with pytest.raises(NotSent, match="webhook-address-refused"):
        await sender.post(url, b"{}", {})
    mixed = Sender(resolver=resolver_of(["93.184.216.34", "10.0.0.1"]))
    with pytest.raises(AddressRefused):
        await mixed.check(url)
    assert receiver.attempts == []
    await sender.aclose()
    await mixed.aclose()


async def test_the_connection_goes_to_the_address_that_was_checked(receiver: Receiver) -> None:
    """A second look-up of the name would fail: there is no such name."""
    sender = Sender(allow_private=True, resolver=resolver_of(["127.0.0.1"]))
    url = f"http://hooks.nowhere.invalid:{receiver.port}/path?q=1"
    assert await sender.post(url, b"{}", {"webhook-id": "x"}) == 204
    [message] = receiver.messages
    assert message.headers["host"] == f"hooks.nowhere.invalid:{receiver.port}"
    assert message.path == "/path?q=1"
    await sender.aclose()


def certificate(folder: Path, name: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


async def test_the_certificate_must_be_the_names(tmp_path: Path) -> None:
    file = certificate(tmp_path, "hooks.example.com")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)
    receiver = Receiver(tls=serving)
    trusting = ssl.create_default_context(cafile=str(file))
    sender = Sender(allow_private=True, resolver=resolver_of(["127.0.0.1"]), tls=trusting)
    try:
        right, wrong = (
            f"https://{name}.example.com:{receiver.port}/" for name in ("hooks", "others")
        )
        assert await sender.post(right, b"{}", {}) == 204
        with pytest.raises(NotSent, match="connection-failed"):
            await sender.post(wrong, b"{}", {})
        # nor is a connection of the first name taken for the second
        assert await sender.post(right, b"{}", {}) == 204
        assert len(receiver.messages) == 2
    finally:
        await sender.aclose()
        receiver.close()


async def test_redirects_are_not_followed_and_silence_ends(receiver: Receiver) -> None:
    sender = Sender(allow_private=True, timeout_seconds=20)
    hasty = Sender(allow_private=True, timeout_seconds=0.3)
    receiver.status, receiver.headers = 307, {"Location": receiver.url + "/elsewhere"}
    assert await sender.post(receiver.url, b"{}", {}) == 307
    assert [message.path for message in receiver.attempts] == ["/hooks/s3cret-path"]
    receiver.delay = 2
    with pytest.raises(NotSent, match="timeout"):
        await hasty.post(receiver.url, b"{}", {})
    gone = Receiver()
    gone.close()
    with pytest.raises(NotSent, match="connection-failed"):
        await sender.post(gone.url, b"{}", {})
    unknown = Sender(allow_private=True)
    with pytest.raises(NotSent, match="webhook-host-unknown"):
        await unknown.post("http://hooks.nowhere.invalid/", b"{}", {})
    for one in (sender, hasty, unknown):
        await one.aclose()
