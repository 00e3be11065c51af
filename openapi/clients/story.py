"""The story of the demo with the client that openapi-python-client makes."""

import os
from collections.abc import Iterator
from io import BytesIO
from typing import TypeVar

from audience_export_client import AuthenticatedClient
from audience_export_client.api.connections import create_connection, get_consent
from audience_export_client.api.exports import create_export
from audience_export_client.api.runs import cancel_run, create_run, get_run, list_runs
from audience_export_client.api.segments import create_segment, replace_segment_members
from audience_export_client.models import (
    AudienceChoice,
    Connection,
    ConnectionCreate,
    ConsentGiven,
    ConsentText,
    Export,
    ExportCreate,
    ExportCreateAttributes,
    KeyIdentifier,
    Run,
    RunPage,
    RunStatus,
    Segment,
    SegmentCreate,
    SegmentMembers,
    UploadSource,
)
from audience_export_client.types import UNSET, File, Unset
from httpx import Timeout

Answer = TypeVar("Answer")
NAME = os.environ["STORY_NAME"]
MEMBERS = b'{"EMAIL": "anna@example.com"}\n{"EMAIL": "bert@example.com"}\n'


def expect(kind: type[Answer], answer: object) -> Answer:
    """The answer, if it is what was asked for."""
    assert isinstance(answer, kind), answer
    return answer


def every_run(api: AuthenticatedClient) -> Iterator[Run]:
    """A list, page after page to its end."""
    cursor: str | Unset = UNSET
    while True:
        page = expect(RunPage, list_runs.sync(client=api, limit=1, cursor=cursor))
        yield from page.items
        if page.next_cursor is None:
            return
        cursor = page.next_cursor


def story(api: AuthenticatedClient) -> None:
    """From consent to what the run did."""
    consent = expect(ConsentText, get_consent.sync(client=api))
    connection = expect(
        Connection,
        create_connection.sync(
            client=api,
            body=ConnectionCreate(
                display_name=NAME,
                access_token="sandbox-system-token",  # noqa: S106 - the sandbox's
                ad_account_id="act_1001",
                audience=AudienceChoice(name=NAME),
                consent=ConsentGiven(accepted=True, version=consent.version),
            ),
        ),
    )
    body = SegmentCreate(name=NAME, source=UploadSource(kind="upload"))
    segment = expect(Segment, create_segment.sync(client=api, body=body))
    pushed = replace_segment_members.sync(
        client=api, segment_id=segment.id, body=File(payload=BytesIO(MEMBERS))
    )
    assert expect(SegmentMembers, pushed).member_count == 2
    attributes = ExportCreateAttributes()
    attributes["EMAIL"] = "EMAIL"
    made = expect(
        Export,
        create_export.sync(
            client=api,
            body=ExportCreate(
                display_name=NAME,
                connection_id=connection.id,
                key_identifier=KeyIdentifier.EMAIL,
                attributes=attributes,
                segment_ids=[segment.id],
            ),
        ),
    )
    begun = expect(Run, create_run.sync(client=api, export_id=made.id, idempotency_key=NAME))
    run = begun
    while run.finished_at is None:
        run = expect(Run, get_run.sync(client=api, run_id=run.id, wait=60))
    assert run.status == RunStatus.SUCCEEDED
    assert (run.counts.staged, run.counts.received) == (2, 2)
    assert run.queued_at.tzinfo is not None
    page = expect(RunPage, list_runs.sync(client=api, export_id=made.id))
    assert [item.id for item in page.items] == [run.id]
    assert run.id in {item.id for item in every_run(api)}
    ended = cancel_run.sync_detailed(client=api, run_id=run.id)
    assert ended.status_code == 409
    assert b"run-finished" in ended.content


if __name__ == "__main__":
    story(
        AuthenticatedClient(
            base_url=os.environ["SERVICE_URL"], token=os.environ["SERVICE_KEY"], timeout=Timeout(90)
        )
    )
