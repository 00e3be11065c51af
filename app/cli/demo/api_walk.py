"""The main job over the REST API, as any client would do it: consent to finished run."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from app.errors import AppError

ACTIVE = frozenset({"queued", "running"})
GOOD = frozenset({"succeeded", "succeeded_with_warnings"})
# the world of every sandbox (sandbox.world)
TOKEN = "sandbox-system-token"  # noqa: S105 - it opens nothing but the sandbox
AD_ACCOUNT = "act_1001"
_POLL_SECONDS = 0.1


class DemoFailed(AppError):
    """The demo did not end as it should."""

    code = "demo-failed"


class Walk:
    """A client of one service; every answer that is not a success raises DemoFailed."""

    def __init__(self, client: httpx.Client) -> None:
        """`client` has the service's address and the Authorization header."""
        self._client = client

    def connect(self, audience: str) -> str:
        """Agree to the privacy text and make a connection with a new audience; its id."""
        consent = self._call("GET", "/v1/consent")
        connection = self._call(
            "POST",
            "/v1/connections",
            {
                "display_name": "Demo connection",
                "type": "facebook_ads_manager",
                "access_token": TOKEN,
                "ad_account_id": AD_ACCOUNT,
                "audience": {"name": audience},
                "consent": {"accepted": True, "version": consent["version"]},
            },
        )
        if connection["status"] != "ready":
            raise DemoFailed(f"The connection is {connection['status']}: {connection['missing']}")
        return str(connection["id"])

    def make_export(self, connection_id: str, members: Path) -> str:
        """Make a segment that reads the file and an export of its e-mails; the export's id."""
        segment = self._call(
            "POST",
            "/v1/segments",
            {
                "name": "demo_customers",
                "display_name": "Demo customers",
                "source": {"kind": "file", "url": str(members)},
            },
        )
        export = self._call(
            "POST",
            "/v1/exports",
            {
                "display_name": "Demo export",
                "connection_id": connection_id,
                "key_identifier": "email",
                "attributes": {"EMAIL": "email"},
                "segment_ids": [segment["id"]],
            },
        )
        return str(export["id"])

    def run(
        self, export_id: str, show: Callable[[Mapping[str, Any]], None], *, seconds: float
    ) -> dict[str, Any]:
        """Run the export, show every state seen, and answer the last one."""
        run = self._call("POST", f"/v1/exports/{export_id}/runs")
        deadline = time.monotonic() + seconds
        while run["status"] in ACTIVE:
            show(run)
            if time.monotonic() > deadline:
                raise DemoFailed(f"Run {run['id']} did not end within {seconds:.0f} s.")
            time.sleep(_POLL_SECONDS)
            run = self._call("GET", f"/v1/runs/{run['id']}")
        show(run)
        if run["status"] not in GOOD:
            raise DemoFailed(f"Run {run['id']} is {run['status']}: {run['error']}")
        return run

    def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        response = self._client.request(method, path, json=body)
        if not response.is_success:
            raise DemoFailed(f"{method} {path} answered {response.status_code}: {response.text}")
        answer: dict[str, Any] = response.json()
        return answer


def check(run: Mapping[str, Any], *, members: int, at_meta: int) -> None:
    """Raise DemoFailed unless the counts add up and the audience holds what the run says."""
    counts = {name: value or 0 for name, value in run["counts"].items()}
    rules = {
        "all members were read": counts["read"] == members,
        "read + expanded = duplicates + skipped + staged": counts["read"] + counts["expanded"]
        == counts["duplicates"] + counts["skipped"] + counts["staged"],
        "the reasons explain all that was skipped": sum(run["skipped_reasons"].values())
        == counts["skipped"],
        "all that was staged was received": counts["staged"] == counts["received"],
        "the audience holds the distinct members": at_meta == counts["staged"] - counts["invalid"],
    }
    broken = [rule for rule, holds in rules.items() if not holds]
    if broken:
        raise DemoFailed(
            f"Not true: {'; '.join(broken)} (counts {counts}, in the audience {at_meta})."
        )
