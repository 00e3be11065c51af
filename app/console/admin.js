// Administration: keys, webhooks and their deliveries, the refresh schedule, the audit.
import {html, api, t, many, fmt, say, useList, useLoad, useAction, useState, Page, Card, List, Loaded, Table, Badge, Mark, Time, Text, Said, Note, Problem, Button, Empty, Dialog, TextField, SelectField, Choice, Tag, ask, toast, copy, place, filter, isAdmin} from './kit.js';

const TABS = [['keys', 'Keys'], ['webhooks', 'Webhooks'], ['schedule', 'Refresh schedule'], ['audit', 'Audit']];

export default function Admin({parts}) {
  const tab = parts[1] ?? 'keys';
  if (!isAdmin()) return html`<${Page} title=${t('Administration')}>${Note('', t('This is for administrators'), null)}</${Page}>`;
  const Tab = {keys: Keys, webhooks: Webhooks, schedule: Schedule, audit: Audit}[tab] ?? Keys;
  const curl = {keys: '/v1/api-keys', webhooks: '/v1/webhooks', schedule: '/v1/schedule', audit: '/v1/audit-events'}[tab];
  return html`<${Page} title=${t('Administration')} tab=${t((TABS.find(([name]) => name === tab) ?? TABS[0])[1])} curl=${curl}><nav class="tabs" aria-label=${t('Administration')}>${TABS.map(([name, title]) => html`<a href="#/admin/${name}" aria-current=${name === tab ? 'page' : undefined}>${t(title)}</a>`)}</nav><${Tab}/></${Page}>`;
}

function Keys() {
  const state = useList('/v1/api-keys', {});
  const [dialog, open] = useState(null);
  const [revoke, revoking] = useAction(async (one) => {
    if (!await ask(t('Revoke this key?'), t('“{name}” is refused from now on, and whoever is signed in with it is signed out.', {name: one.display_name}), t('Revoke'))) return;
    await api.remove(`/v1/api-keys/${one.id}`);
    toast(t('Revoked.'));
    state.reload();
  });
  return html`<div class="row between"><p class="soft">${t('A key is a person or a program. It is shown once.')}</p>${Button(t('Create a key'), () => open({}), {kind: 'first', 'data-new': ''})}</div>${Problem(revoking.error)}
    ${List(state, (items) => Table(t('Keys'), [
      {title: t('Name'), show: (one) => html`<span class="name">${Text(one.display_name)}</span><span class="sub mono">…${one.last4}</span>`}, {title: t('Role'), show: (one) => say.name(one.role)},
      {title: t('Last used'), show: (one) => one.last_used_at ? Time(one.last_used_at, 'ago') : t('never')}, {title: t('Ends'), show: (one) => one.expires_at ? Time(one.expires_at, 'ago') : t('never')}, {title: t('Made'), show: (one) => Time(one.created_at)},
      {title: '', right: true, show: (one) => Button(t('Revoke'), () => revoke(one), {kind: 'small danger', 'aria-label': t('Revoke {name}', {name: one.display_name})})},
    ], items), Empty(t('No key has been made yet'), t('You are signed in with the first one, of the environment. Make one for each person and program.')))}
    ${dialog && html`<${NewKey} onClose=${() => { open(null); state.reload(); }}/>`}`;
}

