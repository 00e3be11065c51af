"""Bad data takes nobody out of an audience: each mode that removes, on demand, scheduled and run with all."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from app import clock
from app.db.models import Export, Run
from app.db.session import Database
from app.queue import QueueNotifier
from app.schedules.due import start_due
from app.settings import Settings
from tests.flows.exporting import Exporting
from tests.flows.journey import expect, get_run, make_connection, make_export
from tests.sync_modes.conftest import Lists

MAPPING = {"EMAIL": "email", "FN": "first_name"}
YEARLY = {"mode": "custom", "cron": "0 0 1 1 *"}


def person(number: int, **changes: str) -> dict[str, str]:
    return {"email": f"m{number}@example.com", "first_name": f"name{number}"} | changes


class Guarded:
    """One export that removes, and its runs by either trigger."""

    def __init__(
        self, lists: Lists, database: Database, settings: Settings, work: Any, trigger: str
    ) -> None:
        self.lists, self.database, self.settings = lists, database, settings
        self.work, self.trigger = work, trigger
        self.export: dict[str, Any] = {}

    async def run(self) -> dict[str, Any]:
        if self.trigger == "on_demand":
            return await self.lists.run(self.export)
        if self.trigger == "run_all":
            return await self.run_all()
        notifier = QueueNotifier(self.settings.redis_url.get_secret_value())
        async with self.database.transaction() as session:
            long_ago = clock.now() - timedelta(days=400)
            await session.execute(
                update(Export)
                .where(Export.id == self.export["id"])
                .values(schedule_checked_at=long_ago)
            )
        started = await start_due(self.database, notifier)
        await notifier.close()
        assert started is not None
        await self.work()
        async with self.database.transaction() as session:
            newest = await session.scalar(
                select(Run.id).where(Run.export_id == self.export["id"]).order_by(Run.id.desc())
            )
        run = await get_run(self.lists.exporting.api, {"id": newest})
        assert run["trigger"] == "scheduled"
        return run

    async def run_all(self) -> dict[str, Any]:
        """Among all exports that are asked for at once."""
        api = self.lists.exporting.api
        body = {"export_ids": [self.export["id"]]}
        answer = await expect(await api.post("/v1/exports/runs", json=body), 202)
        assert answer["not_started"] == []
        await self.work()
        return await get_run(api, answer["started"][0])

    async def refused(self, code: str, *numbers: str) -> dict[str, Any]:
        """A run fails before anything is sent, naming the numbers, and everybody stays."""
        before, sent = self.everybody(), len(self.lists.exporting.uploads())
        run = await self.run()
        assert (run["status"], run["error"]["code"]) == ("failed", code), run
        assert run["error"]["culprit"] == "user"
        for number in numbers:
            assert number in run["error"]["message"], run["error"]["message"]
        assert len(self.lists.exporting.uploads()) == sent
        assert self.everybody() == before
        assert run["counts"]["batches_total"] == 0
        return run

    def everybody(self) -> set[str]:
        return self.lists.people(self.export)

    async def patch(self, **changes: Any) -> None:
        path = f"/v1/exports/{self.export['id']}"
        await expect(await self.lists.exporting.api.patch(path, json=changes), 200)


@pytest.fixture(params=["on_demand", "scheduled", "run_all"])
def guarded(
    request: Any, lists: Lists, database: Database, settings: Settings, work: Callable[..., Any]
) -> Guarded:
    return Guarded(lists, database, settings, work, request.param)


@pytest.mark.parametrize("mode", ["mirror", "replace"])
async def test_bad_data_empties_no_audience(guarded: Guarded, mode: str) -> None:
    """Good, unusable, mostly unusable, shrunk, an emptied column; then `allow_shrink`."""
    lists, everybody = guarded.lists, [person(number) for number in range(100)]
    segment = await lists.segment("a", *everybody)
    guarded.export = await lists.export(segment, mode=mode, attributes=MAPPING, schedule=YEARLY)
    assert (await guarded.run())["status"] == "succeeded"
    assert len(guarded.everybody()) == 100

    lists.fill("a", *(person(number, email=f"m{number}.example.com") for number in range(100)))
    run = await guarded.refused("nothing-usable", "100", "email_invalid")
    assert run["skipped_reasons"] == {"email_invalid": 100}
    half = [person(n, email="nonsense") if n % 3 else person(n) for n in range(100)]
    lists.fill("a", *half)
    await guarded.refused("usable-share-collapsed", "34.0%", "100.0%", "allow_shrink")
    lists.fill("a", *everybody[:30])
    await guarded.refused(f"{mode}-would-shrink", "100", "30", "allow_shrink")
    lists.fill("a", *(person(number, first_name="") for number in range(100)))
    await guarded.refused("usable-share-collapsed", "FN", "0 of 100", "100 of 100", "allow_shrink")

    lists.fill("a", *everybody[:30])
    await guarded.patch(allow_shrink=True)
    assert (await guarded.run())["status"] == "succeeded"
    assert len(guarded.everybody()) == 30
    # whatever an export allows, that nobody can be used is never meant
    lists.fill("a", *(person(number, email="nonsense") for number in range(30)))
    await guarded.refused("nothing-usable", "30")


async def test_removing_is_held_to_what_was_removed_before(
    guarded: Guarded, api: httpx.AsyncClient
) -> None:
    """`remove`: unusable, an emptied column, and suddenly most of the audience."""
    lists, everybody = guarded.lists, [person(number) for number in range(200)]
    adding = await lists.export(
        await lists.segment("all", *everybody), mode="add", attributes=MAPPING
    )
    await lists.run(adding)
    leaving = await lists.segment("leaving", *everybody[:25])
    connection = {"id": adding["connection_id"]}
    guarded.export = await make_export(
        api, connection, leaving, sync_mode="remove", attributes=MAPPING, schedule=YEARLY
    ) | {"audience_id": adding["audience_id"]}
    assert (await guarded.run())["counts"]["removed"] == 25
    assert len(guarded.everybody()) == 175

    lists.fill("leaving", *(person(number, email="nonsense") for number in range(25, 50)))
    await guarded.refused("nothing-usable", "25")
    lists.fill("leaving", *(person(number, first_name="") for number in range(25, 50)))
    await guarded.refused("usable-share-collapsed", "FN", "25")
    lists.fill("leaving", *everybody)
    await guarded.refused("remove-would-shrink", "200", "25", "allow_shrink")
    lists.fill(
        "leaving", *everybody[25:85]
    )  # more than twice as many, but not half of the audience
    assert (await guarded.run())["status"] == "succeeded"
    assert len(guarded.everybody()) == 115
    lists.fill("leaving", *everybody)
    await guarded.patch(allow_shrink=True)
    assert (await guarded.run())["status"] == "succeeded"
    assert guarded.everybody() == set()


async def test_a_mirror_whose_people_are_others_is_stopped(lists: Lists) -> None:
    """As many people as before, and none of them the same: all that it holds would go."""
    export = await lists.export(
        await lists.segment("a", *(f"m{number}" for number in range(40))), mode="mirror"
    )
    await lists.run(export)
    lists.fill("a", *(f"other{number}" for number in range(40)))
    run = await lists.run(export)
    assert (run["status"], run["error"]["code"]) == ("failed", "mirror-would-shrink")
    assert len(lists.people(export)) == 40
    lists.fill("a", *(f"m{number}" for number in range(20, 60)))  # by half is not more than half
    assert (await lists.run(export))["status"] == "succeeded"
    assert len(lists.people(export)) == 40


@pytest.mark.parametrize("mode", ["add", "remove"])
async def test_nobody_usable_is_a_failure_in_every_mode(lists: Lists, mode: str) -> None:
    segment = await lists.segment("a", {"email": "nonsense"}, {"email": ""})
    export = await lists.export(segment, mode=mode)
    run = await lists.run(export)
    assert (run["status"], run["error"]["code"]) == ("failed", "nothing-usable")
    assert "email_invalid 1" in run["error"]["message"]
    assert "email_missing 1" in run["error"]["message"]
    assert lists.exporting.uploads() == []
    report = await preview(lists.exporting, export)
    assert "nothing-usable" in {item["code"] for item in report["warnings"]}


async def test_a_draft_is_warned_as_what_is_saved_is(lists: Lists) -> None:
    """The preview of a draft looks at a sample, and says of it what would end a run."""
    members = [{"email": "nonsense"} for _ in range(30)]
    export = await lists.export(await lists.segment("a", *members), mode="mirror")
    body = {name: export[name] for name in ("key_identifier", "attributes", "segment_ids")}

    async def warned(**changes: Any) -> dict[str, dict[str, Any]]:
        asked = await lists.exporting.api.post("/v1/exports/preview", json=body | changes)
        return {item["code"]: item for item in (await expect(asked, 200))["warnings"]}

    found = await warned()
    assert found["nothing-usable"]["detail"].startswith("Not one of the members can be used")
    assert found["values-refused"]["key"] == "EMAIL"
    assert "first 20 members" in (await warned(sample_rows=20))["nothing-usable"]["detail"]
    lists.fill("a", person(0), *members)
    assert set(await warned()) == {"too-few-usable", "values-refused"}
    assert set(await warned(min_usable_ratio=0)) == {"values-refused"}
    lists.fill("a", *(person(number) for number in range(30)))
    assert await warned() == {}


async def test_who_was_left_out_on_purpose_is_not_unusable(lists: Lists) -> None:
    """Nobody consented: the data is good, and the guards of bad data have nothing to say."""
    members = [person(number, opt_in="no") for number in range(20)]
    consent = {"attribute": "opt_in", "equals": "yes"}
    export = await lists.export(await lists.segment("a", *members), mode="add", consent=consent)
    run = await lists.run(export)
    assert (run["status"], run["skipped_reasons"]) == (
        "succeeded_with_warnings",
        {"no_consent": 20},
    )
    lists.fill("a", person(0, opt_in="yes"), *members[1:])
    assert (await lists.run(export))["counts"]["received"] == 1


async def test_few_usable_members_stop_a_run_unless_the_export_says_so(lists: Lists) -> None:
    """`min_usable_ratio` protects by default, the first run too; 0 switches it off."""
    members = [person(0), *({"email": "nonsense"} for _ in range(19))]
    export = await lists.export(await lists.segment("a", *members), mode="add")
    assert export["min_usable_ratio"] == 0.1
    run = await lists.run(export)
    assert (run["status"], run["error"]["code"]) == ("failed", "too-few-usable")
    assert "5.0%" in run["error"]["message"]
    report = await preview(lists.exporting, export)
    assert "too-few-usable" in {item["code"] for item in report["warnings"]}
    path = f"/v1/exports/{export['id']}"
    changed = await expect(await lists.exporting.api.patch(path, json={"min_usable_ratio": 0}), 200)
    assert changed["min_usable_ratio"] == 0
    assert (await lists.run(export))["status"] == "succeeded_with_warnings"


async def test_phones_of_no_country_are_warned_of(lists: Lists) -> None:
    """On saving and in the preview, unless the members or the export say which country."""
    segment = await lists.segment("a", {"phone": "0151 23456789", "land": "DE"})
    api = lists.exporting.api
    connection = await make_connection(api, audience={"name": "Phones"})
    body = {"key_identifier": "phone", "attributes": {"PHONE": "phone"}}
    export = await make_export(api, connection, segment, **body)
    assert "phone-country-unknown" in {item["code"] for item in export["warnings"]}
    report = await preview(lists.exporting, export)
    assert "phone-country-unknown" in {item["code"] for item in report["warnings"]}
    path = f"/v1/exports/{export['id']}"
    for change in (
        {"default_country": "DE"},
        {"default_country": None, "attributes": {"PHONE": "phone", "COUNTRY": "land"}},
    ):
        changed = await expect(await api.patch(path, json=change), 200)
        assert changed["warnings"] == []
    assert (await preview(lists.exporting, export))["warnings"] == []


async def preview(exporting: Exporting, export: Mapping[str, Any]) -> dict[str, Any]:
    return await expect(await exporting.api.post(f"/v1/exports/{export['id']}/preview"), 200)
