"""metadata of connections, segments, exports and runs"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "c93d51e7a0b4"
down_revision = "e41f7a90c2d8"
branch_labels = None
depends_on = None

_TABLES = ("connections", "segments", "exports", "runs")


def upgrade() -> None:
    # a migration that cannot get its lock at once must not make the service queue behind it
    op.execute("set local lock_timeout = '5s'")
    for table in _TABLES:
        op.add_column(
            table,
            sa.Column("metadata", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        )
    op.create_index(
        "ix_runs_metadata",
        "runs",
        ["metadata"],
        postgresql_using="gin",
        postgresql_ops={"metadata": "jsonb_path_ops"},
    )


def downgrade() -> None:
    op.drop_index("ix_runs_metadata", "runs")
    for table in _TABLES:
        op.drop_column(table, "metadata")