function NewKey({onClose}) {
  const [name, type] = useState('');
  const [role, be] = useState('contributor');
  const [days, last] = useState('');
  const [made, tell] = useState(null);
  const [create, state] = useAction(async () => tell(await api.send('POST', '/v1/api-keys', {display_name: name, role, ...(days ? {expires_at: new Date(Date.now() + Number(days) * 864e5).toISOString()} : {})})));
  if (made) return html`<${Dialog} title=${t('The key, shown this once')} onClose=${onClose}><p>${t('Keep it now; only its last four characters are shown later.')}</p><p><code class="strong">${made.key}</code></p><div class="row">${Button(t('Copy'), () => copy(made.key), {kind: 'first'})}${Button(t('Close'), onClose)}</div></${Dialog}>`;
  return html`<${Dialog} title=${t('Create a key')} onClose=${onClose}><${TextField} label=${t('Name')} value=${name} onInput=${type} error=${state.error?.at?.('/display_name')} hint=${t('Of the person or program that uses it.')}/>
    <fieldset><legend class="label">${t('Role')}</legend>${[['viewer', t('Sees exports, segments and runs.')], ['contributor', t('Makes and runs exports on shared connections.')], ['administrator', t('Everything.')]].map(([value, hint]) => html`<${Choice} name="role" label=${say.name(value)} hint=${hint} checked=${role === value} onChange=${() => be(value)}/>`)}</fieldset>
    <${SelectField} label=${t('Ends')} value=${days} onChange=${last} options=${[['', t('never')], ['30', many(30, 'in {n} day', 'in {n} days')], ['90', many(90, 'in {n} day', 'in {n} days')], ['365', many(365, 'in {n} day', 'in {n} days')]]}/>${state.error && !state.error.errors?.length && Problem(state.error)}
    <div class="row">${Button(t('Create'), create, {kind: 'first', busy: state.busy, why: name.trim() ? undefined : t('Enter a name first')})}${Button(t('Leave it'), onClose)}</div></${Dialog}>`;
}

function Webhooks() {
  const state = useList('/v1/webhooks', {});
  const [dialog, open] = useState(null);
  const [test, testing] = useAction(async (one) => { await api.send('POST', `/v1/webhooks/${one.id}/test`); toast(t('A test event is on its way.')); });
  const [rotate, rotating] = useAction(async (one) => {
    if (await ask(t('Make a new secret?'), t('The old one signs too for a while, so that the receiver can change over.'), t('New secret'), {danger: false})) open({secret: (await api.send('POST', `/v1/webhooks/${one.id}/rotate`)).secret});
  });
  const [remove, removing] = useAction(async (one) => { if (!await ask(t('Delete this webhook?'), t('Nothing is sent to it any more.'), t('Delete'))) return; await api.remove(`/v1/webhooks/${one.id}`); state.reload(); });
  return html`<div class="row between"><p class="soft">${t('Addresses that are told what happens, signed as Standard Webhooks.')}</p>${Button(t('Add a webhook'), () => open({add: true}), {kind: 'first', 'data-new': ''})}</div>${Problem(testing.error ?? rotating.error ?? removing.error)}
    ${List(state, (items) => Table(t('Webhooks'), [
      {title: t('Address'), show: (one) => html`<span class="name">${Text(one.url)}</span><span class="sub">${one.events.join(', ')}</span>`},
      {title: t('Status'), show: (one) => one.disabled_at || !one.enabled ? Mark('quiet', t('Switched off')) : one.failing_since ? html`${Mark('bad', t('Failing'))}<span class="sub">${fmt.ago(one.failing_since)}</span>` : Mark('good', t('Active'))},
      {title: '', right: true, show: (one) => html`<span class="row">${Button(t('Deliveries'), () => open({of: one}), {kind: 'small'})}${Button(t('Test'), () => test(one), {kind: 'small'})}${Button(t('New secret'), () => rotate(one), {kind: 'small'})}${Button(t('Delete'), () => remove(one), {kind: 'small danger'})}</span>`},
    ], items), Empty(t('Nobody is told yet'), t('Add an address to hear of failed runs, ending tokens and more.')))}
    ${dialog?.add && html`<${NewWebhook} onClose=${(secret) => { state.reload(); open(secret ? {secret} : null); }}/>`}
    ${dialog?.secret && html`<${Dialog} title=${t('The secret, shown this once')} onClose=${() => open(null)}><p><code class="strong">${dialog.secret}</code></p><div class="row">${Button(t('Copy'), () => copy(dialog.secret), {kind: 'first'})}${Button(t('Close'), () => open(null))}</div></${Dialog}>`}
    ${dialog?.of && html`<${Deliveries} one=${dialog.of} onClose=${() => open(null)}/>`}`;
}

