"""The whole schema on one page, however long; constraints are named, so that a violation tells which.

One page is the reason for its more than 300 lines: the relations are read together.

Ids are prefixed text (see `app.ids`), collated "C" so that their order is the order of creation.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Json = dict[str, Any]

IdText = Text(collation="C")


class Base(DeclarativeBase):
    """Common mapping of Python types to columns and the naming of constraints."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        int: BigInteger(),
        bytes: LargeBinary(),
        datetime: DateTime(timezone=True),
        Json: JSONB(none_as_null=True),
        list[Any]: JSONB(none_as_null=True),
        list[str]: ARRAY(Text()),
    }


class Connection(Base):
    """An ad account, the token that opens it, and the audience its exports fill by default (S31)."""

    __tablename__ = "connections"
    __table_args__ = (
        CheckConstraint("status in ('draft', 'ready', 'reauthentication_required')", name="status"),
        CheckConstraint("audience_choice in ('fixed', 'listed', 'any')", name="audience_choice"),
    )

    id: Mapped[str] = mapped_column(IdText, primary_key=True)
    type: Mapped[str]
    display_name: Mapped[str]
    shared_with: Mapped[list[str]]
    status: Mapped[str] = mapped_column(server_default="draft")

    token: Mapped[bytes | None]  # AES-GCM, bound to this row's id
    token_kind: Mapped[str | None]
    token_last4: Mapped[str | None]
    token_fingerprint: Mapped[str | None]
    token_expires_at: Mapped[datetime | None]
    token_data_access_expires_at: Mapped[datetime | None]
    token_scopes: Mapped[list[str] | None]

    ad_account: Mapped[Json | None]  # {"id", "name", "business"}
    audience_request: Mapped[Json | None]  # {"id"} or {"name", …}: what the caller asked for
    audience: Mapped[Json | None]  # {"id", "name", "subtype"}: what stands at Meta
    # Meta keeps the ad account from any action: {"reason", "code", "since", "until"}
    blocked: Mapped[Json | None]
    # what Meta last said of the audience
    audience_state: Mapped[Json | None]
    # the daily look at the token: when it was, and when its end was last announced
    token_checked_at: Mapped[datetime | None]
    token_expiry_announced_at: Mapped[datetime | None]
    # why the last sign-in gave no token; the next one asks again for what was declined
    sign_in_problem: Mapped[str | None]
    # which audiences contributors may aim exports at: fixed, listed, any
    audience_choice: Mapped[str] = mapped_column(server_default="fixed")
    allowed_audience_ids: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    # set before the create call leaves, so that a lost answer is looked up and not repeated
    audience_creation_started_at: Mapped[datetime | None]

    consent_version: Mapped[str | None]
    consent_accepted_at: Mapped[datetime | None]
    consent_accepted_by: Mapped[str | None]

    # the callers' own pairs; `metadata` is SQLAlchemy's word on a class
    labels: Mapped[Json] = mapped_column("metadata", server_default=text("'{}'::jsonb"))
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    updated_at: Mapped[datetime]
    updated_by: Mapped[str]
    version: Mapped[int] = mapped_column(server_default=text("1"))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own declaration


class SignIn(Base):
    """A sign-in under way: only the hash of its state is kept; it is used once, and soon."""

    __tablename__ = "sign_ins"
    __table_args__ = (Index("ix_sign_ins_expires_at", "expires_at"),)

    state_hash: Mapped[bytes] = mapped_column(primary_key=True)
    connection_id: Mapped[str] = mapped_column(
        IdText, ForeignKey("connections.id", ondelete="CASCADE")
    )
    caller: Mapped[str]
    role: Mapped[str]
    # what the browser that asked was given, so that another one cannot finish
    browser_hash: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Segment(Base):
    """A named set of members and where they are read from."""

    __tablename__ = "segments"
    __table_args__ = (
        UniqueConstraint("name"),
        CheckConstraint("state in ('active', 'inactive')", name="state"),
    )

    id: Mapped[str] = mapped_column(IdText, primary_key=True)
    name: Mapped[str]
    display_name: Mapped[str]
    source: Mapped[Json]
    # of a source that has one, sealed: its literals may be of persons
    query: Mapped[bytes | None]
    # how its text was found to be written, so that a later file of another shape is noticed
    detected: Mapped[Json | None]
    state: Mapped[str] = mapped_column(server_default="active")
    member_count: Mapped[int | None]
    evaluated_at: Mapped[datetime | None]
    # the callers' own pairs; `metadata` is SQLAlchemy's word on a class
    labels: Mapped[Json] = mapped_column("metadata", server_default=text("'{}'::jsonb"))
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    updated_at: Mapped[datetime]
    updated_by: Mapped[str]
    version: Mapped[int] = mapped_column(server_default=text("1"))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own declaration


