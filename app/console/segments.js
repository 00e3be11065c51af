// Segments: how many members, how old that is, what went wrong last.
import {html, codes, Add, t, say, useList, Page, List, Table, Badge, Num, Time, Name, Said, Empty, Filters, place, mayEdit, where} from './kit.js';

export default function Segments() {
  const {query} = place.value;
  const state = useList('/v1/segments', {q: query.q, kind: query.kind, sort: query.sort});
  const add = mayEdit() && Add('segments/new', 'Add a segment');
  return html`<${Page} title="Segments" curl="/v1/segments" actions=${add}>
    <${Filters} search="Search" selects=${[['kind', 'Read from', [['', t('Any')], ...codes('kind').map((one) => [one, say.name(one)])]], ['sort', 'Sort by', [['', t('Newest first')], ['display_name', t('Name')]]]]}/>
    ${List(state, (items) => Table('Segments', [
      ['Segment', (one) => html`${Name(`segments/${one.id}`, one.display_name)}${one.state !== 'active' && html` ${Badge(one.state)}`}<span class="sub mono">${one.name}</span>`],
      ['Members', (one) => Num(one.member_count), 'right'],
      ['Counted', (one) => Time(one.evaluated_at, 'ago')],
      ['Read from', (one) => html`${say.name(one.source.kind)}<span class="sub mono"><bdi>${where(one.source)}</bdi></span>`],
      ['Last error', (one) => one.last_error ? html`<span class="bad">${say.move(one.last_error.culprit)}</span><span class="sub">${Said(one.last_error.message)}</span>` : '–'],
    ], items), query.q || query.kind ? Empty('No segment fits', 'Clear the search') : Empty('There is no segment', 'A segment is a', add))}
  <//>`;
}
