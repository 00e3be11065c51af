"""A history as years of use leave it, made by SQL: exports, their runs and the batches of these.

Only columns that every version has are named, so that versions can be compared. Runs are spread evenly
over `DAYS`, ids grow with time as those of `app.ids` do, and what is rare in life is rare here: one run
in fifty failed, one in a hundred was asked for by a person, one in five thousand has a label.
"""

import asyncpg

# ruff: noqa: E501 - columns stand beside their values

DAYS = 365
# the runs of the newest exports are still under way
ACTIVE = 12

_NAMED = {
    "connections": """
insert into connections (id, type, display_name, shared_with, status, token, token_kind, token_last4,
    token_scopes, ad_account, audience, consent_version, consent_accepted_at, consent_accepted_by,
    created_at, created_by, updated_at, updated_by)
select 'con_' || lpad(to_hex(n), 32, '0'), 'facebook_ads_manager', 'Connection ' || n, '{contributor}',
    'ready', '\\x00', 'system_user', 'abcd', '{ads_management}',
    jsonb_build_object('id', 'act_' || 1000 + n, 'name', 'Account ' || n, 'business', null),
    jsonb_build_object('id', (90000 + n)::text, 'name', 'Audience ' || n, 'subtype', 'CUSTOM'),
    '1', now(), 'bootstrap', now(), 'bootstrap', now(), 'bootstrap'
from generate_series(1, $1::int) n""",
    "segments": """
insert into segments (id, name, display_name, source, member_count, evaluated_at, created_at, created_by,
    updated_at, updated_by)
select 'seg_' || lpad(to_hex(n), 32, '0'), 'segment_' || n, 'Segment ' || n,
    jsonb_build_object('kind', 'file', 'url', '/data/segment_' || n || '.csv'),
    n * 100, now(), now(), 'bootstrap', now(), 'bootstrap'
from generate_series(1, $1::int) n""",
}

_EXPORTS = """
insert into exports (id, display_name, connection_id, key_identifier, attributes, sync_mode, schedule,
    schedule_checked_at, created_at, created_by, updated_at, updated_by)
select 'exp_' || lpad(to_hex(n), 32, '0'), 'Export ' || n, 'con_' || lpad(to_hex(n % $2 + 1), 32, '0'), 'email',
    '{"EMAIL": ["email"], "PHONE": ["phone"]}', (array['add', 'mirror', 'replace', 'remove'])[n % 4 + 1],
    '{"mode": "system", "cron": null, "time_zone": null}', now(), now(), 'bootstrap', now(), 'bootstrap'
from generate_series(1, $1::int) n"""

_LINKS = """
insert into export_segments (export_id, position, segment_id)
select 'exp_' || lpad(to_hex(n), 32, '0'), 0, 'seg_' || lpad(to_hex(n % $2 + 1), 32, '0')
from generate_series(1, $1::int) n"""

# $1 runs, $2 exports, $3 connections, $4 batches a run, $5 days, $6 those under way
_RUNS = """
insert into runs (id, export_id, connection_id, ad_account_id, trigger, status, phase, spec, read, skipped,
    staged, added, received, batches_total, batches_done, skipped_reasons, refused_values, error, audience_id,
    session_ids, rules_version, schema_hash, requested_by, queued_at, started_at, finished_at, attempt, fence,
    lease_until, due_at)
select 'run_' || lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7'
        || lpad(to_hex(n % 4096), 3, '0') || lpad(to_hex(n), 16, '8'),
    'exp_' || lpad(to_hex(e), 32, '0'), 'con_' || lpad(to_hex(e % $3 + 1), 32, '0'), 'act_' || 1001 + e % $3,
    case when n % 100 = 0 then 'on_demand' else 'scheduled' end,
    case when n > $1 - $6 then 'queued' when n % 50 = 0 then 'failed' when n % 50 = 1 then 'skipped'
        when n % 10 = 2 then 'succeeded_with_warnings' else 'succeeded' end,
    null,
    jsonb_build_object('display_name', 'Export ' || e, 'segment_ids',
        jsonb_build_array('seg_' || lpad(to_hex(e % 500 + 1), 32, '0')),
        'attributes', '{"EMAIL": ["email"], "PHONE": ["phone"]}'::jsonb, 'key_identifier', 'email',
        'sync_mode', 'add', 'audience', null, 'default_country', 'DE', 'schedule', '{"mode": "system", "cron": null, "time_zone": null}'::jsonb,
        'export', jsonb_build_object('id', 'exp_' || lpad(to_hex(e), 32, '0'), 'display_name', 'Export ' || e),
        'connection', jsonb_build_object('id', 'con_' || lpad(to_hex(e % $3 + 1), 32, '0'),
            'display_name', 'Connection ' || e % $3 + 1, 'type', 'facebook_ads_manager')),
    10000, 120, 9880, 9880, 9880, $4, $4, '{"email_invalid": 100, "no_key": 20}', '{"PHONE": {"phone_short": 31}}',
    case when n % 50 = 0 then jsonb_build_object('code',
            case when n % 10000 = 0 then 'audience-gone' else 'token-rejected' end, 'culprit', 'user',
            'message', 'The token is refused.', 'graph', jsonb_build_object('code', 190))
        when n % 50 = 1 then jsonb_build_object('code', 'segment-unavailable', 'culprit', 'user',
            'message', 'The file is not there.') end,
    (90000 + e)::text, '[1234567890]', '12', 'abcdef0123456789',
    case when n % 100 = 0 then 'bootstrap' else 'system' end,
    at, at + interval '1 second', case when n <= $1 - $6 then at + interval '9 seconds' end, 1, 1, null,
    case when n <= $1 - $6 then at else now() + interval '1 day' end
from (select n, n % $2 + 1 as e, now() - ($5 * interval '1 day') * (1 - n::float8 / $1) - interval '1 minute' as at
      from generate_series($7::int, $8::int) n) runs"""

