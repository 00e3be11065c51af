// One erasure: what was done where.
import {html, having, api, t, fmt, say, useLoad, useForm, useState, useEvery, Page, Code, Card, Badge, Time, Text, Said, Terms, Note, Button, Dialog, TextField, ACTIVE} from './kit.js';

export default function ErasurePage({parts: [, id]}) {
  const state = useLoad(() => api.get(`/v1/erasures/${id}`));
  const busy = ACTIVE.includes(state.data?.status);
  useEvery(4, state.reload, busy);
  const [lifting, lift] = useState(false);
  return html`<${Page} state=${state} title="Erasure" badge=${state.data && Badge(state.data.status)} crumb="erasures" curl="/v1/erasures/${id}"
    actions=${state.data && html`${Button('Print the proof', () => print())}${state.data.status === 'done' && Button('Lift', () => lift(true))}`}>${(one) => html`
      ${busy && Note('', 'It is being', 'Nobody erased')}
      ${one.error && Note('bad', 'It is not done yet', html`${Said(one.error.message)} ${Code(one.error.code)}`)}
      ${one.status === 'lifted' && Note('warn', 'Lifted', html`${Time(one.lifted_at)} · ${Text(one.lifted_by)}<br/>${Text(one.lift_reason)}`)}
      ${Card('What was asked for', Terms([['People', fmt.number(one.people)], ['Ad accounts', one.ad_account_ids.join(', ') || t('all')], ['Asked for', html`${Time(one.requested_at, 'exact')} · ${Text(one.requested_by)}`], ['Finished', Time(one.finished_at, 'exact')], ['Erasure', Code(one.id)]]))}
      ${one.results.length > 0 && Card('What was done where', Results(one.results))}
      ${lifting && html`<${Lift} one=${one} onClose=${(made) => { lift(false); if (made) state.put(made); }}/>`}`}
  <//>`;
}

const said = (value) => typeof value === 'object' ? Object.values(value ?? {}).map(said).join(', ') : /\d/.test(value) ? String(value) : say.name(value);

const Results = (rows) => html`<div class="stack">${rows.map(({kind, ...row}) => html`<div><h3>${say.name(kind)}</h3>${Terms(Object.entries(having(row, said)).map(([name, value]) => [say.code('field', name), said(value)]))}</div>`)}</div>`;

function Lift({one, onClose}) {
  const form = useForm({reason: ''}, async (values) => onClose(await api.send('POST', `/v1/erasures/${one.id}/lift`, values)));
  return html`<${Dialog} title="Lift this erasure?" form=${form} submit="Lift" kind="danger" why=${!form.values.reason.trim() && 'Give a reason first'} onClose=${onClose}><p>${t('These people')}</p><${TextField} label="Reason" ...${form.field('reason')}/><//>`;
}
