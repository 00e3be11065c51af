// Exports with the last result, its reason and the next run; run one, some or all, schedule several.
import {html, RunBadge, startRun, Add, api, t, many, fmt, say, useList, useForm, useState, Page, List, Table, Act, Badge, Time, Text, Said, Empty, Button, Choices, Dialog, Filters, statuses, RESULTS, place, Link, Name, LeftOut, Ran, toast, mayEdit, Cron, ownSchedule} from './kit.js';

export default function Exports() {
  const {query} = place.value;
  const state = useList('/v1/exports', {q: query.q, status: query.status, last_status: query.last, connection_id: query.connection, segment_id: query.segment, sort: query.sort});
  const [chosen, choose] = useState(new Set());
  const [dialog, open] = useState(null);
  const ids = [...chosen];
  const pick = (id) => (event) => { const next = new Set(chosen); event.target.checked ? next.add(id) : next.delete(id); choose(next); };
  const all = (state.items ?? []).filter((one) => one.your_permission === 'edit').map((one) => one.id).slice(0, 200);
  const more = ids.length < all.length, chosenOnly = {kind: 'small', why: !ids.length && 'Choose exports first'};
  const run = async (body) => { open({ran: await api.create('/v1/exports/runs', body)}); state.reload(); };
  return html`<${Page} title="Exports" curl="/v1/exports" actions=${mayEdit() && html`${Act('Run all', () => run({}), {sure: ['Run every export?', 'All whose schedule', 'Run all', 'first']})}${Add('exports/new', 'Add export')}`}>
    <${Filters} search="Search export" selects=${[['last', 'Last result', [...statuses(...RESULTS), ['none', t('Never run')]]],
      ['sort', 'Sort by', [['-created_at', t('Newest first')], ['created_at', t('Oldest first')], ['display_name', t('Name')]], '-created_at']]}/>
    ${List(state, (items) => html`${mayEdit() && html`<div class="row above"><b class="chosen">${many(ids.length, 'exports chosen')}</b>${Button(more ? 'Choose all shown' : 'Choose none', () => choose(new Set(more ? all : [])), 'small')}
      ${Act('Run them', () => run({export_ids: ids}), chosenOnly)}${Button('Schedule them', () => open({schedule: true}), chosenOnly)}</div>`}${Table('Exports', [
      mayEdit() && ['', (one) => html`<input type="checkbox" aria-label=${t('Choose {name}', {name: one.display_name})} checked=${chosen.has(one.id)} disabled=${one.your_permission !== 'edit'} onChange=${pick(one.id)}/>`],
      ['Export', (one) => html`${Name(`exports/${one.id}`, one.display_name)}${one.status !== 'active' && html` ${Badge(one.status)}`}<span class="sub">${one.connection ? Text(one.connection.display_name) : t('no connection')}${one.connection && one.connection.status !== 'ready' && html` · <span class="bad">${say.status(one.connection.status)}</span>`}</span>`],
      ['Audience', (one) => one.target_audience ? html`${Text(one.target_audience.name ?? one.target_audience.id)}<span class="sub">${say.name(one.sync_mode)}</span>` : '–'],
      ['Last result', ({last_run: last}) => last ? html`${RunBadge(last)} <small>${fmt.ago(last.finished_at ?? last.queued_at)}</small><span class="sub">${last.error ? Said(last.error.message) : last.status === 'succeeded_with_warnings' && LeftOut(last)}</span>` : html`<span class="soft">${t('Never run')}</span>`],
      ['Next run', (one) => one.next_run_at ? Time(one.next_run_at) : html`<span class="soft">${one.schedule.mode === 'manual' ? t('On demand') : t('None')}</span>`],
      mayEdit() && ['', (one) => one.your_permission === 'edit' && Act('Run', () => startRun(one.id),
        {kind: 'small', 'aria-label': t('Run {name}', {name: one.display_name}), why: one.status === 'active' ? undefined : say.status(one.status)}), 'right'],
    ], items)}`, Object.keys(query).some((name) => name !== 'sort') ? Empty('No export fits', 'Clear the search') : Empty('There is no export yet', ...mayEdit() ? [t('An export says'), Link('exports/new', 'Add export', 'btn first')] : ['A contributor']))}
    ${dialog?.ran && html`<${Ran} found=${dialog.ran} onClose=${() => open(null)}/>`}
    ${dialog?.schedule && html`<${Schedule} ids=${ids} onClose=${(done) => { open(null); if (done) { choose(new Set()); state.reload(); } }}/>`}
  <//>`;
}

function Schedule({ids, onClose}) {
  const form = useForm({how: 'on', schedule: ownSchedule()}, async ({how, schedule}) => {
    const body = how === 'custom' ? {mode: 'override', schedule} : how === 'system' ? {mode: 'override', schedule: {mode: 'system'}} : {mode: 'keep', enabled: how === 'on'};
    await api.send('POST', '/v1/exports/schedule', {export_ids: ids, ...body});
    toast('Scheduled. Nothing');
    onClose(true);
  });
  return html`<${Dialog} title=${many(ids.length, 'Schedule {n} exports')} form=${form} submit="Save" onClose=${() => onClose()}>
    <${Choices} hidden label="Schedule" ...${form.field('how')} options=${[['on', 'Switch their own', 'Each keeps'], ['off', 'Switch their', 'They run on'], ['system', 'With every'], ['custom', 'One schedule']]}/>
    ${form.values.how === 'custom' && html`<${Cron} ...${{...form.field('schedule'), schedule: form.values.schedule}}/>`}<//>`;
}
