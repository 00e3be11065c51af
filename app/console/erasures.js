// Erasures: people who asked to be forgotten.
import {html, Add, fmt, useList, Page, List, Table, Badge, Time, Num, Said, Empty, Link} from './kit.js';

export default function Erasures() {
  const state = useList('/v1/erasures');
  const add = Add('erasures/new', 'Erase people');
  return html`<${Page} title="Erasures" curl="/v1/erasures" actions=${add}>
    ${List(state, (items) => Table('Erasures', [
      ['Asked for', (one) => html`${Link(`erasures/${one.id}`, fmt.moment(one.requested_at), 'name')}<span class="sub mono">${one.id.slice(0, 16)}…</span>`],
      ['Status', (one) => html`${Badge(one.status)}${one.error && html`<span class="sub">${Said(one.error.message)}</span>`}`],
      ['People', (one) => Num(one.people), 'right'], ['Ad accounts', (one) => Num(one.ad_account_ids.length), 'right'], ['Finished', (one) => Time(one.finished_at)],
    ], items), Empty('Nobody has', 'An erasure', add))}
  <//>`;
}