class SegmentUpload(Base):
    """Members pushed into a segment: where their hashes are kept and what was counted, never a value.

    No foreign key: the files of a removed segment are deleted after it is gone.
    """

    __tablename__ = "segment_uploads"
    __table_args__ = (
        CheckConstraint("status in ('receiving', 'current', 'replaced')", name="status"),
        Index(
            "uq_segment_uploads_one_receiving",
            "segment_id",
            unique=True,
            postgresql_where=text("status = 'receiving'"),
        ),
        Index(
            "uq_segment_uploads_one_current",
            "segment_id",
            unique=True,
            postgresql_where=text("status = 'current'"),
        ),
    )

    id: Mapped[str] = mapped_column(IdText, primary_key=True)
    segment_id: Mapped[str] = mapped_column(IdText)
    status: Mapped[str]
    # a process that receives says so until it is done
    lease_until: Mapped[datetime]
    keys: Mapped[list[str] | None]  # of Meta, as they were uploaded
    manifest: Mapped[Json | None]
    refused_values: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    # from then on no run begins to read the members; their files go a day later
    replaced_at: Mapped[datetime | None]


class Export(Base):
    """Which segments go to which audience, and how."""

    __tablename__ = "exports"
    __table_args__ = (
        CheckConstraint(
            "key_identifier in ('email', 'name_and_address', 'phone')", name="key_identifier"
        ),
        CheckConstraint("sync_mode in ('add', 'mirror', 'replace', 'remove')", name="sync_mode"),
        Index("ix_exports_connection_id", "connection_id"),
    )

    id: Mapped[str] = mapped_column(IdText, primary_key=True)
    display_name: Mapped[str]
    # a detached export keeps its configuration without a connection (L32)
    connection_id: Mapped[str | None] = mapped_column(IdText, ForeignKey("connections.id"))
    key_identifier: Mapped[str]
    attributes: Mapped[Json]  # Meta key -> list of the members' attributes
    sync_mode: Mapped[str]
    audience: Mapped[Json | None]  # overrides the connection's
    default_country: Mapped[str | None]
    date_format: Mapped[str | None]
    time_zone: Mapped[str] = mapped_column(server_default=text("'UTC'"))
    consent: Mapped[Json | None]
    ldu: Mapped[Json | None]
    min_usable_ratio: Mapped[float | None]
    allow_shrink: Mapped[bool] = mapped_column(server_default=text("false"))
    schedule: Mapped[Json]
    # schedules were looked at up to here; what lies between here and now is due
    schedule_checked_at: Mapped[datetime | None]
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    # the callers' own pairs; `metadata` is SQLAlchemy's word on a class
    labels: Mapped[Json] = mapped_column("metadata", server_default=text("'{}'::jsonb"))
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    updated_at: Mapped[datetime]
    updated_by: Mapped[str]
    # read by 0.1, which goes on beside this release while it is replaced; goes with 0.3
    warnings_of_old: Mapped[list[Any]] = mapped_column(
        "warnings", server_default=text("'[]'::jsonb"), deferred=True
    )
    version: Mapped[int] = mapped_column(server_default=text("1"))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own declaration


class ExportSegment(Base):
    """A segment of an export, in the order the caller gave."""

    __tablename__ = "export_segments"
    __table_args__ = (Index("ix_export_segments_segment_id", "segment_id"),)

    export_id: Mapped[str] = mapped_column(
        IdText, ForeignKey("exports.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    segment_id: Mapped[str] = mapped_column(IdText, ForeignKey("segments.id"))


class ExportBaseline(Base):
    """What a mirror has put into its audience: manifests of staged rows, never rows."""

    __tablename__ = "export_baselines"

    export_id: Mapped[str] = mapped_column(
        IdText, ForeignKey("exports.id", ondelete="CASCADE"), primary_key=True
    )
    # whose content this is: an export may be given another audience while a run is under way
    audience_id: Mapped[str | None]
    # the last run that finished, and those that ended early since
    delivered: Mapped[Json | None]
    pending: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))


