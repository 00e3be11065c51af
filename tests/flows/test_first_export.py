"""The main job on real input: what the audience holds and what the run says of it."""

import hashlib
from pathlib import Path
from typing import Any

import httpx

from tests.flows.journey import get_run, make_connection, make_export, make_segment, start_run


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def dirty_emails(rows: int) -> tuple[list[str], set[str], dict[str, int]]:
    """Lines of a CSV, the distinct valid addresses in it, and the refused ones by reason."""
    lines, valid, refused = [], set(), {"email_missing": 0, "email_invalid": 0}
    for number in range(rows):
        clean = f"member{number % (rows - rows // 10)}@example{number % 7}.com"
        match number % 10:
            case 0:
                lines.append(f"  {clean.upper()} ")
                valid.add(clean)
            case 1 if number % 30 == 1:
                lines.append("")
                refused["email_missing"] += 1
            case 2 if number % 20 == 2:
                lines.append(f"not-an-address-{number}")
                refused["email_invalid"] += 1
            case _:
                lines.append(clean)
                valid.add(clean)
    return lines, valid, refused


async def test_25_000_clean_and_dirty_addresses(
    api: httpx.AsyncClient, work: Any, sandbox: Any, segment_root: Path
) -> None:
    """S3, S9, S47, S52, S57-S60, L49: exactly the distinct valid addresses arrive, the rest is explained."""
    lines, valid, refused = dirty_emails(25_000)
    file = segment_root / "newsletter.csv"
    file.write_text("id,email\n" + "".join(f"{i},{line}\n" for i, line in enumerate(lines)))

    connection = await make_connection(api)
    assert connection["status"] == "ready"
    segment = await make_segment(api, str(file))
    assert segment["member_count"] == 25_000
    export = await make_export(api, connection, segment)
    assert sandbox.requests("/users") == []  # S58: saving sends nothing
    run = await start_run(api, export)
    assert run["status"] == "queued"
    await work()

    run = await get_run(api, run)
    counts = run["counts"]
    assert run["status"] == "succeeded_with_warnings", run
    assert run["skipped_reasons"] == refused
    assert counts["read"] == 25_000
    assert counts["staged"] == counts["received"] == counts["added"] == len(valid)
    assert (
        counts["read"] + counts["expanded"]
        == counts["duplicates"] + counts["skipped"] + counts["staged"]
    )
    assert counts["batches_done"] == counts["batches_total"] == -(-len(valid) // 10_000)

    audience_id = connection["audience"]["id"]
    assert sandbox.audience(audience_id)["members"] == len(valid)
    members = {row[0] for row in sandbox.members(audience_id)["rows"]}
    assert members == {digest(address) for address in valid}

    page = (await api.get(f"/v1/runs/{run['id']}/batches")).json()
    assert sum(item["rows"] for item in page["items"]) == len(valid)
    assert [item["sequence"] for item in page["items"]] == list(
        range(1, counts["batches_total"] + 1)
    )
