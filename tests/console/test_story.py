"""The seed, page by page, clicked through; and a night on call: whose move it is, and the way back."""

import re
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.console.conftest import Served, export_on, opened, shifted

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


async def test_the_seed_page_by_page(served: Served, browser: Any, members: Path) -> None:
    """S15-S60: connection by Continue with Facebook, shared; then an export by a contributor."""
    async with opened(browser) as (page, _):
        await page.goto(served.link())
        # the first look says what to do first (S15, S16)
        await page.get_by_role("heading", name="Three steps to the first audience").wait_for()
        await page.get_by_role("link", name="Connections", exact=True).click()
        await page.get_by_role("link", name="Add connection").first.click()  # S18, S19
        save = page.get_by_role("button", name="Go on")
        assert await save.get_attribute("aria-disabled") == "true"
        await page.get_by_label("Display name").fill("Winter <i>campaign</i>")  # S20, shown as text
        assert await page.get_by_label("Administrators", exact=True).is_checked()  # S24
        await page.get_by_label("Administrators and contributors").check()  # S23
        await save.click()
        # S26: at Facebook somebody cancels, and comes back into the wizard with the reason
        await page.get_by_role("button", name="Continue with Facebook").click()
        await page.get_by_role("button", name="Cancel").click()
        await page.get_by_text("The sign-in was cancelled at Facebook").wait_for()
        # S27: without ads_management nothing is stored
        await page.get_by_role("button", name="Continue with Facebook").click()
        await page.get_by_label("ads_management").uncheck()
        await page.get_by_role("button", name="Continue", exact=True).click()
        await page.get_by_text("ads_management permission was not allowed").wait_for()
        await page.get_by_role("button", name="Continue with Facebook").click()
        await page.get_by_role("button", name="Continue", exact=True).click()
        # S28: one ad account; those that cannot be chosen say why
        refused = page.locator("label", has_text="Sandbox Disabled")
        await refused.wait_for()
        assert await refused.locator("input").is_disabled()
        await page.get_by_label(re.compile("Sandbox Shop")).check()
        await page.get_by_role("button", name="Save and go on").click()
        # S29, S34: every audience is there, and a website audience cannot be chosen
        await page.get_by_label("Existing custom audience").first.check()
        website = page.locator("label", has_text="23850000000000003")
        await website.wait_for()
        assert await website.locator("input").is_disabled()
        assert "WEBSITE" in await website.inner_text()
        # S30: or a new one
        await page.get_by_label("New custom audience").check()
        await page.get_by_label("Name of the new audience").fill("Winter customers")
        await page.get_by_role("button", name="Save and go on").click()
        # S36, S37: not without consent
        await page.get_by_text("By enabling this connection").wait_for()
        save = page.get_by_role("button", name="Save", exact=True)
        await save.click(force=True)
        assert served.call("GET", "/v1/connections")["items"][0]["status"] == "draft"
        await page.get_by_label("I agree").check()
        await save.click()  # S38
        await page.get_by_text("Ready", exact=True).first.wait_for()
        (connection,) = served.call("GET", "/v1/connections")["items"]
        assert (connection["status"], connection["display_name"]) == (
            "ready",
            "Winter <i>campaign</i>",
        )
        assert connection["shared_with"] == ["administrator", "contributor"]
        made = connection["audience"]
        assert (made["name"], bool(made["id"])) == ("Winter customers", True)
        # S29: an existing one instead, of those that can be filled
        await page.get_by_role("link", name="Renew the sign-in").click()
        await page.get_by_role("button", name="Audience").click()
        await page.get_by_label("Existing custom audience").first.check()
        existing = page.locator(
            "fieldset.pick label:has(input:enabled)", has_text="Best Customers"
        ).first
        await existing.locator("input").check()
        await page.get_by_role("button", name="Save and go on").click()
        await page.get_by_role("link", name="Name and sharing").wait_for()
        chosen = served.call("GET", f"/v1/connections/{connection['id']}")["audience"]["id"]
        assert chosen not in {made["id"], "23850000000000003"}
        # a segment, by an administrator
        await page.get_by_role("link", name="Segments", exact=True).click()
        await page.get_by_role("link", name="Add a segment").first.click()
        await page.get_by_label("Display name").fill("Customers of the shop")
        name = page.get_by_role("textbox", name="Name", exact=True)
        assert await name.input_value() == "customers_of_the_shop"
        await page.get_by_label("Address").fill("/nowhere/else.csv")
        await page.get_by_role("button", name="Save").click()
        await page.locator(".wrong, [role=alert]").first.wait_for()  # refused, and still typed
        assert await page.get_by_label("Display name").input_value() == "Customers of the shop"
        await page.get_by_label("Address").fill(str(members))
        await page.get_by_role("button", name="Save").click()
        await page.get_by_role("heading", name="Customers of the shop").wait_for()
        assert served.call("GET", "/v1/segments")["items"][0]["member_count"] == 25_001

    async with opened(browser) as (page, _):
        await page.goto(served.link("contributor"))
        await page.get_by_role("link", name="Exports", exact=True).wait_for()
        # L10, L18: contributors do not see connections
        assert await page.get_by_role("link", name="Connections", exact=True).count() == 0
        await page.get_by_role("link", name="Exports", exact=True).click()  # S41
        await page.get_by_role("link", name="Add export").first.click()  # S42
        await page.get_by_label("Display name").fill("Customers to Meta")  # S48
        shown = page.get_by_label("Connection for export")
        assert "Facebook Ads Manager" in await shown.inner_text()  # S43, S44
        assert await page.get_by_role("radio", name="E-mail").is_checked()  # S51
        await page.get_by_label("Customers of the shop").check()  # S56
        mapped = page.get_by_label("Attribute for E-mail")
        await page.get_by_text("100% of 1,000 sampled members can be sent").wait_for()
        assert await mapped.input_value() == "email"  # S49: suggested by its name
        await page.get_by_text("Samples, masked").first.click()
        assert "␠Xxxxxx9@Xxxxxxx.xxx" in await page.inner_text(".aside")
        assert "Person" not in await page.inner_text(".aside")
        # S53: Add attribute, by its friendly name (S54)
        await page.locator("select[aria-label='Add attribute']").select_option("FN")
        assert await page.get_by_label("Attribute for First name").input_value() == "first_name"
        options = await page.locator("select[aria-label='Add attribute']").inner_text()
        assert "City (CT)" in options  # S55
        assert "Postal code / ZIP code (ZIP)" in options
        # S46: by name and address, and by phone: what is needed is asked for and suggested
        await page.get_by_role("radio", name="Name and address").check()
        assert await page.get_by_label("Attribute for Last name").input_value() == "last_name"
        await page.get_by_role("radio", name="Phone").check()
        assert await page.get_by_label("Attribute for Phone").input_value() == "phone"
        await page.get_by_role("radio", name="E-mail").check()
        await page.get_by_role("button", name="Save", exact=True).click()  # S57
        await page.get_by_text("Saved. Nothing has been sent.").wait_for()  # S58
        sent = [one for one in served.sandbox.requests() if one["path"].endswith("/users")]
        assert sent == []
        # S60: on demand, watched to its end without reloading
        await page.get_by_role("button", name="Run now").click()
        await page.get_by_text("rows reached Meta").wait_for()
        assert await page.get_by_text("it adds up.").is_visible()
        (run,) = served.call("GET", "/v1/runs")["items"]
        assert run["counts"]["received"] == 25_000
        assert "25,000" in await page.inner_text(".funnel")
        # S46: one by name and address, one by phone
        for key, needed in (
            (
                "Name and address",
                {"FN": "first_name", "LN": "last_name", "ZIP": "zip", "COUNTRY": "country"},
            ),
            ("Phone", {"PHONE": "phone"}),
        ):
            await page.goto(f"{served.url}/#/exports/new")
            await page.get_by_label("Display name").fill(f"By {key}")
            await page.get_by_label("Customers of the shop").check()
            await page.get_by_role("radio", name=key).check()
            await page.get_by_text("sampled members can be sent").wait_for()
            await page.get_by_role("button", name="Save", exact=True).click()
            await page.get_by_text("Saved. Nothing has been sent.").wait_for()
            (export,) = served.call("GET", f"/v1/exports?q=By {key}")["items"]
            assert export["key_identifier"] == key.lower().replace(" ", "_")
            assert needed.items() <= export["attributes"].items()

    async with opened(browser) as (page, _):
        # L56-L61: the refresh schedule, by an administrator (S59)
        await page.goto(served.link())
        await page.get_by_role("link", name="Administration", exact=True).click()
        await page.get_by_role("link", name="Refresh schedule").click()
        await page.get_by_label("Refresh by schedule").check()
        await page.get_by_label("Daily").check()
        await page.get_by_role("button", name="Save").click()
        await page.get_by_text("The next refresh is").wait_for()
        assert served.call("GET", "/v1/schedule")["enabled"] is True
        assert served.call("GET", "/v1/exports")["items"][0]["next_run_at"]


