"""how the newest run of each export ended, so that what is broken is read off and not looked for"""

import sqlalchemy as sa
from alembic import op

revision = "7b1f93e0d4a6"
down_revision = "c5d2a8e7f316"
branch_labels = None
depends_on = None

_ID = sa.Text(collation="C")
_ENDED = "('succeeded', 'succeeded_with_warnings', 'failed', 'skipped')"
# the previous version ends runs, too, while it is being replaced
_NOTE = """
create function note_last_end() returns trigger language plpgsql as $$
begin
    insert into last_ends (export_id, run_id, status) values (new.export_id, new.id, new.status)
    on conflict (export_id) do update set run_id = excluded.run_id, status = excluded.status
        where excluded.run_id >= last_ends.run_id;
    return null;
end $$
"""
_OF_THOSE_THERE_ARE = """
insert into last_ends (export_id, run_id, status)
select distinct on (export_id) export_id, id, status from runs
where status in ('succeeded', 'succeeded_with_warnings', 'failed', 'skipped')
order by export_id, id desc
"""


def upgrade() -> None:
    # a migration that cannot get its lock at once must not make the service queue behind it
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "last_ends",
        sa.Column("export_id", _ID, nullable=False),
        sa.Column("run_id", _ID, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("export_id", name="pk_last_ends"),
    )
    op.execute(_NOTE)
    op.execute(
        f"create trigger note_last_end_of_new after insert on runs for each row "
        f"when (new.status in {_ENDED}) execute function note_last_end()"
    )
    op.execute(
        f"create trigger note_last_end after update of status on runs for each row "
        f"when (new.status in {_ENDED} and new.status is distinct from old.status) "
        "execute function note_last_end()"
    )
    op.execute(_OF_THOSE_THERE_ARE)
    op.create_index(
        "ix_last_ends_broken",
        "last_ends",
        ["run_id"],
        postgresql_where=sa.text("status in ('failed', 'skipped')"),
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("drop trigger note_last_end on runs")
    op.execute("drop trigger note_last_end_of_new on runs")
    op.execute("drop function note_last_end")
    op.drop_table("last_ends")
