"""Every screen in its states: axe finds nothing, the console is silent, nothing is wider than a phone."""

import asyncio
import re
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest

from tests.conftest import API_KEY
from tests.console.conftest import Served, opened, shifted

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
# what stands there by the name of a sentence and not by its words
UNSAID = """() => {
  const words = JSON.parse(document.getElementById('words').textContent);
  const said = new Set(Object.values(words));
  const names = new Set(Object.keys(words).filter((one) => !said.has(one)));
  const seen = [...document.querySelectorAll('#app *')].flatMap((one) => [
    ...[...one.childNodes].filter((each) => each.nodeType === 3).map((each) => each.textContent),
    one.ariaLabel, one.title, one.dataset.l,
  ]);
  return seen.filter((one) => one && one.includes(' ') && names.has(one.trim()));
}"""
MOST_REQUESTS = 10
MOST_SHIFT = 0.01
# what stands in the document is painted a moment later
FIRST_PAINT = """async () => {
  let painted;
  while (!(painted = performance.getEntriesByName('first-contentful-paint')[0]))
    await new Promise((go_on) => setTimeout(go_on, 20));
  return painted.startTime;
}"""
STYLES = [
    {"color_scheme": "light", "viewport": {"width": 1600, "height": 900}},
    {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}, "locale": "nb-NO"},
]


@pytest.fixture(scope="module")
def filled(served: Served) -> dict[str, str]:
    """A deployment with something of everything, odd names among it; the address of each screen."""
    rows = "\n".join(f"u{n}@example.com,+4790100{n:03d}" for n in range(500))
    (served.folder / "m.csv").write_text(f"email,phone\n{rows}\nnobody,\n")
    (served.folder / "bad.csv").write_text("email\nnone\n")
    consent = served.call("GET", "/v1/consent")["version"]
    names = ["<b>Bold</b> & “quoted”", "مرحبا بالعالم", "🎿" * 40, "n" * 200]
    body = {
        "access_token": "sandbox-user-token",
        "ad_account_id": "act_1001",
        "audience": {"name": "A"},
        "consent": {"accepted": True, "version": consent},
    }
    connection = served.call("POST", "/v1/connections", {"display_name": names[0], **body})
    draft = served.call("POST", "/v1/connections", {"display_name": names[3]})
    made: list[dict[str, Any]] = []
    for number, (file, name) in enumerate(zip(("m", "m", "bad"), names, strict=False)):
        source = {"kind": "file", "url": str(served.folder / f"{file}.csv")}
        segment = served.call(
            "POST", "/v1/segments", {"name": f"s{number}", "display_name": name, "source": source}
        )
        made.append(
            served.call(
                "POST",
                "/v1/exports",
                {
                    "display_name": name,
                    "connection_id": connection["id"],
                    "key_identifier": "email",
                    "attributes": {"EMAIL": "email"},
                    "segment_ids": [segment["id"]],
                },
            )
        )
    runs = [served.call("POST", f"/v1/exports/{one['id']}/runs")["id"] for one in made]
    for run in runs:
        served.ended(run)
    upload = served.call("POST", "/v1/segments", {"name": "u", "source": {"kind": "upload"}})
    served.call("POST", "/v1/webhooks", {"url": "https://127.0.0.1:9/x", "events": ["run.failed"]})
    served.call("POST", "/v1/api-keys", {"display_name": names[1], "role": "viewer"})
    erasure = served.call("POST", "/v1/erasures", {"people": [{"EMAIL": "a@example.com"}]})
    return {
        "overview": "",
        "exports": "exports",
        "nothing found": "exports?q=nothing-has-this-name",
        "export": f"exports/{made[0]['id']}",
        "a new export": "exports/new",
        "an export edited": f"exports/{made[1]['id']}/edit",
        "runs": "runs",
        "a run that went well": f"runs/{runs[0]}",
        "a run that failed": f"runs/{runs[2]}",
        "no such run": "runs/run_00000000000000000000000000000000",
        "connections": "connections",
        "connection": f"connections/{connection['id']}",
        "a draft": f"connections/{draft['id']}/setup",
        "account": f"connections/{connection['id']}/setup?step=account",
        "audience": f"connections/{connection['id']}/setup?step=audience",
        "privacy": f"connections/{connection['id']}/setup?step=privacy",
        "segments": "segments",
        "segment": f"segments/{made[0]['segment_ids'][0]}",
        "upload": f"segments/{upload['id']}",
        "a new segment": "segments/new",
        "explain": "explain",
        "erasures": "erasures",
        "erasure": f"erasures/{erasure['id']}",
        "a new erasure": "erasures/new",
        "keys": "admin/keys",
        "webhooks": "admin/webhooks",
        "schedule": "admin/schedule",
        "audit": "admin/audit",
        "no such page": "nowhere",
    }


