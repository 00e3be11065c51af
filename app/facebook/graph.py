"""The Graph API as seen with one token: one method for each edge this product uses.

https://developers.facebook.com/docs/marketing-api/reference/custom-audience and its edges. Adding
and removing are set-like, so a batch whose answer was lost may be sent again; the first batch of a
replace and the creation of an audience may not, and raise AmbiguousOutcome instead.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import orjson

from app.errors import Unprocessable
from app.facebook.calls import Answer, Call, Caller, Guard
from app.facebook.error_codes.classify import About, from_transport
from app.facebook.objects import json_fields
from app.facebook.objects.ad_accounts import ACCOUNT_READS, AdAccount, Person
from app.facebook.objects.audiences import AUDIENCE_READS, CUSTOMER_LIST, Audience
from app.facebook.paging import all_entries, first_allowed
from app.facebook.upload.body import Body
from app.facebook.upload.receipts import SessionStatus, UploadReceipt

_DIGITS = re.compile(r"[0-9]{1,32}")


class Graph:
    """Calls with one person's or system user's token. Every method raises GraphError."""

    def __init__(
        self,
        caller: Caller,
        token: str,
        *,
        ad_account_id: str | None = None,
        guard: Guard | None = None,
    ) -> None:
        self._caller = caller
        self._token = token
        self._guard = guard
        self._account = None if ad_account_id is None else account_number(ad_account_id)

    def __repr__(self) -> str:
        return f"Graph(ad_account={self._account!r})"

    def guarded(self, guard: Guard) -> "Graph":
        """The same, with `guard` awaited right before rows leave; what it raises ends the upload."""
        return Graph(self._caller, self._token, ad_account_id=self._account, guard=guard)

    @property
    def token(self) -> str:
        """The token calls are made with; for debug_token."""
        return self._token

    async def me(self) -> Person:
        """GET /me: who the token stands for; the cheapest proof that it works."""
        answer = await self._get("me", About(account=self._account), "id", {"fields": "id,name"})
        identity = json_fields.text(answer.json, "id") or ""
        return Person(id=identity, name=json_fields.text(answer.json, "name"))

    async def permissions(self) -> dict[str, str]:
        """GET /me/permissions: each permission's status: granted, declined or expired.

        https://developers.facebook.com/docs/facebook-login/permissions/requesting-and-revoking
        """
        found = {}
        async for entry in self._pages("me/permissions", About(account=self._account), {}):
            name = json_fields.text(entry, "permission")
            if name:
                found[name] = json_fields.text(entry, "status") or "unknown"
        return found

    async def revoke(self) -> None:
        """DELETE /me/permissions: takes the app's access back and ends the token."""
        about = About(account=self._account)
        await self._run(Call("DELETE", "me/permissions", about, requires="success"))

    async def ad_accounts(self) -> list[AdAccount]:
        """GET /me/adaccounts to the last page: every ad account of the person or system user."""
        entries = await self._list("me/adaccounts", About(account=self._account), ACCOUNT_READS)
        return [AdAccount.parse(entry) for entry in entries]

    async def has_ad_account(self) -> bool:
        """Whether the person or system user has a role in any: GET /me/adaccounts to the first one."""
        about = About(account=self._account)
        async for _ in self._pages("me/adaccounts", about, {"fields": "id"}):
            return True
        return False

    async def ad_account(self, ad_account_id: str) -> AdAccount:
        """GET /act_…; `ad_account_id` with or without `act_`."""
        number = account_number(ad_account_id)
        answer = await self._node(f"act_{number}", About(account=number), ACCOUNT_READS)
        return AdAccount.parse(answer.json, version_warning=answer.version_warning)

    async def audiences(self, ad_account_id: str) -> list[Audience]:
        """GET /act_…/customaudiences to the last page: audiences of every type (S34)."""
        number = account_number(ad_account_id)
        path = f"act_{number}/customaudiences"
        entries = await self._list(path, About(account=number), AUDIENCE_READS)
        return [Audience.parse(entry) for entry in entries]

    async def audience(self, audience_id: str, *, fresh: bool = False) -> Audience:
        """GET /<audience>. `fresh`: it was created a moment ago and may not be visible yet."""
        about = self._about(audience_id, fresh=fresh)
        answer = await self._node(str(about.audience), about, AUDIENCE_READS)
        return Audience.parse(answer.json, version_warning=answer.version_warning)

    async def create_audience(
        self,
        ad_account_id: str,
        *,
        name: str,
        description: str | None = None,
        customer_file_source: str = "USER_PROVIDED_ONLY",
        retention_days: int | None = None,
        is_value_based: bool = False,
    ) -> str:
        """POST /act_…/customaudiences: a new customer list; its id.

        `retention_days` 1 to 180, None for ever. Raises AmbiguousOutcome when the answer was lost:
        look for the audience by name before creating another one.
        """
        number = account_number(ad_account_id)
        body: dict[str, Any] = {
            "name": name,
            "subtype": CUSTOMER_LIST,
            "customer_file_source": customer_file_source,
        }
        if description:
            body["description"] = description
        if retention_days is not None:
            body["retention_days"] = retention_days
        if is_value_based:
            body["is_value_based"] = True
        answer = await self._run(
            Call(
                "POST",
                f"act_{number}/customaudiences",
                About(account=number, creates=True),
                requires="id",
                content=orjson.dumps(body),
                replayable=False,
            )
        )
        return json_fields.text(answer.json, "id") or ""

    async def add_users(
        self, audience_id: str, body: Body, *, fresh: bool = False
    ) -> UploadReceipt:
        """POST /<audience>/users: adds the rows of a body made by `payload.upload_body`."""
        return await self._upload("POST", "users", audience_id, body, fresh=fresh)

    async def remove_users(
        self, audience_id: str, body: Body, *, fresh: bool = False
    ) -> UploadReceipt:
        """DELETE /<audience>/users, its rows in the body: query strings end at some 60 kB."""
        return await self._upload("DELETE", "users", audience_id, body, fresh=fresh)

    async def replace_users(
        self, audience_id: str, body: Body, *, first: bool, fresh: bool = False
    ) -> UploadReceipt:
        """POST /<audience>/usersreplace: one batch of a session that swaps the whole content.

        `first`: the batch with batch_seq 1. It empties the audience and starts the 90 minutes, so
        it is never repeated when its answer was lost: AmbiguousOutcome means that the caller reads
        the audience's operation status: 414, it was taken, go on with batch 2; 200, send it again.
        """
        return await self._upload(
            "POST", "usersreplace", audience_id, body, fresh=fresh, replayable=not first
        )

    async def remove_from_every_audience(self, ad_account_id: str, body: Body) -> str | None:
        """DELETE /act_…/usersofanyaudience: takes people out of all customer lists at once.

        Meta documents no answer to this, so any that is no error will do; its trace id, if any.
        """
        number = account_number(ad_account_id)
        path, about = f"act_{number}/usersofanyaudience", About(account=number, bulk=True)
        answer = await self._run(Call("DELETE", path, about, requires=None, content=body))
        return answer.trace_id

    async def session(self, audience_id: str, session_id: int | str) -> SessionStatus | None:
        """GET /<audience>/sessions: one upload session, or None; not fit to wait for an end."""
        about = self._about(audience_id)
        params = {"session_id": str(session_id)}
        async for entry in self._pages(f"{about.audience}/sessions", about, params):
            if json_fields.text(entry, "session_id") == str(session_id):
                return SessionStatus.parse(entry)
        return None

    async def _upload(
        self,
        method: str,
        edge: str,
        audience_id: str,
        body: Body,
        *,
        fresh: bool,
        replayable: bool = True,
    ) -> UploadReceipt:
        about = self._about(audience_id, bulk=True, fresh=fresh)
        answer = await self._run(
            Call(
                method,
                f"{about.audience}/{edge}",
                about,
                requires="num_received",
                content=body,
                replayable=replayable,
                guard=self._guard,
            )
        )
        return _receipt(answer, about)

    def _about(self, audience_id: str, *, bulk: bool = False, fresh: bool = False) -> About:
        if not _DIGITS.fullmatch(audience_id):
            raise Unprocessable(
                "An audience id is a number; copy it from Audience Manager.",
                code="audience-id-invalid",
            )
        return About(account=self._account, audience=audience_id, bulk=bulk, fresh=fresh)

    async def _get(
        self, path: str, about: About, requires: str, params: Mapping[str, str]
    ) -> Answer:
        return await self._run(Call("GET", path, about, requires, params))

    async def _node(self, path: str, about: About, reads: Sequence[str]) -> Answer:
        """A node with the first of `reads` (lists of fields) that Meta does not refuse."""

        async def read(fields: str) -> Answer:
            return await self._get(path, about, "id", {"fields": fields})

        return await first_allowed(read, reads)

    async def _list(
        self, path: str, about: About, reads: Sequence[str]
    ) -> list[Mapping[str, object]]:
        """Every entry of an edge, with the first of `reads` that Meta does not refuse."""

        async def read(fields: str) -> list[Mapping[str, object]]:
            return [entry async for entry in self._pages(path, about, {"fields": fields})]

        return await first_allowed(read, reads)

    async def _run(self, call: Call) -> Answer:
        return await self._caller.run(call, token=self._token)

    def _pages(
        self, path: str, about: About, params: Mapping[str, str]
    ) -> AsyncIterator[Mapping[str, object]]:
        """The entries of every page of an edge."""

        async def get(position: Mapping[str, str]) -> Mapping[str, object]:
            return (await self._get(path, about, "data", {**params, **position})).json

        return all_entries(get, about)


def account_number(ad_account_id: str) -> str:
    """The digits of an ad account's id, given with or without `act_`. Raises Unprocessable."""
    number = ad_account_id.removeprefix("act_")
    if not _DIGITS.fullmatch(number):
        raise Unprocessable(
            "An ad account id is act_ and a number; copy it from Ads Manager.",
            code="ad-account-id-invalid",
        )
    return number


def _receipt(answer: Answer, about: About) -> UploadReceipt:
    receipt = UploadReceipt.parse(
        answer.json,
        trace_id=answer.trace_id,
        attempts=answer.attempts,
        version_warning=answer.version_warning,
    )
    if receipt is None:
        raise from_transport("a count that is no number", about=about, trace=answer.trace_id)
    return receipt
