// One segment: its members and attributes, its history of counts, its exports; upload, refresh, delete.
import {html, api, t, many, fmt, say, useLoad, useAction, useState, Page, Card, Loaded, Badge, Time, Text, Said, Terms, Note, Problem, Button, Tag, ask, toast, go, isAdmin, mayEdit, session, Stacks, LABELS} from './kit.js';

const TYPES = {csv: 'text/csv', tsv: 'text/tab-separated-values', ndjson: 'application/x-ndjson', jsonl: 'application/x-ndjson', parquet: 'application/vnd.apache.parquet'};

export default function SegmentPage({parts: [, id]}) {
  const state = useLoad(() => api.get(`/v1/segments/${id}`), [id]);
  const attributes = useLoad(() => api.get(`/v1/segments/${id}/attributes`), [id]);
  const uses = useLoad(() => api.get(`/v1/segments/${id}/exports`), [id]);
  const one = state.data;
  const upload = one?.source.kind === 'upload';
  const [refresh, refreshing] = useAction(async () => { await api.send('POST', `/v1/segments/${id}/refresh`); toast(t('Counted again.')); state.reload(); attributes.reload(); });
  const [remove, removing] = useAction(async () => {
    if (!await ask(t('Delete this segment?'), t('Its source is not touched; uploaded members are forgotten.'), t('Delete'))) return;
    await api.remove(`/v1/segments/${id}`);
    go('/segments');
  });
  const all = () => { state.reload(); attributes.reload(); };
  return html`<${Page} title=${one ? html`${Text(one.display_name)}` : t('Segment')} tab=${one?.display_name} badge=${one && one.state !== 'active' ? Badge(one.state) : null} crumb=${html`<a href="#/segments">${t('Segments')}</a>`} curl="/v1/segments/${id}"
    actions=${one && mayEdit() && html`${!upload && Button(t('Refresh'), refresh, {busy: refreshing.busy})}${(isAdmin() || upload) && html`<a class="btn" href="#/segments/${id}/edit">${t('Edit')}</a>${Button(t('Delete'), remove, {kind: 'danger', busy: removing.busy})}`}`}>
    ${Problem(refreshing.error ?? removing.error)}
    ${Loaded(state, (found) => html`${found.last_error && Note('bad', `${say.move(found.last_error.culprit)}: ${t('the source could not be read')}`, html`<p>${Said(found.last_error.message)}</p><p class="soft small">${Time(found.last_error.at)} · <code>${found.last_error.code}</code></p>`)}
      ${upload && mayEdit() && (isAdmin() || found.created_by === session.value.caller) && html`<${Upload} one=${found} onDone=${all}/>`}
      <section class="card" aria-label=${t('How many')}><dl class="figures"><div><dt>${t('Members')}</dt><dd>${fmt.number(found.member_count)}</dd></div><div><dt>${t('Counted')}</dt><dd>${fmt.ago(found.evaluated_at)}</dd></div><div><dt>${t('Read from')}</dt><dd>${say.name(found.source.kind)}</dd></div><div><dt>${t('Exports')}</dt><dd>${fmt.number(uses.data?.items.length)}</dd></div></dl></section>
      <div class="cols">${Card(t('Attributes'), attributes.error && !attributes.data ? Problem(attributes.error, attributes.reload) : Loaded(attributes, (list) => list.items.length ? html`<div class="scroll" tabindex="0"><table><caption class="hide">${t('Attributes')}</caption><thead><tr><th scope="col">${t('Name')}</th><th scope="col">${t('Type')}</th><th scope="col">${t('Looks like')}</th></tr></thead><tbody>${list.items.map((each) => html`<tr><td><code><bdi>${each.name}</bdi></code></td><td class="soft">${each.data_type}</td><td>${each.suggested_key ? html`${say.name(each.suggested_key)} ${Tag(each.suggested_key)}` : '–'}</td></tr>`)}</tbody></table></div>` : html`<p class="soft">${t('Known after the first upload.')}</p>`))}
      ${Card(t('What it is'), Terms([[t('Name'), html`<code>${found.name}</code>`], [t('Source'), say.name(found.source.kind)], ...Object.entries(found.source).filter(([name, value]) => name !== 'kind' && value != null).map(([name, value]) => [t(LABELS[name] ?? name.replaceAll('_', ' ')), html`<code><bdi>${String(value)}</bdi></code>`]), [t('Changed'), Time(found.updated_at)], [t('Exports'), uses.data?.items.length ? html`<ul>${uses.data.items.map((each) => html`<li><a href="#/exports/${each.id}">${Text(each.display_name)}</a></li>`)}</ul>` : t('none')]]))}</div>
      <${Past} id=${id}/>`)}
  </${Page}>`;
}