async def test_on_call(served: Served, browser: Any, members: Path) -> None:
    """A refused token: whose move it is, renewed in place, run again, green; and a worker that is killed."""
    export = export_on(served, members)
    token = "sandbox-user-token"
    async with opened(browser) as (page, said):
        await page.goto(served.link())
        await page.get_by_role("heading", name="Overview").wait_for()
        served.sandbox.control("PATCH", f"tokens/{token}", json={"refused_with": 460})
        run = served.call("POST", f"/v1/exports/{export['id']}/runs")
        assert served.ended(run["id"])["status"] == "failed"
        await page.goto(f"{served.url}/#/runs/{run['id']}")
        await page.get_by_text("Your move: it failed").wait_for()
        assert "fbtrace_id" in await page.inner_text("[role=alert]")
        await page.get_by_role("link", name="Renew the sign-in").first.click()
        await page.get_by_role("button", name="Continue with Facebook").click()
        served.sandbox.control("PATCH", f"tokens/{token}", json={"refused_with": None})
        await page.get_by_role("button", name="Continue", exact=True).click()
        await page.get_by_text("Signed in.", exact=True).wait_for()
        # what failed meanwhile is on offer right there
        await page.get_by_text("The last run of 1 export on it failed").wait_for()
        await page.get_by_role("button", name="Run the failed export again").click()
        await page.get_by_text("rows reached Meta").wait_for()
        await page.get_by_text("Succeeded").first.wait_for()

        # killed while it sends: the page is not touched, and sees the end
        held = {"kind": "slow-before", "delay": 50, "match": {"path": "/users$"}}
        served.sandbox.control("POST", "faults", json=held)
        await page.get_by_role("button", name="Run again").click()
        await page.get_by_text(re.compile(r"\d of \d batches")).wait_for()
        served.workers[-1].send_signal(signal.SIGKILL)
        served.workers.pop().wait(10)
        served.start_worker()
        await page.get_by_text("attempt 2").first.wait_for()
        served.sandbox.control("DELETE", "faults")
        await page.get_by_text("rows reached Meta").wait_for()
        # while it was watched nothing jumped about
        moved, what = await shifted(page)
        assert moved < 0.05, what
        # (of the sandbox's dialog Chromium also wants an icon)
        assert [one for one in said.refusals if served.url in one] == []
        newest = served.call("GET", f"/v1/exports/{export['id']}/runs")["items"][0]
        assert (newest["attempt"], newest["counts"]["received"]) == (2, 25_000)


