// One connection: its sign-in, its account and audience, who depends on it; check, renew, edit, delete.
import {html, api, t, many, fmt, say, useLoad, useAction, useState, Page, Card, Loaded, Badge, Time, Text, Said, Terms, Note, Problem, Button, Link, Dialog, TextField, Choice, toast, go, End, problemOf} from './kit.js';

const MISSING = {access_token: 'Continue with Facebook', token: 'Continue with Facebook', ad_account_id: 'Choose the ad account', ad_account: 'Choose the ad account', audience: 'Choose the audience', consent: 'Data privacy and compliance'};

export default function ConnectionPage({parts: [, id]}) {
  const state = useLoad(() => api.get(`/v1/connections/${id}`), [id]);
  const uses = useLoad(() => api.get(`/v1/connections/${id}/exports`), [id]);
  const [dialog, open] = useState(null);
  const one = state.data;
  const [resume, resuming] = useAction(async () => { state.put(await api.send('POST', `/v1/connections/${id}/resume`)); toast(t('Its runs go on.')); });
  return html`<${Page} title=${one ? html`${Text(one.display_name)}` : t('Connection')} tab=${one?.display_name} badge=${one && Badge(one.status)} crumb=${html`<a href="#/connections">${t('Connections')}</a>`} curl="/v1/connections/${id}"
    actions=${one && html`<a class="btn ${one.status === 'ready' ? '' : 'first'}" href="#/connections/${id}/setup">${one.status === 'draft' ? t('Go on setting up') : t('Renew the sign-in')}</a>${Button(t('Name and sharing'), () => open('edit'))}${Button(t('Delete'), () => open('delete'), {kind: 'danger'})}`}>
    ${Loaded(state, (found) => html`
      ${found.status === 'draft' && Note('warn', t('This connection is a draft'), html`${t('Still to do:')} ${found.missing.map((name) => t(MISSING[name] ?? name)).join(', ')}.`)}
      ${found.status === 'reauthentication_required' && Note('bad', t('Meta refuses the sign-in'), t('Scheduled runs of its exports wait. Renew the sign-in; the connection, its exports and its audience stay as they are.'), Link(`connections/${id}/setup`, t('Renew the sign-in'), 'btn first small'))}
      ${found.blocked && Note('bad', t('Meta blocks this ad account'), html`<p>${Said(found.blocked.reason)}</p><p>${t('Its runs wait until {when}; nothing is lost.', {when: fmt.moment(found.blocked.until)})}</p>`, html`${Button(t('Go on now'), resume, {kind: 'small', busy: resuming.busy})}${found.blocked.help_url && html`<a href=${found.blocked.help_url} target="_blank" rel="noreferrer">${t('What Meta says about it')}</a>`}`)}
      ${Problem(resuming.error)}
      <div class="cols">${Card(t('What it is'), Terms([
        [t('Type'), 'Facebook Ads Manager'], [t('Ad account'), found.ad_account && html`${Text(found.ad_account.name ?? '')} <code>${found.ad_account.id}</code>${found.ad_account.business ? html`<br/><span class="soft small">${Text(found.ad_account.business.name ?? found.ad_account.business.id)}</span>` : ''}`],
        [t('Audience'), found.audience && html`${Text(found.audience.name ?? '')} ${found.audience.id ? html`<code>${found.audience.id}</code>` : html`<span class="soft">${t('made with the last step')}</span>`}`],
        found.audience_state && [t('Size at Meta'), found.audience_state.lower_bound != null ? html`<span class="num">${fmt.range(found.audience_state.lower_bound, found.audience_state.upper_bound)}</span> <span class="soft small">${Time(found.audience_state.looked_at, 'ago')}</span>` : t('too small to say')],
        found.audience_state?.operation_status?.description && [t('State at Meta'), Said(found.audience_state.operation_status.description)],
        [t('Who can use it'), found.shared_with.map(say.name).join(', ')], [t('Audiences of its exports'), say.name(found.audience_choice)], found.audience_choice === 'listed' && ['', html`<code>${found.allowed_audience_ids.join(', ')}</code>`]]))}
      ${Card(t('Sign-in and consent'), Terms([
        [t('Ends'), End(found.token)], found.token && [t('Kind'), html`${found.token.kind === 'system_user' ? t('System user') : t('A person')} <span class="soft small">…${found.token.last4}</span>`], found.token && [t('Permissions'), found.token.scopes.join(', ')],
        found.sign_in_problem && [t('Last try'), html`<span class="bad">${problemOf(found.sign_in_problem)}</span>`],
        [t('Consent'), found.consent ? html`${t('Version')} ${found.consent.version} · ${Time(found.consent.accepted_at)}` : t('not given')]]))}</div>
      <${Checks} id=${id} ready=${Boolean(found.token && found.ad_account)}/>
      ${Card(t('Exports on it'), uses.data ? uses.data.items.length ? html`<ul class="items">${uses.data.items.map((each) => html`<li><a class="name" href="#/exports/${each.id}">${Text(each.display_name)}</a></li>`)}</ul>` : html`<p class="soft" style=${{padding: '0 1.1rem 1rem'}}>${t('None.')}</p>` : Loaded(uses, () => null), {flush: true})}
      ${dialog === 'edit' && html`<${Edit} one=${found} onClose=${(made) => { open(null); if (made) state.put(made); }}/>`}
      ${dialog === 'delete' && html`<${Delete} one=${found} uses=${uses.data?.items ?? []} onClose=${() => open(null)}/>`}`)}
  </${Page}>`;
}

