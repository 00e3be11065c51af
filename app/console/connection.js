// One connection: its sign-in, its account and audience, who depends on it; check, renew, edit, delete.
import {html, SizeAt, api, apart, t, many, fmt, say, useLoad, useState, Page, Dim, Code, Card, Act, Loaded, Badge, Time, Text, Said, Terms, Note, Link, Name, Names, Outside, RunFailed, failedOn, CheckList, toast, End, problemOf} from './kit.js';

export default function ConnectionPage({parts: [, id]}) {
  const state = useLoad(async () => {
    const [one, uses, failed] = await Promise.all([api.get(`/v1/connections/${id}`), apart(api.get(`/v1/connections/${id}/exports`)), apart(failedOn(id))]);
    return {one, uses, failed: failed.data ?? []};
  });
  const one = state.data?.one;
  const renew = `connections/${id}/setup`;
  const put = (made) => state.put({...state.data, one: made});
  return html`<${Page} state=${state} title="Connection" of=${one} badge=${one && Badge(one.status)} crumb="connections" curl="/v1/connections/${id}"
    actions=${one && html`${Link(renew, one.status === 'draft' ? t('Go on setting up') : t('Renew the sign-in'), `btn ${one.status === 'ready' ? '' : 'first'}`)}${Link(`${renew}?step=name`, 'Name and sharing', 'btn')}${Deletes(one, state.data.uses.data?.items ?? [])}`}>${({uses, failed}) => html`
      ${one.status === 'draft' && Note('warn', 'This connection', html`${t('Still to do:')} ${one.missing.map((name) => say.code('missing', name)).join(', ')}.`)}
      ${one.status === 'reauthentication_required' && Note('bad', 'Meta refuses', 'Scheduled runs', Link(renew, 'Renew the sign-in', 'btn first small'))}
      ${one.status === 'ready' && html`<${RunFailed} items=${failed}/>`}
      ${one.blocked && Note('bad', 'Meta blocks', html`<p>${Said(one.blocked.reason)}</p><p>${t('Its runs wait', {when: fmt.moment(one.blocked.until)})}</p>`, html`${Act('Go on now', async () => { put(await api.send('POST', `/v1/connections/${id}/resume`)); toast('Its runs go on.'); }, 'small')}${Outside(one.blocked.help_url)}`)}
      <div class="cols">${Card('What it is', About(one), {action: Link(`${renew}?step=audience`, 'Edit')})}${Card('Sign-in and consent', SignIn(one))}</div>
      <${Checks} id=${id} ready=${Boolean(one.token && one.ad_account)}/>
      ${Card('Exports on it', Loaded({...uses, reload: state.reload}, ({items}) => items.length ? html`<ul class="stack tight">${items.map((each) => html`<li>${Name(`exports/${each.id}`, each.display_name)}</li>`)}</ul>` : Dim('None.')))}`}
  <//>`;
}

/** @param {Connection} one */
const Deletes = (one, uses) => Act('Delete', async () => { await api.remove(`/v1/connections/${one.id}`, {detach: uses.length > 0 || undefined}); toast('Deleted. What'); return 'connections'; },
  {kind: 'danger', sure: ['Delete this', html`${t('Its token is')} ${uses.length > 0 && html`${many(uses.length, 'These exports')} ${Names('exports', uses)}`}`, uses.length ? 'Detach them and delete' : 'Delete']});

/** @param {Connection} one */
const About = ({ad_account: account, audience, audience_state: size, ...one}) => Terms([
  ['Type', 'Facebook Ads Manager'], ['Ad account', account && html`${Text(account.name ?? '')} ${Code(account.id)}${account.business && html`<br/><small>${Text(account.business.name ?? account.business.id)}</small>`}`],
  ['Audience', audience && html`${Text(audience.name ?? '')} ${audience.id ? Code(audience.id) : html`<span class="soft">${t('made with the')}</span>`}`],
  size && ['Size at Meta', html`${SizeAt(size)} <small>${Time(size.looked_at, 'ago')}</small>`],
  size?.operation_status?.description && ['State at Meta', Said(size.operation_status.description)],
  ['Who can use it', one.shared_with.map(say.name).join(', ')], ['Audiences of', say.name(one.audience_choice)], one.audience_choice === 'listed' && ['', Code(one.allowed_audience_ids.join(', '))]]);

/** @param {Connection} one */
const SignIn = ({token, consent, sign_in_problem: problem}) => Terms([
  ['Ends', End(token)], token && ['Kind', html`${token.kind === 'system_user' ? t('System user') : t('A person')} <small>…${token.last4}</small>`], token && ['Permissions', token.scopes.join(', ')],
  problem && ['Last try', html`<span class="bad">${problemOf(problem)}</span>`],
  ['Consent', consent ? html`${t('Version')} ${consent.version} · ${Time(consent.accepted_at)}` : t('not given')]]);

function Checks({id, ready}) {
  const [found, set] = useState(null);
  return Card('Checks', html`<div class="stack">${found ? html`<${CheckList} ...${found}/>` : Dim('Looks at the')}
    <div class="row">${Act('Check now', async () => set(await api.send('POST', `/v1/connections/${id}/check`)), {why: !ready && 'Sign in and'})}</div></div>`);
}