const EVENTS = ['run.started', 'run.finished', 'run.failed', 'run.skipped', 'run.canceled', 'connection.ready', 'connection.token_expiring', 'connection.reauthentication_required', 'connection.blocked', 'audience.flagged'];
function NewWebhook({onClose}) {
  const [url, type] = useState('https://');
  const [events, choose] = useState(['run.failed', 'connection.reauthentication_required']);
  const [save, state] = useAction(async () => onClose((await api.create('/v1/webhooks', {url, events})).secret));
  return html`<${Dialog} title=${t('Add a webhook')} onClose=${() => onClose()}><${TextField} label=${t('Address')} type="url" value=${url} onInput=${type} error=${state.error?.at?.('/url')}/>
    <fieldset><legend class="label">${t('Events')}</legend>${EVENTS.map((name) => html`<${Choice} type="checkbox" label=${html`<span class="mono">${name}</span>`} checked=${events.includes(name)} onChange=${(on) => choose(on ? [...events, name] : events.filter((one) => one !== name))}/>`)}</fieldset>${state.error && !state.error.at?.('/url') && Problem(state.error)}
    <div class="row">${Button(t('Save'), save, {kind: 'first', busy: state.busy, why: events.length ? undefined : t('Choose an event first')})}${Button(t('Leave it'), () => onClose())}</div></${Dialog}>`;
}

function Deliveries({one, onClose}) {
  const state = useLoad(() => api.get(`/v1/webhooks/${one.id}/deliveries`, {limit: 20}));
  const [since, from] = useState('');
  const [also, take] = useState(false);
  const [resend, resending] = useAction(async (each) => { await api.send('POST', `/v1/webhooks/${one.id}/deliveries/${each.id}/resend`); toast(t('It is sent again.')); state.reload(); });
  const [recover, recovering] = useAction(async () => {
    const {deliveries} = await api.send('POST', `/v1/webhooks/${one.id}/recover`, {since: new Date(since).toISOString(), delivered: also});
    toast(many(deliveries, '{n} event is sent again.', '{n} events are sent again.'));
    state.reload();
  });
  return html`<${Dialog} title=${t('Deliveries')} onClose=${onClose}>${Loaded(state, (found) => found.items.length ? html`<ul class="stack tight">${found.items.map((each) => html`<li><div class="row between"><span class="mono small">${each.event_type}</span><span class="row">${Badge(each.status)}${each.status !== 'pending' && Button(t('Send again'), () => resend(each), {kind: 'small', busy: resending.busy})}</span></div><p class="soft small">${Time(each.created_at)} · ${many(each.attempts, '{n} try', '{n} tries')}${each.last_status ? ` · HTTP ${each.last_status}` : ''}${each.last_error ? html` · ${Said(each.last_error)}` : ''}${each.next_attempt_at && each.status === 'pending' ? html` · ${t('again')} ${Time(each.next_attempt_at, 'ago')}` : ''}</p></li>`)}</ul>` : html`<p class="soft">${t('None yet.')}</p>`)}${Problem(resending.error ?? recovering.error)}
    <fieldset class="stack tight"><legend class="label">${t('Send again what was missed')}</legend><${TextField} label=${t('Since')} type="datetime-local" value=${since} onInput=${from}/><${Choice} type="checkbox" label=${t('Also what the receiver has accepted')} checked=${also} onChange=${take}/>
      <div>${Button(t('Send again'), recover, {busy: recovering.busy, why: since ? undefined : t('Say since when')})}</div></fieldset><div>${Button(t('Close'), onClose)}</div></${Dialog}>`;
}

