// Exports: name, audience, the last result with its reason, the next run; run one, run all, schedule several.
import {html, api, t, many, fmt, say, useList, useLater, useEffect, useState, useAction, useLoad, Page, List, Table, Badge, Time, Text, Said, Empty, Button, TextField, SelectField, Choice, Dialog, Problem, place, filter, Link, toast, go, mayEdit, Cron} from './kit.js';

export default function Exports() {
  const {query} = place.value;
  const [q, typed] = useState(query.q ?? '');
  const later = useLater(q);
  useEffect(() => { if (later !== (query.q ?? '')) filter({q: later}); }, [later]);
  const params = {q: query.q, status: query.status, last_status: query.last, connection_id: query.connection, segment_id: query.segment, sort: query.sort};
  const state = useList('/v1/exports', params);
  const [chosen, choose] = useState(new Set());
  const [dialog, open] = useState(null);
  const [runAll, running] = useAction(async () => { open({all: await api.create('/v1/exports/runs')}); state.reload(); });
  const filtered = Object.keys(query).some((name) => name !== 'sort');
  const pick = (id, on) => { const next = new Set(chosen); on ? next.add(id) : next.delete(id); choose(next); };
  return html`<${Page} title=${t('Exports')} curl="/v1/exports" actions=${mayEdit() && html`${Button(t('Run all'), runAll, {busy: running.busy})}<a class="btn first" data-new href="#/exports/new">${t('Add export')}</a>`}>
    ${Problem(running.error, runAll)}
    <form class="filters" role="search" onSubmit=${(event) => event.preventDefault()}>
      <${TextField} wide label=${t('Search export, connection or type')} type="search" value=${q} onInput=${typed}/>
      <${SelectField} label=${t('Last result')} value=${query.last ?? ''} onChange=${(last) => filter({last})} options=${[['', t('Any')], ...['failed', 'skipped', 'succeeded_with_warnings', 'succeeded', 'running', 'queued', 'canceled'].map((one) => [one, say.status(one)]), ['none', t('Never run')]]}/>
      <${SelectField} label=${t('Sort by')} value=${query.sort ?? '-created_at'} onChange=${(sort) => filter({sort: sort === '-created_at' ? '' : sort})} options=${[['-created_at', t('Newest first')], ['created_at', t('Oldest first')], ['display_name', t('Name')]]}/>
    </form>
    ${chosen.size > 0 && html`<div class="card row between"><span class="strong">${many(chosen.size, '{n} export chosen', '{n} exports chosen')}</span><div class="row">${Button(t('Schedule them'), () => open({schedule: true}))}${Button(t('None'), () => choose(new Set()), {kind: 'plain'})}</div></div>`}
    ${List(state, (items) => Table(t('Exports'), [
      mayEdit() && {title: '', head: html`<span class="hide">${t('Choose')}</span>`, show: (one) => html`<input type="checkbox" aria-label=${t('Choose {name}', {name: one.display_name})} checked=${chosen.has(one.id)} disabled=${one.your_permission !== 'edit'} onChange=${(event) => pick(one.id, event.target.checked)}/>`},
      {title: t('Export'), show: (one) => html`<a class="name" href="#/exports/${one.id}">${Text(one.display_name)}</a>${one.status !== 'active' ? html` ${Badge(one.status)}` : ''}<span class="sub">${one.connection ? Text(one.connection.display_name) : t('no connection')}${one.connection && one.connection.status !== 'ready' ? html` · <span class="bad">${say.status(one.connection.status)}</span>` : ''}</span>`},
      {title: t('Audience'), show: (one) => one.target_audience ? html`${Text(one.target_audience.name ?? one.target_audience.id)}<span class="sub">${say.name(one.sync_mode)}</span>` : '–'},
      {title: t('Last result'), show: (one) => one.last_run ? html`<a href="#/runs/${one.last_run.id}" aria-label=${t('The run: {status}', {status: say.status(one.last_run.status)})}>${Badge(one.last_run.status)}</a> <span class="soft small">${fmt.ago(one.last_run.finished_at ?? one.last_run.queued_at)}</span>${one.last_run.error && html`<span class="sub">${Said(one.last_run.error.message)}</span>`}` : html`<span class="soft">${t('Never run')}</span>`},
      {title: t('Next run'), show: (one) => one.next_run_at ? html`${Time(one.next_run_at)}` : html`<span class="soft">${one.schedule.mode === 'manual' ? t('On demand') : t('None')}</span>`},
      mayEdit() && {title: '', right: true, show: (one) => one.your_permission === 'edit' && html`<${RunNow} one=${one} onDone=${state.reload}/>`},
    ].filter(Boolean), items), filtered ? Empty(t('No export fits'), t('Clear the search and the filters to see all.')) : html`<${FirstExport}/>`)}
    ${dialog?.all && html`<${Ran} found=${dialog.all} onClose=${() => open(null)}/>`}
    ${dialog?.schedule && html`<${Schedule} ids=${[...chosen]} onClose=${(done) => { open(null); if (done) { choose(new Set()); state.reload(); } }}/>`}
  </${Page}>`;
}

