// A segment in the making: its name, and where its members are read from. The source is looked at on saving.
import {html, api, t, say, useLoad, useAction, useState, Page, Card, Loaded, Problem, Button, TextField, SelectField, Choice, toast, go, isAdmin} from './kit.js';

const KINDS = [
  ['upload', 'Upload', 'You drag a file here, or a program pushes members. They are hashed as they arrive.'],
  ['file', 'Files', 'Parquet, CSV or NDJSON: one file, a folder or a pattern, in a place this service may read.'],
  ['postgres', 'Postgres', 'A table or a query of a database that is configured here.'],
  ['delta', 'Delta table', 'A Delta Lake table in a place this service may read.'],
];

export default function Source({parts}) {
  const id = parts[1] === 'new' ? null : parts[1];
  const state = useLoad(() => id ? api.read(`/v1/segments/${id}`) : Promise.resolve({data: null}), [id]);
  return html`<${Page} title=${id ? t('Edit segment') : t('Add a segment')} crumb=${html`<a href="#/segments">${t('Segments')}</a>`}>${Loaded(state, (found) => html`<${Form} saved=${found.data} etag=${found.etag} reload=${state.reload}/>`)}</${Page}>`;
}

function Form({saved, etag, reload}) {
  const [draft, put] = useState(() => ({display_name: saved?.display_name ?? '', name: saved?.name ?? '', state: saved?.state ?? 'active', source: saved?.source ?? {kind: isAdmin() ? 'file' : 'upload'}}));
  const [named, touch] = useState(Boolean(saved));
  const set = (changes) => put((old) => ({...old, ...changes}));
  const source = (changes) => set({source: Object.fromEntries(Object.entries({...draft.source, ...changes}).filter(([, value]) => value !== '' && value != null))});
  const [save, state] = useAction(async (event) => {
    event.preventDefault();
    const made = saved ? await api.send('PATCH', `/v1/segments/${saved.id}`, {display_name: draft.display_name, state: draft.state, ...(JSON.stringify(draft.source) === JSON.stringify(saved.source) ? {} : {source: draft.source})}, {'If-Match': etag})
      : await api.create('/v1/segments', {name: draft.name, display_name: draft.display_name || draft.name, source: draft.source});
    toast(t('Saved.'));
    go(`/segments/${made.id}`);
  });
  const wrong = (pointer) => state.error?.at?.(pointer);
  const shown = ['/name', '/display_name', '/source'].some(wrong);
  const call = (display_name) => set({display_name, ...(named ? {} : {name: display_name.normalize('NFKD').replace(/[^\w ]/g, '').trim().replace(/\s+/g, '_').toLowerCase().replace(/^[^a-z]+/, '')})});
  const {kind} = draft.source;
  return html`<form class="stack" style=${{maxWidth: '44rem'}} onSubmit=${save}>
    ${Card(t('Name'), html`<div class="stack"><${TextField} label=${t('Display name')} value=${draft.display_name} onInput=${call} error=${wrong('/display_name')}/>
      ${!saved && html`<${TextField} label=${t('Name')} value=${draft.name} onInput=${(name) => { touch(true); set({name}); }} error=${wrong('/name')} hint=${t('For programs: a letter, then letters, digits and _. It does not change later.')}/>`}
      ${saved && html`<${SelectField} label=${t('Status')} value=${draft.state} onChange=${(value) => set({state: value})} options=${[['active', say.status('active')], ['inactive', say.status('inactive')]]} hint=${t('Runs of exports with an inactive segment are skipped.')}/>`}</div>`)}
    ${Card(t('Where the members are'), html`<div class="stack"><fieldset><legend class="hide">${t('Kind of source')}</legend><div class="stack tight">${KINDS.map(([value, name, hint]) => html`<${Choice} box name="kind" label=${t(name)} hint=${t(hint)} why=${value !== 'upload' && !isAdmin() ? t('Administrators make these.') : null} checked=${kind === value} onChange=${() => set({source: {kind: value}})}/>`)}</div></fieldset>
      ${(kind === 'file' || kind === 'delta') && html`<${TextField} label=${t('Address')} value=${draft.source.url ?? ''} onInput=${(url) => source({url})} error=${wrong('/source')} hint=${t('A path or s3://, gs://, az://; patterns such as members/*.parquet')}/>`}
      ${kind === 'postgres' && html`<${TextField} label=${t('Database')} value=${draft.source.database ?? ''} onInput=${(database) => source({database})} error=${wrong('/source')} hint=${t('By its name in SEGMENT_DATABASES')}/><${TextField} label=${t('Table')} value=${draft.source.table ?? ''} onInput=${(table) => source({table, query: ''})}/><${TextField} label=${t('or a query')} value=${draft.source.query ?? ''} onInput=${(query) => source({query, table: ''})}/>`}
      ${kind === 'upload' && html`<${TextField} label=${t('Country where none is given')} optional value=${draft.source.default_country ?? ''} onInput=${(value) => source({default_country: value.toUpperCase().slice(0, 2)})} error=${wrong('/source/default_country')} hint=${t('Two letters, such as NO or DE; for national phone numbers and addresses without a country.')}/>`}</div>`)}
    ${state.error && !shown && Problem(state.error, state.error.status === 412 ? reload : undefined)}
    <div class="row">${Button(t('Save'), null, {type: 'submit', kind: 'first', busy: state.busy, why: draft.name ? undefined : t('Enter a name first')})}<a class="btn plain" href=${saved ? `#/segments/${saved.id}` : '#/segments'}>${t('Leave')}</a></div></form>`;
}
