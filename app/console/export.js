// One export: how it stands, what its runs did, what it sends; run, edit, detach, delete.
import {html, api, t, many, fmt, say, useLoad, useAction, useEvery, Page, Card, Loaded, Badge, Time, Text, Said, Terms, Note, Problem, Button, Link, Empty, Tag, ask, toast, go, isAdmin, Stacks, useLive, RunTable} from './kit.js';

const ACTIVE = ['queued', 'running'];

export default function ExportPage({parts: [, id]}) {
  const state = useLoad(() => api.get(`/v1/exports/${id}`), [id]);
  const runs = useLoad(() => api.get(`/v1/exports/${id}/runs`, {limit: 10}), [id]);
  const past = useLoad(() => api.get(`/v1/exports/${id}/statistics`, {limit: 60}), [id]);
  const active = runs.data?.items.find((run) => ACTIVE.includes(run.status));
  useLive((run) => {
    if (run.export_id !== id || !runs.data) return;
    runs.put({...runs.data, items: runs.data.items.map((one) => one.id === run.id ? run : one)});
    if (!ACTIVE.includes(run.status)) { past.reload(); state.reload(); }
  }, Boolean(active));
  useEvery(5, runs.reload, Boolean(active));
  const one = state.data;
  return html`<${Page} title=${one ? html`${Text(one.display_name)}` : t('Export')} tab=${one?.display_name} badge=${one && one.status !== 'active' ? Badge(one.status) : null} crumb=${html`<a href="#/exports">${t('Exports')}</a>`}
    curl="/v1/exports/${id}" actions=${one?.your_permission === 'edit' && html`<${Actions} one=${one} active=${active} state=${state} runs=${runs}/>`}>
    ${Loaded(state, (found) => html`
      ${found.warnings.map((warning) => Note('warn', null, Said(warning.detail)))}
      <${Status} one=${found} runs=${runs} active=${active}/>
      ${past.data?.history.length > 0 && Card(t('What its runs did'), html`<${History} past=${past.data}/>`)}
      <div class="cols">${Card(t('What is sent'), html`<${Mapping} one=${found}/>`, {action: found.your_permission === 'edit' && Link(`exports/${id}/edit`, t('Edit'))})}${Card(t('Settings'), html`<${Settings} one=${found}/>`)}</div>
      ${runs.data?.items.length > 0 && Card(t('Runs'), RunTable(runs.data.items, {without: ['export']}), {flush: true, action: Link(`runs?export=${id}`, t('All of them'))})}`)}
  </${Page}>`;
}

/** @param {Of<{one: Export}>} _ */
function Actions({one, active, state, runs}) {
  const [run, running] = useAction(async () => { const made = await api.create(`/v1/exports/${one.id}/runs`); go(`/runs/${made.id}`); });
  const [duplicate, copying] = useAction(async () => { const made = await api.create(`/v1/exports/${one.id}/duplicate`, {}); toast(t('A copy was made. Nothing was sent.')); go(`/exports/${made.id}/edit`); });
  const [toggle, toggling] = useAction(async () => { await api.send('PATCH', `/v1/exports/${one.id}`, {enabled: !one.enabled}); state.reload(); });
  const [detach, detaching] = useAction(async () => {
    if (!await ask(t('Take the connection away?'), t('The export is kept and does not run until it gets another connection.'), t('Detach'))) return;
    await api.send('POST', `/v1/exports/${one.id}/detach`);
    state.reload();
  });
  const [remove, removing] = useAction(async () => {
    if (!await ask(t('Delete this export?'), t('Its runs stay in the history and its audience stays at Meta.'), t('Delete'))) return;
    await api.remove(`/v1/exports/${one.id}`);
    toast(t('Deleted. Its audience stays at Meta.'));
    go('/exports');
  });
  const error = [running, copying, toggling, detaching, removing].map((each) => each.error).find(Boolean);
  return html`${active ? html`<a class="btn first" href="#/runs/${active.id}">${t('Watch the run')}</a>` : Button(t('Run now'), run, {kind: 'first', busy: running.busy, why: one.status === 'active' ? undefined : say.status(one.status)})}
    <a class="btn" href="#/exports/${one.id}/edit">${t('Edit')}</a>${Button(t('Duplicate'), duplicate, {busy: copying.busy})}
    ${Button(one.enabled ? t('Switch off') : t('Switch on'), toggle, {busy: toggling.busy})}${isAdmin() && one.connection_id && Button(t('Detach'), detach, {busy: detaching.busy})}${Button(t('Delete'), remove, {kind: 'danger', busy: removing.busy})}
    ${error && html`<div style=${{flexBasis: '100%'}}>${Problem(error, runs.reload)}</div>`}`;
}

