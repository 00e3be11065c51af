"""what a run brought about, so that the next one can tell that nothing is new"""

import sqlalchemy as sa
from alembic import op

revision = "a7e4c1d09b52"
down_revision = "5b8e2f60d9c7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # a migration that cannot get its lock at once must not make the service queue behind it
    op.execute("set local lock_timeout = '5s'")
    op.add_column("runs", sa.Column("content_hash", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("note", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("runs", "note")
    op.drop_column("runs", "content_hash")
