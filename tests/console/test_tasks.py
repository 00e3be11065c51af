"""What people come to do, beyond the seed: tell others, read a database, run what has not changed."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.console.conftest import Served, export_on, opened
from tests.console.other_site import other_site
from tests.webhooks.simulated import Receiver

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

CHANGING = {"POST", "PATCH", "PUT"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


async def test_a_receiver_gets_again_what_it_missed(
    served: Served, browser: Any, receiver: Receiver
) -> None:
    """A webhook added and tested, and its deliveries sent again: one, and all since then."""
    async with opened(browser) as (page, _):
        await page.goto(served.link())
        await page.get_by_role("heading", name="Overview").wait_for()
        await page.goto(f"{served.url}/#/admin/webhooks")
        await page.get_by_role("button", name="Add a webhook").click()
        adding = page.get_by_role("dialog", name="Add a webhook")
        await adding.get_by_label("Address").fill(receiver.url)
        await adding.get_by_label("Meta blocks an ad account").check()
        await adding.get_by_role("button", name="Save").click()
        secret = page.get_by_role("dialog", name="The secret, shown this once")
        assert (await secret.locator("code").inner_text()).startswith("whsec_")
        await secret.get_by_role("button", name="Close").click()
        await page.get_by_role("button", name="Test").click()
        await _attempts(receiver, 1)
        await page.get_by_role("button", name="Deliveries").click()
        dialog = page.get_by_role("dialog", name="Deliveries")
        again = dialog.get_by_role("button", name="Send again", exact=True)
        await again.click()
        await page.get_by_text("It is sent again.").wait_for()
        await _attempts(receiver, 2)
        await dialog.get_by_role("button", name="Close").click()
        await page.get_by_role("button", name="Deliveries").click()
        await again.wait_for()  # it has arrived
        missed = dialog.get_by_role("button", name="Send all of them again")
        assert await missed.get_attribute("aria-disabled") == "true"
        await dialog.get_by_label("Since").fill("2026-11-01T00:00")
        await dialog.get_by_label("Also what the receiver has accepted").check()
        await missed.click()
        await page.get_by_text(re.compile(r"\d events? (is|are) sent again")).wait_for()
        await _attempts(receiver, 3)
    assert len({one.headers["webhook-id"] for one in receiver.attempts}) == 1


async def _attempts(receiver: Receiver, wanted: int) -> None:
    for _ in range(200):
        if len(receiver.attempts) >= wanted:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(receiver.attempts)


async def test_a_segment_of_a_database(served: Served, browser: Any) -> None:
    """The databases of that kind are on offer, and each is looked at before anything is read."""
    async with opened(browser) as (page, said):
        await page.goto(served.link())
        await page.get_by_role("heading", name="Overview").wait_for()
        await page.goto(f"{served.url}/#/segments/new")
        await page.get_by_label("Display name").fill("Those with a key")
        await page.get_by_role("radio", name="MySQL").check()
        await page.get_by_text("No database of this kind is configured here").wait_for()
        await page.get_by_role("radio", name="Postgres").check()
        database = page.get_by_label("Database", exact=True)
        query = page.get_by_role("textbox", name="or a query")
        save = page.get_by_role("button", name="Save")
        await database.select_option("too-mighty")
        await query.fill("SELECT nothing FROM nowhere")
        await save.click()
        await _refused(database, "the account that SEGMENT_DATABASES names may write")
        await database.select_option("crm")
        await page.get_by_role("button", name="Check this database").click()
        checks = page.locator(".checks li")
        await checks.first.wait_for()
        assert "It is reached passed" in re.sub(r"\s+", " ", await checks.first.inner_text())
        await save.click()
        await _refused(query, "there is no such table or view")
        assert await query.input_value() == "SELECT nothing FROM nowhere"
        await query.fill("SELECT 'a@example.com' AS email")
        await save.click()
        await page.get_by_role("heading", name="Those with a key").wait_for()
        assert len(said.refusals) == 2
    found = served.call("GET", "/v1/segments?q=Those with a key")["items"]
    assert [one["member_count"] for one in found] == [1]


async def _refused(control: Any, why: str) -> None:
    """Waits until the field says it, to those who hear the page, too."""
    wrong = control.page.locator(".wrong", has_text=why)
    await wrong.wait_for()
    assert await control.get_attribute("aria-invalid") == "true"
    assert await wrong.get_attribute("id") in (
        await control.get_attribute("aria-describedby") or ""
    )


async def test_what_was_refused_is_corrected_and_saved(
    served: Served, browser: Any, members: Path
) -> None:
    """In every form: the refusal stands at its field, the rest stays as typed, and then it is saved."""
    export = export_on(served, members, "Corrected")
    connection, segment = export["connection_id"], export["segment_ids"][0]
    long, file, token = "x" * 201, str(members), "sandbox-user-token"
    country = "Country where none is given"
    editing = f"exports/{export['id']}/edit"
    # address, opener, the field, refused, what it says, right, submit, done
    forms: list[tuple[str, str | None, str, str, str, str, str, str]] = [
        ("segments/new", None, "Name", "corrected", "Another segment has", "right", "Save", "Kept"),
        (f"segments/{segment}/edit", None, "Address", "/x.csv", "not inside", file, "Save", "Kept"),
        ("connections/new", None, "Display name", long, "at most 200", "Kept", "Go on", "Set up"),
        (
            *(
                f"connections/{connection}/setup",
                None,
                "Access token",
                "nonsense",
                "does not accept",
            ),
            *(token, "Check and keep it", "Sign-in and consent"),
        ),
        (editing, None, country, "QQ", "such as US", "NO", "Save", "What is sent"),
        ("admin/keys", "Create a key", "Name", long, "at most 200", "Kept", "Create", "shown this"),
        (
            *("admin/webhooks", "Add a webhook", "Address", "ftp://example.com/x", "https"),
            *("https://example.com/x", "Save", "The secret"),
        ),
        ("admin/schedule", None, "Time 1", "", "should match", "05:55", "Save", "Saved."),
    ]
    async with opened(browser) as (page, _):
        await page.goto(served.link())
        await page.get_by_role("heading", name="Overview").wait_for()
        for address, opener, label, wrong, why, right, submit, done in forms:
            await page.goto(f"{served.url}/#/{address}")
            await page.locator("main h1").wait_for()
            await page.locator("main .bone").first.wait_for(state="detached")
            if opener:
                await page.get_by_role("button", name=opener).click()
            if label == "Access token":
                await page.get_by_text("Use a system user").click()
            where = page.get_by_role("dialog") if opener else page.locator("main")
            field = where.get_by_label(label, exact=label != country).and_(page.locator("input"))
            if address.startswith("segments/"):
                await where.get_by_label("Display name").fill("Kept")
            if address == "segments/new":
                await where.get_by_label("Address").fill(str(members))
            save = where.get_by_role("button", name=submit, exact=True)
            await field.fill(wrong)
            await save.click()
            await where.locator(".wrong", has_text=why).first.wait_for()
            assert await field.input_value() == wrong
            await field.fill(right)
            async with page.expect_response(
                lambda one: one.request.method in CHANGING and "preview" not in one.url
            ) as answer:
                await save.click()
            assert (await answer.value).ok
            if not opener and done != "Saved.":
                await page.wait_for_function(
                    "address => !location.hash.endsWith(address)", arg=address
                )
            await page.get_by_text(done).first.wait_for()
    names = [one["display_name"] for one in served.call("GET", "/v1/segments?q=Kept")["items"]]
    assert names == ["Kept", "Kept"]


async def test_who_has_gone_elsewhere_stays_there(
    served: Served, browser: Any, members: Path
) -> None:
    """A form that is saved late says so, and calls nobody back to it."""
    export = export_on(served, members, "Left")
    answered = asyncio.Event()

    async def late(route: Any) -> None:
        if route.request.method == "PATCH":
            await answered.wait()
        await route.continue_()

    async with opened(browser) as (page, _):
        await page.goto(served.link())
        await page.get_by_role("heading", name="Overview").wait_for()
        await page.route(f"**/v1/exports/{export['id']}", late)
        await page.goto(f"{served.url}/#/exports/{export['id']}/edit")
        await page.get_by_label("Display name").fill("Left behind")
        await page.get_by_role("button", name="Save", exact=True).click()
        await page.get_by_role("navigation").get_by_role("link", name="Segments").click()
        await page.get_by_role("heading", name="Segments").wait_for()
        answered.set()
        await page.get_by_text("Saved. Nothing was sent").wait_for()
        await page.get_by_role("heading", name="Segments").wait_for()
        assert page.url.endswith("#/segments")
    assert served.call("GET", f"/v1/exports/{export['id']}")["display_name"] == "Left behind"


async def test_what_has_not_changed(served: Served, browser: Any, members: Path) -> None:
    """A mirror that has nothing to do says so, and does it even so when it is told to."""
    export = export_on(served, members, "Mirror", sync_mode="mirror")
    async with opened(browser) as (page, _):
        await page.goto(served.link())
        await page.get_by_role("heading", name="Overview").wait_for()
        for asked, said in (("first", "rows reached Meta"), ("again", "Nothing had changed")):
            await page.goto(f"{served.url}/#/exports/{export['id']}")
            await page.get_by_role("button", name="Run now").click()
            dialog = page.get_by_role("dialog", name="Run this export now?")
            await dialog.get_by_role("button", name="Run now").click()
            await page.get_by_text(said).first.wait_for(), asked
        await page.get_by_role("button", name="Read and compare even so").click()
        await page.get_by_text("rows reached Meta").wait_for()
        runs = served.call("GET", f"/v1/exports/{export['id']}/runs")["items"]
        assert [one["note"] for one in runs] == [None, "unchanged", None]
        assert runs[0]["counts"]["read"] == 25_001
        # and from the dialog
        await page.goto(f"{served.url}/#/exports/{export['id']}")
        await page.get_by_text("Nothing had changed").wait_for()
        await page.get_by_role("button", name="Run now").click()
        dialog = page.get_by_role("dialog", name="Run this export now?")
        await dialog.get_by_label("Read and compare even so").check()
        await dialog.get_by_role("button", name="Run now").click()
        await page.get_by_text("rows reached Meta").wait_for()


async def test_switching_an_export_off_says_what_happens(
    served: Served, browser: Any, members: Path
) -> None:
    export = export_on(served, members, "Off and on")
    async with opened(browser) as (page, _):
        await page.goto(served.link())
        await page.get_by_role("heading", name="Overview").wait_for()
        await page.goto(f"{served.url}/#/exports/{export['id']}")
        await page.get_by_role("button", name="Switch this export off").click()
        dialog = page.get_by_role("dialog", name="Switch this export off?")
        assert "neither by schedule nor on demand" in await dialog.inner_text()
        await dialog.get_by_role("button", name="Switch this export off").click()
        await page.get_by_role("button", name="Switch this export on").wait_for()
        run = page.get_by_role("button", name="Run now")
        assert await run.get_attribute("title") == "Switched off"
        assert served.call("GET", f"/v1/exports/{export['id']}")["status"] == "disabled"


async def test_a_schedule_of_its_own_shows_when(
    served: Served, browser: Any, members: Path
) -> None:
    """One of the usual ones, or a cron expression; the next times stand there before it is saved."""
    export = export_on(served, members, "At times")
    async with opened(browser, timezone_id="Europe/Oslo") as (page, _):
        await page.goto(served.link())
        await page.get_by_role("heading", name="Overview").wait_for()
        await page.goto(f"{served.url}/#/exports/{export['id']}/edit")
        await page.get_by_role("radio", name="Own schedule").check()
        when = page.get_by_label("When", exact=True)
        await when.select_option(label="Every Monday at 6:00")
        await page.get_by_text(re.compile(r"Next: Mon .*06:00 · Mon ")).wait_for()
        await when.select_option(label="Another, as cron")
        await page.get_by_label("Cron").fill("99 * * * *")
        await page.locator(".wrong").wait_for()
        await page.get_by_label("Cron").fill("30 9 * * *")
        await page.get_by_text(re.compile(r"Next: .*09:30")).wait_for()
        await page.get_by_role("button", name="Save", exact=True).click()
        await page.get_by_text("Nothing was sent; the next run is").wait_for()
        schedule = served.call("GET", f"/v1/exports/{export['id']}")["schedule"]
        assert (schedule["cron"], schedule["time_zone"]) == ("30 9 * * *", "Europe/Oslo")


async def test_a_new_key_says_where_to_sign_in(served: Served, browser: Any) -> None:
    async with opened(browser) as (page, _):
        await page.goto(served.link())
        await page.get_by_role("heading", name="Overview").wait_for()
        await page.goto(f"{served.url}/#/admin/keys")
        await page.get_by_role("button", name="Create a key").click()
        await page.get_by_role("dialog").get_by_label("Name").fill("Kari")
        await page.get_by_role("dialog").get_by_role("button", name="Create").click()
        dialog = page.get_by_role("dialog", name="The key, shown this once")
        assert f"Kari signs in with it at {served.url}" in await dialog.inner_text()
        key = await dialog.locator("code").inner_text()
    async with opened(browser) as (page, _):
        await page.goto(served.url)
        await page.get_by_label("API key").fill(key)
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="Overview").wait_for()


@pytest.mark.parametrize("name", ["other_site", "same_site"])
async def test_another_site_gets_nowhere(
    served: Served, browser: Any, members: Path, name: str
) -> None:
    """A page of another origin, in a browser that is signed in here: nothing happens, nothing is read.

    Of the same site (this host, another port) the cookie goes along; it counts for nothing there.
    """
    export = export_on(served, members, "Attacked")
    attacker = served.call("POST", "/v1/api-keys", {"display_name": "attacker", "role": "viewer"})
    framed = [f"{served.url}/", f"{served.url}/docs", f"{served.url}/v1/exports"]
    with other_site(framed) as site:
        async with opened(browser) as (page, said):
            await page.goto(served.link())
            await page.get_by_role("heading", name="Overview").wait_for()
            before = _state(served, export["id"])
            cookies = await page.context.cookies()
            answers: list[int] = []
            page.on(
                "response",
                lambda one: answers.append(one.status) if one.request.method == "POST" else None,
            )
            await page.goto(getattr(site, name))
            target = {
                "url": served.url,
                "run": f"/v1/exports/{export['id']}/runs",
                "export": f"/v1/exports/{export['id']}",
                "key": attacker["key"],
            }
            found = await page.evaluate("target => attempts(target)", target)
            sent = {"form, fields", "form, file", "form, text that is JSON", "beacon"}
            sent |= {"form, sign in as the attacker"}
            opaque = {"fetch without asking", "fetch, a run without a body"}
            expected = dict.fromkeys(sent, "sent") | dict.fromkeys(opaque, "opaque")
            expected |= {"stream": "refused", "script": "refused"}
            expected |= {f"fetch, {what}": "TypeError" for what in ("delete", "sign out", "read")}
            assert found == {**expected, "fetch with JSON": "TypeError"}
            # what the browser let out was refused here: four forms, two scripts, a beacon
            for _ in range(100):
                if len(answers) >= 7:
                    break
                await page.wait_for_timeout(100)
            assert set(answers) <= {401, 403, 422}, answers
            assert len(answers) == 7
            assert [await _words(frame) for frame in page.frames[1:4]] == ["", "", ""]
            assert _state(served, export["id"]) == before
            # nobody else is signed in here now, and the one who was still is
            assert [one for one in await page.context.cookies() if "session" in one["name"]] == [
                one for one in cookies if "session" in one["name"]
            ]
            await page.goto(served.url)
            await page.get_by_role("heading", name="Overview").wait_for()
            assert await page.locator(".who .strong").inner_text() == "Bootstrap key"
            said.messages.clear()  # the browser writes down what it refused to do


def _state(served: Served, export_id: str) -> list[Any]:
    """What an attack would have changed: keys, runs, the export, what the audit says of them."""
    export = served.call("GET", f"/v1/exports/{export_id}")
    keys, runs = (served.call("GET", f"/v1/{name}")["items"] for name in ("api-keys", "runs"))
    audit = served.call("GET", "/v1/audit-events")["items"]
    return [export["version"], len(keys), len(runs), audit[0]["id"]]


async def _words(frame: Any) -> str:
    """What a framed page shows of itself."""
    if frame.url.startswith("chrome-error:"):
        return ""
    return str(await frame.locator("body").inner_text()).strip()


async def test_a_cookie_that_was_stolen_ends_with_the_session(served: Served, browser: Any) -> None:
    """And no script can read it."""
    async with opened(browser) as (page, _):
        await page.goto(served.link())
        await page.get_by_role("heading", name="Overview").wait_for()
        assert "session" not in await page.evaluate("document.cookie")
        stolen = {one["name"]: one["value"] for one in await page.context.cookies()}
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in stolen.items())}
        assert _status(served, headers) == 200
        await page.get_by_role("button", name="Sign out").click()
        await page.get_by_label("API key").wait_for()
        assert _status(served, headers) == 401


def _status(served: Served, headers: dict[str, str]) -> int:
    return httpx.get(f"{served.url}/v1/exports", headers=headers).status_code