/** @param {Of<{one: Export}>} _ */
function Status({one, runs, active}) {
  if (runs.error && !runs.data) return Problem(runs.error, runs.reload);
  const last = runs.data?.items[0];
  const connection = one.connection;
  return html`${connection?.status === 'reauthentication_required' && Note('bad', t('Meta refuses the sign-in of its connection'), t('Scheduled runs wait. An administrator renews it; this export stays as it is.'), isAdmin() && Link(`connections/${connection.id}/setup`, t('Renew the sign-in'), 'btn first small'))}
    ${runs.data && !last && html`<div class="card">${Empty(t('Saved. Nothing has been sent.'), one.next_run_at ? html`${t('It runs for the first time')} ${Time(one.next_run_at)} (${fmt.ago(one.next_run_at)}).` : t('It runs when you say so.'))}</div>`}
    ${last && html`<section class="card" aria-label=${t('How it stands')}><dl class="figures">
      <div><dt>${active ? t('Now') : t('Last result')}</dt><dd><a href="#/runs/${last.id}" aria-label=${t('The run: {status}', {status: say.status(last.status)})}>${Badge(last.status)}</a></dd><dd class="sub">${fmt.ago(last.finished_at ?? last.queued_at)}</dd></div>
      <div><dt>${t('Sent')}</dt><dd>${fmt.number(last.counts.staged)}</dd></div><div><dt>${t('Received')}</dt><dd>${fmt.number(last.counts.received)}</dd></div><div><dt>${t('Not usable')}</dt><dd>${fmt.number(last.counts.skipped)}</dd></div>
      <div><dt>${t('Next run')}</dt><dd>${one.next_run_at ? fmt.ago(one.next_run_at) : '–'}</dd><dd class="sub">${one.next_run_at ? html`${Time(one.next_run_at)}${one.schedule.time_zone ? html` · ${fmt.inZone(one.next_run_at, one.schedule.time_zone)} ${one.schedule.time_zone}` : ''}` : t('on demand')}</dd></div></dl>
      ${last.error && html`<p class="small" style=${{marginTop: '.6rem'}}><span class="strong">${say.move(last.error.culprit)}:</span> ${Said(last.error.message)}</p>`}</section>`}`;
}

const label = (point, short) => short ? fmt.date(point.finished_at).replace(/ \d{4}$/, '') : fmt.moment(point.finished_at);
/** What Meta said last of the audience after that run, as [low, high]. */
function size(point) {
  const last = point.audience_state?.readings.at(-1);
  return last?.lower_bound == null ? null : [last.lower_bound, last.upper_bound];
}