@pytest.mark.parametrize("style", STYLES, ids=["wide-light", "phone-dark-nb"])
async def test_every_screen(
    served: Served, browser: Any, filled: dict[str, str], style: dict[str, Any]
) -> None:
    """axe, the width, the requests, what moves while it is loaded, and what the console says.

    Every screen in one of the two looks; each in every look takes its time: make chaos.
    """
    half = dict(list(filled.items())[STYLES.index(style) :: len(STYLES)])
    await every_screen(served, browser, half, style)


async def every_screen(
    served: Served, browser: Any, filled: dict[str, str], style: dict[str, Any]
) -> None:
    """Each screen opened from nothing, as somebody does who follows a link."""
    axe, found = AXE.read_text(), []
    async with opened(browser, **style) as (page, _):
        await page.goto(served.url)
        await page.get_by_role("button", name=re.compile("Sign in|Logg på")).wait_for()
        found += await _findings(page, axe, "signing in")
        await page.goto(served.link())
        await page.locator(".nav a").first.wait_for(state="attached")
        for name, address in filled.items():
            asked: list[str] = []
            note = lambda request, asked=asked: asked.append(request.url)  # noqa: E731
            await page.goto("about:blank")
            page.on("request", note)
            await page.goto(f"{served.url}/#/{address}")
            await page.locator("main h1").wait_for()
            await page.locator("main .bone").first.wait_for(state="detached")
            await page.wait_for_timeout(150)
            page.remove_listener("request", note)
            found += await _findings(page, axe, name)
            moved, what = await shifted(page)
            found += [(name, f"{moved} of it moved: {what}")] if moved >= MOST_SHIFT else []
            found += (
                [(name, f"{len(asked)} requests: {asked}")] if len(asked) > MOST_REQUESTS else []
            )
    assert "\n".join(f"{name}: {what}" for name, what in found) == ""


async def test_the_overview_is_painted_before_what_it_shows_is_there(
    served: Served, browser: Any, filled: dict[str, str]
) -> None:
    """It waits for one answer, who is asking. How soon that is depends on the machine: make chaos."""
    painted = asyncio.Event()
    asked: list[str] = []

    async def later(route: Any) -> None:
        asked.append(route.request.url)
        await painted.wait()
        await route.continue_()

    async with opened(browser) as (page, _):
        await page.goto(served.link())
        await page.get_by_role("heading", name="Overview").wait_for()
        await page.goto("about:blank")
        await page.route(re.compile(r"/v1/(?!sign-in)"), later)
        await page.goto(served.url)
        await page.get_by_role("heading", name="Overview").wait_for()
        await page.evaluate(FIRST_PAINT)
        await page.locator("main .bone").first.wait_for()
        assert asked
        painted.set()
        await page.locator("main .bone").first.wait_for(state="detached")


