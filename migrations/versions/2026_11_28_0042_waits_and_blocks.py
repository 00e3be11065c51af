"""waits and blocks"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "7d20b8f4c913"
down_revision = "c5a1e09b7d21"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # a migration that cannot get its lock at once must not make the service queue behind it
    op.execute("set local lock_timeout = '5s'")
    op.add_column("runs", sa.Column("waiting", postgresql.JSONB(none_as_null=True), nullable=True))
    op.add_column(
        "connections", sa.Column("blocked", postgresql.JSONB(none_as_null=True), nullable=True)
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_column("connections", "blocked")
    op.drop_column("runs", "waiting")
