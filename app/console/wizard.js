// A connection step by step, as the documentation tells it. Whoever leaves at any step has a draft.
import {html, Code, codes, items, Pick, api, t, fmt, say, useLoad, useForm, Page, Dim, Card, Act, Loaded, Text, Note, Empty, Form, TextField, Choice, Choices, Link, Outside, RunFailed, failedOn, Sharing, place, filter, toast, features, problemOf} from './kit.js';

const STEPS = codes('step');

export default function Wizard({parts}) {
  const id = parts[1] === 'new' ? null : parts[1];
  const renewed = place.value.query.outcome === 'connected';
  const state = useLoad(async () => ({one: id ? await api.get(`/v1/connections/${id}`) : null, failed: renewed ? await failedOn(id) : []}));
  const name = state.data?.one?.display_name;
  return html`<${Page} state=${state} title=${name ? html`${t('Set up')} ${Text(name)}` : t('Add connection')} tab=${t('Set up a connection')} curl=${id ? `/v1/connections/${id}` : '/v1/connections'} crumb=${id ? [`connections/${id}`, t('The connection')] : ['connections', t('Connections')]}>
    ${(found) => html`<${Steps} ...${found} put=${(one) => state.put({...found, one})}/>`}<//>`;
}

const done = (one) => ({name: Boolean(one), facebook: Boolean(one?.token) && one.status !== 'reauthentication_required', account: Boolean(one?.ad_account), audience: Boolean(one?.audience), privacy: Boolean(one?.consent)});

function Steps({one, failed, put}) {
  const ready = done(one);
  const open = STEPS.find((step) => !ready[step]);
  const {query} = place.value;
  const now = query.step ?? open ?? 'facebook';
  const saved = (made) => {
    if (!one) return `connections/${made.id}/setup`;
    put(made);
    const left = STEPS.find((step) => !done(made)[step]);
    if (left) return filter({step: left, outcome: ''});
    toast('Saved. The');
    return `connections/${made.id}`;
  };
  const Step = {name: Naming, facebook: Facebook, account: Account, audience: Audience, privacy: Privacy}[now] ?? Naming;
  return html`<ol class="steps">${STEPS.map((step, i) => html`<li class=${ready[step] && step !== now ? 'done' : ''} aria-current=${step === now && 'step'}>${one && step !== now && i <= STEPS.indexOf(open ?? 'privacy') ? html`<button type="button" onClick=${() => filter({step, outcome: ''})}>${say.code('step', step)}${ready[step] && html`<span class="hide"> (${t('done')})</span>`}</button>` : say.code('step', step)}</li>`)}</ol>
    ${one?.status === 'draft' && Dim('You can leave')}
    <${Step} key=${now} one=${one} saved=${saved} failed=${failed} outcome=${query.outcome}/>`;
}

const patch = (one, body, headers = {}) => api.send('PATCH', `/v1/connections/${one.id}`, body, headers);

/** @param {Of<{one: Connection}>} _ */
function Naming({one, saved}) {
  const form = useForm({display_name: one?.display_name ?? '', shared_with: one?.shared_with ?? ['administrator']}, async (values, over) => saved(one ? await patch(one, values, over ? {} : {'If-Match': `"${one.version}"`}) : await api.create('/v1/connections', {...values, type: 'facebook_ads_manager'})));
  return Card('Facebook Ads Manager', html`<${Form} form=${form} submit=${one ? t('Save and go on') : t('Go on')} why=${!form.values.display_name.trim() && 'Enter a name first'}>
    <${TextField} label="Display name" ...${form.field('display_name')} hint="The name and"/><${Sharing} field=${form.field('shared_with')}/>
    ${one?.shared_with.length > form.values.shared_with.length && Note('', 'Exports that')}<//>`);
}

/** @param {Of<{one: Connection}>} _ */
function Facebook({one, saved, failed, outcome}) {
  const form = useForm({access_token: ''}, async (values) => saved(await patch(one, {access_token: values.access_token.trim()})));
  const app = features.value.facebook_sign_in;
  return Card('Continue with Facebook', html`<div class="stack">
    ${outcome && outcome !== 'connected' && Note('bad', 'Not signed in', problemOf(outcome))}
    ${outcome === 'connected' && html`${Note('good', 'Signed in.', 'The sign-in was', Link(`connections/${one.id}`, 'To the connection', 'btn small'))}<${RunFailed} items=${failed}/>`}
    ${one.status === 'reauthentication_required' && outcome !== 'connected' && Note('warn', 'Meta refuses the', 'Sign in again')}
    <p>${t('You sign in')}</p>
    ${app ? html`<div class="row">${Act('Continue with Facebook', async () => { const way = await api.send('POST', `/v1/connections/${one.id}/authorize`); location.assign(way.authorization_url); }, 'first')}</div>` : Note('', 'No Meta app', 'Use the token')}
    <details open=${!app}><summary>${t('Use a system')}</summary><${Form} form=${form} submit="Check and keep it" kind="" why=${!form.values.access_token && 'Paste the token first'}><input type="text" name="username" autocomplete="username" value=${one.display_name} hidden/><${TextField} label="Access token" type="password" ...${form.field('access_token')} hint="For services"/><//></details></div>`);
}

