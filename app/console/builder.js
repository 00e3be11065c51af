// An export in the making, in the steps and words of the documentation; beside it what its members would become.
import {html, Dim, items, codes, having, startRun, Pick, api, t, many, fmt, say, useLoad, useState, useEffect, useLater, useForm, submits, useAction, useRef, Page, Card, Text, Said, Note, Problem, Wrong, Button, Empty, Mark, Grid, TextField, SelectField, Choices, Bones, Link, toast, isAdmin, Bar, KEYS, Loaded, Country, Cron, ownSchedule} from './kit.js';

const NEEDED = {email: ['EMAIL'], name_and_address: ['FN', 'LN', 'ZIP', 'COUNTRY'], phone: ['PHONE']};
const BEGINNING = {display_name: '', connection_id: '', key_identifier: 'email', attributes: {EMAIL: ''}, segment_ids: [], sync_mode: 'add', default_country: null, schedule: {mode: 'system'}, audience: null, allow_shrink: false, date_format: null};
const FIELDS = Object.keys(BEGINNING);

async function choices() {
  const [groups, segments] = await Promise.all([items('/v1/connections/available'), items('/v1/segments', {limit: 100, sort: 'display_name'})]);
  return {groups, segments, part: false};
}

export default function Builder({parts}) {
  const id = parts[1] === 'new' ? null : parts[1];
  const state = useLoad(async () => {
    if (!id) return {...await choices(), saved: null, etag: null};
    const {data: saved, etag} = await api.read(`/v1/exports/${id}`);
    // the others are asked for when somebody wants to change these
    return saved.connection ? {groups: [{display_name: 'Facebook Ads Manager', connections: [saved.connection]}], segments: saved.segments, part: true, saved, etag} : {...await choices(), saved, etag};
  });
  return html`<${Page} state=${state} title=${id ? t('Edit export') : t('Add export')} curl=${id ? `/v1/exports/${id}` : '/v1/exports'} crumb=${id ? [`exports/${id}`, Text(state.data?.saved.display_name ?? t('Export'))] : ['exports', t('Exports')]}>
    ${(found) => found.groups.length || id ? html`<${Builds} key=${found.etag} found=${found} id=${id} reload=${state.reload}/>`
      : html`<div class="card">${Empty('No connection is', isAdmin() ? t('Add a connection') : t('An administrator adds'), isAdmin() && Link('connections/new', 'Add connection', 'btn first'))}</div>`}
  <//>`;
}

