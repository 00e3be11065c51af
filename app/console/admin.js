// Administration: keys, webhooks and their deliveries, the refresh schedule, the audit.
import {html, Code, items, codes, api, t, many, fmt, say, useList, useLoad, useForm, useState, Page, Dim, Card, Act, List, Loaded, Table, Badge, Mark, Time, Text, Said, Button, Empty, Dialog, Form, TextField, SelectField, Choice, Choices, Wrong, Once, Link, toast, place} from './kit.js';

const TABS = {keys: Keys, webhooks: Webhooks, schedule: Schedule, audit: Audit};

export default function Admin({parts: [, tab = 'keys']}) {
  const Tab = TABS[tab] ?? Keys;
  const curl = `/v1/${{keys: 'api-keys', audit: 'audit-events'}[tab] ?? tab}`;
  return html`<${Page} title="Administration" tab=${say.code('tab', tab)} curl=${curl}><nav class="tabs" aria-label=${t('Administration')}>${Object.keys(TABS).map((name) => html`<a href="#/admin/${name}" aria-current=${name === tab && 'page'}>${say.code('tab', name)}</a>`)}</nav><${Tab}/><//>`;
}

const Top = (text, button, onClick) => html`<div class="row between"><p class="soft">${t(text)}</p>${Button(button, onClick, {kind: 'first', 'data-new': ''})}</div>`;

function Keys() {
  const state = useList('/v1/api-keys');
  const [dialog, open] = useState(null);
  const revoke = (one) => Act('Revoke', async () => { await api.remove(`/v1/api-keys/${one.id}`); toast('Revoked.'); state.reload(); },
    {kind: 'small danger', 'aria-label': t('Revoke {name}', {name: one.display_name}), sure: ['Revoke this key?', t('“{name}” is', {name: one.display_name}), t('Revoke')]});
  return html`${Top('A key is a', 'Create a key', () => open('new'))}
    ${List(state, (items) => Table('Keys', [
      ['Name', (one) => html`<span class="name">${Text(one.display_name)}</span><span class="sub mono">…${one.last4}</span>`], ['Role', (one) => say.name(one.role)],
      ['Last used', (one) => one.last_used_at ? Time(one.last_used_at, 'ago') : t('never')], ['Ends', (one) => one.expires_at ? Time(one.expires_at, 'ago') : t('never')], ['Made', (one) => Time(one.created_at)], ['', revoke, 'right'],
    ], items), Empty('No key has', 'You are signed'))}
    ${dialog === 'new' ? html`<${NewKey} onClose=${(made) => { open(made); state.reload(); }}/>`
      : dialog && html`<${Once} title="The key, shown" secret=${dialog.key} text=${html`${t('Keep it now')} ${t('Whoever has', {name: dialog.display_name})} <a href="/">${location.origin}</a>`} onClose=${() => open(null)}/>`}`;
}

function NewKey({onClose}) {
  const form = useForm({display_name: '', role: 'contributor', days: ''}, async ({days, ...rest}) => onClose(await api.send('POST', '/v1/api-keys', {...rest, ...(days ? {expires_at: new Date(Date.now() + Number(days) * 864e5).toISOString()} : {})})));
  return html`<${Dialog} title="Create a key" form=${form} submit="Create" why=${!form.values.display_name.trim() && 'Enter a name first'} onClose=${onClose}><${TextField} label="Name" ...${form.field('display_name')} hint="Of the person"/>
    <${Choices} label="Role" ...${form.field('role')} options=${codes('may').map((role) => [role, say.name(role), say.code('may', role)])}/>
    <${SelectField} label="Ends" ...${form.field('days', '/expires_at')} options=${[['', t('never')], ...[30, 90, 365].map((n) => [String(n), many(n, 'in {n} days')])]}/><//>`;
}

