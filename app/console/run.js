// One run, live: what happened, whose move it is and what to do; where every row went; how fast it goes.
import {html, api, t, many, fmt, say, useLoad, useState, useEffect, useRef, useEvery, useNow, useAction, Page, Card, Loaded, Badge, Time, Text, Said, Terms, Note, Problem, Button, Link, ask, copy, go, isAdmin, mayEdit, Bar, Funnel, Timeline, Figures, useLive} from './kit.js';

const ACTIVE = ['queued', 'running'];

export default function RunPage({parts: [, id]}) {
  const state = useLoad(() => api.get(`/v1/runs/${id}`), [id]);
  const run = state.data;
  const active = run && ACTIVE.includes(run.status);
  const [fresh, seen] = useState(Date.now());
  useLive((one) => { if (one.id === id) { state.put(one); seen(Date.now()); } }, Boolean(active));
  // where no event comes, it is asked for
  useEvery(3, () => { if (Date.now() - fresh > 4000) state.reload(); }, Boolean(active));
  const share = run?.counts.batches_total ? run.counts.batches_done / run.counts.batches_total : 0;
  const name = run?.export.display_name ?? run?.export_id ?? t('This run');
  return html`<${Page} title=${html`${Text(name)}`} tab=${run ? `${active ? `${fmt.share(share, 0)} · ` : ''}${name} · ${say.status(run.status)}` : t('This run')} badge=${run && Badge(run.status)}
    crumb=${html`<a href="#/runs">${t('Runs')}</a> / ${run ? Time(run.queued_at) : ''}`} curl="/v1/runs/${id}" actions=${run && html`<${Actions} run=${run} active=${active} state=${state}/>`}>
    ${Loaded(state, (found) => html`
      <${Headline} run=${found} active=${active}/>
      ${active && found.status === 'running' && html`<${Progress} run=${found} share=${share}/>`}
      <div class="cols" style=${{gridTemplateColumns: 'repeat(auto-fit,minmax(min(100%,26rem),1fr))'}}>${Card(t('Where every row went'), html`<${Where} run=${found}/>`)}${Card(t('This run'), html`<${Facts} run=${found}/>`)}</div>
      ${found.warnings.length > 0 && Card(t('To look at'), html`<ul class="stack tight">${found.warnings.map((one) => html`<li>${Said(one.detail)} ${html`<code class="soft">${one.code}</code>`}</li>`)}</ul>`)}
      <${Batches} run=${found} active=${active}/>`)}
  </${Page}>`;
}

/** @param {Of<{run: Run}>} _ */
function Actions({run, active, state}) {
  const [cancel, canceling] = useAction(async () => {
    if (!await ask(t('Cancel this run?'), t('It stops at its next batch. What was sent stays sent, and the counts say so.'), t('Cancel the run'))) return;
    state.put(await api.send('POST', `/v1/runs/${run.id}/cancel`));
  });
  const [again, starting] = useAction(async () => { const made = await api.create(`/v1/exports/${run.export_id}/runs`); go(`/runs/${made.id}`); });
  return html`${active && mayEdit() && Button(t('Cancel'), cancel, {busy: canceling.busy, kind: 'danger', why: run.cancel_requested_at ? t('It is stopping already') : undefined})}
    ${!active && mayEdit() && Button(t('Run again'), again, {busy: starting.busy, kind: ['failed', 'skipped', 'canceled'].includes(run.status) ? 'first' : ''})}
    ${Button(t('Copy report'), () => copy(report(run)))}${Link(`exports/${run.export_id}`, t('The export'), 'btn')}
    ${(canceling.error || starting.error) && html`<div style=${{flexBasis: '100%'}}>${Problem(canceling.error ?? starting.error)}</div>`}`;
}

