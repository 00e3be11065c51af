// One run, live: what happened, whose move it is and what to do; where every row went; how fast it goes.
import {html, Dim, Bones, RefusedValues, SizeAt, startRun, Renew, api, t, many, fmt, say, useLoad, useState, useEffect, useRef, useEvery, useNow, Page, Code, Card, Act, Badge, Time, Text, Said, Terms, Note, Problem, Button, Link, Names, Outside, LeftOut, copy, isAdmin, mayEdit, Bar, Funnel, Timeline, Figures, Took, waits, useLive, ACTIVE} from './kit.js';

export default function RunPage({parts: [, id]}) {
  const state = useLoad(() => api.get(`/v1/runs/${id}`));
  const run = state.data;
  const active = run && ACTIVE.includes(run.status);
  const [fresh, seen] = useState(Date.now());
  // who watches it live finds everything in its place to the end
  const live = useRef(false);
  live.current ||= active;
  useLive((one) => { if (one.id === id) { state.put(one); seen(Date.now()); } }, Boolean(active));
  useEvery(3, () => { if (Date.now() - fresh > 4000) state.reload(); }, Boolean(active));
  const share = run?.counts.batches_total ? run.counts.batches_done / run.counts.batches_total : 0;
  const name = run?.export.display_name ?? run?.export_id ?? t('This run');
  return html`<${Page} state=${state} title=${Text(name)} tab=${run ? `${active ? `${fmt.share(share, 0)} · ` : ''}${name} · ${say.status(run.status)}` : name} badge=${run && Badge(run.status)}
    crumb="runs" curl="/v1/runs/${id}" actions=${run && Actions(run, active, state.put)}>${() => html`
      <div class=${live.current ? 'slot' : ''}>${active && run.status === 'running' && !waits(run) && !run.cancel_requested_at ? html`<${Progress} run=${run} share=${share}/>` : html`<${Headline} run=${run} active=${active}/>`}</div>
      <div class="cols wide">${Card('Where every row went', Where(run, active, live.current))}${Card('This run', Facts(run))}</div>
      <${Batches} run=${run}/>`}
  <//>`;
}

/** @param {Run} run */
const Actions = (run, active, put) => html`${mayEdit() && (active
  ? Act('Cancel', async () => put(await api.send('POST', `/v1/runs/${run.id}/cancel`)), {kind: 'danger', why: run.cancel_requested_at ? t('It is stopping already') : undefined, sure: ['Cancel this run?', 'It stops at', 'Cancel the run']})
  : Act('Run again', () => startRun(run.export_id), {kind: ['failed', 'skipped', 'canceled'].includes(run.status) ? 'first' : ''}))}
  ${Button('Copy report', () => copy(report(run)))}${Link(`exports/${run.export_id}`, 'The export', 'btn')}`;

/** For a ticket: ids, numbers and codes, no person. */
const REPORTED = ['id', 'export_id', 'connection_id', 'audience_id', 'status', 'trigger', 'attempt', 'queued_at', 'started_at', 'finished_at', 'error', 'counts', 'skipped_reasons', 'session_ids', 'rules_version', 'schema_hash'];
const report = (run) => ['Audience Export', ...REPORTED.map((name) => `${name}: ${typeof run[name] === 'object' ? JSON.stringify(run[name]) : run[name]}`)].join('\n');

/** One sentence: what happened, whose move, what to do.
 * @param {Of<{run: Run}>} _ */
