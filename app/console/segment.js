// One segment: its members and attributes, its history of counts, its exports; upload, refresh, delete.
import {html, RefusedValues, api, apart, t, many, fmt, say, useLoad, useAction, useState, Page, Dim, Code, Card, Act, Loaded, Badge, Time, Said, Terms, Note, Problem, Link, Names, Grid, toast, isAdmin, mayEdit, session, Stacks} from './kit.js';

const TYPES = {csv: 'text/csv', tsv: 'text/tab-separated-values', ndjson: 'application/x-ndjson', jsonl: 'application/x-ndjson', parquet: 'application/vnd.apache.parquet'};

export default function SegmentPage({parts: [, id]}) {
  const path = /** @type {const} */ (`/v1/segments/${id}`);
  const state = useLoad(async () => {
    const [one, attributes, uses] = await Promise.all([api.get(path), apart(api.get(`${path}/attributes`)), apart(api.get(`${path}/exports`))]);
    return {one, attributes, uses: uses.data?.items ?? []};
  });
  const one = state.data?.one;
  const upload = one?.source.kind === 'upload';
  return html`<${Page} state=${state} title="Segment" of=${one} badge=${one && one.state !== 'active' && Badge(one.state)} crumb="segments" curl=${path}
    actions=${one && mayEdit() && html`${!upload && Act('Refresh', async () => { await api.send('POST', `${path}/refresh`); toast('Counted again.'); state.reload(); })}${(isAdmin() || upload) && html`${Link(`segments/${id}/edit`, 'Edit', 'btn')}
      ${Act('Delete', async () => { await api.remove(path); return 'segments'; }, {kind: 'danger', sure: ['Delete this segment?', 'Its source', 'Delete']})}`}`}>${({attributes, uses}) => html`
      ${one.last_error && Note('bad', `${say.move(one.last_error.culprit)}: ${t('the source')}`, html`<p>${Said(one.last_error.message)}</p><p class="dim">${Time(one.last_error.at)} · ${Code(one.last_error.code)}</p>`)}
      ${upload && mayEdit() && (isAdmin() || one.created_by === session.value.caller) && html`<${Upload} one=${one} onDone=${state.reload}/>`}
      <section class="card" aria-label=${t('How many')}><dl class="figures">${[['Members', fmt.number(one.member_count)], ['Counted', fmt.ago(one.evaluated_at)], ['Read from', say.name(one.source.kind)], ['Exports', fmt.number(uses.length)]].map(([name, value]) => html`<div><dt>${t(name)}</dt><dd>${value}</dd></div>`)}</dl></section>
      <div class="cols">${Card('Attributes', Loaded({...attributes, reload: state.reload}, ({items}) => items.length ? Grid('Attributes', ['Name', 'Type', 'Looks like'], items.map((each) => [Code(each.name), each.data_type, each.suggested_key ? html`${say.name(each.suggested_key)} ${Code(each.suggested_key)}` : '–'])) : Dim('Known after')))}
      ${Card('What it is', Terms([['Name', Code(one.name)], ...Object.entries(one.source).filter(([, value]) => value != null).map(([name, value]) => [say.code('field', name), name === 'kind' ? say.name(value) : Code(String(value))]), ['Changed', Time(one.updated_at)], ['Exports', uses.length ? Names('exports', uses) : t('none')]]))}</div>
      <${Past} path=${path}/>`}
  <//>`;
}

/** @param {Of<{path: `/v1/segments/${string}`}>} _ */
function Past({path}) {
  const [items, show] = useState(null);
  const label = (each, short) => short ? fmt.day(each.at) : fmt.moment(each.at);
  return Card('How many there were', !items ? html`<div class="row">${Act('Show its history', async () => show((await api.get(`${path}/evaluations`, {limit: 40})).items.filter((each) => each.member_count != null).reverse()))}</div>`
    : items.length ? html`<${Stacks} title="Members each" items=${items} label=${label} series=${[{name: 'Members', tone: 'accent', of: (each) => each.member_count}]} height=${130}/>` : Dim('None yet.'));
}

/** Members by dragging a file; they are hashed while they arrive, and only the hashes are kept.
 * @param {Of<{one: Segment}>} _ */
function Upload({one, onDone}) {
  const [over, set] = useState(false);
  const [file, hold] = useState(null);
  const [done, tell] = useState(null);
  const [send, state] = useAction(async (chosen) => {
    hold(chosen);
    tell(await api.upload(`/v1/segments/${one.id}/members`, chosen, TYPES[chosen.name.split('.').pop().toLowerCase()] ?? 'text/csv'));
    onDone();
  });
  const take = (files) => { if (files?.[0]) send(files[0]); };
  const drag = (is) => (event) => { event.preventDefault(); set(is); };
  const refused = RefusedValues(done?.refused_values ?? {});
  return html`<section class="card stack" aria-label=${t('Upload members')}><div class="drop ${over ? 'over' : ''}" onDragOver=${drag(true)} onDragLeave=${drag(false)} onDrop=${(event) => { drag(false)(event); take(event.dataTransfer.files); }}>
      <p class="strong">${state.busy ? t('Uploading {name} …', {name: file?.name}) : t('Drag a file')}</p>${Dim('Columns are')}
      <label class="btn over">${t('Choose a file')}<input type="file" accept=${Object.keys(TYPES).map((one) => `.${one}`).join()} disabled=${state.busy} onChange=${(event) => take(event.target.files)}/></label></div>
    ${Problem(state.error, () => send(file))}
    ${done && Note(refused.length ? 'warn' : 'good', many(done.member_count ?? 0, 'members are'), refused.length > 0 && html`<p>${t('Values that')}</p><ul>${refused}</ul>`)}</section>`;
}
