"""the trace that an event and an erasure belong to"""

import sqlalchemy as sa
from alembic import op

revision = "5c0e8d2a7f14"
down_revision = "91d3e8b5f072"
branch_labels = None
depends_on = None

_TABLES = ("webhook_deliveries", "erasures")


def upgrade() -> None:
    # a migration that cannot get its lock at once must not make the service queue behind it
    op.execute("set local lock_timeout = '5s'")
    for table in _TABLES:
        op.add_column(table, sa.Column("traceparent", sa.Text(), nullable=True))


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for table in _TABLES:
        op.drop_column(table, "traceparent")