/** For a ticket: ids, numbers and codes, no person. */
function report(run) {
  const error = run.error;
  return [`Audience Export run ${run.id}`, `export ${run.export_id}, connection ${run.connection_id ?? '-'}, audience ${run.audience_id ?? '-'}`,
    `status ${run.status}, trigger ${run.trigger}, attempt ${run.attempt}`, `queued ${run.queued_at}, started ${run.started_at ?? '-'}, finished ${run.finished_at ?? '-'}`,
    error && `error ${error.code} (${error.culprit}): ${error.message}`, error?.graph && `Meta code ${error.graph.code ?? '-'}, subcode ${error.graph.subcode ?? '-'}, fbtrace_id ${error.graph.fbtrace_id ?? '-'}`,
    `counts ${Object.entries(run.counts).map(([name, n]) => `${name}=${n}`).join(' ')}`, Object.keys(run.skipped_reasons).length && `skipped ${JSON.stringify(run.skipped_reasons)}`,
    run.session_ids.length && `upload sessions ${run.session_ids.join(' ')}`, `rules ${run.rules_version ?? '-'}, mapping ${run.schema_hash ?? '-'}`].filter(Boolean).join('\n');
}

/** One sentence: what happened, whose move, what to do.
 * @param {Of<{run: Run}>} _ */
function Headline({run, active}) {
  const {counts, error, waiting} = run;
  const until = waiting?.until ?? run.throttled_until;
  const now = useNow(Boolean(until));
  const left = until ? (Date.parse(until) - now) / 1000 : 0;
  if (run.cancel_requested_at && active) return Note('warn', t('It is being stopped'), t('The batch on its way is finished first.'));
  if (active && (waiting || (run.throttled_until && left > 0))) return html`<${Waits} run=${run} until=${until} left=${left}/>`;
  if (run.status === 'queued') return Note('', run.queue_position > 1 ? many(run.queue_position - 1, 'Queued behind {n} other run', 'Queued behind {n} other runs') : t('Next in line'), t('A worker takes it as soon as one is free.'));
  if (run.status === 'running') return null;
  if (run.status === 'succeeded') return Note('good', t('{n} rows reached Meta, all of them were received.', {n: fmt.number(counts.received)}), run.audience_state ? html`<${Size} state=${run.audience_state}/>` : t('Nothing to do. Matching takes Meta up to a day; until then the audience looks smaller than what was sent.'));
  if (run.status === 'succeeded_with_warnings') {
    return Note('warn', t('{n} rows reached Meta; some were left out.', {n: fmt.number(counts.received)}), html`<p>${counts.skipped > 0 ? many(counts.skipped, '{n} row could not be used.', '{n} rows could not be used.') : ''} ${counts.invalid > 0 ? many(counts.invalid, 'Meta calls {n} entry invalid.', 'Meta calls {n} entries invalid.') : ''} ${t('The reasons are below; nothing has to be done unless there are many.')}</p>${run.audience_state && html`<${Size} state=${run.audience_state}/>`}`);
  }
  if (run.status === 'canceled') return Note('', t('It was cancelled.'), counts.received ? t('{n} rows had been received by then and stay in the audience.', {n: fmt.number(counts.received)}) : t('Nothing had been sent.'));
  const token = /token|reauth|permission/.test(error?.code ?? '');
  return Note(run.status === 'skipped' ? 'warn' : 'bad', `${say.move(error?.culprit)}: ${run.status === 'skipped' ? t('it was skipped') : t('it failed')}`, html`<p class="head-run">${Said(error?.message)}</p>
      ${error?.graph && html`<p class="soft small">Meta ${error.graph.code ?? ''}${error.graph.subcode ? `/${error.graph.subcode}` : ''} · fbtrace_id <code>${error.graph.fbtrace_id ?? '–'}</code></p>`}`,
  html`${token && run.connection_id && (isAdmin() ? Link(`connections/${run.connection_id}/setup`, t('Renew the sign-in'), 'btn first small') : html`<span>${t('An administrator must renew the connection’s sign-in.')}</span>`)}
    ${!token && error?.culprit === 'user' && Link(`exports/${run.export_id}/edit`, t('Edit the export'), 'btn first small')}
    ${error?.help_url && html`<a href=${error.help_url} target="_blank" rel="noreferrer">${t('What Meta says about it')}</a>`}`);
}