/** Only what is mapped. */
const mapped = (attributes) => having(attributes, (name) => [name].flat().some(Boolean));
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function Builds({found: first, id, reload}) {
  const [found, widen] = useState(first);
  const {saved} = found;
  const [others, asking] = useAction(async () => widen({...found, ...await choices()}));
  const [conflict, clash] = useState(null);
  const idempotency = useRef(crypto.randomUUID());
  const only = found.groups[0]?.connections;
  const form = useForm(() => saved ? Object.fromEntries(FIELDS.map((name) => [name, saved[name]])) : {...BEGINNING, connection_id: only?.length === 1 ? only[0].id : ''}, async (draft, {run = false, over = false} = {}) => {
    const whole = {...draft, attributes: mapped(draft.attributes)};
    const changed = Object.fromEntries(Object.entries(whole).filter(([name, value]) => id ? !same(value, saved[name]) : value !== null));
    if (changed.audience) changed.audience = {id: changed.audience.id};
    try {
      const made = id ? await api.send('PATCH', `/v1/exports/${id}`, changed, over ? {} : {'If-Match': found.etag}) : await api.create('/v1/exports', changed, idempotency.current);
      if (run) return await startRun(made.id);
      toast(made.next_run_at ? t('Saved. Nothing was sent', {when: fmt.moment(made.next_run_at)}) : t('Saved. Nothing was'));
      return `exports/${made.id}`;
    } catch (error) {
      if (error.status === 412) return void clash((await api.read(`/v1/exports/${id}`)).data);
      // a refused try is another request next time
      idempotency.current = crypto.randomUUID();
      throw error;
    }
  });
  const {values: draft, set} = form;
  const attributes = useAttributes(draft.segment_ids);
  // what the attributes' names suggest is filled in, also if the key changed meanwhile
  useEffect(() => set((now) => ({attributes: suggested(now.attributes, attributes.list)})), [attributes.name]);
  const missing = [!draft.display_name.trim() && t('a name'), !draft.connection_id && t('a connection'), !draft.segment_ids.length && t('a segment'), ...lacking(draft).map(say.name)].filter(Boolean);
  const why = missing.length ? t('Still missing: {what}', {what: missing.join(', ')}) : undefined;
  return html`<form class="split" onSubmit=${submits(form, why)}>
    <div class="stack">
      ${conflict && Conflict(draft, conflict, () => { clash(null); form.submit({over: true}); }, () => { clash(null); reload(); })}
      ${Card('Connection and name', html`<div class="stack">
        <${SelectField} label="Connection for export" ...${form.field('connection_id')}
          options=${[['', t('Choose a connection'), true], ...found.groups.flatMap((group) => group.connections.map((one) => [one.id, `${group.display_name}: ${one.display_name}`]))]}/>
        <${Target} draft=${draft} ...${form.field('audience')}/>
        <${TextField} label="Display name" ...${form.field('display_name')} hint="For people"/></div>`)}
      ${Card('Key identifier', html`<${Choices} box hidden label="Key identifier" value=${draft.key_identifier} onInput=${(key) => set({key_identifier: key, attributes: {...suggested(Object.fromEntries(NEEDED[key].map((one) => [one, ''])), attributes.list), ...mapped(draft.attributes)}})}
        options=${Object.keys(NEEDED).map((key) => [key, say.name(key), say.code('key', key)])}/>`)}
      ${Card('Segments', html`<${Segments} found=${found} widen=${widen} ...${form.field('segment_ids')}/>`, {action: found.part && Button('Choose others', others, {kind: 'small', busy: asking.busy})})}
      ${Card('Mapping', Mapping(form, attributes))}
      ${Card('Sync mode and schedule', html`<div class="stack"><${Choices} label="Sync mode" ...${form.field('sync_mode')} options=${codes('mode').map((mode) => [mode, say.name(mode), say.code('mode', mode)])}/>
        <${Choices} label="Schedule" value=${draft.schedule.mode} onInput=${(mode) => set({schedule: mode === 'custom' ? {...ownSchedule(), ...draft.schedule.cron ? draft.schedule : {}, mode} : {mode}})} options=${['system', 'custom', 'manual'].map((mode) => [mode, say.name(mode)])} error=${form.wrong('/schedule')}/>
        ${draft.schedule.mode === 'custom' && html`<${Cron} schedule=${draft.schedule} saved=${saved?.next_run_at} onInput=${(schedule) => set({schedule})}/>`}</div>`)}
      ${form.rest()}
      <div class="row">${Button('Save', null, {kind: 'first', type: 'submit', busy: form.busy, why})}${Button('Save and run', () => form.submit({run: true}), {busy: form.busy, why})}${Link(id ? `exports/${id}` : 'exports', t('Leave'), 'btn plain')}</div>
      ${Dim(why ?? t('Saving checks'))}
    </div>
    <div class="aside"><${Preview} draft=${draft} why=${!draft.segment_ids.length ? t('Choose a segment') : lacking(draft).length ? t('Map the key') : null} onMap=${(key, name) => set({attributes: {...draft.attributes, [key]: name}})}/></div></form>`;
}

/** Another audience than the connection's own; contributors, who see no list of them, name it by its id. */
function Target({draft, value, onInput, error}) {
  const [open, show] = useState(Boolean(value));
  const state = useLoad(async () => open && isAdmin() && draft.connection_id ? items(`/v1/connections/${draft.connection_id}/audiences`) : [], [open, draft.connection_id]);
  const rest = {label: t('Audience'), error, hint: t('Without one'), value: value?.id ?? '', onInput: (id) => onInput(id.trim() ? {id: id.trim()} : null)};
  if (!open && !error) return html`<p class="row small"><span class="soft">${t('Goes to the')}</span>${Button('Choose another', () => show(true), 'small')}</p>`;
  if (!isAdmin()) return html`<${TextField} ...${rest} optional/>`;
  return Loaded(state, (all) => html`<${SelectField} ...${rest} options=${[['', t('The connection’s own')], ...all.map((one) => [one.id, `${one.name ?? ''} (${one.id})${one.selectable ? '' : ` – ${one.reason}`}`, !one.selectable])]}/>`);
}