async def test_a_session_that_ends_is_renewed_in_place(
    served: Served, browser: Any, members: Path
) -> None:
    """Nothing typed is lost; and 412 compares before it overwrites."""
    export = export_on(served, members)
    made = served.call("POST", "/v1/api-keys", {"display_name": "x", "role": "administrator"})
    async with opened(browser) as (page, said):
        headers = {"Authorization": f"Bearer {made['key']}"}
        await page.goto(served.api.post("/v1/session/links", headers=headers).json()["url"])
        await page.get_by_role("heading", name="Overview").wait_for()
        await page.goto(f"{served.url}/#/exports/{export['id']}/edit")
        name = page.get_by_label("Display name")
        await name.fill("Mine 🎿 مرحبا " + "x" * 150)
        served.call("PATCH", f"/v1/exports/{export['id']}", {"display_name": "Theirs"})
        served.call("DELETE", f"/v1/api-keys/{made['id']}")
        await page.get_by_role("button", name="Save", exact=True).click()
        dialog = page.get_by_role("dialog", name="Your session has ended")
        await dialog.get_by_label("API key").fill("test-bootstrap-administrator-key")
        await dialog.get_by_role("button", name="Sign in").click()
        await page.get_by_text("Somebody changed this export meanwhile").wait_for()
        assert "Theirs" in await page.inner_text(".note")
        assert (await name.input_value()).startswith("Mine")
        await page.get_by_role("button", name="Save mine over it").click()
        await page.get_by_role("heading", name="Mine").wait_for()
        assert said.refusals  # 401 and 412, which Chromium writes down
        # too long, refused at the field
        await page.goto(f"{served.url}/#/exports/{export['id']}/edit")
        await name.fill("y" * 201)
        await page.get_by_role("button", name="Save", exact=True).click()
        await page.locator("input[aria-invalid=true]").wait_for()
        assert await name.input_value() == "y" * 201


async def test_a_throttled_run_counts_down(served: Served, browser: Any, members: Path) -> None:
    """“Meta paused this account until …; nothing is lost”, and it can be cancelled meanwhile.

    The last of this module: what Meta said of the account holds for every run on it.
    """
    export = export_on(served, members)
    users = {"path": "/users$"}
    fault = {"kind": "throttle-80003", "wait": 120, "times": 1, "match": users}
    served.sandbox.control("POST", "faults", json=fault)
    from playwright.async_api import expect  # noqa: PLC0415 - only where there is a browser

    async with opened(browser) as (page, said):
        await page.goto(served.link())
        await page.get_by_role("heading", name="Overview").wait_for()
        await page.goto(f"{served.url}/#/exports/{export['id']}")
        await page.get_by_role("button", name="Run now").click()
        await page.get_by_text("Meta asked this account to pause").wait_for()
        counting = page.get_by_text(re.compile(r"\(in \d:\d\d\)"))
        before = await counting.inner_text()
        await expect(counting).not_to_have_text(before)
        assert "Nothing is lost" in before
        # and so it stands where somebody looks first
        run = page.url
        for place in ("", "runs"):
            await page.goto(f"{served.url}/#/{place}")
            await page.get_by_text(re.compile(r"asked this account to pause · until")).wait_for()
        await page.goto(run)
        await page.get_by_role("button", name="Cancel").click()
        dialog = page.get_by_role("dialog", name="Cancel this run?")
        await dialog.get_by_role("button", name="Cancel the run").click()
        await page.get_by_text("It was cancelled.").wait_for()
        assert said.refusals == []
