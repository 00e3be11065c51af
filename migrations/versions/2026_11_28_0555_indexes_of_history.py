"""indexes for a long history: runs by connection, caller, error and segment; audit events by actor and action"""

import sqlalchemy as sa
from alembic import op

revision = "d18f4b62c7e5"
down_revision = "c93d51e7a0b4"
branch_labels = None
depends_on = None

_RUNS = {
    "ix_runs_connection_id_id": ["connection_id", "id"],
    "ix_runs_requested_by_id": ["requested_by", "id"],
}
_AUDIT = {
    "ix_audit_events_actor_id": ["actor", "id"],
    "ix_audit_events_action_id": ["action", "id"],
}


def upgrade() -> None:
    # a migration that cannot get its lock at once must not make the service queue behind it
    op.execute("set local lock_timeout = '5s'")
    for name, columns in _RUNS.items():
        op.create_index(name, "runs", columns)
    for name, columns in _AUDIT.items():
        op.create_index(name, "audit_events", columns)
    op.create_index(
        "ix_runs_error_code_id",
        "runs",
        [sa.text("(error ->> 'code')"), "id"],
        postgresql_where=sa.text("error is not null"),
    )
    op.create_index(
        "ix_runs_segment_ids",
        "runs",
        [sa.text("(spec -> 'segment_ids')")],
        postgresql_using="gin",
    )
    # with the status in it, the newest run's is read off the index
    op.drop_index("ix_runs_export_id_id", "runs")
    op.create_index(
        "ix_runs_export_id_id", "runs", ["export_id", "id"], postgresql_include=["status"]
    )


def downgrade() -> None:
    op.drop_index("ix_runs_export_id_id", "runs")
    op.create_index("ix_runs_export_id_id", "runs", ["export_id", "id"])
    for name in ("ix_runs_segment_ids", "ix_runs_error_code_id", *_RUNS):
        op.drop_index(name, "runs")
    for name in _AUDIT:
        op.drop_index(name, "audit_events")
