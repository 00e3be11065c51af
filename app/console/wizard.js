// A connection step by step, as the documentation tells it: name and sharing → Continue with Facebook →
// ad account → audience → Data privacy and compliance → Save. Leave at any step: it stays a draft.
import {html, api, t, fmt, say, useLoad, useAction, useState, Page, Card, Loaded, Text, Note, Problem, Button, Empty, TextField, Choice, place, filter, toast, go, isAdmin, features, problemOf} from './kit.js';

const STEPS = ['name', 'facebook', 'account', 'audience', 'privacy'];
const TITLES = {name: 'Name and sharing', facebook: 'Continue with Facebook', account: 'Ad account', audience: 'Audience', privacy: 'Data privacy and compliance'};

export default function Wizard({parts}) {
  const id = parts[1] === 'new' ? null : parts[1];
  if (!isAdmin()) return html`<${Page} title=${t('Add connection')}>${Note('', t('Connections are for administrators'), null)}</${Page}>`;
  const state = useLoad(() => id ? api.get(`/v1/connections/${id}`) : Promise.resolve(null), [id]);
  return html`<${Page} title=${state.data ? html`${t('Set up')} ${Text(state.data.display_name)}` : t('Add connection')} tab=${t('Set up a connection')} crumb=${html`<a href="#/connections">${t('Connections')}</a>${id ? html` / <a href="#/connections/${id}">${t('The connection')}</a>` : ''}`}>
    ${Loaded(state, (one) => html`<${Steps} one=${one} put=${state.put}/>`)}</${Page}>`;
}

const done = (one) => ({name: Boolean(one), facebook: Boolean(one?.token) && one.status !== 'reauthentication_required', account: Boolean(one?.ad_account), audience: Boolean(one?.audience), privacy: Boolean(one?.consent)});

function Steps({one, put}) {
  const ready = done(one);
  const first = STEPS.find((step) => !ready[step]) ?? 'facebook';
  const {query} = place.value;
  const now = query.step ?? first;
  const reached = STEPS.indexOf(STEPS.find((step) => !ready[step]) ?? 'privacy');
  const to = (step) => filter({step, outcome: ''});
  const saved = (made, step) => {
    if (!one) { go(`/connections/${made.id}/setup`); return; }
    put(made);
    const left = STEPS.find((other) => !done(made)[other]);
    if (!left) { toast(t('Saved. The connection is ready; nothing was sent.')); go(`/connections/${made.id}`); } else to(STEPS[Math.max(STEPS.indexOf(left), 0)] ?? step);
  };
  const Step = {name: Naming, facebook: Facebook, account: Account, audience: Audience, privacy: Privacy}[now] ?? Naming;
  return html`<ol class="steps">${STEPS.map((step, i) => html`<li class=${ready[step] && step !== now ? 'done' : ''} aria-current=${step === now ? 'step' : undefined}>${i <= reached && one && step !== now ? html`<button type="button" onClick=${() => to(step)}>${t(TITLES[step])}${ready[step] ? html`<span class="hide"> (${t('done')})</span>` : ''}</button>` : t(TITLES[step])}</li>`)}</ol>
    <${Step} key=${now} one=${one} saved=${saved} outcome=${query.outcome}/>
    ${one && html`<p class="soft small">${t('You can leave at any time; what is there is kept as a draft.')}</p>`}`;
}

const patch = (one, body) => api.send('PATCH', `/v1/connections/${one.id}`, body);

/** @param {Of<{one: Connection}>} _ */
function Naming({one, saved}) {
  const [name, type] = useState(one?.display_name ?? '');
  const [shared, share] = useState(one?.shared_with.includes('contributor') ?? false);
  const [save, state] = useAction(async (event) => {
    event.preventDefault();
    const body = {display_name: name, shared_with: shared ? ['administrator', 'contributor'] : ['administrator']};
    saved(one ? await patch(one, body) : await api.create('/v1/connections', {...body, type: 'facebook_ads_manager'}), 'facebook');
  });
  return Card(t('Facebook Ads Manager'), html`<form class="stack" onSubmit=${save}><${TextField} label=${t('Display name')} value=${name} onInput=${type} error=${state.error?.at?.('/display_name')} hint=${t('The name and the type describe this connection to others. A good name explains its purpose and target.')}/>
    <fieldset><legend class="label">${t('Who can use this connection')}</legend><${Choice} name="who" label=${t('Administrators')} checked=${!shared} onChange=${() => share(false)}/><${Choice} name="who" label=${t('Administrators and contributors')} hint=${t('Contributors can make exports on it; they cannot see or change it.')} checked=${shared} onChange=${() => share(true)}/></fieldset>
    ${state.error && !state.error.at?.('/display_name') && Problem(state.error)}<div>${Button(one ? t('Save and go on') : t('Go on'), null, {type: 'submit', kind: 'first', busy: state.busy, why: name.trim() ? undefined : t('Enter a name first')})}</div></form>`);
}

