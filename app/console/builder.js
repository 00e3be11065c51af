// An export in the making: connection → key identifier → mapping → segments → schedule, with what the
// first members would become beside it. The steps and words are the documentation's (Add export).
import {html, api, t, many, fmt, say, useLoad, useState, useEffect, useLater, useAction, useRef, Page, Card, Loaded, Text, Said, Note, Problem, Button, Empty, Mark, TextField, SelectField, Choice, Loading, toast, go, isAdmin, Bar, KEYS, Cron} from './kit.js';

const NEEDED = {email: ['EMAIL'], phone: ['PHONE'], name_and_address: ['FN', 'LN', 'ZIP', 'COUNTRY']};
const MODES = ['add', 'mirror', 'replace', 'remove'];
const FIELDS = ['display_name', 'connection_id', 'key_identifier', 'attributes', 'segment_ids', 'sync_mode', 'audience', 'default_country', 'date_format', 'schedule', 'allow_shrink'];

const usable = async () => (await api.get('/v1/connections/available')).items;
const several = async () => (await api.get('/v1/segments', {limit: 200, sort: 'display_name'})).items;

export default function Builder({parts}) {
  const id = parts[1] === 'new' ? null : parts[1];
  const state = useLoad(async () => {
    if (!id) { const [groups, segments] = await Promise.all([usable(), several()]); return {groups, segments}; }
    const {data: saved, etag} = await api.read(`/v1/exports/${id}`);
    // the others are asked for when somebody wants to change these
    const own = saved.connection ? [{display_name: 'Facebook Ads Manager', connections: [saved.connection]}] : await usable();
    return {groups: own, segments: saved.segments, part: true, saved, etag};
  }, [id]);
  return html`<${Page} title=${id ? t('Edit export') : t('Add export')} crumb=${html`<a href="#/exports">${t('Exports')}</a>${id && state.data ? html` / <a href="#/exports/${id}">${Text(state.data.saved.display_name)}</a>` : ''}`}>
    ${Loaded(state, (found) => found.groups.length || id ? html`<${Form} key=${found.etag} found=${found} id=${id} reload=${state.reload}/>`
      : html`<div class="card">${Empty(t('No connection is available to you'), isAdmin() ? t('Add a connection to Facebook Ads Manager first.') : t('An administrator adds one under Connections and shares it with contributors.'), isAdmin() && html`<a class="btn first" href="#/connections/new">${t('Add connection')}</a>`)}</div>`)}
  </${Page}>`;
}