class Run(Base):
    """One execution of an export: its state, its lease, what it staged and what Meta answered."""

    __tablename__ = "runs"
    __table_args__ = (
        CheckConstraint(
            "status in ('queued', 'running', 'succeeded', 'succeeded_with_warnings', "
            "'failed', 'skipped', 'canceled')",
            name="status",
        ),
        Index(
            "uq_runs_one_active_per_export",
            "export_id",
            unique=True,
            postgresql_where=text("status in ('queued', 'running')"),
        ),
        Index(
            "uq_runs_one_holder_per_audience",
            "audience_id",
            unique=True,
            postgresql_where=text("holds_audience and status in ('queued', 'running')"),
        ),
        # the newest run of an export, and pages of runs by what they are filtered by
        # with the status in it, the newest run's is read off the index
        Index("ix_runs_export_id_id", "export_id", "id", postgresql_include=["status"]),
        Index("ix_runs_connection_id_id", "connection_id", "id"),
        Index("ix_runs_requested_by_id", "requested_by", "id"),
        Index(
            "ix_runs_error_code_id",
            text("(error ->> 'code')"),
            "id",
            postgresql_where=text("error is not null"),
        ),
        Index("ix_runs_status_id", "status", "id"),
        Index("ix_runs_trigger_id", "trigger", "id"),
        Index("ix_runs_queued_at", "queued_at"),
        Index(
            "ix_runs_metadata",
            "metadata",
            postgresql_using="gin",
            postgresql_ops={"metadata": "jsonb_path_ops"},
        ),
        Index(
            "ix_runs_active",
            "status",
            "due_at",
            postgresql_where=text("status in ('queued', 'running')"),
        ),
    )

    id: Mapped[str] = mapped_column(IdText, primary_key=True)
    # history outlives the export it speaks of, so this is no foreign key
    export_id: Mapped[str] = mapped_column(IdText)
    connection_id: Mapped[str | None] = mapped_column(IdText)
    ad_account_id: Mapped[str | None]
    trigger: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="queued")
    phase: Mapped[str | None]
    spec: Mapped[Json]  # the export as it was when the run was asked for

    read: Mapped[int] = mapped_column(server_default=text("0"))
    expanded: Mapped[int] = mapped_column(server_default=text("0"))
    duplicates: Mapped[int] = mapped_column(server_default=text("0"))
    skipped: Mapped[int] = mapped_column(server_default=text("0"))
    staged: Mapped[int] = mapped_column(server_default=text("0"))
    added: Mapped[int] = mapped_column(server_default=text("0"))
    removed: Mapped[int] = mapped_column(server_default=text("0"))
    received: Mapped[int] = mapped_column(server_default=text("0"))
    invalid: Mapped[int] = mapped_column(server_default=text("0"))
    refused: Mapped[int] = mapped_column(server_default=text("0"))
    batches_total: Mapped[int] = mapped_column(server_default=text("0"))
    batches_done: Mapped[int] = mapped_column(server_default=text("0"))
    skipped_reasons: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))
    refused_values: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))
    # mapped key → values that could be sent: the measure for the next run
    usable_values: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))
    given_values: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))

    error: Mapped[Json | None]
    warnings: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    audience_id: Mapped[str | None]
    # its turn has come: while it is active, no other run changes the audience
    holds_audience: Mapped[bool] = mapped_column(server_default=text("false"))
    # what Meta said of the audience when it was looked at again after the run
    audience_state: Mapped[Json | None]
    suppressed: Mapped[int] = mapped_column(server_default=text("0"))
    session_ids: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    plan: Mapped[Json | None]  # what is to be sent: manifests of the staged rows
    rules_version: Mapped[str | None]
    schema_hash: Mapped[str | None]
    # a digest of all that decided what it brought about, if its sources could tell what they are
    content_hash: Mapped[str | None]
    # why it ended as it did where that is no error
    note: Mapped[str | None]

    # the callers' own pairs; `metadata` is SQLAlchemy's word on a class
    labels: Mapped[Json] = mapped_column("metadata", server_default=text("'{}'::jsonb"))
    requested_by: Mapped[str]
    queued_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    throttled_until: Mapped[datetime | None]
    # each phase it entered: {"phase", "attempt", "at", "done"}; phase null where it was handed back
    phases: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    # when its numbers last moved
    progressed_at: Mapped[datetime | None]
    # why it waits, and since when: kept while the wait goes on
    waiting: Mapped[Json | None]
    # the trace of the request that asked for it, for whoever works on it
    traceparent: Mapped[str | None]

    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    fence: Mapped[int] = mapped_column(server_default=text("0"))
    lease_until: Mapped[datetime | None]
    # not before this moment may workers be told of the run (again)
    due_at: Mapped[datetime]


