// Connections: where data may go. For administrators; contributors see the names they may use elsewhere.
import {html, t, many, fmt, say, useList, Page, List, Table, Badge, Mark, End, Text, Empty, SelectField, place, filter, isAdmin, Note} from './kit.js';

export default function Connections() {
  if (!isAdmin()) return html`<${Page} title=${t('Connections')}>${Note('', t('Connections are for administrators'), t('You use the ones that are shared with you when you add an export.'))}</${Page}>`;
  const {query} = place.value;
  const state = useList('/v1/connections', {status: query.status});
  return html`<${Page} title=${t('Connections')} curl="/v1/connections" actions=${html`<a class="btn first" data-new href="#/connections/new">${t('Add connection')}</a>`}>
    <div class="filters"><${SelectField} label=${t('Status')} value=${query.status ?? ''} onChange=${(status) => filter({status})} options=${[['', t('Any')], ...['ready', 'draft', 'reauthentication_required'].map((one) => [one, say.status(one)])]}/></div>
    ${List(state, (items) => Table(t('Connections'), [
      {title: t('Connection'), show: (one) => html`<a class="name" href="#/connections/${one.id}">${Text(one.display_name)}</a><span class="sub">Facebook Ads Manager</span>`},
      {title: t('Status'), show: (one) => html`${Badge(one.status)}${one.blocked && html` ${Mark('bad', t('Blocked by Meta'))}`}${one.status === 'draft' ? html`<span class="sub">${many(one.missing.length, '{n} step left', '{n} steps left')}</span>` : ''}`},
      {title: t('Ad account'), show: (one) => one.ad_account ? Text(one.ad_account.name ?? one.ad_account.id) : '–'},
      {title: t('Audience'), show: (one) => one.audience ? html`${Text(one.audience.name ?? one.audience.id)}${Size(one)}` : '–'},
      {title: t('Sign-in ends'), show: (one) => End(one.token)},
      {title: t('Who can use it'), show: (one) => one.shared_with.map(say.name).join(', ')},
    ], items), Empty(t('There is no connection yet'), t('A connection is an ad account at Meta, the right to use it, and the audience to fill.'), html`<a class="btn first" href="#/connections/new">${t('Add connection')}</a>`))}
  </${Page}>`;
}

const Size = (one) => one.audience_state?.lower_bound != null ? html`<span class="sub num">${fmt.short(one.audience_state.lower_bound)}–${fmt.short(one.audience_state.upper_bound)} ${t('at Meta')}</span>` : '';
