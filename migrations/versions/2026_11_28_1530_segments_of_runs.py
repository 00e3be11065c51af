"""which runs read a segment, in the order in which they are listed"""

import sqlalchemy as sa
from alembic import op

revision = "2f7c9be41d05"
down_revision = "7b1f93e0d4a6"
branch_labels = None
depends_on = None

_ID = sa.Text(collation="C")
# the previous version writes and forgets runs, too, while it is being replaced
_NOTE = """
create function note_run_segments() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        delete from run_segments where run_id = old.id
            and segment_id in (select jsonb_array_elements_text(old.spec -> 'segment_ids'));
    else
        insert into run_segments (segment_id, run_id)
        select segment_id, new.id from jsonb_array_elements_text(new.spec -> 'segment_ids') segment_id
        on conflict do nothing;
    end if;
    return null;
end $$
"""
_OF_THOSE_THERE_ARE = """
insert into run_segments (segment_id, run_id)
select segment_id, runs.id from runs, jsonb_array_elements_text(runs.spec -> 'segment_ids') segment_id
where {which} on conflict do nothing
"""


def upgrade() -> None:
    # a migration that cannot get its lock at once must not make the service queue behind it
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "run_segments",
        sa.Column("segment_id", _ID, nullable=False),
        sa.Column("run_id", _ID, nullable=False),
        sa.PrimaryKeyConstraint("segment_id", "run_id", name="pk_run_segments"),
    )
    # a long history takes a minute; runs are written meanwhile, until there is the trigger
    op.execute(_OF_THOSE_THERE_ARE.format(which="true"))
    op.execute(_NOTE)
    op.execute(
        "create trigger note_run_segments after insert or delete on runs "
        "for each row execute function note_run_segments()"
    )
    op.execute(_OF_THOSE_THERE_ARE.format(which="queued_at > now() - interval '1 hour'"))
    op.drop_index("ix_runs_segment_ids", "runs")


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_index(
        "ix_runs_segment_ids",
        "runs",
        [sa.text("(spec -> 'segment_ids')")],
        postgresql_using="gin",
    )
    op.execute("drop trigger note_run_segments on runs")
    op.execute("drop function note_run_segments")
    op.drop_table("run_segments")
