"""Adding and removing; whose audience it is; and what a row holds beside its key identifier."""

from typing import Any

import pytest

from tests.flows.exporting import digest
from tests.flows.journey import expect, make_export
from tests.sync_modes.conftest import Lists

VALUE_BASED = "23850000000000006"


async def test_remove_takes_members_out(lists: Lists) -> None:
    """Only who is in the segment; who is not in the audience is no error."""
    adding = await lists.export(await lists.segment("a", "ann", "ben", "cem"), mode="add")
    await lists.run(adding)
    api = lists.exporting.api
    segment = await lists.segment("b", "ben", "dee", "ben")
    body = {"id": adding["connection_id"]}
    removing = await make_export(api, body, segment, sync_mode="remove")
    run = await lists.run(removing)
    assert run["status"] == "succeeded"
    counts = run["counts"]
    assert (counts["read"], counts["duplicates"], counts["removed"], counts["added"]) == (
        3,
        1,
        2,
        0,
    )
    assert lists.people(adding) == {"ann", "cem"}
    lists.fill("a", "ann")
    await lists.run(adding)
    assert lists.people(adding) == {"ann", "cem"}  # add only adds


@pytest.mark.parametrize("mode", ["mirror", "replace"])
async def test_an_audience_has_one_master(lists: Lists, mode: str) -> None:
    """Two exports on one audience go only if both add or remove: 409 names the other."""
    segment = await lists.segment("a", "ann")
    first = await lists.export(segment, mode="add")
    api = lists.exporting.api
    body = {
        "display_name": "Second",
        "connection_id": first["connection_id"],
        "key_identifier": "email",
        "attributes": {"EMAIL": "email"},
        "segment_ids": [segment["id"]],
        "sync_mode": mode,
    }
    problem = await expect(await api.post("/v1/exports", json=body), 409)
    assert problem["code"] == "audience-already-targeted"
    assert first["id"] in str(problem)
    second = await expect(await api.post("/v1/exports", json=body | {"sync_mode": "remove"}), 201)
    address = f"/v1/exports/{second['id']}"
    await expect(await api.patch(address, json={"sync_mode": mode}), 409)
    await expect(await api.delete(f"/v1/exports/{first['id']}"), 204)
    await expect(await api.patch(address, json={"sync_mode": mode}), 200)
    await expect(await api.post("/v1/exports", json=body | {"sync_mode": "add"}), 409)


async def test_rows_without_an_external_id_lack_the_column(lists: Lists, sandbox: Any) -> None:
    """Meta counts an empty EXTERN_ID as invalid, so there is never one: one session a schema."""
    export = await lists.export(
        await lists.segment(
            "a",
            {"email": "ann@example.com", "id": "c-1"},
            {"email": "ben@example.com", "id": ""},
            {"email": "cem@example.com", "id": " "},
        ),
        mode="mirror",
        allow_shrink=True,
        attributes={"EMAIL": "email", "EXTERN_ID": "id"},
    )
    run = await lists.run(export)
    assert (run["status"], run["counts"]["invalid"]) == ("succeeded", 0)
    assert len(run["session_ids"]) == 2
    assert lists.rows(export) == {("ann", "c-1"), ("ben",), ("cem",)}
    lists.fill("a", {"email": "ben@example.com", "id": "c-2"})
    await lists.run(export)
    assert ("ben", "c-2") in lists.rows(export)
    assert lists.people(export) == {"ben"}


async def test_values_for_a_value_based_audience(lists: Lists) -> None:
    """LOOKALIKE_VALUE goes as a number; a wrong one is left out and counted, its member is sent."""
    members = [
        {"email": "ann@example.com", "ltv": "12.50"},
        {"email": "ben@example.com", "ltv": "-3"},
        {"email": "cem@example.com", "ltv": "much"},
        {"email": "dee@example.com", "ltv": "0"},
    ]
    segment = await lists.segment("a", *members)
    mapping = {"EMAIL": "email", "LOOKALIKE_VALUE": "ltv"}
    export = await lists.export(
        segment, mode="add", attributes=mapping, audience={"id": VALUE_BASED}
    )
    run = await lists.run(export)
    assert run["counts"]["received"] == 4
    assert run["refused_values"] == {
        "LOOKALIKE_VALUE": {"lookalike_value_invalid": 1, "lookalike_value_negative": 1}
    }
    held = lists.exporting.members({"audience_id": VALUE_BASED})
    values = {lists.known[row["EMAIL"]]: str(row.get("LOOKALIKE_VALUE", "")) for row in held}
    assert float(values["ann@example.com"]) == 12.5
    assert float(values["dee@example.com"]) == 0
    # in an audience without values Meta refuses them, so such an export is not saved
    with pytest.raises(AssertionError, match="audience-not-value-based"):
        await lists.export(segment, mode="add", attributes=mapping)


