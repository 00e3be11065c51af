// One export: how it stands, what its runs did, what it sends; run, edit, detach, delete.
import {html, Dim, Code, RunBadge, startRun, Renew, api, apart, t, many, fmt, say, useLoad, useForm, useState, useEvery, Page, Card, Act, Badge, Time, Text, Said, Terms, Note, Problem, Link, Names, Empty, Grid, Choice, Dialog, Button, toast, go, isAdmin, Stacks, useLive, RunTable, ACTIVE} from './kit.js';

export default function ExportPage({parts: [, id]}) {
  const state = useLoad(async () => {
    const [one, runs, past] = await Promise.all([api.get(`/v1/exports/${id}`), apart(api.get(`/v1/exports/${id}/runs`, {limit: 10})), apart(api.get(`/v1/exports/${id}/statistics`, {limit: 60}))]);
    return {one, runs, past: past.data};
  });
  const {one, runs} = state.data ?? {};
  const active = runs?.data?.items.find((run) => ACTIVE.includes(run.status));
  useLive((run) => {
    if (run.export_id !== id || !runs?.data) return;
    if (ACTIVE.includes(run.status)) state.put({...state.data, runs: {...runs, data: {...runs.data, items: runs.data.items.map((each) => each.id === run.id ? run : each)}}});
    else state.reload();
  }, Boolean(active));
  useEvery(5, state.reload, Boolean(active));
  const edit = one?.your_permission === 'edit';
  return html`<${Page} state=${state} title="Export" of=${one} badge=${one && one.status !== 'active' && Badge(one.status)} crumb="exports"
    curl="/v1/exports/${id}" actions=${edit && html`<${Actions} one=${one} active=${active} reload=${state.reload}/>`}>${({past}) => html`
      ${one.warnings.map((warning) => Note('warn', null, Said(warning.detail)))}
      ${Status(one, runs, active, state.reload)}
      ${past?.history.length > 0 && Card('What its runs did', History(past))}
      <div class="cols">${Card('What is sent', Mapping(one), {action: edit && Link(`exports/${id}/edit`, 'Edit')})}${Card('Settings', Settings(one))}</div>
      ${runs.data?.items.length > 0 && Card('Runs', RunTable(runs.data.items, one), {flush: true, action: Link(`runs?export=${id}`, 'All of them')})}`}
  <//>`;
}

/** @param {Of<{one: Export}>} _ */
function Actions({one, active, reload}) {
  const [asking, ask] = useState(false);
  const path = /** @type {const} */ (`/v1/exports/${one.id}`);
  const why = one.status === 'active' ? undefined : say.status(one.status);
  return html`${active ? Link(`runs/${active.id}`, 'Watch the run', 'btn first') : one.sync_mode === 'mirror' ? Button('Run now', () => ask(true), {kind: 'first', why}) : Act('Run now', () => startRun(one.id), {kind: 'first', why})}
    ${Link(`exports/${one.id}/edit`, 'Edit', 'btn')}${Act('Duplicate', async () => { const made = await api.create(`${path}/duplicate`, {}); toast('A copy was'); return `exports/${made.id}/edit`; })}
    ${Act(one.enabled ? t('Switch this export off') : t('Switch this export on'), async () => { await api.send('PATCH', path, {enabled: !one.enabled}); toast(t(one.enabled ? 'It is off' : 'It is on')); reload(); },
      {sure: one.enabled ? ['Switch it off?', t('It runs neither'), t('Switch this export off')] : ['Switch it on?', t('Its schedule'), t('Switch this export on'), 'first']})}
    ${isAdmin() && one.connection_id && Act('Detach', async () => { await api.send('POST', `${path}/detach`); reload(); }, {sure: ['Take the connection', 'The export is', 'Detach']})}
    ${Act('Delete', async () => { await api.remove(path); toast('Deleted. Its'); return 'exports'; }, {kind: 'danger', sure: ['Delete this export?', 'Its runs stay', 'Delete']})}
    ${asking && html`<${RunMirror} id=${one.id} onClose=${() => ask(false)}/>`}`;
}

/** A mirror whose sources say that nothing has changed sends nothing, unless it is told to look. */
function RunMirror({id, onClose}) {
  const form = useForm({force: false}, (body) => startRun(id, body));
  return html`<${Dialog} title="Run this export now?" form=${form} submit="Run now" onClose=${onClose}><p>${t('A mirror whose')}</p>
    <${Choice} label="Read and compare" hint="When the audience" ...${form.field('force')}/><//>`;
}