function Webhooks() {
  const state = useList('/v1/webhooks');
  const [dialog, open] = useState(null);
  const close = () => open(null);
  const acts = (one) => html`<span class="row">${Button('Deliveries', () => open({of: one}), 'small')}${Act('Test', async () => { await api.send('POST', `/v1/webhooks/${one.id}/test`); toast('A test event'); }, 'small')}
    ${Act('New secret', async () => open(await api.send('POST', `/v1/webhooks/${one.id}/rotate`)), {kind: 'small', sure: ['Make a new secret?', 'The old one', 'New secret', 'first']})}
    ${Act('Delete', async () => { await api.remove(`/v1/webhooks/${one.id}`); state.reload(); }, {kind: 'small danger', sure: ['Delete this webhook?', 'Nothing is', 'Delete']})}</span>`;
  return html`${Top('Addresses that', 'Add a webhook', () => open({add: true}))}
    ${List(state, (items) => Table('Webhooks', [
      ['Address', (one) => html`<span class="name">${Text(one.url)}</span><span class="sub">${one.events.join(', ')}</span>`],
      ['Status', (one) => one.disabled_at || !one.enabled ? Badge('disabled') : one.failing_since ? html`${Mark('bad', t('Failing'))}<span class="sub">${fmt.ago(one.failing_since)}</span>` : Badge('active')],
      ['', acts, 'right'],
    ], items), Empty('Nobody is told yet', 'Add an address'))}
    ${dialog?.add && html`<${NewWebhook} onClose=${(made) => { state.reload(); open(made); }}/>`}
    ${dialog?.secret && html`<${Once} title="The secret" text=${t('The receiver')} secret=${dialog.secret} onClose=${close}/>`}
    ${dialog?.of && html`<${Deliveries} one=${dialog.of} onClose=${close}/>`}`;
}

function NewWebhook({onClose}) {
  const form = useForm({url: 'https://', events: ['run.failed', 'connection.reauthentication_required']}, async (values) => onClose(await api.create('/v1/webhooks', values)));
  return html`<${Dialog} title="Add a webhook" form=${form} submit="Save" why=${!form.values.events.length && 'Choose an event first'} onClose=${onClose}><${TextField} label="Address" type="url" ...${form.field('url')}/>
    <${Choices} label="Events" ...${form.field('events')} options=${codes('event').map((name) => [name, say.code('event', name), html`<span class="mono">${name}</span>`])}/><//>`;
}

function Deliveries({one, onClose}) {
  const path = /** @type {const} */ (`/v1/webhooks/${one.id}`);
  const state = useLoad(() => items(`${path}/deliveries`, {limit: 20}));
  const form = useForm({since: '', delivered: false}, async ({since, delivered}) => {
    const made = await api.send('POST', `${path}/recover`, {since: new Date(since).toISOString(), delivered});
    toast(many(made.deliveries, 'events are'));
    state.reload();
  });
  const again = (each) => each.status !== 'pending' && Act('Send again', async () => { await api.send('POST', `${path}/deliveries/${each.id}/resend`); toast('It is sent again.'); state.reload(); }, 'small');
  return html`<${Dialog} title="Deliveries" onClose=${onClose}>${Loaded(state, (items) => items.length ? html`<ul class="stack tight">${items.map((each) => html`<li key=${each.id}><div class="row between"><span class="mono small">${each.event_type}</span><span class="row">${Badge(each.status)}${again(each)}</span></div>
      <p class="dim">${Time(each.created_at)} · ${many(each.attempts, 'tries')}${each.last_status && ` · HTTP ${each.last_status}`}${each.last_error && html` · ${Said(each.last_error)}`}${each.next_attempt_at && each.status === 'pending' && html` · ${t('again')} ${Time(each.next_attempt_at, 'ago')}`}</p></li>`)}</ul>` : Dim('None yet.'))}
    <fieldset class="stack tight"><legend class="label">${t('Send again what')}</legend><${TextField} label="Since" type="datetime-local" ...${form.field('since')}/><${Choice} label="Also what the" ...${form.field('delivered')}/>${form.rest()}
      <div>${Button('Send all of them again', () => form.submit(), {busy: form.busy, why: !form.values.since && 'Say since when'})}</div></fieldset><//>`;
}

