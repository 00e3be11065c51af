"""The preview of a draft: what the first members would become, told without telling who they are."""

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.identifiers.masking import mask
from tests.flows.journey import expect, make_connection, make_segment

VALUES = ["Mary", "Example", "Smith", "smith", "555"]


async def draft(api: httpx.AsyncClient, segment: dict[str, Any], **changes: Any) -> dict[str, Any]:
    body = {
        "key_identifier": "email",
        "attributes": {"EMAIL": "email", "FN": "first_name"},
        "segment_ids": [segment["id"]],
    }
    return await expect(await api.post("/v1/exports/preview", json=body | changes), 200)


@pytest.fixture
async def segment(api: httpx.AsyncClient, segment_root: Path) -> dict[str, Any]:
    lines = [" Mary@Example.com,Mary,0151 2345555", "smith.example,Smith,", "smith@example.com,,1"]
    (segment_root / "m.csv").write_text("email,first_name,phone\n" + "\n".join(lines * 400))
    return await make_segment(api, str(segment_root / "m.csv"))


async def test_a_sample_of_a_draft(
    api: httpx.AsyncClient, segment: dict[str, Any], sandbox: Any
) -> None:
    before = len(sandbox.requests())
    found = await draft(api, segment)
    assert (found["read"], found["complete"]) == (1000, False)
    assert found["read"] + found["expanded"] == (
        found["duplicates"] + found["skipped"] + found["staged"]
    )
    assert found["skipped_reasons"] == {"email_invalid": 333}
    email, name = found["keys"]
    assert (email["key"], email["filled"], email["valid"]) == ("EMAIL", 1000, 667)
    assert name["fill_rate"] == 0.667
    good, bad = email["samples"][0], email["samples"][1]
    assert good["text"] == "␠Xxxx@Xxxxxxx.xxx"
    assert good["result"] == "xxxx@xxxxxxx.xxx"
    assert good["steps"]
    assert (bad["text"], bad["result"], bad["reason"]) == ("xxxxx.xxxxxxx", None, "email_invalid")
    # mapping the phone would give Meta a second way to find two of three
    assert found["advice"] == [{"key": "PHONE", "attribute": "phone", "share": 0.667}]
    assert not any(value in json.dumps(found) for value in VALUES)
    assert len(sandbox.requests()) == before
    assert (await api.get("/v1/exports")).json()["items"] == []


async def test_a_small_sample_and_all_of_it(
    api: httpx.AsyncClient, segment: dict[str, Any]
) -> None:
    assert (await draft(api, segment, sample_rows=1))["read"] == 1
    await expect(
        await api.put(
            f"/v1/segments/{(await pushed(api))['id']}/members",
            content=b"EMAIL\na@example.com\na@example.com\n",
            headers={"Content-Type": "text/csv"},
        ),
        200,
    )
    segments = (await api.get("/v1/segments", params={"kind": "upload"})).json()["items"]
    found = await draft(api, segments[0], attributes={"EMAIL": "EMAIL"})
    assert (found["complete"], found["staged"]) == (True, found["read"] - found["duplicates"])
    # they were hashed when they came: there is nothing to show
    assert found["keys"][0]["samples"] == []


async def pushed(api: httpx.AsyncClient) -> dict[str, Any]:
    body = {"name": "pushed", "source": {"kind": "upload"}}
    return await expect(await api.post("/v1/segments", json=body), 201)


async def test_what_is_wrong_with_a_draft_is_said_as_on_saving(
    api: httpx.AsyncClient, segment: dict[str, Any]
) -> None:
    body = {
        "key_identifier": "phone",
        "attributes": {"EMAIL": "email"},
        "segment_ids": [segment["id"]],
    }
    answer = await expect(await api.post("/v1/exports/preview", json=body), 422)
    assert answer["errors"][0]["pointer"].startswith("/attributes")
    body |= {"key_identifier": "email", "attributes": {"EMAIL": "nowhere"}}
    answer = await expect(await api.post("/v1/exports/preview", json=body), 422)
    assert (answer["code"], answer["attributes"]) == ("attribute-missing", ["nowhere"])
    connection = await make_connection(api)
    body |= {
        "attributes": {"EMAIL": "email"},
        "connection_id": connection["id"],
        "sample_rows": 1001,
    }
    answer = await expect(await api.post("/v1/exports/preview", json=body), 422)
    assert answer["errors"][0]["pointer"] == "/sample_rows"


async def test_a_large_file_is_previewed_within_two_seconds(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    lines = (f"user{number}@example.com,Name{number}" for number in range(1_000_000))
    (segment_root / "m.csv").write_text("email,first_name\n" + "\n".join(lines))
    segment = await make_segment(api, str(segment_root / "m.csv"))
    began = time.process_time()
    found = await draft(api, segment)
    assert time.process_time() - began < 2
    assert found["read"] == 1000


@given(st.text(max_size=200))
def test_no_letter_or_digit_survives(text: str) -> None:
    """Whatever the alphabet."""
    shown = mask(text)
    assert len(shown) <= 81 or "⟨" in shown
    survived = {one for one in shown if one.isalnum()} - set("Xx9") - set("0123456789ABCDEF")
    assert not survived
    for letter in text[:80]:
        if letter.isalpha() and letter not in "Xx":
            assert letter not in shown or "⟨" in shown