function Checks({id, ready}) {
  const [check, state] = useAction(() => api.send('POST', `/v1/connections/${id}/check`).then((found) => set(found)));
  const [found, set] = useState(null);
  return Card(t('Checks'), html`<div class="stack">${state.error && Problem(state.error, check)}${found ? html`<ul class="stack tight">${found.checks.map((one) => html`<li class="row" style=${{alignItems: 'baseline', flexWrap: 'nowrap'}}><span class=${one.ok ? 'good strong' : 'bad strong'} aria-hidden="true">${one.ok ? '✓' : '✕'}</span><span><span class="strong">${one.name.replaceAll('_', ' ').replaceAll('-', ' ')}</span> <span class="hide">${one.ok ? t('passed') : t('not passed')}</span>${one.detail && html`<br/><span class="soft small">${Said(one.detail)}</span>`}${one.help_url && html` <a class="small" href=${one.help_url} target="_blank" rel="noreferrer">${t('How to mend it')}</a>`}</span></li>`)}</ul>` : html`<p class="soft">${t('Looks at the token, the account and the audience at Meta, now. Nothing is sent.')}</p>`}
    <div>${Button(found ? t('Check again') : t('Check now'), check, {busy: state.busy, why: ready ? undefined : t('Sign in and choose an ad account first')})}</div></div>`);
}

/** @param {Of<{one: Connection}>} _ */
function Edit({one, onClose}) {
  const [name, type] = useState(one.display_name);
  const [shared, share] = useState(one.shared_with.includes('contributor'));
  const [save, state] = useAction(async (_, over) => onClose(await api.send('PATCH', `/v1/connections/${one.id}`, {display_name: name, shared_with: shared ? ['administrator', 'contributor'] : ['administrator']}, over ? {} : {'If-Match': `"${one.version}"`})));
  return html`<${Dialog} title=${t('Name and sharing')} onClose=${() => onClose()}><${TextField} label=${t('Display name')} value=${name} onInput=${type} error=${state.error?.at?.('/display_name')}/>
    <fieldset><legend class="label">${t('Who can use it')}</legend><${Choice} name="who" label=${t('Administrators')} checked=${!shared} onChange=${() => share(false)}/><${Choice} name="who" label=${t('Administrators and contributors')} hint=${t('Contributors see its name and type, and make exports on it.')} checked=${shared} onChange=${() => share(true)}/></fieldset>
    ${one.shared_with.includes('contributor') && !shared && Note('', t('Exports that contributors made stay, and keep their schedule.'), null)}
    ${state.error && !state.error.at?.('/display_name') && Problem(state.error, state.error.status === 412 && (() => save(null, true)))}<div class="row">${Button(t('Save'), save, {kind: 'first', busy: state.busy})}${Button(t('Leave it'), () => onClose())}</div></${Dialog}>`;
}

/** @param {Of<{one: Connection}>} _ */
function Delete({one, uses, onClose}) {
  const [remove, state] = useAction(async () => { await api.remove(`/v1/connections/${one.id}`, {detach: uses.length > 0 || undefined}); toast(t('Deleted. What was delivered stays at Meta.')); go('/connections'); });
  return html`<${Dialog} title=${t('Delete this connection?')} onClose=${onClose}><p>${t('Its token is deleted and its runs stop. The audience stays at Meta with everybody in it.')}</p>
    ${uses.length > 0 && html`<p>${many(uses.length, 'This export is detached and runs no more:', 'These exports are detached and run no more:')}</p><ul>${uses.map((each) => html`<li>${Text(each.display_name)}</li>`)}</ul>`}${Problem(state.error)}
    <div class="row">${Button(uses.length ? t('Detach them and delete') : t('Delete'), remove, {kind: 'danger', busy: state.busy})}${Button(t('Leave it'), onClose)}</div></${Dialog}>`;
}
