"""One POST to a webhook: to the address that was checked, within ten seconds, no redirects followed."""

import asyncio
import functools
import ssl
from collections.abc import Mapping

import httpx

from app.webhooks.allowed_addresses import (
    AddressRefused,
    HostUnknown,
    Resolver,
    check_form,
    checked_address,
    system_resolver,
)

TIMEOUT_SECONDS = 10.0


@functools.cache
def _system_trust() -> ssl.SSLContext:
    # to read all authorities takes 20 ms
    return ssl.create_default_context()


class NotSent(Exception):
    """No answer came; the argument is a stable word for why, without any address in it."""

    def __init__(self, reason: str) -> None:
        """`reason`: timeout, connection-failed, webhook-address-refused, webhook-host-unknown."""
        super().__init__(reason)
        self.reason = reason


class Sender:
    """Shared by a process; close it with `aclose`."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        timeout_seconds: float = TIMEOUT_SECONDS,
        resolver: Resolver = system_resolver,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Nothing is connected yet. `allow_private`: WEBHOOK_ALLOW_PRIVATE_ADDRESSES."""
        self.allow_private = allow_private
        self._timeout = timeout_seconds
        self._resolver = resolver
        self._http = httpx.AsyncClient(
            # the connection goes to an address, so one kept open could be taken for another host's
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=0),
            timeout=timeout_seconds,
            follow_redirects=False,
            # a proxy of the environment would connect to names that nobody checked
            trust_env=False,
            verify=tls or _system_trust(),
            headers={"User-Agent": "Audience-Export-Webhooks/1"},
        )

    async def check(self, url: str) -> None:
        """Raises `AddressRefused` for an address that deliveries would refuse.

        A name that cannot be resolved (yet) passes.
        """
        check_form(url, allow_private=self.allow_private)
        try:
            await self._address(httpx.URL(url))
        except HostUnknown:
            return
        except (httpx.InvalidURL, UnicodeError):
            raise AddressRefused("The host of the webhook is no name and no address.") from None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of the answer, whose body is not read. Raises `NotSent`."""
        try:
            async with asyncio.timeout(self._timeout):
                check_form(url, allow_private=self.allow_private)
                target = httpx.URL(url)
                request = self._http.build_request(
                    "POST",
                    target.copy_with(host=await self._address(target)),
                    content=body,
                    headers={
                        **headers,
                        "Content-Type": "application/json",
                        "Host": target.netloc.decode("ascii"),
                        "Connection": "close",
                    },
                    # the certificate is the name's, whatever address it was found under
                    extensions={"sni_hostname": target.host},
                )
                answer = await self._http.send(request, stream=True)
                await answer.aclose()
                return answer.status_code
        except (AddressRefused, HostUnknown) as error:
            raise NotSent(error.code) from None
        except (TimeoutError, httpx.TimeoutException):
            raise NotSent("timeout") from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, OSError):
            raise NotSent("connection-failed") from None

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _address(self, target: httpx.URL) -> str:
        port = target.port or (443 if target.scheme == "https" else 80)
        return await checked_address(
            target.host, port, allow_private=self.allow_private, resolver=self._resolver
        )
