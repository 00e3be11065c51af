"""measures of runs: what was refused, which values could be sent"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "7c2e9d41b0a6"
down_revision = "e81f4c20aa37"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # a migration that cannot get its lock at once must not make the service queue behind it
    op.execute("set local lock_timeout = '5s'")
    op.add_column(
        "runs",
        sa.Column("refused", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "runs",
        sa.Column(
            "usable_values",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
    )
    op.execute(
        "update runs set refused = batches.refused from (select run_id, sum(refused) as refused "
        "from run_batches group by run_id) as batches "
        "where batches.run_id = runs.id and batches.refused > 0"
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_column("runs", "usable_values")
    op.drop_column("runs", "refused")