const lacking = (draft) => NEEDED[draft.key_identifier].filter((key) => !(key === 'COUNTRY' && draft.default_country) && ![draft.attributes[key]].flat().some(Boolean) && !(key === 'ZIP' && draft.attributes.CT));
/** What is not mapped yet, by what the attributes' names suggest. */
function suggested(attributes, list) {
  const names = new Map(list.map((one) => [one.suggested_key, one.name]).reverse());
  return Object.fromEntries(Object.entries(attributes).map(([key, name]) => [key, name || names.get(key) || '']));
}

/** The attributes that all chosen segments have. */
function useAttributes(ids) {
  const name = ids.join(' ');
  const state = useLoad(async () => {
    const found = await Promise.all(ids.map((id) => api.get(`/v1/segments/${id}/attributes`)));
    return {name, list: found[0]?.items.filter((one) => found.every((other) => other.items.some((each) => each.name === one.name))) ?? []};
  }, [name]);
  return {list: [], name: '', ...state.data, busy: state.busy, error: state.error};
}

function Segments({found, widen, value, onInput, error}) {
  // of very many the first come with the page, others when looked for
  const search = async (q) => widen({...found, segments: [...new Map([...found.segments, ...await items('/v1/segments', {q, limit: 100})].map((one) => [one.id, one])).values()]});
  const total = found.segments.filter((one) => value.includes(one.id)).reduce((sum, one) => sum + (one.member_count ?? 0), 0);
  if (!found.segments.length) return Empty('There is no segment', 'A segment is', Link('segments/new', 'Add a segment', 'btn'));
  return html`<div class="stack tight"><${Pick} ...${{value, onInput, error}} onSearch=${found.segments.length > 99 && search} label="Segments to export" find="Find a segment" items=${found.segments.map((one) => ({...one, name: one.display_name}))}
      hint=${(one) => found.part ? '' : html`${one.member_count == null ? t('not counted') : many(one.member_count, 'members')}${one.state === 'inactive' && ` · ${say.status('inactive')}`}`}/>
    ${value.length > 0 && !found.part && html`<p class="small">${many(value.length, 'segments')} · ${many(total, 'members')}${total > 10e6 && html` <span class="bad">${t('More than 10')}</span>`}</p>`}</div>`;
}

function Mapping({values: draft, set, wrong, field}, attributes) {
  const needed = NEEDED[draft.key_identifier], order = [...needed, ...KEYS];
  const used = Object.keys(draft.attributes).sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const put = (key, name) => set({attributes: {...draft.attributes, [key]: name}});
  const drop = (key) => set({attributes: Object.fromEntries(Object.entries(draft.attributes).filter(([other]) => other !== key))});
  const known = attributes.list.map((one) => one.name);
  return html`<div class="stack">${Problem(attributes.error)}
    <div class="map">${used.map((key) => {
      const first = [draft.attributes[key]].flat()[0] ?? '';
      const bad = wrong(`/attributes/${key}`) ?? (first && attributes.name && !attributes.busy && !known.includes(first) ? t('Not in every') : null);
      return html`<span key="${key}a"><b>${say.name(key)}</b><br/><small class="mono">${key}</small></span><span class="arrow soft" aria-hidden="true">←</span>
        <span><select aria-label=${t('Attribute for {key}', {key: say.name(key)})} aria-invalid=${Boolean(bad)} onChange=${(event) => put(key, event.target.value)}><option value="" selected=${!first}>${known.length ? t('Choose an attribute') : t('Choose a segment first')}</option>${[...new Set([...known, first])].filter(Boolean).map((name) => html`<option value=${name} selected=${name === first}>${name}</option>`)}</select>${Wrong(bad)}</span>
        ${needed.includes(key) && key !== 'ZIP' && key !== 'COUNTRY' ? html`<span></span>` : html`<button type="button" class="btn plain" aria-label=${t('Remove {key}', {key: say.name(key)})} onClick=${() => drop(key)}>✕</button>`}`;
    })}</div>
    ${Wrong(wrong('/attributes'))}
    <label class="row"><span class="btn small over">${t('Add attribute')}<select aria-label=${t('Add attribute')} onChange=${(event) => { const key = event.target.value; event.target.value = ''; if (key) put(key, attributes.list.find((one) => one.suggested_key === key)?.name ?? ''); }}><option value=""></option>${KEYS.filter((key) => !used.includes(key)).map((key) => html`<option value=${key}>${say.name(key)} (${key})</option>`)}</select></span><small>${t('More identifiers')}</small></label>
    <${Country} field=${{...field('default_country'), onInput: (value) => set({default_country: value || null})}} hint="Two letters"/></div>`;
}

