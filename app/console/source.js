// A segment in the making: its name, and where its members are read from. The kinds of source and their fields
// are those of the API's own document, so that one more kind needs nothing here. The source is looked at on saving.
import {html, api, t, say, useLoad, useAction, useState, Page, Card, Loaded, Note, Problem, Button, TextField, SelectField, Choice, Field, Said, toast, go, isAdmin, LABELS} from './kit.js';

/** What people call the kinds there are; of a new one the API's own words are shown. */
const KINDS = {
  upload: 'You drag a file here, or a program pushes members. They are hashed as they arrive.',
  file: 'Parquet, CSV or NDJSON: one file, a folder or a pattern, in a place this service may read.',
  postgres: 'A table or a query of a database that is configured here.',
  mysql: 'A table or a query of a MySQL or MariaDB database that is configured here.',
  delta: 'A Delta Lake table in a place this service may read.',
};

/** The fields of each kind: {kind: {about, fields: [{name, about, type, options, needed}]}}. */
async function kinds() {
  const {schemas} = (await api.document()).components;
  const resolved = (one) => one.$ref ? schemas[one.$ref.split('/').pop()] : one.anyOf ? {...one, ...resolved(one.anyOf.find((each) => each.type !== 'null'))} : one;
  const {mapping} = schemas.SegmentCreate.properties.source.discriminator;
  return Object.fromEntries(Object.keys({...KINDS, ...mapping}).filter((kind) => mapping[kind]).map((kind) => {
    const {description, properties, required} = resolved({$ref: mapping[kind]});
    const fields = Object.entries(properties).filter(([name]) => name !== 'kind').map(([name, schema]) => {
      const {type, enum: options} = resolved(schema);
      return {name, about: schema.description, example: schema.examples?.[0], type, options, needed: required.includes(name) || ['table', 'query'].includes(name)};
    }).filter((one) => one.type !== 'object');
    return [kind, {about: KINDS[kind] ? t(KINDS[kind]) : Said(description), fields}];
  }));
}

export default function Source({parts}) {
  const id = parts[1] === 'new' ? null : parts[1];
  const state = useLoad(async () => {
    const [shapes, saved] = await Promise.all([kinds(), id ? api.read(`/v1/segments/${id}`) : null]);
    return {shapes, saved: saved?.data, etag: saved?.etag};
  }, [id]);
  return html`<${Page} title=${id ? t('Edit segment') : t('Add a segment')} crumb=${html`<a href="#/segments">${t('Segments')}</a>`}>${Loaded(state, (found) => html`<${Form} ...${found}/>`)}</${Page}>`;
}