# screens that show what the API says, and so have every state
SHOWING = [
    *("overview", "exports", "export", "a new export", "an export edited", "runs"),
    *("a run that went well", "connections", "connection", "account", "audience", "privacy"),
    *("segments", "segment", "a new segment", "erasures", "erasure"),
    *("keys", "webhooks", "schedule", "audit"),
]
LISTS = [
    *("exports", "a new export", "runs", "connections", "account", "segments", "erasures"),
    *("keys", "webhooks", "audit"),
]
PROBLEM = {"code": "internal", "culprit": "system", "detail": "Out of order.", "request_id": "r1"}
# what the API answers instead, and what is seen then
STATES: dict[str, tuple[dict[str, Any] | str | None, str]] = {
    "empty": ({"status": 200, "json": {"items": [], "next_cursor": None}}, "main .empty"),
    "loading": (None, "main .bone"),
    "error": ({"status": 500, "json": PROBLEM}, "main .note.bad button:text('Try again')"),
    "forbidden": ({"status": 403, "json": PROBLEM}, "main :text('Your role may not do this')"),
    "offline": ("internetdisconnected", "main :text('No connection')"),
}


@pytest.mark.parametrize("state", STATES)
async def test_every_state(
    served: Served, browser: Any, filled: dict[str, str], state: str
) -> None:
    """Each screen in some of its states, each state on some screens; all of all: make chaos."""
    names = LISTS[::2] if state == "empty" else SHOWING[list(STATES).index(state) % 3 :: 3]
    await every_state(served, browser, {name: filled[name] for name in names}, state)


async def every_state(served: Served, browser: Any, filled: dict[str, str], state: str) -> None:
    """Each screen while the API has nothing, does not answer, fails, refuses, or is away."""
    answer, seen = STATES[state]
    axe, found = AXE.read_text(), []

    async def instead(route: Any) -> None:
        if isinstance(answer, dict):
            await route.fulfill(**answer)
        elif answer is not None:
            await route.abort(answer)
        # else it waits

    async with opened(browser) as (page, said):
        await page.goto(served.link())
        await page.get_by_role("heading", name="The last 24 hours").wait_for()
        await page.goto(f"{served.url}/#/explain")
        await page.get_by_role("heading", name="Explain", exact=True).wait_for()
        await page.route(re.compile(r"/v1/(?!runs/events)|/openapi\.json"), instead)
        for name, address in filled.items():
            await page.goto(f"{served.url}/#/{address}")
            await page.locator("main h1").wait_for()
            await page.locator(seen).first.wait_for()
            found += await _findings(page, axe, name, within="main")
        if state == "offline":
            assert "cannot be reached" in await page.inner_text(".strip")
            said.messages = [one for one in said.messages if "ERR_INTERNET_DISCONN" not in one]
    assert "\n".join(f"{name}: {what}" for name, what in found) == ""


async def test_somebody_else_was_faster(
    served: Served, browser: Any, filled: dict[str, str]
) -> None:
    """412 in every form that edits: it says so, what was typed stays, and it may be saved over."""
    segment, connection = filled["segment"].split("/")[1], filled["connection"].split("/")[1]
    async with opened(browser) as (page, _):
        await page.goto(served.link())
        await page.get_by_role("heading", name="Overview").wait_for()
        name = page.get_by_label("Display name")
        for path, screen in (
            (f"/v1/segments/{segment}", f"{filled['segment']}/edit"),
            (f"/v1/connections/{connection}", f"{filled['connection']}/setup?step=name"),
        ):
            before = served.call("GET", path)["display_name"]
            await page.goto(f"{served.url}/#/{screen}")
            await name.fill("Mine 🎿 <i>مرحبا</i>")
            served.call("PATCH", path, {"display_name": "Theirs"})
            await page.get_by_role("button", name=re.compile("^Save")).click()
            await page.get_by_text("Somebody changed this meanwhile").wait_for()
            assert await _findings(page, AXE.read_text(), screen) == []
            assert await name.input_value() == "Mine 🎿 <i>مرحبا</i>"
            await page.get_by_role("button", name="Save mine over it").click()
            await page.get_by_role("heading", name="Mine 🎿 <i>مرحبا</i>").wait_for()
            served.call("PATCH", path, {"display_name": before})


