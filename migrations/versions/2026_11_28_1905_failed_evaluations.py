"""failed looks at a segment: a few among the thousands that each of its runs adds to"""

import sqlalchemy as sa
from alembic import op

revision = "5c0f27ad9e14"
down_revision = "5c0e8d2a7f14"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # a migration that cannot get its lock at once must not make the service queue behind it
    op.execute("set local lock_timeout = '5s'")
    op.create_index(
        "ix_segment_evaluations_failed",
        "segment_evaluations",
        ["segment_id", "id"],
        postgresql_where=sa.text("error is not null"),
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_index("ix_segment_evaluations_failed", "segment_evaluations")
