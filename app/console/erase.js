// A new erasure: who is to be forgotten. Names are not enough; an e-mail or a phone number is.
import {html, api, t, many, useAction, useState, Page, Card, Note, Problem, Button, Field, TextField, ask, go} from './kit.js';

export default function Erase() {
  const [text, type] = useState('');
  const [country, set] = useState('');
  const people = text.split('\n').map((line) => line.trim()).filter(Boolean).map((line) => {
    const parts = line.split(/[;,\t]/).map((part) => part.trim()).filter(Boolean);
    return {EMAIL: parts.filter((part) => part.includes('@')), PHONE: parts.filter((part) => !part.includes('@') && /\d{4}/.test(part))};
  }).map((one) => Object.fromEntries(Object.entries(one).filter(([, values]) => values.length)));
  const empty = people.findIndex((one) => !Object.keys(one).length);
  const [erase, state] = useAction(async (event) => {
    event.preventDefault();
    if (!await ask(many(people.length, 'Erase {n} person?', 'Erase {n} people?'), t('They are taken out of every audience this service fills, and are not sent again until the erasure is lifted.'), t('Erase'))) return;
    const made = await api.create('/v1/erasures', {people, ...(country ? {default_country: country} : {})});
    go(`/erasures/${made.id}`);
  });
  return html`<${Page} title=${t('Erase people')} crumb=${html`<a href="#/erasures">${t('Erasures')}</a>`}><form class="stack" style=${{maxWidth: '44rem'}} onSubmit=${erase}>
    ${Card(t('Who'), html`<div class="stack"><${Field} label=${t('One person a line: e-mails and phone numbers, with commas between')} hint=${t('What you type is hashed on arrival and not kept.')} error=${empty >= 0 && text ? t('Line {n} has neither an e-mail address nor a phone number.', {n: empty + 1}) : state.error?.at?.('/people')}
      control=${(own) => html`<textarea rows="8" spellcheck=${false} autocomplete="off" value=${text} onInput=${(event) => type(event.target.value)} ...${own}></textarea>`}/>
      <${TextField} label=${t('Country where none is given')} optional value=${country} onInput=${(value) => set(value.toUpperCase().slice(0, 2))} error=${state.error?.at?.('/default_country')} hint=${t('For phone numbers without a country code.')}/></div>`)}
    ${Note('', t('What an erasure does, and what it cannot do'), html`<p>${t('It removes them from the audiences of this service’s connections and from staged rows, and suppresses them in later runs. It cannot remove them from audiences others made, nor undo what ads were shown.')}</p>`)}
    ${state.error && !state.error.errors?.length && Problem(state.error)}
    <div class="row">${Button(t('Erase'), null, {type: 'submit', kind: 'danger', busy: state.busy, why: people.length && empty < 0 ? undefined : t('Enter at least one person')})}<a class="btn plain" href="#/erasures">${t('Leave')}</a></div></form></${Page}>`;
}