const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
function Schedule() {
  const state = useLoad(async () => { const [schedule, zones] = await Promise.all([api.get('/v1/schedule'), api.get('/v1/schedule/time-zones')]); return {schedule, zones: zones.items}; });
  return Loaded(state, (found) => html`<${ScheduleForm} key=${found.schedule.updated_at} found=${found} onSaved=${state.reload}/>`);
}
function ScheduleForm({found, onSaved}) {
  const [draft, put] = useState(() => ({...found.schedule, time_zone: found.schedule.updated_at ? found.schedule.time_zone : Intl.DateTimeFormat().resolvedOptions().timeZone}));
  const set = (changes) => put({...draft, ...changes});
  const [save, state] = useAction(async (event) => {
    event.preventDefault();
    const {enabled, frequency, days, time_zone, times} = draft;
    const made = await api.send('PUT', '/v1/schedule', {enabled, frequency, days: frequency === 'daily' ? [] : days, time_zone, times});
    toast(made.next_run_at ? t('Saved. The next refresh is {when}.', {when: fmt.moment(made.next_run_at)}) : t('Saved. The refresh schedule is off.'));
    onSaved();
  });
  const wrong = (pointer) => state.error?.at?.(pointer);
  return Card(t('Refresh schedule'), html`<form class="stack" style=${{maxWidth: '40rem'}} onSubmit=${save}><p class="soft">${t('Every export that runs “with every scheduled refresh” follows it.')} ${found.schedule.next_run_at ? html`${t('Next:')} ${Time(found.schedule.next_run_at)} (${fmt.ago(found.schedule.next_run_at)})` : ''}</p>
    <${Choice} type="checkbox" box label=${t('Refresh by schedule')} checked=${draft.enabled} onChange=${(enabled) => set({enabled})}/>
    <fieldset><legend class="label">${t('How often')}</legend><${Choice} name="f" label=${t('Weekly')} checked=${draft.frequency === 'weekly'} onChange=${() => set({frequency: 'weekly', days: draft.days.length ? draft.days : ['monday']})}/><${Choice} name="f" label=${t('Daily')} checked=${draft.frequency === 'daily'} onChange=${() => set({frequency: 'daily'})}/></fieldset>
    ${draft.frequency === 'weekly' && html`<fieldset><legend class="label">${t('On')}</legend><div class="row">${DAYS.map((day) => html`<${Choice} type="checkbox" label=${say.name(day)} checked=${draft.days.includes(day)} onChange=${(on) => set({days: on ? DAYS.filter((one) => one === day || draft.days.includes(one)) : draft.days.filter((one) => one !== day)})}/>`)}</div>${wrong('/days') && html`<p class="wrong">${Said(wrong('/days'))}</p>`}</fieldset>`}
    <fieldset><legend class="label">${t('At')}</legend><div class="row">${draft.times.map((time, i) => html`<span class="row"><input type="time" aria-label=${t('Time {n}', {n: i + 1})} value=${time} style=${{width: '8rem'}} onInput=${(event) => set({times: draft.times.map((one, j) => i === j ? event.target.value : one)})}/>${draft.times.length > 1 && html`<button type="button" class="btn plain" aria-label=${t('Remove time {n}', {n: i + 1})} onClick=${() => set({times: draft.times.filter((_, j) => i !== j)})}>✕</button>`}</span>`)}${draft.times.length < 4 && Button(t('Add a time'), () => set({times: [...draft.times, '15:00']}), {kind: 'small'})}</div>${wrong('/times') && html`<p class="wrong">${Said(wrong('/times'))}</p>`}</fieldset>
    <${SelectField} label=${t('Time zone')} value=${draft.time_zone} onChange=${(time_zone) => set({time_zone})} options=${found.zones.map((zone) => [zone.name, `${zone.name} (${zone.utc_offset})`])}/>${state.error && !state.error.errors?.some((one) => /^\/(days|times)/.test(one.pointer)) && Problem(state.error)}
    <div>${Button(t('Save'), null, {kind: 'first', type: 'submit', busy: state.busy})}</div></form>`);
}

function Audit() {
  const {query} = place.value;
  const state = useList('/v1/audit-events', {resource_id: query.resource, actor: query.actor, action: query.action});
  return html`${(query.resource || query.actor || query.action) && html`<div class="row">${Object.entries(query).map(([name, value]) => Tag(`${name}: ${value}`))}${Button(t('Clear'), () => filter({resource: '', actor: '', action: ''}), {kind: 'small'})}</div>`}
    ${List(state, (items) => Table(t('Audit'), [
      {title: t('When'), show: (one) => Time(one.at)}, {title: t('Who'), show: (one) => html`<a href="#/admin/audit?actor=${encodeURIComponent(one.actor)}"><bdi>${one.actor_name}</bdi></a><span class="sub">${say.name(one.role)}</span>`},
      {title: t('What'), show: (one) => html`<a href="#/admin/audit?action=${one.action}" class="mono">${one.action}</a>`}, {title: t('About'), show: (one) => one.resource_id ? html`<a class="mono" href="#/admin/audit?resource=${one.resource_id}">${one.resource_id.slice(0, 18)}…</a>` : '–'},
      {title: t('Change'), show: (one) => one.before || one.after ? html`<details class="small"><summary>${t('Show')}</summary><code>${JSON.stringify({before: one.before, after: one.after}, null, 1)}</code></details>` : '–'},
    ], items), Empty(t('Nothing has been changed yet'), ''))}`;
}