/** @param {Of<{run: Run}>} _ */
function Waits({run, until, left}) {
  const {waiting} = run;
  const when = until && left > 0 ? html`${Time(until, 'time')} (${t('in {time}', {time: fmt.clock(left)})})` : t('shortly');
  const titles = {
    retry: t('It failed for a moment and will be tried again'), throttled: t('Meta asked this account to pause'), 'account-blocked': t('Meta blocks this ad account'),
    'no-worker': t('No worker is running'), 'audience-busy': t('Another run fills the same audience'), 'push-under-way': t('Members are being uploaded into a segment'),
  };
  return Note('warn', titles[waiting?.reason] ?? titles.throttled, html`<p>${t('It goes on')} ${when}. ${t('Nothing is lost.')} ${waiting?.attempt ? t('Attempt {n} of {of} is over.', {n: waiting.attempt, of: waiting.of}) : ''}</p>
    ${waiting?.last_error && html`<p class="soft small">${Said(waiting.last_error.message)} <code>${waiting.last_error.code}</code></p>`}`,
  waiting?.reason === 'account-blocked' && isAdmin() && run.connection_id ? Link(`connections/${run.connection_id}`, t('To the connection'), 'btn small') : null);
}

/** @param {Of<{state: Run['audience_state']}>} _ */
function Size({state}) {
  if (state.error) return html`<p class="soft small">${t('The audience could not be looked at afterwards')} <code>${state.error}</code></p>`;
  return html`<p>${t('The audience at Meta:')} ${state.lower_bound != null ? html`<span class="num">${fmt.range(state.lower_bound, state.upper_bound)}</span>` : t('too small to say')} <span class="soft small">(${Time(state.looked_at, 'ago')})</span>${state.operation_status?.description ? html` · ${Said(state.operation_status.description)}` : ''}. ${t('Matching takes up to a day.')}</p>${state.readings.length > 1 && html`<p class="soft small">${state.readings.map((one) => `${fmt.moment(one.looked_at)}: ${fmt.range(one.lower_bound, one.upper_bound)}`).join(' · ')}</p>`}`;
}

/** @param {Of<{run: Run}>} _ */
function Progress({run, share}) {
  const now = useNow(true);
  const {counts} = run;
  const left = run.estimated_finish_at ? (Date.parse(run.estimated_finish_at) - now) / 1000 : null;
  return html`<section class="card stack tight" aria-label=${t('Progress')}><div class="row between"><span class="strong">${say.name(run.phase)}${run.attempt > 1 ? ` · ${t('attempt {n}', {n: run.attempt})}` : ''}</span>
      <span class="num">${counts.batches_total ? `${fmt.share(share, 0)} · ${t('{n} of {of} batches', {n: fmt.number(counts.batches_done), of: fmt.number(counts.batches_total)})}` : many(counts.read, '{n} member read', '{n} members read')}</span></div>
    <div role="progressbar" aria-label=${say.name(run.phase)} aria-valuenow=${counts.batches_total ? Math.round(share * 100) : undefined} aria-valuemin="0" aria-valuemax="100">${Bar(counts.batches_total ? share : 0, 'busy')}</div>
    <div class="row between soft small"><span>${run.rate ? t('{n} rows a second', {n: fmt.number(Math.round(run.rate))}) : ''}</span><span class="num">${left != null && left > 0 ? t('about {time} left', {time: fmt.clock(left)}) : t('running for {time}', {time: fmt.clock((now - Date.parse(run.started_at)) / 1000)})}</span></div></section>`;
}

