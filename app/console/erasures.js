// Erasures: people who asked to be forgotten, taken out of every audience this service fills.
import {html, t, fmt, useList, Page, List, Table, Badge, Time, Num, Said, Empty, isAdmin, Note} from './kit.js';

export default function Erasures() {
  if (!isAdmin()) return html`<${Page} title=${t('Erasures')}>${Note('', t('Erasures are for administrators'), t('They take people out of every audience.'))}</${Page}>`;
  const state = useList('/v1/erasures', {});
  const add = html`<a class="btn first" data-new href="#/erasures/new">${t('Erase people')}</a>`;
  return html`<${Page} title=${t('Erasures')} curl="/v1/erasures" actions=${add}>
    ${List(state, (items) => Table(t('Erasures'), [
      {title: t('Asked for'), show: (one) => html`<a class="name" href="#/erasures/${one.id}">${fmt.moment(one.requested_at)}</a><span class="sub mono">${one.id.slice(0, 16)}…</span>`},
      {title: t('Status'), show: (one) => html`${Badge(one.status)}${one.error && html`<span class="sub">${Said(one.error.message)}</span>`}`},
      {title: t('People'), right: true, show: (one) => Num(one.people)}, {title: t('Ad accounts'), right: true, show: (one) => Num(one.ad_account_ids.length)}, {title: t('Finished'), show: (one) => Time(one.finished_at)},
    ], items), Empty(t('Nobody has asked to be forgotten'), t('An erasure takes people out of every audience this service fills and out of its own staged rows, and keeps them from being sent again.'), add))}
  </${Page}>`;
}