function Headline({run, active}) {
  const {counts, error, waiting, status} = run;
  const until = waiting?.until ?? run.throttled_until;
  const now = useNow(Boolean(active && until));
  const received = {n: fmt.number(counts.received)};
  if (run.cancel_requested_at && active) return Note('warn', 'It is being stopped', 'The batch on');
  if (waits(run)) return Waits(run, until, (Date.parse(until) - now) / 1000);
  if (active) return Note('', run.queue_position > 1 ? many(run.queue_position - 1, 'Queued behind') : t('Next in line'), t('A worker takes'));
  if (run.note === 'unchanged') return Note('good', 'nothing had', 'Neither the', mayEdit() && Act('Read and compare', () => startRun(run.export_id, {force: true}), 'small'));
  const size = run.audience_state && Size(run.audience_state);
  if (status === 'succeeded') return Note('good', t('rows reached Meta', received), size || t('Nothing to'));
  if (status === 'succeeded_with_warnings') return Note('warn', t('rows reached', received), html`<p>${LeftOut(counts)} ${t('The reasons')}</p>${size}`, mayEdit() && Mend(run));
  if (status === 'canceled') return Note('', 'It was cancelled.', counts.received ? t('rows had been', received) : t('Nothing had been sent.'));
  const token = /token|reauth|permission/.test(error?.code ?? '');
  return Note(status === 'skipped' ? 'warn' : 'bad', `${say.move(error?.culprit)}: ${status === 'skipped' ? t('it was skipped') : t('it failed')}`, html`<p class="head-run">${Said(error?.message)}</p>
      ${error?.graph && html`<p class="dim">Meta ${error.graph.code ?? ''}${error.graph.subcode && `/${error.graph.subcode}`} · fbtrace_id ${Code(error.graph.fbtrace_id ?? '–')}</p>`}`,
  html`${token && run.connection_id && (isAdmin() ? Renew(run.connection_id, 'btn first small') : html`<span>${t('An administrator must')}</span>`)}
    ${!token && error?.culprit === 'user' && Mend(run, 'first')}${Outside(error?.help_url)}`);
}

const Mend = (run, kind = '') => Link(`exports/${run.export_id}/edit`, 'Edit the export', `btn small ${kind}`);

/** @param {Run} run */
function Waits(run, until, left) {
  const {waiting} = run;
  const reason = waiting?.reason ?? 'throttled';
  return Note('warn', say.code('wait', reason), html`<p>${t('It goes on')} ${left > 0 ? html`${Time(until, 'time')} (${t('in {time}', {time: fmt.clock(left)})})` : t('shortly')}. ${t('Nothing is lost.')} ${waiting?.attempt && t('Attempt {n}', {n: waiting.attempt, of: waiting.of})}</p>
    ${waiting?.last_error && html`<p class="dim">${Said(waiting.last_error.message)} ${Code(waiting.last_error.code)}</p>`}`,
  reason === 'account-blocked' && isAdmin() && run.connection_id && Link(`connections/${run.connection_id}`, 'To the connection', 'btn small'));
}

/** @param {Run['audience_state']} state */
function Size(state) {
  if (state.error) return html`<p class="dim">${t('The audience')} ${Code(state.error)}</p>`;
  return html`<p>${t('The audience at Meta:')} ${SizeAt(state)} <small>(${Time(state.looked_at, 'ago')})</small>${state.operation_status?.description && html` · ${Said(state.operation_status.description)}`}. ${t('Matching takes')}</p>
    ${state.readings.length > 1 && html`${Dim(state.readings.map((one) => `${fmt.moment(one.looked_at)}: ${fmt.range(one.lower_bound, one.upper_bound)}`).join(' · '))}`}`;
}

/** @param {Of<{run: Run}>} _ */
function Progress({run, share}) {
  const now = useNow();
  const {counts} = run;
  const left = run.estimated_finish_at ? (Date.parse(run.estimated_finish_at) - now) / 1000 : 0;
  const sent = counts.batches_total > 0;
  return html`<section class="card stack tight" aria-label=${t('Progress')}><div class="row between"><b>${say.name(run.phase)}${run.attempt > 1 && ` · ${t('attempt {n}', {n: run.attempt})}`}</b>
      <span class="num">${sent ? `${fmt.share(share, 0)} · ${t('{n} of {of} batches', {n: fmt.number(counts.batches_done), of: fmt.number(counts.batches_total)})}` : many(counts.read, 'members read')}</span></div>
    <div role="progressbar" aria-label=${say.name(run.phase)} aria-valuenow=${sent ? Math.round(share * 100) : undefined} aria-valuemin="0" aria-valuemax="100">${Bar(share, 'busy')}</div>
    <div class="row between dim"><span>${run.rate ? t('{n} rows a second', {n: fmt.number(Math.round(run.rate))}) : ' '}</span><span class="num">${left > 0 ? t('about {time} left', {time: fmt.clock(left)}) : t('running for {time}', {time: fmt.clock((now - Date.parse(run.started_at)) / 1000)})}</span></div></section>`;
}

