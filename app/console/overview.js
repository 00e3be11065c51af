// What somebody on call wants to know first: what is broken, what runs, what comes, what is about to end.
import {html, api, t, many, fmt, say, useLoad, useEvery, Page, Card, Loaded, Badge, Mark, Time, Text, Said, Link, Note, isAdmin, mayEdit, Bar, Stacks} from './kit.js';

export default function Overview() {
  const state = useLoad(() => api.get('/v1/overview'));
  const busy = Boolean(state.data?.running.length);
  useEvery(busy ? 4 : 20, state.reload);
  return html`<${Page} title=${t('Overview')} curl="/v1/overview" tab=${state.data?.broken.length ? `(${state.data.broken.length}) ${t('Overview')}` : t('Overview')}>
    ${Loaded(state, (now) => html`${now.totals.exports === 0 && html`<${FirstSteps} totals=${now.totals}/>`}
      ${now.workers === 0 && Note('bad', t('No worker is running'), t('Runs wait until a worker starts: python -m workers, or audience-export serve.'))}
      <${Broken} items=${now.broken} at=${now.at}/>
      <${Running} items=${now.running}/>
      <${Tokens} items=${now.tokens_ending}/>
      <div class="cols"><${Hours} items=${now.runs_by_hour}/><${Upcoming} items=${now.upcoming} workers=${now.workers}/></div>`)}
  </${Page}>`;
}

/** @param {Of<{totals: Overview['totals']}>} _ */
function FirstSteps({totals}) {
  const steps = [
    [totals.connections, t('Connect an ad account'), t('Sign in with Facebook, choose the ad account and the audience.'), isAdmin() && 'connections/new'],
    [totals.segments, t('Add a segment'), t('A file, a database or an upload with the members to send.'), mayEdit() && 'segments/new'],
    [totals.exports, t('Add an export'), t('Choose key identifier, attributes and segments. Saving sends nothing.'), mayEdit() && 'exports/new'],
  ];
  const next = steps.findIndex(([n]) => !n);
  return Card(t('Three steps to the first audience'), html`<ol class="items" style=${{margin: '0 -1.1rem -1rem'}}>${steps.map(([n, title, text, to], i) => html`<li><div class="row between"><div><span class="strong">${title}</span><p class="soft small">${text}</p></div>
    ${n ? Mark('good', t('Done')) : to ? Link(to, title, `btn ${i === next ? 'first' : ''}`) : html`<span class="soft small">${t('An administrator does this.')}</span>`}</div></li>`)}</ol>`);
}

/** @param {Of<{items: Overview['broken']}>} _ */
function Broken({items}) {
  if (!items.length) return Card(t('Broken now'), html`<p class="good strong">${t('Nothing. Every export’s last run went through.')}</p>`);
  return Card(many(items.length, '{n} thing is broken', '{n} things are broken'), html`<ul class="items">${items.map((one) => html`<li key=${one.kind + one.id}>
      <div class="row between"><div class="row"><a class="name" href="#/${target(one)}">${Text(one.display_name)}</a>${Mark(one.culprit === 'user' ? 'bad' : 'warn', say.move(one.culprit))}</div>${Time(one.since, 'ago')}</div>
      <p>${Said(one.message)}</p>
      <div class="row small">${one.kind === 'connection' && one.exports > 0 && html`<span class="soft">${many(one.exports, '{n} export waits', '{n} exports wait')}</span>`}
        ${one.run_id && Link(`runs/${one.run_id}`, t('Open the run'))}${one.kind === 'connection' && isAdmin() && Link(`connections/${one.id}/setup`, t('Renew the sign-in'))}
        ${one.help_url && html`<a href=${one.help_url} target="_blank" rel="noreferrer">${t('What Meta says about it')}</a>`}</div></li>`)}</ul>`, {flush: true});
}
const target = (one) => ({export: `exports/${one.id}`, connection: isAdmin() ? `connections/${one.id}` : 'exports', webhook: 'admin/webhooks'})[one.kind];