function Form({found: first, id, reload}) {
  const [found, widen] = useState(first);
  const {saved} = found;
  const [others, asking] = useAction(async () => { const [groups, segments] = await Promise.all([usable(), several()]); widen({...found, groups, segments, part: false}); });
  const [draft, put] = useState(() => saved ? Object.fromEntries(FIELDS.map((name) => [name, saved[name]])) : {
    display_name: '', connection_id: found.groups[0]?.connections.length === 1 ? found.groups[0].connections[0].id : '', key_identifier: 'email', attributes: {EMAIL: ''}, segment_ids: [], sync_mode: 'add', default_country: null, schedule: {mode: 'system'}, audience: null, allow_shrink: false, date_format: null});
  const set = (changes) => put((old) => ({...old, ...changes}));
  const [conflict, clash] = useState(null);
  const idempotency = useRef(crypto.randomUUID());
  const attributes = useAttributes(draft.segment_ids);
  // what the names of the members' attributes suggest is filled in, until somebody says otherwise
  useEffect(() => {
    const names = new Map(attributes.list.map((one) => [one.suggested_key, one.name]).reverse());
    put((old) => ({...old, attributes: Object.fromEntries(Object.entries(old.attributes).map(([key, name]) => [key, name || names.get(key) || '']))}));
  }, [attributes.name]);
  const body = () => {
    const whole = {...draft, attributes: Object.fromEntries(Object.entries(draft.attributes).filter(([, name]) => [name].flat().some(Boolean)))};
    if (!id) return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== null));
    const same = (name) => JSON.stringify(whole[name]) === JSON.stringify(saved[name]);
    const changed = Object.fromEntries(Object.entries(whole).filter(([name]) => !same(name)));
    if (changed.audience) changed.audience = {id: changed.audience.id};
    return changed;
  };
  const [save, state] = useAction(async (run, over) => {
    try {
      const made = id ? await api.send('PATCH', `/v1/exports/${id}`, body(), over || !found.etag ? {} : {'If-Match': found.etag}) : await api.create('/v1/exports', body(), idempotency.current);
      if (run) { const started = await api.create(`/v1/exports/${made.id}/runs`); go(`/runs/${started.id}`); return; }
      toast(made.next_run_at ? t('Saved. Nothing was sent; the next run is {when}.', {when: fmt.moment(made.next_run_at)}) : t('Saved. Nothing was sent.'));
      go(`/exports/${made.id}`);
    } catch (error) {
      if (error.status === 412) { clash((await api.read(`/v1/exports/${id}`)).data); return; }
      // a refused try is another request next time
      idempotency.current = crypto.randomUUID();
      throw error;
    }
  });
  const error = state.error;
  const wrong = (pointer) => error?.at?.(pointer);
  const missing = [!draft.display_name.trim() && t('a name'), !draft.connection_id && t('a connection'), !draft.segment_ids.length && t('a segment'), ...lacking(draft).map((key) => say.name(key))].filter(Boolean);
  const why = missing.length ? t('Still missing: {what}', {what: missing.join(', ')}) : undefined;
  const known = (name) => attributes.list.some((one) => one.name === name);
  const gone = Object.values(draft.attributes).flat().filter((name) => name && attributes.name && !attributes.busy && !known(name));
  return html`<form class="split" onSubmit=${(event) => { event.preventDefault(); if (!why) save(false); }}>
    <div class="stack">
      ${conflict && html`<${Conflict} mine=${draft} theirs=${conflict} onMine=${() => { clash(null); save(false, true); }} onTheirs=${() => { clash(null); reload(); }}/>`}
      ${Card(t('Connection and name'), html`<div class="stack">
        <${SelectField} label=${t('Connection for export')} value=${draft.connection_id ?? ''} onChange=${(connection_id) => set({connection_id})} error=${wrong('/connection_id')}
          options=${[['', t('Choose a connection'), true], ...found.groups.flatMap((group) => group.connections.map((one) => [one.id, `${group.display_name}: ${one.display_name}`]))]}/>
        <${Target} draft=${draft} set=${set} error=${wrong('/audience')}/>
        <${TextField} label=${t('Display name')} value=${draft.display_name} onInput=${(display_name) => set({display_name})} error=${wrong('/display_name')} hint=${t('For people: what is sent, and where to.')}/></div>`)}
      ${Card(t('Key identifier'), html`<fieldset><legend class="hide">${t('Key identifier')}</legend><div class="stack tight">
        ${[['email', t('Best chances for a match.')], ['name_and_address', t('First name, last name, and postal code or city, with the country.')], ['phone', t('With a country, or numbers that carry it.')]].map(([value, hint]) => html`<${Choice} box name="key" label=${say.name(value)} hint=${hint} checked=${draft.key_identifier === value} onChange=${() => set({key_identifier: value, attributes: withKeys(draft.attributes, NEEDED[value], attributes.list)})}/>`)}</div></fieldset>`)}
      ${Card(t('Segments'), html`<${Segments} found=${found} draft=${draft} set=${set} error=${wrong('/segment_ids')}/>`, {action: found.part && Button(t('Choose others'), others, {kind: 'small', busy: asking.busy})})}
      ${Card(t('Mapping'), html`<${Mapping} draft=${draft} set=${set} attributes=${attributes} wrong=${wrong} gone=${gone}/>`)}
      ${Card(t('Sync mode and schedule'), html`<${Timing} draft=${draft} set=${set} wrong=${wrong}/>`)}
      ${error && Problem(error)}
      <div class="row">${Button(t('Save'), null, {kind: 'first', type: 'submit', busy: state.busy, why})}${Button(t('Save and run'), () => save(true), {busy: state.busy, why})}<a class="btn plain" href=${id ? `#/exports/${id}` : '#/exports'}>${t('Leave')}</a></div>
      <p class="soft small">${why ?? t('Saving checks everything and sends nothing.')}</p>
    </div>
    <div class="aside"><${Preview} draft=${draft} why=${!draft.segment_ids.length ? t('Choose a segment to see what its members would become.') : lacking(draft).length ? t('Map the key identifier to see what the members would become.') : null} onMap=${(key, name) => set({attributes: {...draft.attributes, [key]: name}})}/></div></form>`;
}

/** Another audience than the connection's own; contributors, who see no list of them, name it by its id. */
function Target({draft, set, error}) {
  const [open, show] = useState(Boolean(draft.audience));
  const state = useLoad(() => open && isAdmin() && draft.connection_id ? api.get(`/v1/connections/${draft.connection_id}/audiences`) : Promise.resolve({items: []}), [open, draft.connection_id]);
  const pick = (id) => set({audience: id ? {id} : null});
  const rest = {label: t('Audience'), error, hint: t('Without one, the connection’s own; which others may be chosen is the connection’s setting.')};
  if (!open && !error) return html`<p class="row small"><span class="soft">${t('Goes to the connection’s own audience.')}</span>${Button(t('Choose another'), () => show(true), {kind: 'small'})}</p>`;
  if (!isAdmin()) return html`<${TextField} ...${rest} optional value=${draft.audience?.id ?? ''} onInput=${(id) => pick(id.trim())}/>`;
  return Loaded(state, ({items}) => html`<${SelectField} ...${rest} value=${draft.audience?.id ?? ''} onChange=${pick} options=${[['', t('The connection’s own')], ...items.map((one) => [one.id, `${one.name ?? ''} (${one.id})${one.selectable ? '' : ` – ${one.reason}`}`, !one.selectable])]}/>`);
}

const lacking = (draft) => NEEDED[draft.key_identifier].filter((key) => !(key === 'COUNTRY' && draft.default_country) && ![draft.attributes[key]].flat().some(Boolean) && !(key === 'ZIP' && draft.attributes.CT));
function withKeys(attributes, keys, list) {
  const suggested = new Map(list.map((one) => [one.suggested_key, one.name]).reverse());
  const kept = Object.fromEntries(Object.entries(attributes).filter(([, name]) => [name].flat().some(Boolean)));
  return {...Object.fromEntries(keys.map((key) => [key, attributes[key] || suggested.get(key) || ''])), ...kept};
}

/** The attributes that all chosen segments have. */
function useAttributes(ids) {
  const name = ids.join(' ');
  const state = useLoad(async () => {
    const found = await Promise.all(ids.map((id) => api.get(`/v1/segments/${id}/attributes`)));
    const list = found[0]?.items.filter((one) => found.every((other) => other.items.some((each) => each.name === one.name))) ?? [];
    return {list, name};
  }, [name]);
  return {list: state.data?.list ?? [], name: state.data?.name ?? '', busy: state.busy, error: state.error};
}

function Segments({found, draft, set, error}) {
  const [q, type] = useState('');
  const shown = found.segments.filter((one) => `${one.display_name} ${one.name}`.toLowerCase().includes(q.toLowerCase()));
  const pick = (id, on) => set({segment_ids: on ? [...draft.segment_ids, id] : draft.segment_ids.filter((other) => other !== id)});
  const total = found.segments.filter((one) => draft.segment_ids.includes(one.id)).reduce((sum, one) => sum + (one.member_count ?? 0), 0);
  if (!found.segments.length) return Empty(t('There is no segment yet'), t('A segment is a set of members and where they are read from.'), html`<a class="btn" href="#/segments/new">${t('Add a segment')}</a>`);
  return html`<div class="stack tight">${found.segments.length > 8 && html`<${TextField} label=${t('Find a segment')} type="search" value=${q} onInput=${type}/>`}
    <fieldset class="pick" tabindex="0"><legend class="hide">${t('Segments to export')}</legend>${shown.slice(0, 100).map((one) => html`<${Choice} key=${one.id} type="checkbox" label=${Text(one.display_name)} checked=${draft.segment_ids.includes(one.id)} onChange=${(on) => pick(one.id, on)}
      hint=${found.part ? '' : html`${one.member_count == null ? t('not counted') : many(one.member_count, '{n} member', '{n} members')}${one.state === 'inactive' ? ` · ${say.status('inactive')}` : ''}`}/>`)}
      ${shown.length > 100 && html`<p class="soft small">${t('Type to find the others.')}</p>`}</fieldset>
    ${error && html`<p class="wrong">${Said(error)}</p>`}${draft.segment_ids.length > 0 && !found.part && html`<p class="small">${many(draft.segment_ids.length, '{n} segment', '{n} segments')} · ${many(total, '{n} member', '{n} members')}${total > 10e6 ? html` <span class="bad">${t('More than 10 million distinct members are not exported at once.')}</span>` : ''}</p>`}</div>`;
}

function Mapping({draft, set, attributes, wrong, gone}) {
  const order = [...NEEDED[draft.key_identifier], ...KEYS];
  const used = Object.keys(draft.attributes).sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const free = KEYS.filter((key) => !used.includes(key));
  const put = (key, name) => set({attributes: {...draft.attributes, [key]: name}});
  const drop = (key) => set({attributes: Object.fromEntries(Object.entries(draft.attributes).filter(([other]) => other !== key))});
  return html`<div class="stack">${attributes.error && Problem(attributes.error)}
    <div class="map">${used.map((key) => {
      const first = [draft.attributes[key]].flat()[0] ?? '';
      const names = [...new Set([...attributes.list.map((one) => one.name), first].filter(Boolean))];
      const bad = wrong(`/attributes/${key}`) ?? (gone.includes(first) ? t('Not in every chosen segment') : null);
      return html`<span key="${key}a"><span class="strong">${say.name(key)}</span><br/><span class="soft small mono">${key}</span></span><span class="arrow soft" aria-hidden="true">←</span>
        <span><select aria-label=${t('Attribute for {key}', {key: say.name(key)})} aria-invalid=${bad ? 'true' : undefined} onChange=${(event) => put(key, event.target.value)}><option value="" selected=${!first}>${attributes.list.length ? t('Choose an attribute') : t('Choose a segment first')}</option>${names.map((name) => html`<option value=${name} selected=${name === first}>${name}</option>`)}</select>${bad && html`<span class="wrong">${Said(bad)}</span>`}</span>
        ${NEEDED[draft.key_identifier].includes(key) && key !== 'ZIP' && key !== 'COUNTRY' ? html`<span></span>` : html`<button type="button" class="btn plain" aria-label=${t('Remove {key}', {key: say.name(key)})} onClick=${() => drop(key)}>✕</button>`}`;
    })}</div>
    ${wrong('/attributes') && html`<p class="wrong">${Said(wrong('/attributes'))}</p>`}
    ${free.length > 0 && html`<label class="row"><span class="btn small" style=${{position: 'relative'}}>${t('Add attribute')}<select aria-label=${t('Add attribute')} style=${{position: 'absolute', inset: 0, opacity: 0, cursor: 'pointer'}} onChange=${(event) => { const key = event.target.value; event.target.value = ''; if (key) put(key, attributes.list.find((one) => one.suggested_key === key)?.name ?? ''); }}><option value=""></option>${free.map((key) => html`<option value=${key}>${say.name(key)} (${key})</option>`)}</select></span><span class="soft small">${t('More identifiers may improve the matching.')}</span></label>`}
    <${TextField} label=${t('Country where none is given')} optional value=${draft.default_country ?? ''} onInput=${(value) => set({default_country: value.toUpperCase().slice(0, 2) || null})} error=${wrong('/default_country')} hint=${t('Two letters, such as NO or DE; for national phone numbers and addresses without a country.')}/></div>`;
}

function Timing({draft, set, wrong}) {
  const hints = {add: t('Only adds; nobody is taken out.'), mirror: t('Adds who is new and takes out who has left.'), replace: t('Swaps the whole list.'), remove: t('Takes the segments’ members out.')};
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return html`<div class="stack"><fieldset><legend class="label">${t('Sync mode')}</legend>${MODES.map((mode) => html`<${Choice} name="mode" label=${say.name(mode)} hint=${hints[mode]} checked=${draft.sync_mode === mode} onChange=${() => set({sync_mode: mode})}/>`)}</fieldset>
    ${wrong('/sync_mode') && html`<p class="wrong">${Said(wrong('/sync_mode'))}</p>`}
    <fieldset><legend class="label">${t('Schedule')}</legend>${['system', 'custom', 'manual'].map((mode) => html`<${Choice} name="schedule" label=${say.name(mode)} checked=${draft.schedule.mode === mode} onChange=${() => set({schedule: mode === 'custom' ? {mode, cron: draft.schedule.cron ?? '0 6 * * *', time_zone: draft.schedule.time_zone ?? zone} : {mode}})}/>`)}</fieldset>
    ${draft.schedule.mode === 'custom' && html`<div class="cols"><${Cron} cron=${draft.schedule.cron ?? ''} zone=${draft.schedule.time_zone ?? 'UTC'} onInput=${(cron) => set({schedule: {...draft.schedule, cron}})} error=${wrong('/schedule')}/><${TextField} label=${t('Time zone')} value=${draft.schedule.time_zone ?? ''} onInput=${(time_zone) => set({schedule: {...draft.schedule, time_zone}})}/></div>`}</div>`;
}

function Preview({draft, why, onMap}) {
  const ask = useLater(why ? '' : JSON.stringify({key_identifier: draft.key_identifier, attributes: Object.fromEntries(Object.entries(draft.attributes).filter(([, name]) => [name].flat().some(Boolean))), segment_ids: draft.segment_ids, default_country: draft.default_country ?? undefined, sample_rows: 1000}));
  const state = useLoad(() => ask ? api.send('POST', '/v1/exports/preview', JSON.parse(ask)) : Promise.resolve(null), [ask]);
  const [open, show] = useState(null);
  if (why) return Card(t('Preview'), html`<p class="soft">${why}</p>`);
  return Card(t('Preview'), html`<div class="stack" aria-live="polite" aria-busy=${state.busy}>${state.error ? Problem(state.error, state.reload) : !state.data ? Loading(4) : html`
    <p><span class="strong">${t('{share} of {n} sampled members can be sent', {share: fmt.share(state.data.usable_ratio), n: fmt.number(state.data.read)})}</span>${state.data.duplicates > 0 ? html` <span class="soft small">${many(state.data.duplicates, '{n} duplicate', '{n} duplicates')}</span>` : ''}</p>
    ${state.data.warnings.map((one) => Note('warn', null, Said(one.detail)))}
    ${[...state.data.keys].sort((a, b) => KEYS.indexOf(a.key) - KEYS.indexOf(b.key)).map((key) => html`<div class="stack tight" key=${key.key}><div class="row between"><span>${say.name(key.key)}</span><span class="num">${fmt.share(key.usable_rate)} <span class="soft small">${t('usable')}</span></span></div>${Bar(key.usable_rate, key.usable_rate > 0.8 ? 'good' : key.usable_rate > 0.4 ? 'warn' : 'bad')}
      <p class="soft small">${t('{share} have a value', {share: fmt.share(key.fill_rate)})}${Object.entries(key.refused).map(([reason, n]) => html` · ${fmt.number(n)} ${say.reason(reason)}`)}</p>
      ${key.samples.length > 0 && html`<details class="small" open=${open === key.key}><summary onClick=${(event) => { event.preventDefault(); show(open === key.key ? null : key.key); }}>${t('Samples, masked')}</summary><${Samples} key=${key.key} items=${key.samples}/></details>`}</div>`)}
    ${state.data.advice.map((one) => Note('good', t('{share} of the members have a value for {key}', {key: say.name(one.key), share: fmt.share(one.share, 0)}), t('Adding it gives Meta another way to find them.'), Button(t('Map {attribute}', {attribute: one.attribute}), () => onMap(one.key, one.attribute), {kind: 'small'})))}
    <p class="soft small">${state.data.complete ? t('These are all members.') : t('The first members only; a run reads all.')} ${t('Letters and digits are masked; nothing was stored or sent.')}</p>`}</div>`);
}

function Samples({items}) {
  return html`<table><caption class="hide">${t('Samples, masked')}</caption><thead><tr><th scope="col">${t('Given')}</th><th scope="col">${t('Becomes')}</th></tr></thead><tbody>${items.map((one) => html`<tr><td class="mono">${one.text}</td><td>${one.result == null ? Mark('bad', say.reason(one.reason)) : html`<span class="mono" title=${one.steps.map((step) => `${step.rule}: ${step.text}`).join('\n')}>${one.result}</span>`}${one.steps.length > 0 && html`<span class="sub">${one.steps.map((step) => step.rule.replaceAll('_', ' ')).join(' → ')}</span>`}</td></tr>`)}</tbody></table>`;
}

function Conflict({mine, theirs, onMine, onTheirs}) {
  const differs = FIELDS.filter((name) => JSON.stringify(mine[name]) !== JSON.stringify(theirs[name]));
  const shown = (value) => typeof value === 'string' ? value : JSON.stringify(value);
  return Note('warn', t('Somebody changed this export meanwhile'), html`<p>${t('By {who}, {when}. What differs from yours:', {who: theirs.updated_by_name, when: fmt.ago(theirs.updated_at)})}</p>
    <div class="scroll" tabindex="0"><table><thead><tr><th scope="col">${t('Field')}</th><th scope="col">${t('Yours')}</th><th scope="col">${t('Theirs')}</th></tr></thead><tbody>${differs.map((name) => html`<tr><td>${name.replaceAll('_', ' ')}</td><td>${Text(shown(mine[name]))}</td><td>${Text(shown(theirs[name]))}</td></tr>`)}</tbody></table></div>`,
  html`${Button(t('Save mine over it'), onMine, {kind: 'small'})}${Button(t('Take theirs'), onTheirs, {kind: 'small'})}`);
}