function Schedule() {
  const state = useLoad(async () => {
    const [schedule, zones] = await Promise.all([api.get('/v1/schedule'), api.get('/v1/schedule/time-zones')]);
    return {schedule, zones: zones.items};
  });
  return Loaded(state, (found) => html`<${ScheduleForm} key=${found.schedule.updated_at} ...${found} onSaved=${state.reload}/>`);
}

function ScheduleForm({schedule, zones, onSaved}) {
  const form = useForm(() => ({...schedule, time_zone: schedule.updated_at ? schedule.time_zone : Intl.DateTimeFormat().resolvedOptions().timeZone}), async ({enabled, frequency, days, time_zone, times}) => {
    const made = await api.send('PUT', '/v1/schedule', {enabled, frequency, days: frequency === 'daily' ? [] : codes('day').filter((day) => days.includes(day)), time_zone, times});
    toast(made.next_run_at ? t('Saved. The next', {when: fmt.moment(made.next_run_at)}) : t('Saved. The refresh'));
    onSaved();
  });
  const {values: {frequency, days, times}, set} = form;
  const time = (i, text) => set({times: text === null ? times.toSpliced(i, 1) : times.with(i, text)});
  return Card('Refresh schedule', html`<div class="narrow"><${Form} form=${form} submit="Save"><p class="soft">${t('Every export')} ${schedule.next_run_at && html`${t('Next:')} ${Time(schedule.next_run_at)} (${fmt.ago(schedule.next_run_at)})`}</p>
    <${Choice} box label="Refresh by schedule" ...${form.field('enabled')}/>
    <${Choices} label="How often" ...${form.field('frequency')} onInput=${(value) => set({frequency: value, days: days.length ? days : ['monday']})} options=${[['weekly', 'Weekly'], ['daily', 'Daily']]}/>
    ${frequency === 'weekly' && html`<${Choices} label="On" ...${form.field('days')} options=${codes('day').map((day) => [day, say.code('day', day)])}/>`}
    <fieldset><legend class="label">${t('At')}</legend><div class="row">${times.map((text, i) => html`<span class="row"><input type="time" aria-label=${t('Time {n}', {n: i + 1})} value=${text} onInput=${(event) => time(i, event.target.value)}/>${times.length > 1 && html`<button type="button" class="btn plain" aria-label=${t('Remove time {n}', {n: i + 1})} onClick=${() => time(i, null)}>✕</button>`}</span>`)}${times.length < 4 && Button('Add a time', () => set({times: [...times, '15:00']}), 'small')}</div>${Wrong(form.wrong('/times'))}</fieldset>
    <${SelectField} label="Time zone" ...${form.field('time_zone')} options=${zones.map((zone) => [zone.name, `${zone.name} (${zone.utc_offset})`])}/><//></div>`);
}

function Audit() {
  const {query} = place.value;
  const state = useList('/v1/audit-events', {resource_id: query.resource, actor: query.actor, action: query.action});
  const names = ['resource', 'actor', 'action'].filter((name) => query[name]);
  const only = (name, value, text) => html`<a class=${name === 'actor' ? '' : 'mono'} href="#/admin/audit?${name}=${encodeURIComponent(value)}">${text}</a>`;
  return html`${names.length > 0 && html`<div class="row">${names.map((name) => Code(`${name}: ${query[name]}`))}${Link('admin/audit', 'Clear', 'btn small')}</div>`}
    ${List(state, (items) => Table('Audit', [
      ['When', (one) => Time(one.at)], ['Who', (one) => html`${only('actor', one.actor, Text(one.actor_name))}<span class="sub">${say.name(one.role)}</span>`],
      ['What', (one) => only('action', one.action, one.action)], ['About', (one) => one.resource_id ? only('resource', one.resource_id, `${one.resource_id.slice(0, 18)}…`) : '–'],
      ['Change', (one) => one.before || one.after ? html`<details class="small"><summary>${t('Show')}</summary>${Code(JSON.stringify({before: one.before, after: one.after}, null, 1))}</details>` : '–'],
    ], items), Empty('Nothing has', ''))}`;
}