/** @param {Of<{past: ExportStatistics}>} _ */
function History({past}) {
  const changed = new Map();
  past.history.forEach((point, i) => {
    const before = past.history[i - 1];
    const what = before && [before.schema_hash && point.schema_hash && before.schema_hash !== point.schema_hash && t('mapping'), before.rules_version && point.rules_version && before.rules_version !== point.rules_version && t('rules')].filter(Boolean).join(', ');
    if (what) changed.set(point.run_id, what);
  });
  return html`<${Stacks} title=${t('What each run added, removed and left out')} items=${past.history} label=${label} marks=${(point) => changed.get(point.run_id) ?? null} onPick=${(point) => go(`/runs/${point.run_id}`)}
    series=${[{name: t('Added'), tone: 'good', of: (point) => point.added}, {name: t('Removed'), tone: 'busy', of: (point) => point.removed}, {name: t('Not usable'), tone: 'warn', of: (point) => point.skipped}, {name: t('Called invalid by Meta'), tone: 'bad', of: (point) => point.invalid}]}/>
    ${past.history.some(size) && html`<h3>${t('Received, and the audience at Meta afterwards')}</h3><${Stacks} title=${t('Received, and the audience at Meta afterwards')} items=${past.history} label=${label} onPick=${(point) => go(`/runs/${point.run_id}`)}
      series=${[{name: t('Received'), tone: 'accent', of: (point) => point.received}]} band=${{name: t('Size at Meta'), of: size}} height=${120}/>
      <p class="soft small">${t('Matching takes up to a day.')} ${t('The audience holds what all runs sent, as far as Meta knows the people.')}</p>`}
    <p class="soft small">${many(past.runs, '{n} run kept', '{n} runs kept')}, ${many(past.runs_by_status.succeeded + past.runs_by_status.succeeded_with_warnings, '{n} went well', '{n} went well')}.</p>`;
}

/** @param {Of<{one: Export}>} _ */
function Mapping({one}) {
  return html`<div class="stack">${Terms([[t('Key identifier'), say.name(one.key_identifier)], [t('Segments'), html`${one.segments.map((segment, i) => html`${i ? ', ' : ''}<a href="#/segments/${segment.id}">${Text(segment.display_name)}</a>`)}`]])}
    <table><caption class="hide">${t('Mapping')}</caption><thead><tr><th scope="col">${t('Meta’s key')}</th><th scope="col">${t('Attribute of the members')}</th></tr></thead><tbody>${Object.entries(one.attributes).map(([key, names]) => html`<tr><td>${say.name(key)} ${Tag(key)}</td><td>${[names].flat().map((name, i) => html`${i ? ', ' : ''}<code><bdi>${name}</bdi></code>`)}</td></tr>`)}</tbody></table></div>`;
}

/** @param {Of<{one: Export}>} _ */
function Settings({one}) {
  const modes = {add: t('Only adds; nobody is taken out.'), mirror: t('Adds who is new and takes out who has left.'), replace: t('Swaps the whole list.'), remove: t('Takes the segments’ members out.')};
  return Terms([
    [t('Connection'), one.connection ? html`${isAdmin() ? html`<a href="#/connections/${one.connection.id}">${Text(one.connection.display_name)}</a>` : Text(one.connection.display_name)} ${Badge(one.connection.status)}` : t('none')],
    [t('Audience'), one.target_audience ? html`${Text(one.target_audience.name ?? '')} <code class="soft">${one.target_audience.id ?? t('made with the first save')}</code>` : '–'],
    [t('Sync mode'), html`${say.name(one.sync_mode)} <span class="soft small">${modes[one.sync_mode]}</span>`],
    [t('Schedule'), html`${say.name(one.schedule.mode)}${one.schedule.mode === 'custom' ? html` <code>${one.schedule.cron}</code> ${one.schedule.time_zone}` : ''}`],
    one.default_country && [t('Country where none is given'), one.default_country], one.date_format && [t('Format of dates'), one.date_format],
    one.min_usable_ratio != null && [t('At least usable'), fmt.share(one.min_usable_ratio)], one.consent && [t('Only with consent'), html`<code>${one.consent.attribute}</code> = <code>${String(one.consent.equals)}</code>`],
    [t('Changed'), html`${Time(one.updated_at)} · <bdi>${one.updated_by_name}</bdi>`],
  ]);
}
