"""X-Forwarded-For: believed of known proxies only, and of them only what they wrote themselves."""

from typing import Any

import pytest

from app.edge.proxies import Proxies, RealCaller
from app.settings import Settings


async def seen_by(trusted: tuple[str, ...], peer: str, *forwarded: str) -> tuple[str, str]:
    """The caller's address and scheme as the application sees them."""
    found: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        found.update(scope)

    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    headers.append((b"x-forwarded-proto", b"https"))
    scope = {"type": "http", "client": (peer, 1), "scheme": "http", "headers": headers}
    await RealCaller(app, proxies=Proxies(trusted))(scope, None, None)  # type: ignore[arg-type]
    return found["client"][0], found["scheme"]


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "expected"),
    [
        # nobody is believed unless it was said
        ((), "127.0.0.1", ["203.0.113.9"], ("127.0.0.1", "http")),
        (("10.0.0.0/8",), "192.0.2.1", ["203.0.113.9"], ("192.0.2.1", "http")),
        # what a proxy wrote stands at the right end; the rest is the caller's invention
        (("10.0.0.0/8",), "10.1.1.1", ["1.2.3.4, 203.0.113.9"], ("203.0.113.9", "https")),
        (
            ("10.0.0.0/8",),
            "10.1.1.1",
            ["1.2.3.4", "203.0.113.9, 10.2.2.2"],
            ("203.0.113.9", "https"),
        ),
        (("10.0.0.0/8",), "::ffff:10.1.1.1", ["203.0.113.9"], ("203.0.113.9", "https")),
        (("10.0.0.1",), "10.0.0.1", ["[2001:db8::7]:443"], ("2001:db8::7", "https")),
        (("10.0.0.1",), "10.0.0.1", ["203.0.113.9:5555"], ("203.0.113.9", "https")),
        (("10.0.0.1",), "10.0.0.1", ["unknown"], ("10.0.0.1", "https")),
        (("10.0.0.1",), "10.0.0.1", ["203.0.113.9, ' or 1=1"], ("10.0.0.1", "https")),
        (("10.0.0.1",), "10.0.0.1", [], ("10.0.0.1", "https")),
    ],
)
async def test_who_is_calling(
    trusted: tuple[str, ...], peer: str, forwarded: list[str], expected: tuple[str, str]
) -> None:
    assert await seen_by(trusted, peer, *forwarded) == expected


def test_a_wrong_setting_is_said() -> None:
    with pytest.raises(ValueError, match="TRUSTED_PROXIES"):
        Settings(trusted_proxies="nginx")  # type: ignore[arg-type]
