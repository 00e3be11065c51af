"""what the previous release still reads: a column that is taken away only with the next one"""

from alembic import op

revision = "c5d2a8e7f316"
down_revision = "e40b7a9c15d8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # a migration that cannot get its lock at once must not make the service queue behind it
    op.execute("set local lock_timeout = '5s'")
    op.execute(
        "alter table exports add column if not exists warnings jsonb not null default '[]'::jsonb"
    )


def downgrade() -> None:
    op.drop_column("exports", "warnings")