async def test_an_open_page_keeps_its_session(
    served: Served, browser: Any, filled: dict[str, str]
) -> None:
    """While it is seen it tells the service, so that idleness does not end it; hidden it is silent."""
    async with opened(browser) as (page, _):
        await page.clock.install()
        await page.goto(served.link())
        await page.get_by_role("heading", name="Overview").wait_for()
        await page.goto(f"{served.url}/#/explain")
        await page.get_by_role("heading", name="Explain", exact=True).wait_for()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.clock.run_for("00:31:00")
        assert asked == [f"{served.url}/v1/session"] * 3
        hide = "Object.defineProperty(document, 'hidden', {value: true, configurable: true})"
        await page.evaluate(hide)
        await page.clock.run_for("02:00:00")
        assert len(asked) == 3


async def _findings(page: Any, axe: str, name: str, within: str = "html") -> list[tuple[str, Any]]:
    """What axe finds by WCAG 2.2 AA, and whether something is wider than the window."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(axe)
    report = await page.evaluate(
        "within => axe.run(within, {resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa',"
        " 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})",
        within,
    )
    found = [
        (name, (one["id"], one["nodes"][0]["target"], one["nodes"][0]["failureSummary"][:300]))
        for one in report["violations"]
    ]
    found += [(name, f"said by its name: {one}") for one in await page.evaluate(UNSAID)]
    wide, window = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return found + ([(name, f"{wide} px wide")] if wide > window else [])


async def test_without_a_mouse(served: Served, browser: Any, filled: dict[str, str]) -> None:
    """Keys go everywhere, the focus goes along, and dialogs keep it."""
    async with opened(browser) as (page, _):
        await page.goto(served.link())
        await page.get_by_role("heading", name="Overview").wait_for()
        await page.keyboard.press("g")
        await page.keyboard.press("e")
        heading = page.get_by_role("heading", name="Exports", exact=True)
        await heading.wait_for()
        assert await heading.evaluate("one => one === document.activeElement")
        await page.locator("tbody tr").nth(1).wait_for()
        await page.keyboard.press("/")
        await page.keyboard.type("مرحبا")
        await page.locator("tbody tr").nth(1).wait_for(state="detached")
        assert "q=" in page.url
        assert await page.locator("tbody tr").count() == 1
        await page.locator("h1").focus()
        await page.keyboard.press("?")
        await page.get_by_role("dialog").wait_for()
        await page.keyboard.press("Escape")
        await page.get_by_role("dialog").wait_for(state="detached")
        await page.reload()
        assert await page.get_by_label("Search export").input_value() == "مرحبا"


async def test_the_service_goes_away_and_comes_back(
    served: Served, browser: Any, filled: dict[str, str]
) -> None:
    """What was loaded stays, a strip says so, and it goes on by itself."""
    async with opened(browser) as (page, said):
        await page.goto(served.link())
        await page.get_by_role("heading", name="The last 24 hours").wait_for()
        await page.goto(f"{served.url}/#/explain")
        await page.get_by_label(re.compile("^E-mail")).fill(" Mary@Example.com")
        await page.context.set_offline(True)
        await page.get_by_role("button", name="Explain").click()
        await page.get_by_text("No connection").wait_for()
        await page.context.set_offline(False)
        await page.get_by_role("button", name="Explain").click()
        await page.locator("code", has_text="mary@example.com").first.wait_for()
        said.messages = [one for one in said.messages if "ERR_INTERNET_DISCONNECTED" not in one]


async def test_a_viewer_only_looks(served: Served, browser: Any, filled: dict[str, str]) -> None:
    async with opened(browser) as (page, _):
        await page.goto(served.link("viewer"))
        await page.get_by_role("heading", name="Overview").wait_for()
        await page.goto(f"{served.url}/#/{filled['export']}")
        await page.get_by_role("heading", name="What is sent").wait_for()
        assert await page.get_by_role("button", name="Run now").count() == 0
        await page.goto(f"{served.url}/#/connections")
        await page.get_by_text("This is for administrators").wait_for()


async def test_an_answer_from_before_asks_nobody_to_sign_in_once_more(
    served: Served, browser: Any
) -> None:
    """A call that was refused meanwhile is made again, and that is all."""
    async with opened(browser) as (page, _):
        await page.goto(served.link())
        await page.get_by_role("heading", name="The last 24 hours").wait_for()
        await page.goto(f"{served.url}/#/explain")
        await page.get_by_role("heading", name="Explain", exact=True).wait_for()
        refused, signed_in = asyncio.Event(), asyncio.Event()

        async def late(route: Any) -> None:
            answer = await route.fetch()
            assert answer.status == 401
            refused.set()
            await signed_in.wait()
            await route.fulfill(response=answer)

        await page.context.clear_cookies()
        await page.route("**/v1/segments", late, times=1)
        await page.evaluate("""import('/console/kit.js').then(({api}) => {
          for (const one of ['segments', 'me'])
            api.get(`/v1/${one}`).then(() => document.body.classList.add(one));
        })""")
        again = page.get_by_role("dialog", name="Your session has ended")
        await again.get_by_label("API key").fill(API_KEY)
        await refused.wait()
        await again.get_by_role("button", name="Sign in").click()
        await again.wait_for(state="detached")
        signed_in.set()
        await page.locator("body.segments.me").wait_for()
        assert await again.count() == 0


async def test_signing_in_again_loses_nothing(
    served: Served, browser: Any, filled: dict[str, str]
) -> None:
    """In every form: the session ends while somebody types; they sign in in place, and it is done."""
    source = str(served.folder / "m.csv")
    odd = "<b>x</b> 🎿 مرحبا " + "y" * 150
    forms: list[tuple[str, str | None, dict[str, str], str, str]] = [
        ("explain", None, {"E-mail EMAIL": "Mary@Example.com"}, "Explain", "mary@example.com"),
        ("segments/new", None, {"Display name": odd, "Address": source}, "Save", odd),
        (f"{filled['upload']}/edit", None, {"Display name": odd}, "Save", odd),
        ("connections/new", None, {"Display name": odd}, "Go on", odd),
        (
            f"{filled['connection']}/setup?step=name",
            None,
            {"Display name": odd},
            "Save and go on",
            odd,
        ),
        (f"{filled['export']}/edit", None, {"Display name": odd}, "Save", odd),
        ("erasures/new", None, {"One person a line": "a@b.example"}, "Erase", "Print the proof"),
        ("admin/keys", "Create a key", {"Name": odd}, "Create", "The key, shown this once"),
        (
            *("admin/webhooks", "Add a webhook", {"Address": "https://example.com/x"}),
            *("Save", "The secret, shown this once"),
        ),
        ("admin/schedule", None, {"Time 1": "04:44"}, "Save", "Saved."),
    ]
    async with opened(browser) as (page, _):
        again = page.get_by_role("dialog", name="Your session has ended")

        async def sign_in() -> None:
            await again.get_by_label("API key").fill(API_KEY)
            await again.get_by_role("button", name="Sign in").click()
            await again.wait_for(state="detached")

        async def sign_in_early() -> None:
            await sign_in()
            await page.context.clear_cookies()

        await page.goto(served.link())
        await page.get_by_role("heading", name="Overview").wait_for()
        for address, opener, typed, submit, done in forms:
            await page.goto(f"{served.url}/#/{address}")
            await page.locator("main h1").wait_for()
            if opener:
                await page.get_by_role("button", name=opener).click()
            where = page.get_by_role("dialog") if opener else page.locator("main")
            for label, text in typed.items():
                await where.get_by_label(label, exact=label != "One person a line").fill(text)
            await page.context.clear_cookies()
            # what the page still loads may ask before the form does: then it ends once more
            await page.add_locator_handler(again, sign_in_early)
            await where.get_by_role("button", name=submit, exact=True).click()
            await page.remove_locator_handler(again)
            if submit == "Erase":
                asked = page.get_by_role("dialog", name="Erase 1 person?")
                await asked.get_by_role("button", name="Erase").click()
            await sign_in()
            await page.get_by_text(done).first.wait_for()