class RunNames(Base):
    """The names that an export's runs were asked for under, in small letters, to find runs by.

    A trigger on `runs` keeps it; no more than names change, so a list of runs is not searched itself.
    """

    __tablename__ = "run_names"

    export_id: Mapped[str] = mapped_column(IdText, primary_key=True)
    names: Mapped[str] = mapped_column(primary_key=True)


class RunSegment(Base):
    """Which segments a run reads, in the order in which runs are listed; a trigger on `runs` keeps it."""

    __tablename__ = "run_segments"

    segment_id: Mapped[str] = mapped_column(IdText, primary_key=True)
    run_id: Mapped[str] = mapped_column(IdText, primary_key=True)


class LastEnd(Base):
    """How the newest run of an export ended that was not canceled; a trigger on `runs` keeps it."""

    __tablename__ = "last_ends"
    __table_args__ = (
        Index(
            "ix_last_ends_broken",
            "run_id",
            postgresql_where=text("status in ('failed', 'skipped')"),
        ),
    )

    export_id: Mapped[str] = mapped_column(IdText, primary_key=True)
    run_id: Mapped[str] = mapped_column(IdText)
    status: Mapped[str]


class Watermark(Base):
    """How far an errand has come that goes through a table in the order of its ids."""

    __tablename__ = "watermarks"

    errand: Mapped[str] = mapped_column(primary_key=True)
    reached: Mapped[str] = mapped_column(IdText)


class RunBatch(Base):
    """One answered upload, or the sum of several: what was sent and what Meta said of it."""

    __tablename__ = "run_batches"

    run_id: Mapped[str] = mapped_column(
        IdText, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True
    )
    sequence: Mapped[int] = mapped_column(primary_key=True)
    operation: Mapped[str]
    session_id: Mapped[str | None]
    rows: Mapped[int]
    received: Mapped[int]
    invalid: Mapped[int]
    invalid_reasons: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))
    refused: Mapped[int] = mapped_column(server_default=text("0"))
    attempts: Mapped[int]
    trace_id: Mapped[str | None]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]
    # how many uploads it stands for: see app.runs.maintenance.compaction
    batches: Mapped[int] = mapped_column(server_default=text("1"))


class ApiKey(Base):
    """A caller's key: only its keyed hash is kept."""

    __tablename__ = "api_keys"
    __table_args__ = (
        UniqueConstraint("key_hash"),
        CheckConstraint("role in ('administrator', 'contributor', 'viewer')", name="role"),
    )

    id: Mapped[str] = mapped_column(IdText, primary_key=True)
    display_name: Mapped[str]
    role: Mapped[str]
    key_hash: Mapped[bytes]
    last4: Mapped[str]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class BrowserSession(Base):
    """Somebody signed in with a browser: only the hash of the cookie's token is kept."""

    __tablename__ = "sessions"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        CheckConstraint("role in ('administrator', 'contributor', 'viewer')", name="role"),
        CheckConstraint("method in ('key', 'bootstrap', 'oidc')", name="method"),
        Index("ix_sessions_expires_at", "expires_at"),
    )

    id: Mapped[str] = mapped_column(IdText, primary_key=True)
    token_hash: Mapped[bytes]
    caller: Mapped[str]
    role: Mapped[str]
    display_name: Mapped[str]
    # what they signed in with; the session ends with it
    method: Mapped[str]
    # of the bootstrap key or of the issuer: another one ends the session
    credential_hash: Mapped[bytes | None]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class SignInLink(Base):
    """A link that signs its caller in once; only the hash of what is in it is kept."""

    __tablename__ = "sign_in_links"

    ticket_hash: Mapped[bytes] = mapped_column(primary_key=True)
    caller: Mapped[str]
    role: Mapped[str]
    display_name: Mapped[str]
    method: Mapped[str]
    credential_hash: Mapped[bytes | None]
    expires_at: Mapped[datetime]