async def test_several_emails_make_several_rows(lists: Lists) -> None:
    """Each address of a member, equal ones once; a member without any is skipped once."""
    export = await lists.export(
        await lists.segment(
            "a",
            {"email": "ann@example.com", "second": "ann2@example.com", "first_name": "ann"},
            {"email": "ben@example.com", "second": "Ben@example.com", "first_name": "ben"},
            {"email": "", "second": "cem@example.com", "first_name": "cem"},
            {"email": "", "second": "nonsense", "first_name": "dee"},
        ),
        mode="add",
        attributes={"EMAIL": ["email", "second"], "FN": "first_name"},
    )
    run = await lists.run(export)
    counts = run["counts"]
    assert (counts["read"], counts["expanded"], counts["skipped"], counts["staged"]) == (4, 1, 1, 4)
    assert lists.rows(export) == {
        ("ann", "ann"), ("ann2", "ann"), ("ben", "ben"), ("cem", "cem"),
    }  # fmt: skip


async def test_limited_data_use_by_state(lists: Lists) -> None:
    """Members of the states are sent with LDU, all others with none; the columns are never empty cells."""
    export = await lists.export(
        await lists.segment(
            "a",
            {"email": "ann@example.com", "state": "California", "country": "US"},
            {"email": "ben@example.com", "state": "TX", "country": "US"},
            {"email": "cem@example.com", "state": "CO", "country": ""},
        ),
        mode="add",
        attributes={"EMAIL": "email", "ST": "state", "COUNTRY": "country"},
        default_country="US",
        ldu={"states": ["ca", "co"], "country": "us"},
    )
    run = await lists.run(export)
    assert (run["status"], run["counts"]["invalid"]) == ("succeeded", 0)
    by_email = {lists.known[row["EMAIL"]]: row for row in lists.exporting.members(export)}
    options = {
        email: (
            row.get("DATA_PROCESSING_OPTIONS", []),
            int(row.get("DATA_PROCESSING_OPTIONS_COUNTRY", 0)),
            int(row.get("DATA_PROCESSING_OPTIONS_STATE", 0)),
        )
        for email, row in by_email.items()
    }
    assert options == {
        "ann@example.com": (["LDU"], 1, 1000),
        "ben@example.com": ([], 0, 0),
        "cem@example.com": (["LDU"], 1, 0),
    }
    assert by_email["cem@example.com"]["COUNTRY"] == digest("us")


async def test_only_who_consented_is_sent(lists: Lists) -> None:
    export = await lists.export(
        await lists.segment(
            "a",
            {"email": "ann@example.com", "opt_in": "TRUE"},
            {"email": "ben@example.com", "opt_in": "false"},
            {"email": "cem@example.com", "opt_in": ""},
        ),
        mode="mirror",
        consent={"attribute": "opt_in", "equals": True},
    )
    run = await lists.run(export)
    assert run["skipped_reasons"] == {"no_consent": 2}
    assert lists.people(export) == {"ann"}
    lists.fill(
        "a",
        {"email": "ann@example.com", "opt_in": "no"},
        {"email": "ben@example.com", "opt_in": "true"},
    )
    await lists.run(export)
    assert lists.people(export) == {"ben"}  # who withdraws consent leaves a mirror


async def test_too_few_usable_members_stop_the_run(lists: Lists) -> None:
    nonsense = [{"email": f"nonsense {number}"} for number in range(3)]
    export = await lists.export(
        await lists.segment("a", "ann", *nonsense), mode="add", min_usable_ratio=0.5
    )
    run = await lists.run(export)
    assert (run["status"], run["error"]["code"]) == ("failed", "too-few-usable")
    assert lists.exporting.uploads() == []
    lists.fill("a", "ann", "ben", *nonsense[:2])
    assert (await lists.run(export))["status"] == "succeeded_with_warnings"
    assert lists.people(export) == {"ann", "ben"}
