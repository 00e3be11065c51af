"""What a demo that stays up has in its console: exports with a history, a failure, things to come.

All of it goes the way of any client: by the REST API, and into audiences of the sandbox.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from app.cli.demo.api_walk import AD_ACCOUNT, TOKEN, DemoFailed
from app.cli.demo.people import make_people
from app.cli.demo.processes import Service

_BROKEN = "email\nnone\nnot-an-address\nn/a\n"
_EVERY_MORNING = {"mode": "custom", "cron": "0 6 * * *", "time_zone": "Europe/Oslo"}


def sign_in_link(service: Service) -> str:
    """A link that signs the demo's administrator in once."""
    answer = httpx.post(
        f"{service.url}/v1/session/links",
        headers={"Authorization": f"Bearer {service.key}"},
        timeout=60,
    )
    return str(answer.raise_for_status().json()["url"])


class Kept:
    """Fills a service so that the first look at its console shows something."""

    def __init__(self, service: Service, folder: Path) -> None:
        """`folder` is one that segments may be read from."""
        self._folder = folder
        self._client = httpx.Client(
            base_url=service.url,
            headers={"Authorization": f"Bearer {service.key}"},
            timeout=120,
        )

    def fill(self, say: Callable[[str], None]) -> None:
        """Exports, runs, a schedule, a webhook, keys. Raises DemoFailed if something is refused."""
        with self._client:
            connection = self._connection("Loyalty club", "Loyalty club members")
            self._call("POST", "/v1/connections", {"display_name": "Winter campaign"})
            make_people(20_000, seed=3).write_csv(self._folder / "loyalty.csv")
            loyalty = self._segment("loyalty_club", "Loyalty club", "loyalty.csv")
            export = self._export(
                "Loyalty club, every morning", connection, loyalty, schedule=_EVERY_MORNING
            )
            for _ in range(3):
                self._run(export)
            mapping = {"attributes": {"EMAIL": "email", "PHONE": "phone", "COUNTRY": "country"}}
            self._call("PATCH", f"/v1/exports/{export}", mapping)
            self._run(export)
            (self._folder / "old.csv").write_text(_BROKEN)
            self._run(
                self._export(
                    "Old import", connection, self._segment("old_import", "Old import", "old.csv")
                )
            )
            self._call(
                "POST",
                "/v1/segments",
                {
                    "name": "trade_fair",
                    "display_name": "Trade fair visitors",
                    "source": {"kind": "upload"},
                },
            )
            self._call("PUT", "/v1/schedule", _DAILY)
            self._call("POST", "/v1/webhooks", _WEBHOOK)
            self._call("POST", "/v1/api-keys", {"display_name": "Kari", "role": "contributor"})
        say("more exports, runs and a failure are there to look at")

    def _connection(self, name: str, audience: str) -> str:
        version = self._call("GET", "/v1/consent")["version"]
        body = {
            "display_name": name,
            "access_token": TOKEN,
            "ad_account_id": AD_ACCOUNT,
            "audience": {"name": audience},
            "consent": {"accepted": True, "version": version},
            "shared_with": ["administrator", "contributor"],
        }
        return str(self._call("POST", "/v1/connections", body)["id"])

    def _segment(self, name: str, display_name: str, file: str) -> str:
        source = {"kind": "file", "url": str(self._folder / file)}
        body = {"name": name, "display_name": display_name, "source": source}
        return str(self._call("POST", "/v1/segments", body)["id"])

    def _export(self, name: str, connection: str, segment: str, **more: Any) -> str:
        body = {
            "display_name": name,
            "connection_id": connection,
            "key_identifier": "email",
            "attributes": {"EMAIL": "email"},
            "segment_ids": [segment],
            **more,
        }
        return str(self._call("POST", "/v1/exports", body)["id"])

    def _run(self, export: str) -> None:
        run = self._call("POST", f"/v1/exports/{export}/runs")
        self._call("GET", f"/v1/runs/{run['id']}?wait=50")

    def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer = self._client.request(method, path, json=body)
        if not answer.is_success:
            raise DemoFailed(f"{method} {path} answered {answer.status_code}: {answer.text}")
        found: dict[str, Any] = answer.json()
        return found


_DAILY = {
    "enabled": True,
    "frequency": "daily",
    "days": [],
    "time_zone": "Europe/Oslo",
    "times": ["03:00", "15:00"],
}
_WEBHOOK = {"url": "https://hooks.example.com/audience", "events": ["run.failed"]}