function Past({id}) {
  const [open, show] = useState(false);
  const past = useLoad(() => open ? api.get(`/v1/segments/${id}/evaluations`, {limit: 40}) : Promise.resolve(null), [id, open]);
  const items = past.data?.items.filter((each) => each.member_count != null).reverse() ?? [];
  return Card(t('How many there were'), html`${!open ? Button(t('Show its history'), () => show(true)) : Loaded(past, () => items.length ? html`<${Stacks} title=${t('Members each time it was counted')} items=${items} label=${(each, short) => short ? fmt.date(each.at).replace(/ \d{4}$/, '') : fmt.moment(each.at)} series=${[{name: t('Members'), tone: 'accent', of: (each) => each.member_count}]} height=${130}/>` : html`<p class="soft">${t('None yet.')}</p>`)}`);
}

/** Members by dragging a file; they are hashed while they arrive, and only the hashes are kept.
 * @param {Of<{one: Segment}>} _ */
function Upload({one, onDone}) {
  const [over, set] = useState(false);
  const [file, hold] = useState(null);
  const [done, tell] = useState(null);
  const [send, state] = useAction(async (chosen) => {
    hold(chosen);
    const type = TYPES[chosen.name.split('.').pop().toLowerCase()];
    tell(await api.upload(`/v1/segments/${one.id}/members`, chosen, type ?? 'text/csv'));
    onDone();
  });
  const take = (files) => { if (files?.[0]) send(files[0]); };
  const refused = done && Object.entries(done.refused_values);
  return html`<section class="card stack" aria-label=${t('Upload members')}><div class="drop ${over ? 'over' : ''}" onDragOver=${(event) => { event.preventDefault(); set(true); }} onDragLeave=${() => set(false)} onDrop=${(event) => { event.preventDefault(); set(false); take(event.dataTransfer.files); }}>
      <p class="strong">${state.busy ? t('Uploading {name} …', {name: file?.name}) : t('Drag a file here: CSV, TSV, NDJSON or Parquet')}</p><p class="soft small">${t('Columns are named by Meta’s keys (EMAIL, PHONE, FN …). Members are hashed as they arrive; only the hashes are kept. They replace those before.')}</p>
      <label class="btn" style=${{position: 'relative'}}>${t('Choose a file')}<input type="file" accept=".csv,.tsv,.ndjson,.jsonl,.parquet" style=${{position: 'absolute', inset: 0, opacity: 0, cursor: 'pointer'}} disabled=${state.busy} onChange=${(event) => take(event.target.files)}/></label></div>
    ${state.error && Problem(state.error, () => send(file))}
    ${done && Note(refused.length ? 'warn' : 'good', many(done.member_count ?? 0, '{n} member is in this segment now', '{n} members are in this segment now'), refused.length > 0 && html`<p>${t('Values that could not be used:')}</p><ul>${refused.flatMap(([key, why]) => Object.entries(why).map(([reason, n]) => html`<li><span class="num">${fmt.number(n)}</span> ${say.name(key)} · ${say.reason(reason)}</li>`))}</ul>`)}</section>`;
}
