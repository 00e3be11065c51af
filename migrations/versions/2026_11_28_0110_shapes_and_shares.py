"""shapes of files and values given"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "a3f9c1d27b60"
down_revision = "a91d5e60f2b7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # a migration that cannot get its lock at once must not make the service queue behind it
    op.execute("set local lock_timeout = '5s'")
    op.add_column(
        "segments", sa.Column("detected", postgresql.JSONB(none_as_null=True), nullable=True)
    )
    op.add_column(
        "runs",
        sa.Column(
            "given_values",
            postgresql.JSONB(none_as_null=True),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_column("runs", "given_values")
    op.drop_column("segments", "detected")