/** @param {Of<{one: Export}>} _ */
function RunNow({one, onDone}) {
  const [run, state] = useAction(async () => { const made = await api.create(`/v1/exports/${one.id}/runs`); toast(t('The run has begun.')); go(`/runs/${made.id}`); onDone(); });
  return html`${Button(t('Run'), run, {kind: 'small', busy: state.busy, 'aria-label': t('Run {name}', {name: one.display_name}), why: one.status === 'active' ? undefined : say.status(one.status)})}${state.error && html`<p class="wrong">${state.error.code === 'run-already-active' ? html`<a href="#/runs/${state.error.run_id}">${t('It runs already')}</a>` : Said(state.error.message)}</p>`}`;
}

function FirstExport() {
  const usable = useLoad(() => mayEdit() ? api.get('/v1/connections/available') : Promise.resolve({items: []}));
  if (!mayEdit()) return Empty(t('There is no export yet'), t('A contributor or an administrator adds the first one.'));
  if (usable.data && !usable.data.items.length) return Empty(t('No connection is available to you'), t('An administrator adds one under Connections and shares it with contributors.'));
  return Empty(t('There is no export yet'), t('An export says which segments go to which audience. Saving it sends nothing.'), html`<a class="btn first" href="#/exports/new">${t('Add export')}</a>`);
}

function Ran({found, onClose}) {
  return html`<${Dialog} title=${many(found.started.length, '{n} run has begun', '{n} runs have begun')} onClose=${onClose}>
    ${found.not_started.length > 0 && html`<p>${t('These did not start:')}</p><ul class="stack tight">${found.not_started.map((one) => html`<li><span class="strong">${Text(one.display_name)}</span><br/><span class="soft small">${Said(one.detail)}</span></li>`)}</ul>`}
    <div class="row">${Button(t('Close'), onClose)}${Link('runs?status=queued,running', t('Watch them'), 'btn first')}</div></${Dialog}>`;
}

function Schedule({ids, onClose}) {
  const [how, set] = useState('on');
  const [cron, type] = useState('0 6 * * *');
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const [save, state] = useAction(async () => {
    const body = how === 'custom' ? {mode: 'override', schedule: {mode: 'custom', cron, time_zone: zone}} : how === 'system' ? {mode: 'override', schedule: {mode: 'system'}} : {mode: 'keep', enabled: how === 'on'};
    await api.send('POST', '/v1/exports/schedule', {export_ids: ids, ...body});
    toast(t('Scheduled. Nothing was sent.'));
    onClose(true);
  });
  return html`<${Dialog} title=${many(ids.length, 'Schedule {n} export', 'Schedule {n} exports')} onClose=${() => onClose(false)}><fieldset><legend class="hide">${t('Schedule')}</legend>
    ${[['on', t('Switch their own schedules on'), t('Each keeps the schedule it has.')], ['off', t('Switch their schedules off'), t('They run on demand only.')], ['system', t('With every scheduled refresh'), ''], ['custom', t('One schedule for all of them'), '']].map(([value, label, hint]) => html`<${Choice} name="how" label=${label} hint=${hint} checked=${how === value} onChange=${() => set(value)}/>`)}</fieldset>
    ${how === 'custom' && html`<${Cron} cron=${cron} zone=${zone} onInput=${type} error=${state.error?.at?.('/schedule')}/>`}
    ${state.error && !state.error.at?.('/schedule') && Problem(state.error)}<div class="row">${Button(t('Save'), save, {kind: 'first', busy: state.busy})}${Button(t('Leave it'), () => onClose(false))}</div></${Dialog}>`;
}
