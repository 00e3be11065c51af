"""indexes for pages of runs by status, trigger and time"""

from alembic import op

revision = "b7e02d94c1f8"
down_revision = "e41c7a90d355"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_runs_status_id": ["status", "id"],
    "ix_runs_trigger_id": ["trigger", "id"],
    "ix_runs_queued_at": ["queued_at"],
}


def upgrade() -> None:
    # a migration that cannot get its lock at once must not make the service queue behind it
    op.execute("set local lock_timeout = '5s'")
    for name, columns in _INDEXES.items():
        op.create_index(name, "runs", columns)


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, "runs")
