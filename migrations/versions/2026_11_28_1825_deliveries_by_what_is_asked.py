"""deliveries of a webhook by state, event and subject: what is rare is not looked for among a month's"""

from alembic import op

revision = "91d3e8b5f072"
down_revision = "2f7c9be41d05"
branch_labels = None
depends_on = None

_COLUMNS = ("status", "event_type", "subject")


def upgrade() -> None:
    # a migration that cannot get its lock at once must not make the service queue behind it
    op.execute("set local lock_timeout = '5s'")
    for column in _COLUMNS:
        op.create_index(
            f"ix_webhook_deliveries_webhook_id_{column}_id",
            "webhook_deliveries",
            ["webhook_id", column, "id"],
        )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for column in _COLUMNS:
        op.drop_index(f"ix_webhook_deliveries_webhook_id_{column}_id", "webhook_deliveries")
