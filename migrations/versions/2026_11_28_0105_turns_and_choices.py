"""one run at a time on an audience; which audiences contributors may choose; inactive segments"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "e41f7a90c2d8"
down_revision = "b7e02d94c1f8"
branch_labels = None
depends_on = None

_INDEX = "uq_runs_one_holder_per_audience"
_CHECK = "ck_connections_audience_choice"


def upgrade() -> None:
    # a migration that cannot get its lock at once must not make the service queue behind it
    op.execute("set local lock_timeout = '5s'")
    op.add_column(
        "runs",
        sa.Column("holds_audience", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_index(
        _INDEX,
        "runs",
        ["audience_id"],
        unique=True,
        postgresql_where=sa.text("holds_audience and status in ('queued', 'running')"),
    )
    op.add_column(
        "connections",
        sa.Column("audience_choice", sa.Text(), server_default=sa.text("'fixed'"), nullable=False),
    )
    op.add_column(
        "connections",
        sa.Column(
            "allowed_audience_ids",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
    )
    op.create_check_constraint(
        op.f(_CHECK), "connections", "audience_choice in ('fixed', 'listed', 'any')"
    )
    op.execute(
        "update segments set state = 'inactive' where source ->> 'kind' = 'upload' and not exists "
        "(select 1 from segment_uploads where segment_id = segments.id and status = 'current')"
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute(
        "update segments set state = 'active' where source ->> 'kind' = 'upload' and not exists "
        "(select 1 from segment_uploads where segment_id = segments.id and status = 'current')"
    )
    op.drop_constraint(op.f(_CHECK), "connections")
    op.drop_column("connections", "allowed_audience_ids")
    op.drop_column("connections", "audience_choice")
    op.drop_index(_INDEX, table_name="runs")
    op.drop_column("runs", "holds_audience")
