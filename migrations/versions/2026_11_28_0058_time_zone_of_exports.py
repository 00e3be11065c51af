"""where columns of instants have their dates of birth"""

import sqlalchemy as sa
from alembic import op

revision = "a91d5e60f2b7"
down_revision = "7c2e9d41b0a6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.add_column(
        "exports",
        sa.Column("time_zone", sa.Text(), server_default=sa.text("'UTC'"), nullable=False),
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_column("exports", "time_zone")
