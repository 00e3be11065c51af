// A new erasure: who is to be forgotten, by e-mail or phone number.
import {html, having, api, t, many, useForm, Page, Card, Note, Form, TextField, Country, ask} from './kit.js';

/** One person a line: {EMAIL: […], PHONE: […]}. */
const peopleOf = (text) => text.split('\n').filter((line) => line.trim()).map((line) => {
  const parts = line.split(/[;,\t]/).map((part) => part.trim());
  const found = {EMAIL: parts.filter((part) => part.includes('@')), PHONE: parts.filter((part) => !part.includes('@') && /\d{4}/.test(part))};
  return having(found, (values) => values.length);
});

export default function Erase() {
  const form = useForm({people: '', default_country: ''}, async ({people: text, default_country}) => {
    const people = peopleOf(text);
    if (!await ask(many(people.length, 'Erase {n} people?'), t('They are taken'), t('Erase'))) return;
    const made = await api.create('/v1/erasures', {people, ...(default_country ? {default_country} : {})});
    return `erasures/${made.id}`;
  });
  const people = peopleOf(form.values.people);
  const empty = people.findIndex((one) => !Object.keys(one).length);
  const field = form.field('people');
  return html`<${Page} title="Erase people" crumb="erasures" curl="/v1/erasures"><div class="narrow"><${Form} form=${form} submit="Erase" kind="danger" why=${(!people.length || empty >= 0) && 'Enter at least'} leave="erasures">
    ${Card('Who', html`<div class="stack"><${TextField} rows="8" label="One person" hint="What you type" ...${field} error=${empty >= 0 ? t('Line {n} has', {n: empty + 1}) : field.error}/>
      <${Country} field=${form.field('default_country')} hint="For phone numbers"/></div>`)}
    ${Note('', 'What an erasure', 'It removes')}<//></div><//>`;
}