/** @param {Export} one */
function Status(one, runs, active, reload) {
  if (runs.error) return Problem(runs.error, reload);
  const last = runs.data.items[0];
  const {connection} = one;
  const figure = (name, value, sub) => html`<div><dt>${t(name)}</dt><dd>${value}</dd><dd class="sub">${sub}</dd></div>`;
  return html`${connection?.status === 'reauthentication_required' && Note('bad', 'Meta refuses the sign-in', 'Scheduled runs wait', isAdmin() && Renew(connection.id, 'btn first small'))}
    <section class="card" aria-label=${t('How it stands')}>${!last ? Empty('Saved. Nothing', one.next_run_at ? html`${t('It runs for')} ${Time(one.next_run_at)} (${fmt.ago(one.next_run_at)}).` : t('It runs when'))
    : html`<dl class="figures">
      ${figure(active ? t('Now') : t('Last result'), RunBadge(last), fmt.ago(last.finished_at ?? last.queued_at))}
      ${figure('Sent', fmt.number(last.counts.staged))}${figure('Received', fmt.number(last.counts.received))}${figure('Not usable', fmt.number(last.counts.skipped))}
      ${figure('Next run', one.next_run_at ? fmt.ago(one.next_run_at) : '–', one.next_run_at ? html`${Time(one.next_run_at)}${one.schedule.time_zone && ` · ${fmt.inZone(one.next_run_at, one.schedule.time_zone)} ${one.schedule.time_zone}`}` : t('on demand'))}</dl>
      ${last.error && html`<p class="small gap"><b>${say.move(last.error.culprit)}:</b> ${Said(last.error.message)}</p>`}${last.note && html`<p class="small gap">${t('nothing had')}</p>`}`}</section>`;
}

const label = (point, short) => short ? fmt.day(point.finished_at) : fmt.moment(point.finished_at);
/** What Meta said last of the audience after that run, as [low, high]. */
function size(point) {
  const last = point.audience_state?.readings.at(-1);
  return last?.lower_bound == null ? null : [last.lower_bound, last.upper_bound];
}

/** @param {ExportStatistics} past */
function History(past) {
  const items = past.history;
  const changed = new Map(items.slice(1).map((point, i) => {
    const differs = (name) => items[i][name] && point[name] && items[i][name] !== point[name];
    return [point.run_id, [differs('schema_hash') && t('mapping'), differs('rules_version') && t('rules')].filter(Boolean).join(', ')];
  }));
  const rest = {items, label, onPick: (point) => go(`runs/${point.run_id}`)};
  return html`<${Stacks} ...${rest} title="What each run" mark=${(point) => changed.get(point.run_id) || null}
    series=${[{name: 'Added', tone: 'good', of: (point) => point.added}, {name: 'Removed', tone: 'busy', of: (point) => point.removed}, {name: 'Not usable', tone: 'warn', of: (point) => point.skipped}, {name: 'Called invalid by Meta', tone: 'bad', of: (point) => point.invalid}]}/>
    ${items.some(size) && html`<h3>${t('Received, and')}</h3><${Stacks} ...${rest} title="Received, and" series=${[{name: 'Received', tone: 'accent', of: (point) => point.received}]} band=${{name: 'Size at Meta', of: size}} height=${120}/>
      ${Dim('Matching takes', ' ', 'The audience holds')}`}
    <p class="dim">${many(past.runs, 'runs kept')}, ${many(past.runs_by_status.succeeded + past.runs_by_status.succeeded_with_warnings, 'went well')}.</p>`;
}

/** @param {Export} one */
const Mapping = (one) => html`<div class="stack">${Terms([['Key identifier', say.name(one.key_identifier)], ['Segments', Names('segments', one.segments)]])}
  ${Grid('Mapping', ['Meta’s key', 'Attribute of'], Object.entries(one.attributes).map(([key, names]) => [html`${say.name(key)} ${Code(key)}`, Code([names].flat().join(', '))]))}</div>`;

/** @param {Export} one */
const Settings = (one) => Terms([
  ['Connection', one.connection ? html`${isAdmin() ? Names('connections', [one.connection]) : Text(one.connection.display_name)} ${Badge(one.connection.status)}` : t('none')],
  ['Audience', one.target_audience && html`${Text(one.target_audience.name ?? '')} <code class="soft">${one.target_audience.id ?? t('made with the first')}</code>`],
  ['Sync mode', html`${say.name(one.sync_mode)} <small>${say.code('mode', one.sync_mode)}</small>`],
  ['Schedule', html`${say.name(one.schedule.mode)}${one.schedule.mode === 'custom' && html` ${Code(one.schedule.cron)} ${one.schedule.time_zone}`}`],
  one.default_country && ['Country where', one.default_country], one.date_format && ['Format of dates', one.date_format],
  one.min_usable_ratio != null && ['At least usable', fmt.share(one.min_usable_ratio)], one.consent && ['Only with consent', html`${Code(one.consent.attribute)} = ${Code(String(one.consent.equals))}`],
  ['Changed', html`${Time(one.updated_at)} · ${Text(one.updated_by_name)}`],
]);
