// A segment in the making: its name, and its source, in the kinds and fields of the API's document.
import {html, items, having, api, t, say, useLoad, useForm, useState, Page, Code, Card, Act, Loaded, Note, Form, TextField, SelectField, Choice, Choices, Said, CheckList, toast, isAdmin} from './kit.js';

/** The fields of each kind: {kind: [{name, about, type, options, needed}]}. */
async function kinds() {
  const {schemas} = (await api.document()).components;
  const resolved = (one) => one.$ref ? schemas[one.$ref.split('/').pop()] : one.anyOf ? {...one, ...resolved(one.anyOf.find((each) => each.type !== 'null'))} : one;
  const {mapping} = schemas.SegmentCreate.properties.source.discriminator;
  // what is uploaded first: it needs nobody else
  return Object.fromEntries(Object.keys({upload: '', file: '', ...mapping}).map((kind) => {
    const {properties, required} = resolved({$ref: mapping[kind]});
    const fields = Object.entries(properties).filter(([name]) => name !== 'kind').map(([name, schema]) => {
      const {type, enum: options} = resolved(schema);
      return {name, about: schema.description, example: schema.examples?.[0], type, options, needed: required.includes(name) || ['table', 'query'].includes(name)};
    }).filter((one) => one.type !== 'object');
    return [kind, fields];
  }));
}

export default function Source({parts}) {
  const id = parts[1] === 'new' ? null : parts[1];
  const state = useLoad(async () => {
    const [shapes, saved] = await Promise.all([kinds(), id ? api.read(`/v1/segments/${id}`) : null]);
    return {shapes, saved: saved?.data, etag: saved?.etag};
  });
  return html`<${Page} state=${state} title=${id ? t('Edit segment') : t('Add a segment')} curl=${id ? `/v1/segments/${id}` : '/v1/segment-sources'} crumb=${id ? [`segments/${id}`, t('The segment')] : ['segments', t('Segments')]}>${(found) => html`<${Edit} ...${found}/>`}<//>`;
}

/** A name for programs out of one for people. */
const named = (text) => text.normalize('NFKD').replace(/[^\w ]/g, '').trim().replace(/\s+/g, '_').toLowerCase().replace(/^[^a-z]+/, '').slice(0, 100);

function Edit({shapes, saved, etag}) {
  const form = useForm(() => ({display_name: saved?.display_name ?? '', name: saved?.name ?? '', state: saved?.state ?? 'active', source: saved?.source ?? {kind: isAdmin() ? 'file' : 'upload'}}), async ({display_name, name, state, source}, over) => {
    const made = saved ? await api.send('PATCH', `/v1/segments/${saved.id}`, {display_name, state, ...(JSON.stringify(source) === JSON.stringify(saved.source) ? {} : {source})}, over ? {} : {'If-Match': etag})
      : await api.create('/v1/segments', {name, display_name: display_name || name, source});
    toast('Saved.');
    return `segments/${made.id}`;
  });
  const [own, touch] = useState(Boolean(saved));
  const {values: draft, set} = form;
  const {kind} = draft.source;
  const source = (changes) => set({source: having({...draft.source, ...changes})});
  const fields = shapes[kind];
  const display = form.field('display_name');
  // what is wrong with the source as a whole stands at its last field
  const whole = form.error?.errors?.find((one) => ['/source', `/source/${kind}`].includes(one.pointer));
  const wrong = (name) => form.wrong(`/source/${name}`) ?? form.wrong(`/source/${kind}/${name}`) ?? (whole && name === fields.find((one) => one.needed)?.name ? form.wrong(whole.pointer) : undefined);
  const show = (one) => html`<${Value} key=${kind + one.name} kind=${kind} one=${one} value=${draft.source[one.name]} error=${wrong(one.name)} onInput=${(value) => source({[one.name]: value})}/>`;
  const more = fields.filter((one) => !one.needed);
  return html`<div class="narrow"><${Form} form=${form} submit="Save" why=${!draft.name && 'Enter a name first'} leave=${saved ? `segments/${saved.id}` : 'segments'}>
    ${Card('Name', html`<div class="stack"><${TextField} label="Display name" ...${display} onInput=${(text) => set({display_name: text, ...(own ? {} : {name: named(text)})})}/>
      ${saved ? html`<${SelectField} label="Status" ...${form.field('state')} options=${['active', 'inactive'].map((one) => [one, say.status(one)])} hint="Runs of exports"/>`
        : html`<${TextField} label="Name" ...${form.field('name')} onInput=${(name) => { touch(true); set({name}); }} hint="For programs"/>`}</div>`)}
    ${Card('Where the members are', html`<div class="stack"><${Choices} box hidden label="Kind of source" value=${kind} onInput=${(value) => set({source: {kind: value}})} options=${Object.keys(shapes).map((value) => [value, say.name(value), say.code('kind', value), value !== 'upload' && !isAdmin() ? t('Administrators make') : null])}/>
      ${fields.filter((one) => one.needed).map(show)}${more.length > 0 && html`<details open=${more.some((one) => wrong(one.name))}><summary>${t('More')}</summary><div class="stack">${more.map(show)}</div></details>`}</div>`)}<//></div>`;
}

/** One field of a source, as its schema says. */
function Value({kind, one: {name, about, example, type, options, needed}, value, error, onInput}) {
  const rest = {label: say.code('field', name), value, error, onInput, optional: !needed, hint: about && html`${Said(about)} ${example && Code(example)}`};
  const number = type === 'integer' || type === 'number';
  if (name === 'database') return html`<${Database} kind=${kind} ...${rest}/>`;
  if (type === 'boolean') return html`<${Choice} label=${rest.label} hint=${rest.hint} value=${value ?? false} onInput=${(on) => onInput(on || null)}/>`;
  if (options) return html`<${SelectField} ...${rest} value=${value ?? ''} options=${[['', '–'], ...options.map((each) => [each, each])]}/>`;
  if (type === 'array') return html`<${TextField} ...${rest} value=${(value ?? []).join(', ')} onInput=${(text) => onInput(text ? text.split(/,\s*/) : null)}/>`;
  return html`<${TextField} ...${rest} rows=${name === 'query' && '4'} type=${number ? 'number' : 'text'} onInput=${(text) => onInput(number && text !== '' ? Number(text) : text)}/>`;
}

/** The databases of that kind that are configured here, whether they answer, and what each may do. */
function Database({kind, value, onInput, ...rest}) {
  const state = useLoad(() => items('/v1/segment-sources'));
  const [found, tell] = useState(null);
  return Loaded(state, (items) => {
    const usable = items.filter((one) => one.kind === kind);
    const chosen = usable.find((one) => one.name === value);
    if (!usable.length) return Note('warn', 'No database', 'An operator');
    return html`<${SelectField} ...${rest} value=${value ?? ''} onInput=${(name) => { tell(null); onInput(name); }} options=${[['', t('Choose a database'), true], ...usable.map((one) => [one.name, one.answers ? one.name : `${one.name} – ${t('does not answer')}`])]}/>
      ${chosen && html`<div class="row">${Act('Check this database', async () => tell(await api.send('POST', `/v1/segment-sources/${chosen.name}/check`)), 'small')}</div>`}
      ${found ? html`<${CheckList} ...${found}/>` : chosen && !chosen.answers && Note('bad', 'It does not answer', html`${Said(chosen.detail)} ${Code(chosen.code)}`)}`;
  });
}