/** @param {Of<{run: Run}>} _ */
function Where({run}) {
  const c = run.counts;
  const refused = c.refused ?? Math.max(0, c.added + c.removed - c.received);
  const open = ACTIVE.includes(run.status) ? Math.max(0, c.staged - c.added - c.removed) : 0;
  const rows = [
    {name: t('Read'), n: c.read, tone: 'accent'}, {name: t('several e-mails or phones'), n: c.expanded, tone: 'accent', loss: true, sign: '+'},
    {name: t('not usable'), n: c.skipped, tone: 'bad', loss: true, sign: '−', reasons: run.skipped_reasons}, {name: t('duplicates'), n: c.duplicates, tone: 'quiet', loss: true, sign: '−'},
    {name: t('To be sent'), n: c.staged, tone: 'accent'}, {name: t('still to send'), n: open, tone: 'busy', loss: true, sign: '−'}, {name: t('removed'), n: c.removed, tone: 'warn', loss: true, sign: ' '}, {name: t('refused by Meta'), n: refused, tone: 'bad', loss: true, sign: '−'},
    {name: t('Received by Meta'), n: c.received, tone: 'good'}, {name: t('of them called invalid'), n: c.invalid, tone: 'warn', loss: true, sign: ' '},
  ];
  const blanks = Object.entries(run.refused_values);
  return html`<div class="stack"><${Funnel} rows=${rows}/>${c.read > 0 && html`<p class="soft small">${t('{read} + {expanded} = {duplicates} + {skipped} + {staged}', {read: fmt.number(c.read), expanded: fmt.number(c.expanded), duplicates: fmt.number(c.duplicates), skipped: fmt.number(c.skipped), staged: fmt.number(c.staged)})}: ${c.read + c.expanded === c.duplicates + c.skipped + c.staged ? t('it adds up.') : t('still counting.')}</p>`}
    ${blanks.length > 0 && html`<details class="small"><summary>${t('Values sent as blanks')}</summary><ul>${blanks.flatMap(([key, why]) => Object.entries(why).map(([reason, n]) => html`<li><span class="num">${fmt.number(n)}</span> ${say.name(key)} · ${say.reason(reason)}</li>`))}</ul></details>`}</div>`;
}

/** @param {Of<{run: Run}>} _ */
function Facts({run}) {
  const phases = run.phases.map((one) => [`${say.name(one.phase)}${one.attempt > 1 ? ` (${t('attempt {n}', {n: one.attempt})})` : ''}`, fmt.span(one.started_at, one.finished_at)]);
  return html`<div class="stack">${Terms([
    [t('Export'), html`<a href="#/exports/${run.export_id}">${Text(run.export.display_name ?? run.export_id)}</a>`],
    run.connection && [t('Connection'), isAdmin() ? html`<a href="#/connections/${run.connection_id}">${Text(run.connection.display_name ?? run.connection_id)}</a>` : Text(run.connection.display_name)],
    [t('Asked for'), html`${Time(run.queued_at)} · <bdi>${run.requested_by_name}</bdi> · ${say.name(run.trigger)}`],
    [t('Took'), run.started_at ? html`<span class="num">${fmt.span(run.started_at, run.finished_at)}</span>` : '–'],
    run.rate && run.finished_at && [t('Speed'), t('{n} rows a second', {n: fmt.number(Math.round(run.rate))})],
    run.attempt > 1 && [t('Attempts'), fmt.number(run.attempt)],
    run.audience_id && [t('Audience'), html`<code>${run.audience_id}</code>`], ['Id', html`<code>${run.id}</code>`],
  ])}${phases.length > 0 && html`<details class="small"><summary>${t('Phases')}</summary>${Terms(phases.map(([name, time]) => [name, html`<span class="num">${time}</span>`]))}</details>`}</div>`;
}

/** Every answered batch; what is new is read on from where it was.
 * @param {Of<{run: Run}>} _ */
function Batches({run, active}) {
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
  if (!done) return null;
  return Card(many(told, '{n} batch', '{n} batches'), html`${error && Problem(error, load)}${items.length > 0 && items.length === told && html`<${Timeline} title=${t('Batches on their way to Meta')} batches=${items}/>`}
    <${Figures} title=${t('Batches')} head=${['#', t('What'), t('Rows'), t('Received'), t('Invalid'), t('Attempts'), t('Took'), 'fbtrace_id']} rows=${items.slice(-200).map((one) => [one.sequence, say.name(one.operation), fmt.number(one.rows), fmt.number(one.received), fmt.number(one.invalid), one.attempts, fmt.span(one.started_at, one.finished_at), one.trace_id ?? '–'])}/>`);
}