/** @param {Of<{one: Connection}>} _ */
function Facebook({one, saved, outcome}) {
  const [token, type] = useState('');
  const [go_, going] = useAction(async () => { const way = await api.send('POST', `/v1/connections/${one.id}/authorize`); location.assign(way.authorization_url); });
  const [paste, pasting] = useAction(async (event) => { event.preventDefault(); saved(await patch(one, {access_token: token.trim()}), 'account'); });
  return Card(t('Continue with Facebook'), html`<div class="stack">
    ${outcome && outcome !== 'connected' && Note('bad', t('Not signed in'), problemOf(outcome))}
    ${outcome === 'connected' && Note('good', t('Signed in.'), t('The sign-in was renewed; exports and audience stay as they are.'), html`<a class="btn small" href="#/connections/${one.id}">${t('To the connection')}</a>`)}
    ${one.status === 'reauthentication_required' && outcome !== 'connected' && Note('warn', t('Meta refuses the present sign-in'), t('Sign in again as somebody with access to the same ad account.'))}
    <p>${t('You sign in at Facebook as somebody with access to the ad account, and allow the ads_management permission. You come back here afterwards.')}</p>
    ${features.value.facebook_sign_in ? html`<div>${Button(t('Continue with Facebook'), go_, {kind: 'first', busy: going.busy})}</div>` : Note('', t('No Meta app is configured here'), t('Use the token of a system user below.'))}
    ${Problem(going.error)}
    <details open=${!features.value.facebook_sign_in}><summary>${t('Use a system user’s token instead')}</summary><form class="stack tight" onSubmit=${paste}><input type="text" name="username" autocomplete="username" value=${one.display_name} hidden/><${TextField} label=${t('Access token')} type="password" value=${token} onInput=${type} error=${pasting.error?.message} hint=${t('For services: it does not end. It is checked now, kept encrypted and never shown again.')}/><div>${Button(t('Check and keep it'), null, {type: 'submit', busy: pasting.busy, why: token ? undefined : t('Paste the token first')})}</div></form></details></div>`);
}

/** @param {Of<{one: Connection}>} _ */
function Account({one, saved}) {
  const state = useLoad(() => api.get(`/v1/connections/${one.id}/ad-accounts`));
  const [chosen, choose] = useState(one.ad_account?.id ?? '');
  const [q, type] = useState('');
  const [save, saving] = useAction(async () => saved(await patch(one, {ad_account_id: chosen}), 'audience'));
  return Card(t('Select the Facebook ad account'), html`<div class="stack">${Loaded(state, (found) => {
    if (!found.items.length) return Empty(t('This sign-in sees no ad account'), t('Ask for access to one in Meta Business Suite, or make one.'), html`<a class="btn" href="https://www.facebook.com/business/help/910137316041095" target="_blank" rel="noreferrer">${t('Meta’s help')}</a>`);
    const shown = found.items.filter((item) => `${item.name} ${item.id}`.toLowerCase().includes(q.toLowerCase()));
    return html`${found.items.length > 8 && html`<${TextField} label=${t('Find an ad account')} type="search" value=${q} onInput=${type}/>`}
      <fieldset class="pick" tabindex="0"><legend class="hide">${t('Ad account')}</legend>${shown.map((item) => html`<${Choice} key=${item.id} name="account" label=${Text(item.name ?? item.id)} hint=${html`<code>${item.id}</code>${item.business ? html` · ${Text(item.business.name ?? '')}` : ''} ${item.currency ?? ''}`} why=${item.selectable ? null : item.reason} checked=${chosen === item.id} onChange=${() => choose(item.id)}/>`)}${!shown.length && html`<p class="soft">${t('None has this name.')}</p>`}</fieldset>`;
  })}${Problem(saving.error)}<div>${Button(t('Save and go on'), save, {kind: 'first', busy: saving.busy, why: chosen ? undefined : t('Choose an ad account first')})}</div></div>`);
}