class WorkerProcess(Base):
    """A worker process, and when it last said that it lives."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(IdText, primary_key=True)
    process_id: Mapped[int]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class AuditEvent(Base):
    """Who changed what, when, from where; never a secret, never a member's value."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_resource_id_id", "resource_id", "id"),
        Index("ix_audit_events_actor_id", "actor", "id"),
        Index("ix_audit_events_action_id", "action", "id"),
    )

    id: Mapped[str] = mapped_column(IdText, primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    role: Mapped[str]
    action: Mapped[str]
    resource_id: Mapped[str | None] = mapped_column(IdText)
    before: Mapped[Json | None]
    after: Mapped[Json | None]
    request_id: Mapped[str | None]


class SegmentEvaluation(Base):
    """How many members a segment had when it was looked at; its history of counts."""

    __tablename__ = "segment_evaluations"
    __table_args__ = (
        Index("ix_segment_evaluations_segment_id_id", "segment_id", "id"),
        # failures are few among thousands that lie all over the table
        Index(
            "ix_segment_evaluations_failed",
            "segment_id",
            "id",
            postgresql_where=text("error is not null"),
        ),
    )

    id: Mapped[str] = mapped_column(IdText, primary_key=True)
    segment_id: Mapped[str] = mapped_column(IdText, ForeignKey("segments.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    member_count: Mapped[int | None]
    error: Mapped[Json | None]


class RefreshSchedule(Base):
    """The one refresh schedule of the system (L56-L61); a single row."""

    __tablename__ = "refresh_schedule"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    enabled: Mapped[bool]
    frequency: Mapped[str]
    days: Mapped[list[Any]]
    time_zone: Mapped[str]
    times: Mapped[list[Any]]
    checked_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    updated_by: Mapped[str]


class Webhook(Base):
    """Somebody's address that wants to hear of events; its secret is sealed."""

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(IdText, primary_key=True)
    url: Mapped[str]
    events: Mapped[list[str]]
    secret: Mapped[bytes]
    # the secret before a rotation signs too until then
    previous_secret: Mapped[bytes | None]
    previous_until: Mapped[datetime | None]
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    failing_since: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class WebhookDelivery(Base):
    """One event for one webhook: what is sent, how often it was tried, what came back."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index(
            "ix_webhook_deliveries_due",
            "next_attempt_at",
            postgresql_where=text("status = 'pending'"),
        ),
        Index("ix_webhook_deliveries_webhook_id_id", "webhook_id", "id"),
        # what a list of deliveries is filtered by: a month's may be a quarter of a million
        Index("ix_webhook_deliveries_webhook_id_status_id", "webhook_id", "status", "id"),
        Index("ix_webhook_deliveries_webhook_id_event_type_id", "webhook_id", "event_type", "id"),
        Index("ix_webhook_deliveries_webhook_id_subject_id", "webhook_id", "subject", "id"),
        CheckConstraint("status in ('pending', 'delivered', 'failed')", name="status"),
    )

    id: Mapped[str] = mapped_column(IdText, primary_key=True)
    webhook_id: Mapped[str] = mapped_column(IdText, ForeignKey("webhooks.id", ondelete="CASCADE"))
    event_type: Mapped[str]
    # deliveries of one subject (a run, a connection) leave in the order they were made
    subject: Mapped[str]
    body: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_at: Mapped[datetime]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    # the trace in which it happened, for the receiver
    traceparent: Mapped[str | None]


class Erasure(Base):
    """A request to forget people: counts and outcomes, never a value or a name."""

    __tablename__ = "erasures"
    __table_args__ = (
        CheckConstraint(
            "status in ('queued', 'running', 'done', 'failed', 'lifted')", name="status"
        ),
    )

    id: Mapped[str] = mapped_column(IdText, primary_key=True)
    status: Mapped[str] = mapped_column(server_default="queued")
    ad_account_ids: Mapped[list[str]]
    people: Mapped[int]
    # what was done where: per ad account and audience, per snapshot
    results: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    error: Mapped[Json | None]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None]
    lift_reason: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    # the trace of the request that asked for it, for whoever works on it
    traceparent: Mapped[str | None]


class Suppression(Base):
    """A hashed identifier that no run may send again, until its erasure is lifted."""

    __tablename__ = "suppressions"
    __table_args__ = (Index("ix_suppressions_key_hash", "key", "hash"),)

    erasure_id: Mapped[str] = mapped_column(
        IdText, ForeignKey("erasures.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    hash: Mapped[bytes] = mapped_column(primary_key=True)
    # identifiers of one person belong together
    person: Mapped[int]


class IdempotencyKey(Base):
    """The first answer to a POST with an Idempotency-Key, kept for a day."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_created_at", "created_at"),)

    caller: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes]
    # the holder that may answer; a claim that died with its process can be taken over
    claim: Mapped[str]
    claimed_until: Mapped[datetime]
    status: Mapped[int | None]
    headers: Mapped[Json | None]
    body: Mapped[bytes | None]  # sealed
    created_at: Mapped[datetime]