/** @param {Run} run */
function Where(run, active, live) {
  const c = run.counts;
  const open = active ? Math.max(0, c.staged - c.added - c.removed) : 0;
  const said = Object.fromEntries(Object.entries(c).map(([name, n]) => [name, fmt.number(n)]));
  const blanks = RefusedValues(run.refused_values);
  const rows = [
    ['Read', c.read, 'accent'], ['several e-mails', c.expanded, 'accent', '+'], ['not usable', c.skipped, 'bad', '−', run.skipped_reasons], ['duplicates', c.duplicates, 'quiet', '−'],
    ['To be sent', c.staged, 'accent'], ['still to send', open, 'busy', '−'], ['removed', c.removed, 'warn', ' '], ['refused by Meta', c.refused, 'bad', '−'],
    ['Received by Meta', c.received, 'good'], ['of them called invalid', c.invalid, 'warn', ' '],
  ];
  return html`<div class="stack">${Funnel(rows.filter(([, n, , sign]) => live || n || sign === undefined))}
    ${Dim((live || c.read > 0) && `${t('{read} + {expanded}', said)}: ${c.read + c.expanded === c.duplicates + c.skipped + c.staged ? t('it adds up.') : t('still counting.')}`)}
    ${blanks.length > 0 && html`<details class="small"><summary>${t('Values sent as blanks')}</summary><ul>${blanks}</ul></details>`}</div>`;
}

/** @param {Run} run */
const Facts = (run) => html`<div class="stack">${Terms([
  ['Export', Link(`exports/${run.export_id}`, Text(run.export.display_name ?? run.export_id))],
  run.connection && ['Connection', isAdmin() ? Names('connections', [{...run.connection, id: run.connection_id}]) : Text(run.connection.display_name)],
  ['Asked for', html`${Time(run.queued_at)} · ${Text(run.requested_by_name)} · ${say.name(run.trigger)}`],
  ['Took', Took(run)],
  ['Speed', run.rate && t('{n} rows a second', {n: fmt.number(Math.round(run.rate))})],
  ['Attempts', fmt.number(run.attempt)], ['Audience', run.audience_id && Code(run.audience_id)], ['Id', Code(run.id)],
])}<details class="small"><summary>${t('Phases')}</summary>${Terms(run.phases.map((one) => [`${say.name(one.phase)}${one.attempt > 1 ? ` (${t('attempt {n}', {n: one.attempt})})` : ''}`, Took(one)]))}</details></div>`;

/** Every answered batch; what is new is read on from where it was.
 * @param {Of<{run: Run}>} _ */
function Batches({run}) {
  const [items, set] = useState([]);
  const [error, fail] = useState(null);
  const busy = useRef(false);
  const load = async () => {
    if (busy.current) return;
    busy.current = true;
    try {
      const known = new Map(items.map((one) => [one.sequence, one]));
      // batches are answered out of order: read on from the first gap
      let from = 0;
      while (known.has(from + 1)) from++;
      let cursor = null;
      do {
        const page = await api.get(`/v1/runs/${run.id}/batches`, {limit: 200, after_sequence: from || undefined, cursor});
        for (const one of page.items) known.set(one.sequence, one);
        cursor = page.next_cursor;
      } while (cursor);
      set([...known.values()].sort((a, b) => a.sequence - b.sequence));
      fail(null);
    } catch (problem) { fail(problem); }
    busy.current = false;
  };
  const done = run.counts.batches_done;
  // of a run that ended some weeks ago a line is the sum of several
  const told = items.reduce((sum, one) => sum + one.batches, 0);
  useEffect(() => { if (done > 0 && told !== done) load(); }, [done]);
  // both at once: what came later would push the other away
  if (done && !items.length) return Problem(error, load) ?? Bones(2);
  return html`${done > 0 && Card(many(told, 'batches'), html`${Problem(error, load)}${items.length === told && html`<${Timeline} title="Batches on" batches=${items}/>`}
    ${Figures('Batches', ['#', 'What', 'Rows', 'Received', 'Invalid', 'Attempts', 'Took', 'fbtrace_id'], items.slice(-200).map((one) => [one.sequence, say.name(one.operation), fmt.number(one.rows), fmt.number(one.received), fmt.number(one.invalid), one.attempts, fmt.span(one.started_at, one.finished_at), one.trace_id ?? '–']))}`)}
    ${run.warnings.length > 0 && Card('To look at', html`<ul class="stack tight">${run.warnings.map((one) => html`<li>${Said(one.detail)} <code class="soft">${one.code}</code></li>`)}</ul>`)}`;
}
