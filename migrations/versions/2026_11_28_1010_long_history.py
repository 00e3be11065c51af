"""a long history: names to find runs by, and sums in place of batches of runs that ended long ago"""

import sqlalchemy as sa
from alembic import op

revision = "e40b7a9c15d8"
down_revision = "a7e4c1d09b52"
branch_labels = None
depends_on = None

_ID = sa.Text(collation="C")
# the previous version writes runs, too, while it is being replaced
_NOTE = """
create function note_run_names() returns trigger language plpgsql as $$
begin
    insert into run_names (export_id, names) values (new.export_id, lower(
        coalesce(new.spec -> 'export' ->> 'display_name', '') || E'\\n'
        || coalesce(new.spec -> 'connection' ->> 'display_name', '')))
    on conflict do nothing;
    return null;
end $$
"""
_OF_THOSE_THERE_ARE = """
insert into run_names (export_id, names)
select distinct export_id, lower(coalesce(spec -> 'export' ->> 'display_name', '') || E'\\n'
    || coalesce(spec -> 'connection' ->> 'display_name', ''))
from runs
"""


def upgrade() -> None:
    # a migration that cannot get its lock at once must not make the service queue behind it
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "run_names",
        sa.Column("export_id", _ID, nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("export_id", "names", name="pk_run_names"),
    )
    op.create_table(
        "watermarks",
        sa.Column("errand", sa.Text(), nullable=False),
        sa.Column("reached", _ID, nullable=False),
        sa.PrimaryKeyConstraint("errand", name="pk_watermarks"),
    )
    op.add_column(
        "run_batches",
        sa.Column("batches", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
    )
    op.execute(_NOTE)
    op.execute(
        "create trigger note_run_names after insert on runs "
        "for each row execute function note_run_names()"
    )
    op.execute(_OF_THOSE_THERE_ARE)


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("drop trigger note_run_names on runs")
    op.execute("drop function note_run_names")
    op.drop_column("run_batches", "batches")
    op.drop_table("watermarks")
    op.drop_table("run_names")
