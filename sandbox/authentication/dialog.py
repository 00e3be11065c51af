"""The login dialog: "Continue", one box per permission to leave out, "Cancel".

Sources: guides "Manually Build a Login Flow", "Facebook Login for Business" and "Requesting &
Revoking Permissions" (developers.facebook.com/docs). It works in a browser, by a plain form POST,
and without anybody: with `answer=continue|cancel` (and `decline=a,b`) in the address, or the
setting `dialog_answer`.
"""

import re
import secrets
from html import escape
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sandbox.authentication.login import Code
from sandbox.state import SandboxState
from sandbox.world import APP_ID, APP_NAME, CONFIG_SYSTEM_USER, CONFIG_USER, SCOPES

_DEFAULT_SCOPES: Final = ("public_profile",)
_ASKED: Final = ("client_id", "redirect_uri", "state", "scope", "config_id", "auth_type")


class Dialog:
    """`/dialog/oauth`, with and without a version."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    async def respond(self, request: Request) -> Response:
        """Show the page, or act on an answer."""
        asked: dict[str, Any] = dict(request.query_params)
        if request.method == "POST":
            form = parse_qsl((await request.body()).decode(), keep_blank_values=True)
            asked.update(form)
            asked["granted"] = [value for name, value in form if name == "permission"]
        refusal = self._refusal(asked)
        if refusal is not None:
            return _page("<h1>Error</h1>", f"<p>{escape(refusal)}</p>", status=400)
        answer = asked.get("answer") or self._state.settings.dialog_answer
        if answer == "continue":
            return self._grant(asked)
        if answer == "cancel":
            return _redirect(
                asked,
                error_reason="user_denied",
                error="access_denied",
                error_description="Permissions error.",
            )
        return self._ask(asked)

    def _refusal(self, asked: dict[str, Any]) -> str | None:
        valid = self._state.settings.valid_redirect_uris
        if asked.get("client_id") != APP_ID:
            return "Invalid App ID: the provided app ID does not look like a valid app ID."
        uri = asked.get("redirect_uri", "")
        if not re.match(r"https?://", uri) or (valid is not None and uri not in valid):
            return (
                "URL blocked: this redirect failed because the redirect URI is not white-listed "
                "in the app's client OAuth settings."
            )
        if asked.get("response_type", "code") != "code":
            return "Only response_type=code is supported here."
        if asked.get("config_id") not in (None, "", CONFIG_USER, CONFIG_SYSTEM_USER):
            return "Invalid configuration ID."
        return None

    def _scopes(self, asked: dict[str, Any]) -> list[str]:
        """What will be asked for; declined before means not asked again without `rerequest`."""
        if asked.get("config_id"):
            return list(SCOPES)
        wanted = [one for one in re.split(r"[,\s]+", asked.get("scope", "")) if one]
        if asked.get("auth_type") == "rerequest":
            return wanted
        return [one for one in wanted if one not in self._state.world.declined]

    def _grant(self, asked: dict[str, Any]) -> Response:
        world, scopes = self._state.world, self._scopes(asked)
        if "granted" in asked and "shown" in asked and not asked.get("config_id"):
            left_out = [one for one in scopes if one not in asked["granted"]]
        elif asked.get("config_id"):
            left_out = []
        else:
            left_out = [one for one in asked.get("decline", "").split(",") if one in scopes]
        granted = [one for one in scopes if one not in left_out]
        world.declined = (world.declined | set(left_out)) - set(granted)
        code = f"SBX-CODE-{secrets.token_urlsafe(32)}"
        world.codes[code] = Code(
            redirect_uri=asked["redirect_uri"],
            scopes=[*granted, *(one for one in _DEFAULT_SCOPES if one not in granted)],
            declined=sorted(world.declined),
            kind="system_user" if asked.get("config_id") == CONFIG_SYSTEM_USER else "user",
            expires_at=self._state.clock.now() + self._state.settings.code_seconds,
        )
        return _redirect(asked, code=code)

    def _ask(self, asked: dict[str, Any]) -> Response:
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{escape(str(asked[name]))}">'
            for name in _ASKED
            if name in asked
        )
        fixed = " disabled" if asked.get("config_id") else ""
        boxes = "".join(
            f'<p><label><input type="checkbox" name="permission" value="{escape(scope)}" checked'
            f"{fixed}> {escape(scope)}</label></p>"
            for scope in self._scopes(asked)
        )
        form = (
            f'<form method="post" action="">{hidden}<input type="hidden" name="shown" value="1">'
            f"{boxes}"
            '<p><button name="answer" value="continue" type="submit">Continue</button> '
            '<button name="answer" value="cancel" type="submit">Cancel</button></p></form>'
        )
        return _page(f"<h1>{APP_NAME} wants to manage your ads</h1>", form)


def _redirect(asked: dict[str, Any], **answer: str) -> Response:
    if "state" in asked:
        answer["state"] = asked["state"]
    uri = asked["redirect_uri"]
    return RedirectResponse(f"{uri}{'&' if '?' in uri else '?'}{urlencode(answer)}", 302)


def _page(head: str, body: str, *, status: int = 200) -> Response:
    return HTMLResponse(
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Log in (sandbox)</title>'
        f"</head><body>{head}{body}</body></html>",
        status,
    )
