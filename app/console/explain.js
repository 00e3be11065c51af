// What becomes of one member's values: each rule, the text after it, the hash. Nothing is stored or logged.
import {html, Code, having, api, t, say, useForm, useState, Page, Dim, Card, Form, Mark, Empty, TextField, SelectField, Country, KEYS} from './kit.js';

export default function Explain() {
  const [keys, show] = useState(['EMAIL', 'PHONE', 'FN', 'LN']);
  const [found, tell] = useState(null);
  const form = useForm(/** @type {Record<string, string>} */ ({}), async ({default_country, ...given}) => {
    const member = having(given);
    tell(await api.send('POST', '/v1/identifiers/explain', {member, ...(default_country ? {default_country} : {})}));
  });
  return html`<${Page} title="Explain" curl=${['/v1/identifiers/explain', '{"member":{"EMAIL":"a@b.no"}}']}><p class="soft">${t('Type one member’s')}</p>
    <div class="split">${Card('One member', html`<${Form} form=${form} submit="Explain" why=${!keys.some((key) => form.values[key]) && 'Type a value first'}>
      ${keys.map((key) => html`<${TextField} key=${key} label=${html`${say.name(key)} <small class="mono">${key}</small>`} ...${form.field(key, `/member/${key}`)}/>`)}
      <${SelectField} label="Add attribute" value="" onInput=${(key) => show([...keys, key])} options=${[['', t('Choose an attribute')], ...KEYS.filter((key) => !keys.includes(key)).map((key) => [key, `${say.name(key)} (${key})`])]}/>
      <${Country} field=${form.field('default_country')}/><//>`)}
      <div class="stack" aria-live="polite">${found ? found.keys.filter((one) => one.given).map(Explained) : html`<div class="card">${Empty('Nothing explained yet', 'What the rules')}</div>`}
      ${found && Dim(t('Rules of version', {version: found.rules_version}))}</div></div><//>`;
}

const visible = (text) => text.replace(/ /g, '␠').replace(/\t/g, '␉');

const Explained = ({key, steps, reason, hash, text}) => Card(html`${say.name(key)} <small class="mono">${key}</small>`, html`<div class="stack tight">
  ${steps.length > 0 ? html`<ol class="stack tight">${steps.map((step) => html`<li class="row between"><small>${step.rule.replaceAll('_', ' ')}</small>${Code(visible(step.text))}</li>`)}</ol>` : Dim('Nothing had')}
  ${reason ? html`<p>${Mark('bad', say.reason(reason))} <small>${t('nothing is sent for it')}</small></p>` : html`<p><small>${hash ? t('hashed') : t('sent as it is')}</small> <code class="strong">${visible(text ?? '')}</code></p>${hash && html`<p><small>SHA-256</small> ${Code(hash)}</p>`}`}</div>`, {label: say.name(key)});