function Preview({draft, why, onMap}) {
  const ask = useLater(why ? '' : JSON.stringify({key_identifier: draft.key_identifier, attributes: mapped(draft.attributes), segment_ids: draft.segment_ids, default_country: draft.default_country ?? undefined, sample_rows: 1000}));
  const state = useLoad(() => ask ? api.send('POST', '/v1/exports/preview', JSON.parse(ask)) : Promise.resolve(null), [ask]);
  const [open, show] = useState(null);
  if (why) return Card('Preview', html`<p class="soft">${why}</p>`);
  const key = ({key: name, usable_rate: rate, fill_rate, refused, samples}) => html`<div class="stack tight" key=${name}><div class="row between"><span>${say.name(name)}</span><span class="num">${fmt.share(rate)} <small>${t('usable')}</small></span></div>${Bar(rate, rate > 0.8 ? 'good' : rate > 0.4 ? 'warn' : 'bad')}
      <p class="dim">${t('{share} have a value', {share: fmt.share(fill_rate)})}${Object.entries(refused).map(([reason, n]) => ` · ${fmt.number(n)} ${say.reason(reason)}`)}</p>
      ${samples.length > 0 && html`<details class="small" open=${open === name}><summary onClick=${(event) => { event.preventDefault(); show(open === name ? null : name); }}>${t('Samples, masked')}</summary>${Samples(samples)}</details>`}</div>`;
  return Card('Preview', html`<div class="stack" aria-live="polite" aria-busy=${state.busy}>${state.error ? Problem(state.error, state.reload) : !state.data ? Bones() : html`
    <p><b>${t('{share} of {n}', {share: fmt.share(state.data.usable_ratio), n: fmt.number(state.data.read)})}</b> ${state.data.duplicates > 0 && html`<small>${many(state.data.duplicates, 'duplicates {n}')}</small>`}</p>
    ${state.data.warnings.map((one) => Note('warn', null, Said(one.detail)))}
    ${[...state.data.keys].sort((a, b) => KEYS.indexOf(a.key) - KEYS.indexOf(b.key)).map(key)}
    ${state.data.advice.map((one) => Note('good', t('{share} of', {key: say.name(one.key), share: fmt.share(one.share, 0)}), t('Adding it gives'), Button(t('Map {attribute}', {attribute: one.attribute}), () => onMap(one.key, one.attribute), 'small')))}
    <p class="dim">${state.data.complete ? t('These are all members.') : t('The first members')} ${t('Letters and')}</p>`}</div>`);
}

const Samples = (items) => Grid('Samples, masked', ['Given', 'Becomes'], items.map((one) => [html`<span class="mono">${one.text}</span>`, html`${one.result == null ? Mark('bad', say.reason(one.reason)) : html`<span class="mono" title=${one.steps.map((step) => `${step.rule}: ${step.text}`).join('\n')}>${one.result}</span>`}<span class="sub">${one.steps.map((step) => step.rule.replaceAll('_', ' ')).join(' → ')}</span>`]));

function Conflict(mine, theirs, onMine, onTheirs) {
  const shown = (value) => Text(typeof value === 'string' ? value : JSON.stringify(value));
  return Note('warn', 'Somebody changed this', html`<p>${t('By {who}, {when}', {who: theirs.updated_by_name, when: fmt.ago(theirs.updated_at)})}</p>
    ${Grid('What differs', ['Field', 'Yours', 'Theirs'], FIELDS.filter((name) => !same(mine[name], theirs[name])).map((name) => [say.code('field', name), shown(mine[name]), shown(theirs[name])]))}`,
  html`${Button('Save mine over it', onMine, 'small')}${Button('Take theirs', onTheirs, 'small')}`);
}