_BATCHES = """
insert into run_batches (run_id, sequence, operation, session_id, rows, received, invalid, attempts, trace_id,
    started_at, finished_at)
select r.id, s, 'add', '1234567890', 988, 988, 0, 1, 'Abc1234567890', r.started_at, r.finished_at
from runs r, generate_series(1, $1::int) s
where r.id >= $2 and r.id < $3 and r.finished_at is not null"""

_AUDIT = """
insert into audit_events (id, at, actor, role, action, resource_id, after, request_id)
select 'evt_' || lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || lpad(to_hex(n), 20, '0'),
    at, case when n % 20 = 0 then 'bootstrap' else 'system' end, 'administrator', 'run.requested',
    'exp_' || lpad(to_hex(n % $2 + 1), 32, '0'), '{}', null
from (select n, now() - ($3 * interval '1 day') * (1 - n::float8 / $1) as at
      from generate_series(1, $1::int) n) events"""

# $1 looks, $2 segments, $3 days
_EVALUATIONS = """
insert into segment_evaluations (id, segment_id, at, member_count, error)
select 'eva_' || lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || lpad(to_hex(n), 20, '0'),
    'seg_' || lpad(to_hex(n % $2 + 1), 32, '0'), at, case when n % 1000 <> 0 then n end,
    case when n % 1000 = 0 then '{"code": "file-missing", "culprit": "user", "message": "It is not there."}'::jsonb end
from (select n, now() - ($3 * interval '1 day') * (1 - n::float8 / $1) as at
      from generate_series(1, $1::int) n) looks"""

# of one webhook, of the days that they are kept: $1 deliveries, $2 runs
_DELIVERIES = """
insert into webhook_deliveries (id, webhook_id, event_type, subject, body, status, attempts, next_attempt_at,
    last_status, created_at, delivered_at)
select 'whd_' || lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || lpad(to_hex(n), 20, '0'),
    'whk_' || lpad('1', 32, '0'), case when n % 2 = 0 then 'run.started' else 'run.succeeded' end, 'run_' || n / 2,
    '{"type": "run.succeeded", "data": {"run": {"status": "succeeded", "counts": {"read": 10000}}}}',
    case when n % 5000 = 0 then 'failed' else 'delivered' end, 1, at, 200, at, at
from (select n, now() - interval '30 days' * (1 - n::float8 / $1) as at
      from generate_series(1, $1::int) n) sent"""
WEBHOOK = f"whk_{1:032x}"
_WEBHOOK = f"""
insert into webhooks (id, url, events, secret, created_at, created_by)
values ('{WEBHOOK}', 'https://example.com/hook', '{{run.succeeded}}', '\\x00', now(), 'bootstrap')"""

_SLICE = 100_000


async def fill(
    connection: "asyncpg.Connection[asyncpg.Record]",
    *,
    exports: int,
    runs: int,
    batches_a_run: int,
    connections: int = 200,
    segments: int = 500,
) -> None:
    """Fill an empty, migrated database; then the statistics of its planner are those of a used one."""
    for table, count in (("connections", connections), ("segments", segments)):
        await connection.execute(_NAMED[table], count)
    await connection.execute(_EXPORTS, exports, connections)
    await connection.execute(_LINKS, exports, segments)
    for first in range(1, runs + 1, _SLICE):
        last = min(first + _SLICE - 1, runs)
        await connection.execute(
            _RUNS, runs, exports, connections, batches_a_run, DAYS, ACTIVE, first, last
        )
    edges = [
        row["id"]
        for row in await connection.fetch(
            "select id from (select id, row_number() over (order by id) as n from runs) r where n % $1 = 1",
            _SLICE // 2,
        )
    ]
    for low, high in zip(edges, [*edges[1:], "run_g"], strict=True):
        await connection.execute(_BATCHES, batches_a_run, low, high)
    await connection.execute(_AUDIT, runs // 2, exports, DAYS)
    await connection.execute(_EVALUATIONS, runs, segments, DAYS)
    # a run starts and ends
    await connection.execute(_WEBHOOK)
    await connection.execute(_DELIVERIES, runs * 2 * 30 // DAYS)
