// Connections: where data may go; for administrators.
import {html, Renew, Add, t, many, fmt, say, useList, Page, List, Table, Badge, Mark, End, Text, Name, Empty, Filters, statuses, place, Link} from './kit.js';

export default function Connections() {
  const state = useList('/v1/connections', {status: place.value.query.status});
  const add = Add('connections/new', 'Add connection');
  return html`<${Page} title="Connections" curl="/v1/connections" actions=${add}>
    <${Filters} selects=${[['status', 'Status', statuses('ready', 'draft', 'reauthentication_required')]]}/>
    ${List(state, (items) => Table('Connections', [
      ['Connection', (one) => html`${Name(`connections/${one.id}`, one.display_name)}<span class="sub">Facebook Ads Manager</span>`],
      ['Status', (one) => html`${Badge(one.status)} ${one.blocked && Mark('bad', t('Blocked by Meta'))}<span class="sub">${one.status === 'draft' ? Link(`connections/${one.id}/setup`, many(one.missing.length, 'steps left')) : one.status === 'reauthentication_required' && Renew(one.id)}</span>`],
      ['Ad account', (one) => one.ad_account ? Text(one.ad_account.name ?? one.ad_account.id) : '–'],
      ['Audience', ({audience, audience_state: size}) => audience ? html`${Text(audience.name ?? audience.id)}${size?.lower_bound != null && html`<span class="sub num">${fmt.short(size.lower_bound)}–${fmt.short(size.upper_bound)} ${t('at Meta')}</span>`}` : '–'],
      ['Sign-in ends', (one) => End(one.token)],
      ['Who can use it', (one) => one.shared_with.map(say.name).join(', ')],
    ], items), Empty('There is no', 'A connection', add))}
  <//>`;
}
