// What becomes of one member's values: each rule, the text after it, the hash. Nothing is stored or logged.
import {html, api, t, say, useAction, useState, Page, Card, Problem, Button, Mark, Empty, TextField, KEYS} from './kit.js';

export default function Explain() {
  const [member, put] = useState({EMAIL: '', PHONE: '', FN: '', LN: ''});
  const [country, set] = useState('');
  const [found, show] = useState(null);
  const [explain, state] = useAction(async (event) => {
    event.preventDefault();
    show(await api.send('POST', '/v1/identifiers/explain', {member: Object.fromEntries(Object.entries(member).filter(([, value]) => value !== '')), ...(country ? {default_country: country} : {})}));
  });
  const given = Object.values(member).some(Boolean);
  return html`<${Page} title=${t('Explain')}><p class="soft">${t('Type one member’s values and see each rule, the text that is hashed, and the hash. Nothing is stored, logged or sent to Meta.')}</p>
    <div class="split"><form class="stack" onSubmit=${explain}>${Card(t('One member'), html`<div class="stack">
      ${Object.keys(member).map((key) => html`<${TextField} key=${key} label=${html`${say.name(key)} <span class="soft small mono">${key}</span>`} value=${member[key]} onInput=${(value) => put({...member, [key]: value})} error=${state.error?.at?.(`/member/${key}`)}/>`)}
      <label class="field"><span class="label">${t('Add attribute')}</span><select onChange=${(event) => { const key = event.target.value; event.target.value = ''; if (key) put({...member, [key]: ''}); }}><option value="">${t('Choose an attribute')}</option>${KEYS.filter((key) => !(key in member)).map((key) => html`<option value=${key}>${say.name(key)} (${key})</option>`)}</select></label>
      <${TextField} label=${t('Country where none is given')} optional value=${country} onInput=${(value) => set(value.toUpperCase().slice(0, 2))} error=${state.error?.at?.('/default_country')}/>
      ${state.error && !state.error.errors?.length && Problem(state.error)}<div>${Button(t('Explain'), null, {kind: 'first', type: 'submit', busy: state.busy, why: given ? undefined : t('Type a value first')})}</div></div>`)}</form>
      <div class="stack" aria-live="polite">${found ? found.keys.filter((one) => one.given).map((one) => Card(html`${say.name(one.key)} <span class="soft small mono">${one.key}</span>`, html`<div class="stack tight">
        ${one.steps.length > 0 ? html`<ol class="stack tight">${one.steps.map((step) => html`<li class="row between"><span class="soft small">${step.rule.replaceAll('_', ' ')}</span><code>${visible(step.text)}</code></li>`)}</ol>` : html`<p class="soft small">${t('Nothing had to be changed.')}</p>`}
        ${one.reason ? html`<p>${Mark('bad', say.reason(one.reason))} <span class="soft small">${t('nothing is sent for it')}</span></p>` : html`<p><span class="soft small">${one.hash ? t('hashed') : t('sent as it is')}</span> <code class="strong">${visible(one.text ?? '')}</code></p>${one.hash && html`<p><span class="soft small">SHA-256</span> <code>${one.hash}</code></p>`}`}</div>`, {label: say.name(one.key)})) : html`<div class="card">${Empty(t('Nothing explained yet'), t('What the rules do to each value appears here.'))}</div>`}
      ${found && html`<p class="soft small">${t('Rules of version {version}.', {version: found.rules_version})}</p>`}</div></div></${Page}>`;
}
const visible = (text) => text.replace(/ /g, '␠').replace(/\t/g, '␉');
