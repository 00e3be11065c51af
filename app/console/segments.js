// Segments: named sets of members, how many there are, how old that is, and what went wrong last.
import {html, t, fmt, say, useList, useLater, useEffect, useState, Page, List, Table, Badge, Time, Text, Said, Empty, TextField, SelectField, place, filter, mayEdit, where} from './kit.js';

export default function Segments() {
  const {query} = place.value;
  const [q, typed] = useState(query.q ?? '');
  const later = useLater(q);
  useEffect(() => { if (later !== (query.q ?? '')) filter({q: later}); }, [later]);
  const state = useList('/v1/segments', {q: query.q, kind: query.kind, sort: query.sort});
  const add = html`<a class="btn first" data-new href="#/segments/new">${t('Add a segment')}</a>`;
  return html`<${Page} title=${t('Segments')} curl="/v1/segments" actions=${mayEdit() && add}>
    <form class="filters" role="search" onSubmit=${(event) => event.preventDefault()}><${TextField} wide label=${t('Search')} type="search" value=${q} onInput=${typed}/>
      <${SelectField} label=${t('Read from')} value=${query.kind ?? ''} onChange=${(kind) => filter({kind})} options=${[['', t('Any')], ...['file', 'upload', 'postgres', 'mysql', 'delta', 'iceberg', 'clickhouse', 'snowflake', 'bigquery'].map((one) => [one, say.name(one)])]}/>
      <${SelectField} label=${t('Sort by')} value=${query.sort ?? ''} onChange=${(sort) => filter({sort})} options=${[['', t('Newest first')], ['display_name', t('Name')]]}/></form>
    ${List(state, (items) => Table(t('Segments'), [
      {title: t('Segment'), show: (one) => html`<a class="name" href="#/segments/${one.id}">${Text(one.display_name)}</a>${one.state !== 'active' ? html` ${Badge(one.state)}` : ''}<span class="sub mono">${one.name}</span>`},
      {title: t('Members'), right: true, show: (one) => html`<span class="num">${fmt.number(one.member_count)}</span>`},
      {title: t('Counted'), show: (one) => one.evaluated_at ? html`${Time(one.evaluated_at, 'ago')}` : '–'},
      {title: t('Read from'), show: (one) => html`${say.name(one.source.kind)}<span class="sub mono"><bdi>${where(one.source)}</bdi></span>`},
      {title: t('Last error'), show: (one) => one.last_error ? html`<span class="bad">${say.move(one.last_error.culprit)}</span><span class="sub">${Said(one.last_error.message)}</span>` : '–'},
    ], items), query.q || query.kind ? Empty(t('No segment fits'), t('Clear the search and the filters to see all.')) : Empty(t('There is no segment yet'), t('A segment is a set of members and where they are read from: a file, a database, or what you upload.'), mayEdit() && add))}
  </${Page}>`;
}