/** @param {Of<{one: Connection}>} _ */
function Audience({one, saved}) {
  const state = useLoad(() => api.get(`/v1/connections/${one.id}/audiences`));
  const [kind, be] = useState(one.audience?.id ? 'existing' : 'new');
  const [name, type] = useState(one.audience?.id ? '' : one.audience?.name ?? '');
  const [chosen, choose] = useState(one.audience?.id ?? '');
  const [q, find] = useState('');
  const [freedom, free] = useState(/** @type {string} */ (one.audience_choice));
  const [allowed, allow] = useState(one.allowed_audience_ids);
  const [save, saving] = useAction(async () => saved(await patch(one, {audience: kind === 'new' ? {name} : {id: chosen}, audience_choice: freedom, allowed_audience_ids: freedom === 'listed' ? allowed : []}), 'privacy'));
  const why = kind === 'new' ? !name.trim() && t('Enter a name first') : !chosen && t('Choose an audience first');
  return Card(t('Audience to fill'), html`<div class="stack"><fieldset><legend class="hide">${t('New or existing')}</legend><${Choice} box name="kind" label=${t('New custom audience')} hint=${t('Made at Meta with the last step, of type customer list.')} checked=${kind === 'new'} onChange=${() => be('new')}/></fieldset>
    ${kind === 'new' && html`<${TextField} label=${t('Name of the new audience')} value=${name} onInput=${type} error=${saving.error?.at?.('/audience')}/>`}
    <fieldset><legend class="hide">${t('New or existing')}</legend><${Choice} box name="kind" label=${t('Existing custom audience')} hint=${t('Only customer lists can be filled; the others are shown with their reason.')} checked=${kind === 'existing'} onChange=${() => be('existing')}/></fieldset>
    ${kind === 'existing' && Loaded(state, (found) => {
      const shown = found.items.filter((item) => `${item.name} ${item.id}`.toLowerCase().includes(q.toLowerCase()));
      return html`${found.items.length > 8 && html`<${TextField} label=${t('Find an audience')} type="search" value=${q} onInput=${find}/>`}<fieldset class="pick" tabindex="0"><legend class="hide">${t('Existing custom audience')}</legend>
        ${shown.map((item) => html`<${Choice} key=${item.id} name="audience" label=${Text(item.name ?? item.id)} why=${item.selectable ? null : item.reason} checked=${chosen === item.id} onChange=${() => choose(item.id)} hint=${html`${item.subtype === 'CUSTOM' ? t('Customer list') : item.subtype ?? ''} · <code>${item.id}</code>${item.approximate_count_lower_bound > 0 ? html` · <span class="num">${fmt.short(item.approximate_count_lower_bound)}–${fmt.short(item.approximate_count_upper_bound)}</span>` : ''}`}/>`)}${!shown.length && html`<p class="soft">${t('None has this name.')}</p>`}</fieldset>`;
    })}
    <fieldset><legend class="label">${t('Audiences of its exports')}</legend>${['fixed', 'listed', 'any'].map((value) => html`<${Choice} name="freedom" label=${say.name(value)} hint=${value === 'fixed' && t('Administrators may always choose another one.')} checked=${freedom === value} onChange=${() => free(value)}/>`)}</fieldset>
    ${freedom === 'listed' && Loaded(state, (found) => html`<fieldset class="pick" tabindex="0"><legend class="hide">${t('Audiences contributors may choose')}</legend>${found.items.filter((item) => item.selectable).map((item) => html`<${Choice} key=${item.id} type="checkbox" label=${Text(item.name ?? item.id)} hint=${html`<code>${item.id}</code>`} checked=${allowed.includes(item.id)} onChange=${(on) => allow(on ? [...allowed, item.id] : allowed.filter((id) => id !== item.id))}/>`)}</fieldset>`)}
    ${saving.error && Problem(saving.error)}<div>${Button(t('Save and go on'), save, {kind: 'first', busy: saving.busy, why: why || undefined})}</div></div>`);
}

/** @param {Of<{one: Connection}>} _ */
function Privacy({one, saved}) {
  const state = useLoad(() => api.get('/v1/consent'));
  const [agreed, agree] = useState(false);
  const [save, saving] = useAction(async () => saved(await patch(one, {consent: {accepted: true, version: state.data.version}}), 'privacy'));
  return Card(t('Data privacy and compliance'), Loaded(state, (found) => html`<div class="stack"><div class="stack tight" lang="en">${found.text.split('\n\n').map((part) => html`<p>${part}</p>`)}</div>
    <p class="soft small"><a href=${found.privacy_statement_url} target="_blank" rel="noreferrer">${t('Privacy statement')}</a> · ${t('Version')} ${found.version}</p>
    <${Choice} type="checkbox" box label=${t('I agree')} checked=${agreed} onChange=${agree}/>${Problem(saving.error, saving.error?.code === 'consent-version-outdated' ? state.reload : undefined)}
    <div>${Button(t('Save'), save, {kind: 'first', busy: saving.busy, why: agreed ? undefined : t('Nothing is connected before you agree')})}</div></div>`));
}
