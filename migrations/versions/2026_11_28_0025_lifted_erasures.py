"""lifted erasures"""

import sqlalchemy as sa
from alembic import op

revision = "5b1c0f6a2e41"
down_revision = "13038bfd74f0"
branch_labels = None
depends_on = None

_CHECK = "ck_erasures_status"


def upgrade() -> None:
    # a migration that cannot get its lock at once must not make the service queue behind it
    op.execute("set local lock_timeout = '5s'")
    op.add_column("erasures", sa.Column("lifted_by", sa.Text(), nullable=True))
    op.add_column("erasures", sa.Column("lift_reason", sa.Text(), nullable=True))
    op.drop_constraint(op.f(_CHECK), "erasures")
    op.create_check_constraint(
        op.f(_CHECK), "erasures", "status in ('queued', 'running', 'done', 'failed', 'lifted')"
    )
    op.execute("update erasures set status = 'lifted' where lifted_at is not null")


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("update erasures set status = 'done' where status = 'lifted'")
    op.drop_constraint(op.f(_CHECK), "erasures")
    op.create_check_constraint(
        op.f(_CHECK), "erasures", "status in ('queued', 'running', 'done', 'failed')"
    )
    op.drop_column("erasures", "lift_reason")
    op.drop_column("erasures", "lifted_by")