/** @param {Of<{one: Connection}>} _ */
function Account({one, saved}) {
  const state = useLoad(() => items(`/v1/connections/${one.id}/ad-accounts`));
  const form = useForm({ad_account_id: one.ad_account?.id ?? ''}, async (values) => saved(await patch(one, values)));
  return Card('Select the', Loaded(state, (items) => !items.length ? Empty('This sign-in', 'Ask for access', Outside('https://www.facebook.com/business/help/910137316041095', 'Meta’s help', 'btn'))
    : html`<${Form} form=${form} submit="Save and go on" why=${!form.values.ad_account_id && 'Choose an ad'}>
      <${Pick} items=${items} label="Ad account" find="Find an ad account" ...${form.field('ad_account_id')} hint=${(item) => html`${Code(item.id)} ${item.business && html`· ${Text(item.business.name ?? '')}`} ${item.currency}`}/><//>`));
}

/** @param {Of<{one: Connection}>} _ */
function Audience({one, saved}) {
  const state = useLoad(() => items(`/v1/connections/${one.id}/audiences`));
  const own = one.audience ?? {id: null, name: null};
  const form = useForm({kind: own.id ? 'existing' : 'new', name: own.id ? '' : own.name ?? '', id: own.id ?? '', audience_choice: /** @type {string} */ (one.audience_choice), allowed: one.allowed_audience_ids},
    async ({kind, name, id, audience_choice, allowed}) => saved(await patch(one, {audience: kind === 'new' ? {name} : {id}, audience_choice, allowed_audience_ids: audience_choice === 'listed' ? allowed : []})));
  const {kind, name, id, audience_choice: choice} = form.values;
  const about = (item) => html`${item.subtype === 'CUSTOM' ? t('Customer list') : item.subtype} · ${Code(item.id)}${item.approximate_count_lower_bound > 0 && html` · <span class="num">${fmt.short(item.approximate_count_lower_bound)}–${fmt.short(item.approximate_count_upper_bound)}</span>`}`;
  return Card('Audience to fill', Loaded(state, (items) => html`<${Form} form=${form} submit="Save and go on" why=${kind === 'new' ? !name.trim() && t('Enter a name first') : !id && 'Choose an audience'}>
    <${Choices} box hidden label="New or existing" ...${form.field('kind', '/-')} options=${[['new', 'New custom audience', 'Made at Meta'], ['existing', 'Existing custom', 'Only customer']]}/>
    ${kind === 'new' ? html`<${TextField} label="Name of the" ...${form.field('name', '/audience')}/>` : html`<${Pick} items=${items} label="Existing custom" find="Find an audience" ...${form.field('id', '/audience')} hint=${about}/>`}
    <${Choices} label="Audiences of" ...${form.field('audience_choice')} options=${[['fixed', say.name('fixed'), 'Administrators may'], ['listed', say.name('listed')], ['any', say.name('any')]]}/>
    ${choice === 'listed' && html`<${Pick} items=${items.filter((item) => item.selectable)} label="Audiences" find="Find an audience" ...${form.field('allowed', '/allowed_audience_ids')} hint=${about}/>`}<//>`));
}

/** @param {Of<{one: Connection}>} _ */
function Privacy({one, saved}) {
  const state = useLoad(() => api.get('/v1/consent'));
  const form = useForm({agreed: false}, async () => {
    try { return saved(await patch(one, {consent: {accepted: true, version: state.data.version}})); } catch (error) {
      // the text that was agreed to is another one now: it is shown
      if (error.code === 'consent-version-outdated') { form.set({agreed: false}); state.reload(); }
      throw error;
    }
  });
  return Card('Data privacy', Loaded(state, ({text, privacy_statement_url: url, version}) => html`<${Form} form=${form} submit="Save" why=${!form.values.agreed && 'Nothing is connected'}><div class="stack tight" lang="en">${text.split('\n\n').map((part) => html`<p>${part}</p>`)}</div>
    <p class="dim">${Outside(url, 'Privacy statement')} · ${t('Version')} ${version}</p>
    <${Choice} box label="I agree" ...${form.field('agreed', '/consent')}/><//>`));
}
