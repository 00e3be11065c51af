"""the trace that a run belongs to"""

import sqlalchemy as sa
from alembic import op

revision = "3fb08d6c71e5"
down_revision = "d18f4b62c7e5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # a migration that cannot get its lock at once must not make the service queue behind it
    op.execute("set local lock_timeout = '5s'")
    op.add_column("runs", sa.Column("traceparent", sa.Text(), nullable=True))


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_column("runs", "traceparent")
