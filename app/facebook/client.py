"""The way to Meta for a whole process: connections, sign-in, and a Graph for each token.

Uploads and questions share one admission (the governor), one retry policy and one pool of
connections. Nothing is sent before the first call.
"""

import asyncio
import random as chance
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Self
from urllib.parse import urlencode

import httpx

from app import clock
from app.errors import Unavailable
from app.facebook.calls import Call, Caller, CallRecord, OnBlock
from app.facebook.config import GraphConfig
from app.facebook.error_codes.classify import About
from app.facebook.graph import Graph
from app.facebook.objects import json_fields
from app.facebook.objects.ad_accounts import AdAccount, Business, IssuedToken, Person, TokenInfo
from app.facebook.objects.audiences import Audience
from app.facebook.quota.governor import Governor
from app.facebook.retry import RetryPolicy
from app.facebook.transport.http import HttpTransport, Limits
from app.facebook.upload.receipts import SessionStatus, UploadReceipt

__all__ = [
    "AdAccount",
    "Audience",
    "Business",
    "CallRecord",
    "Graph",
    "GraphClient",
    "GraphConfig",
    "IssuedToken",
    "Person",
    "RetryPolicy",
    "SessionStatus",
    "TokenInfo",
    "UploadReceipt",
]

SCOPE = "ads_management"  # S27


class GraphClient:
    """Shared by a process; close it with `aclose`, or use it as an async context manager."""

    def __init__(
        self,
        config: GraphConfig,
        *,
        governor: Governor | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        policy: RetryPolicy | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random: Callable[[], float] = chance.random,
        monotonic: Callable[[], float] = time.monotonic,
        observe: Callable[[CallRecord], None] | None = None,
        on_block: OnBlock | None = None,
    ) -> None:
        """`observe` is told of every try, for metrics, `on_block` of blocked accounts.

        Without `governor` it has one of its own.
        """
        self._config = config
        self.governor = governor or Governor(sleep=sleep, monotonic=monotonic, random=random)
        limits = Limits(
            connect=config.connect_timeout_seconds,
            io=config.timeout_seconds,
            call=config.call_seconds,
            answer_bytes=config.answer_bytes,
        )
        self._wire = HttpTransport(config.base_url, limits, transport=transport)
        self._caller = Caller(
            self._wire,
            config,
            self.governor,
            policy or RetryPolicy(),
            sleep=sleep,
            random=random,
            monotonic=monotonic,
            observe=observe,
            on_block=on_block,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes all connections."""
        await self._wire.aclose()

    @property
    def has_app(self) -> bool:
        """Whether a Meta app with its secret is configured."""
        return bool(self._config.app_id and self._config.app_secret)

    def for_token(self, token: str, *, ad_account_id: str | None = None) -> Graph:
        """The Graph API as that token sees it; its calls count on the quota of `ad_account_id`."""
        return Graph(self._caller, token, ad_account_id=ad_account_id)

    def dialog_address(
        self,
        state: str,
        redirect_uri: str,
        *,
        rerequest: bool = False,
        config_id: str | None = None,
    ) -> str:
        """Where "Continue with Facebook" leads (S26, S27).

        `rerequest` asks again for what was declined; `config_id` is a Login for Business
        configuration, which names the permissions itself.
        https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
        """
        params = {
            "client_id": self._config.app_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "response_type": "code",
        }
        if config_id:
            params |= {"config_id": config_id, "override_default_response_type": "true"}
        else:
            params["scope"] = SCOPE
        if rerequest:
            params["auth_type"] = "rerequest"
        base = f"{self._config.dialog_url}/{self._config.version}/dialog/oauth"
        return f"{base}?{urlencode(params)}"

    async def exchange_code(self, code: str, redirect_uri: str) -> IssuedToken:
        """GET /oauth/access_token: the token behind a sign-in's code, which works only once.

        `redirect_uri` exactly as it was given to the dialog. Raises GraphError, `sign-in-failed`
        when the code has expired or was used.
        """
        return await self._issue({"redirect_uri": redirect_uri, "code": code})

    async def exchange_long_lived(self, token: str) -> IssuedToken:
        """The same person's token for some 60 days; an expired one cannot be exchanged."""
        return await self._issue({"grant_type": "fb_exchange_token", "fb_exchange_token": token})

    async def debug_token(self, token: str) -> TokenInfo:
        """GET /debug_token: validity, scopes and ends of a token.

        Asked with the app's own credentials; without an app, with the token itself.
        https://developers.facebook.com/docs/graph-api/reference/debug_token
        """
        config = self._config
        credentials = f"{config.app_id}|{config.app_secret}" if self.has_app else token
        call = Call(
            "GET",
            "debug_token",
            About(app=self.has_app),
            requires="data",
            concealed={"input_token": token},
        )
        answer = await self._caller.run(call, token=credentials)
        return TokenInfo.parse(json_fields.part(answer.json, "data"))

    async def _issue(self, params: Mapping[str, str]) -> IssuedToken:
        if not self.has_app:
            raise Unavailable(
                "Signing in with Facebook needs a Meta app: set FACEBOOK_APP_ID and"
                " FACEBOOK_APP_SECRET.",
                code="app-not-configured",
            )
        secrets = {
            "client_id": self._config.app_id,
            "client_secret": self._config.app_secret,
            **params,
        }
        call = Call(
            "GET",
            "oauth/access_token",
            About(signs_in=True),
            requires="access_token",
            concealed=secrets,
        )
        asked_at = clock.now()
        answer = await self._caller.run(call, token=None)
        seconds = json_fields.number(answer.json, "expires_in")
        return IssuedToken(
            access_token=json_fields.text(answer.json, "access_token") or "",
            expires_at=asked_at + timedelta(seconds=seconds) if seconds else None,
        )