function Form({shapes, saved, etag}) {
  const [draft, put] = useState(() => ({display_name: saved?.display_name ?? '', name: saved?.name ?? '', state: saved?.state ?? 'active', source: saved?.source ?? {kind: isAdmin() ? 'file' : 'upload'}}));
  const [named, touch] = useState(Boolean(saved));
  const set = (changes) => put((old) => ({...old, ...changes}));
  const source = (changes) => set({source: Object.fromEntries(Object.entries({...draft.source, ...changes}).filter(([, value]) => value !== '' && value != null))});
  const [save, state] = useAction(async (event, over) => {
    event?.preventDefault();
    const made = saved ? await api.send('PATCH', `/v1/segments/${saved.id}`, {display_name: draft.display_name, state: draft.state, ...(JSON.stringify(draft.source) === JSON.stringify(saved.source) ? {} : {source: draft.source})}, over ? {} : {'If-Match': etag})
      : await api.create('/v1/segments', {name: draft.name, display_name: draft.display_name || draft.name, source: draft.source});
    toast(t('Saved.'));
    go(`/segments/${made.id}`);
  });
  const wrong = (pointer) => state.error?.at?.(pointer);
  const {kind} = draft.source;
  const {fields} = shapes[kind];
  // what is wrong with the source as a whole stands at its first field
  const whole = state.error?.errors?.find((one) => ['/source', `/source/${kind}`].includes(one.pointer))?.detail;
  const own = (name) => wrong(`/source/${name}`) ?? wrong(`/source/${kind}/${name}`) ?? (name === fields.find((one) => one.needed)?.name ? whole : undefined);
  const shown = ['/name', '/display_name'].some(wrong) || fields.some((one) => own(one.name));
  const call = (display_name) => set({display_name, ...(named ? {} : {name: display_name.normalize('NFKD').replace(/[^\w ]/g, '').trim().replace(/\s+/g, '_').toLowerCase().replace(/^[^a-z]+/, '').slice(0, 100)})});
  const show = (one) => html`<${Value} key=${kind + one.name} kind=${kind} one=${one} value=${draft.source[one.name]} error=${own(one.name)} onInput=${(value) => source({[one.name]: value})}/>`;
  const more = fields.filter((one) => !one.needed);
  return html`<form class="stack" style=${{maxWidth: '44rem'}} onSubmit=${save}>
    ${Card(t('Name'), html`<div class="stack"><${TextField} label=${t('Display name')} value=${draft.display_name} onInput=${call} error=${wrong('/display_name')}/>
      ${!saved && html`<${TextField} label=${t('Name')} value=${draft.name} onInput=${(name) => { touch(true); set({name}); }} error=${wrong('/name')} hint=${t('For programs: a letter, then letters, digits and _. It does not change later.')}/>`}
      ${saved && html`<${SelectField} label=${t('Status')} value=${draft.state} onChange=${(value) => set({state: value})} options=${[['active', say.status('active')], ['inactive', say.status('inactive')]]} hint=${t('Runs of exports with an inactive segment are skipped.')}/>`}</div>`)}
    ${Card(t('Where the members are'), html`<div class="stack"><fieldset><legend class="hide">${t('Kind of source')}</legend><div class="stack tight">${Object.entries(shapes).map(([value, {about}]) => html`<${Choice} box name="kind" label=${say.name(value)} hint=${about} why=${value !== 'upload' && !isAdmin() ? t('Administrators make these.') : null} checked=${kind === value} onChange=${() => set({source: {kind: value}})}/>`)}</div></fieldset>
      ${fields.filter((one) => one.needed).map(show)}${more.length > 0 && html`<details open=${more.some((one) => own(one.name))}><summary>${t('More')}</summary><div class="stack">${more.map(show)}</div></details>`}</div>`)}
    ${state.error && !shown && Problem(state.error, state.error.status === 412 && (() => save(null, true)))}
    <div class="row">${Button(t('Save'), null, {type: 'submit', kind: 'first', busy: state.busy, why: draft.name ? undefined : t('Enter a name first')})}<a class="btn plain" href=${saved ? `#/segments/${saved.id}` : '#/segments'}>${t('Leave')}</a></div></form>`;
}

/** One field of a source, as its schema says. */
function Value({kind, one, value, error, onInput}) {
  const rest = {label: t(LABELS[one.name] ?? one.name.replaceAll('_', ' ')), error, optional: !one.needed, hint: one.about && html`${Said(one.about)}${one.example ? html` <code>${one.example}</code>` : ''}`};
  if (one.name === 'database') return html`<${Database} kind=${kind} value=${value} onInput=${onInput} ...${rest}/>`;
  if (one.type === 'boolean') return html`<${Choice} type="checkbox" label=${rest.label} hint=${rest.hint} checked=${value ?? false} onChange=${(on) => onInput(on || null)}/>`;
  if (one.options) return html`<${SelectField} value=${value ?? ''} onChange=${onInput} options=${[['', '–'], ...one.options.map((each) => [each, each])]} ...${rest}/>`;
  if (one.type === 'array') return html`<${TextField} value=${(value ?? []).join(', ')} onInput=${(text) => onInput(text ? text.split(/,\s*/) : null)} ...${rest}/>`;
  if (one.name === 'query') return html`<${Field} ...${rest} control=${(own) => html`<textarea rows="4" spellcheck=${false} value=${value ?? ''} onInput=${(event) => onInput(event.target.value)} ...${own}></textarea>`}/>`;
  const number = one.type === 'integer' || one.type === 'number';
  return html`<${TextField} type=${number ? 'number' : 'text'} value=${value ?? ''} onInput=${(text) => onInput(number && text !== '' ? Number(text) : text)} ...${rest}/>`;
}

/** The databases of that kind that are configured here, and whether they answer. */
function Database({kind, value, onInput, ...rest}) {
  const state = useLoad(() => api.get('/v1/segment-sources'));
  return Loaded(state, ({items}) => {
    const usable = items.filter((one) => one.kind === kind);
    const chosen = usable.find((one) => one.name === value);
    if (!usable.length) return Note('warn', t('No database of this kind is configured here'), t('An operator adds it to SEGMENT_DATABASES.'));
    return html`<${SelectField} ...${rest} value=${value ?? ''} onChange=${onInput} options=${[['', t('Choose a database'), true], ...usable.map((one) => [one.name, one.name])]}/>${chosen && !chosen.answers && Note('bad', t('It does not answer'), html`${Said(chosen.detail)} <code>${chosen.code}</code>`)}`;
  });
}