/** @param {Of<{items: Overview['running']}>} _ */
function Running({items}) {
  if (!items.length) return null;
  return Card(many(items.length, '{n} run under way', '{n} runs under way'), html`<ul class="items">${items.map((run) => {
    const share = run.counts.batches_total ? run.counts.batches_done / run.counts.batches_total : 0;
    return html`<li key=${run.id}><div class="row between"><div class="row"><a class="name" href="#/runs/${run.id}">${Text(run.export.display_name ?? run.export_id)}</a>${Badge(run.status)}<span class="soft small">${run.phase ? say.name(run.phase) : ''}</span></div>
      <span class="num soft">${run.counts.batches_total ? fmt.share(share, 0) : run.counts.read ? many(run.counts.read, '{n} member read', '{n} members read') : ''}</span></div>
      ${run.counts.batches_total > 0 && Bar(share, 'busy')}</li>`;
  })}</ul>`, {flush: true});
}

/** @param {Of<{items: Overview['tokens_ending']}>} _ */
function Tokens({items}) {
  if (!items.length) return null;
  return Card(t('Sign-ins that end'), html`<ul class="items">${items.map((one) => html`<li key=${one.connection.id}><div class="row between">
      <div class="row">${isAdmin() ? html`<a class="name" href="#/connections/${one.connection.id}">${Text(one.connection.display_name)}</a>` : html`<span class="name">${Text(one.connection.display_name)}</span>`}
      ${Mark(new Date(one.ends_at) < new Date() ? 'bad' : 'warn', fmt.ago(one.ends_at))}</div>${isAdmin() && Link(`connections/${one.connection.id}/setup`, t('Renew'), 'btn small')}</div>
      <p class="soft small">${one.exports.length ? html`${t('At risk:')} ${one.exports.map((item, i) => html`${i ? ', ' : ''}<a href="#/exports/${item.id}">${Text(item.display_name)}</a>`)}` : t('No export uses it.')}</p></li>`)}</ul>`, {flush: true});
}

/** @param {Of<{items: Overview['runs_by_hour']}>} _ */
function Hours({items}) {
  const total = items.reduce((sum, one) => sum + one.total, 0);
  const of = (...names) => (hour) => names.reduce((sum, name) => sum + hour.by_status[name], 0);
  return Card(t('The last 24 hours'), html`${total === 0 ? html`<p class="soft">${t('No runs.')}</p>` : html`<${Stacks} title=${t('Runs by the hour they were asked for')} items=${items} label=${(hour) => fmt.time(hour.hour)}
    series=${[{name: t('Succeeded'), tone: 'good', of: of('succeeded', 'succeeded_with_warnings')}, {name: t('Failed'), tone: 'bad', of: of('failed')}, {name: t('Skipped or cancelled'), tone: 'warn', of: of('skipped', 'canceled')}, {name: t('Under way'), tone: 'busy', of: of('queued', 'running')}]}/>`}`);
}

/** @param {Of<{items: Overview['upcoming']}>} _ */
function Upcoming({items, workers}) {
  return Card(t('The next 24 hours'), html`${items.length === 0 ? html`<p class="soft">${t('Nothing is scheduled.')}${isAdmin() ? html` ${Link('admin/schedule', t('Set the refresh schedule'))}` : ''}</p>`
    : html`<ul class="stack tight">${items.slice(0, 8).map((one) => html`<li class="row between" key=${one.export.id}><a class="name" href="#/exports/${one.export.id}">${Text(one.export.display_name)}</a><span>${Time(one.at, 'time')} <span class="soft small">${fmt.ago(one.at)}</span></span></li>`)}</ul>
      ${items.length > 8 && html`<p class="soft small">${many(items.length - 8, 'and {n} more', 'and {n} more')}</p>`}`}
    <p class="soft small" style=${{marginTop: '.8rem'}}>${many(workers, '{n} worker is running.', '{n} workers are running.')}</p>`);
}
