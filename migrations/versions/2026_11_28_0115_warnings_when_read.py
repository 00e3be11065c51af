"""warnings when read"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "e41c7a90d355"
down_revision = "a3f9c1d27b60"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # a migration that cannot get its lock at once must not make the service queue behind it
    op.execute("set local lock_timeout = '5s'")
    op.drop_column("exports", "warnings")


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.add_column(
        "exports",
        sa.Column(
            "warnings",
            postgresql.JSONB(none_as_null=True),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
    )
