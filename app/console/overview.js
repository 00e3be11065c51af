// What somebody on call wants to know first: what is broken, runs, comes, and is about to end.
import {html, Renew, api, t, many, fmt, say, useLoad, useState, useEvery, Page, Dim, Card, Act, Badge, Mark, Time, Text, Said, Link, Name, Names, Outside, Note, Ran, isAdmin, mayEdit, Bar, Stacks, waits, Wait} from './kit.js';

export default function Overview() {
  const state = useLoad(() => api.get('/v1/overview'));
  useEvery(state.data?.running.length ? 4 : 20, state.reload);
  const broken = state.data?.broken.length;
  return html`<${Page} state=${state} title="Overview" curl="/v1/overview" tab=${broken ? `(${broken}) ${t('Overview')}` : t('Overview')}>${(now) => html`
    ${now.totals.exports === 0 && FirstSteps(now.totals)}
    ${now.workers === 0 && Note('bad', 'No worker is running', 'Runs wait until')}
    <${Broken} items=${now.broken}/>
    ${now.running.length > 0 && Running(now.running)}
    ${now.tokens_ending.length > 0 && Tokens(now.tokens_ending)}
    <div class="cols">${Hours(now.runs_by_hour)}${Upcoming(now)}</div>`}<//>`;
}

/** @template T @param {T[]} items @param {(one: T) => any} show */
const Items = (items, show) => html`<ul class="items">${items.map((one) => html`<li key=${/** @type {any} */ (one).id}>${show(one)}</li>`)}</ul>`;

/** @param {Overview['totals']} totals */
function FirstSteps(totals) {
  const steps = [
    [totals.connections, t('Connect an ad account'), t('Sign in with'), isAdmin() && 'connections/new'],
    [totals.segments, t('Add a segment'), t('A file, a database'), mayEdit() && 'segments/new'],
    [totals.exports, t('Add an export'), t('Choose key'), mayEdit() && 'exports/new'],
  ];
  const next = steps.findIndex(([n]) => !n);
  return Card('Three steps', html`<ol class="items">${steps.map(([n, title, text, to], i) => html`<li class="row between"><div><b>${title}</b>${Dim(text)}</div>
    ${n ? Mark('good', t('Done')) : to ? Link(to, title, `btn ${i === next ? 'first' : ''}`) : html`<small>${t('An administrator')}</small>`}</li>`)}</ol>`, {flush: true});
}

/** @param {Of<{items: Overview['broken']}>} _ */
function Broken({items}) {
  const [found, tell] = useState(null);
  const failed = items.filter((one) => one.kind === 'export').map((one) => one.id).slice(0, 200);
  const again = failed.length > 1 && mayEdit() && html`<span class="row">${Act(many(failed.length, 'Run {n} again'), async () => tell(await api.create('/v1/exports/runs', {export_ids: failed})), 'small')}</span>`;
  return html`${items.length ? Card(many(items.length, 'things are'), Items(items, (one) => html`
      <div class="row between"><div class="row">${Name(target(one), one.display_name)}${Mark(one.culprit === 'user' ? 'bad' : 'warn', say.move(one.culprit))}</div>${Time(one.since, 'ago')}</div>
      <p>${Said(one.message)}</p>
      <div class="row small">${one.kind === 'connection' && one.exports > 0 && html`<span class="soft">${many(one.exports, 'exports wait')}</span>`}
        ${one.run_id && Link(`runs/${one.run_id}`, 'Open the run')}${one.kind === 'connection' && isAdmin() && Renew(one.id)}${Outside(one.help_url)}</div>`), {flush: true, action: again})
    : Card('Broken now', html`<p class="good strong">${t('Nothing. Every')}</p>`)}
    ${found && html`<${Ran} found=${found} onClose=${() => tell(null)}/>`}`;
}
const target = (one) => ({export: `exports/${one.id}`, connection: isAdmin() ? `connections/${one.id}` : 'exports', webhook: 'admin/webhooks'})[one.kind];

/** @param {Overview['running']} items */
const Running = (items) => Card(many(items.length, 'runs under'), Items(items, (run) => {
  const {id, export_id, export: of, status, phase, counts} = run;
  const share = counts.batches_total ? counts.batches_done / counts.batches_total : 0;
  return html`<div class="row between"><div class="row">${Name(`runs/${id}`, of.display_name ?? export_id)}${Badge(status)}<small>${waits(run) ? Wait(run) : phase ? say.name(phase) : ''}</small></div>
      <span class="num soft">${counts.batches_total ? fmt.share(share, 0) : counts.read ? many(counts.read, 'members read') : ''}</span></div>${Bar(share, 'busy')}`;
}), {flush: true});

/** @param {Overview['tokens_ending']} items */
const Tokens = (items) => Card('Sign-ins that end', Items(items, ({connection, ends_at, exports}) => html`<div class="row between">
      <div class="row">${isAdmin() ? Name(`connections/${connection.id}`, connection.display_name) : html`<b>${Text(connection.display_name)}</b>`}
      ${Mark(new Date(ends_at) < new Date() ? 'bad' : 'warn', fmt.ago(ends_at))}</div>${isAdmin() && Link(`connections/${connection.id}/setup`, 'Renew', 'btn small')}</div>
      ${Dim(exports.length ? html`${t('At risk:')} ${Names('exports', exports)}` : t('No export uses it.'))}`), {flush: true});

/** @param {Overview['runs_by_hour']} items */
function Hours(items) {
  const of = (...names) => (hour) => names.reduce((sum, name) => sum + hour.by_status[name], 0);
  return Card('The last 24 hours', items.some((one) => one.total) ? html`<${Stacks} title="Runs by the" items=${items} label=${(hour) => fmt.time(hour.hour)}
    series=${[{name: 'Succeeded', tone: 'good', of: of('succeeded', 'succeeded_with_warnings')}, {name: 'Failed', tone: 'bad', of: of('failed')}, {name: 'Skipped or cancelled', tone: 'warn', of: of('skipped', 'canceled')}, {name: 'Under way', tone: 'busy', of: of('queued', 'running')}]}/>`
    : Dim('No runs.'));
}

/** @param {Overview} now */
const Upcoming = ({upcoming, workers}) => Card('The next 24 hours', html`${upcoming.length ? html`<ul class="stack tight">${upcoming.slice(0, 8).map((one) => html`<li class="row between" key=${one.export.id}>${Name(`exports/${one.export.id}`, one.export.display_name)}<span>${Time(one.at, 'time')} <small>${fmt.ago(one.at)}</small></span></li>`)}</ul>`
    : html`<p class="soft">${t('Nothing is scheduled.')} ${isAdmin() && Link('admin/schedule', 'Set the refresh')}</p>`}
  <p class="dim gap">${upcoming.length > 8 && `${many(upcoming.length - 8, 'and {n} more')} · `}${many(workers, 'workers are')}</p>`);
