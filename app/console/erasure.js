// One erasure: what was done where, what is undone; a proof to print, and the way to lift it.
import {html, api, t, fmt, useLoad, useAction, useState, useEvery, Page, Card, Loaded, Badge, Time, Said, Terms, Note, Problem, Button, Dialog, TextField} from './kit.js';

export default function ErasurePage({parts: [, id]}) {
  const state = useLoad(() => api.get(`/v1/erasures/${id}`), [id]);
  const busy = ['queued', 'running'].includes(state.data?.status);
  useEvery(4, state.reload, busy);
  const [lifting, lift] = useState(false);
  return html`<${Page} title=${t('Erasure')} badge=${state.data && Badge(state.data.status)} crumb=${html`<a href="#/erasures">${t('Erasures')}</a>`} curl="/v1/erasures/${id}"
    actions=${state.data && html`${Button(t('Print the proof'), () => print())}${state.data.status === 'done' && Button(t('Lift'), () => lift(true))}`}>
    ${Loaded(state, (one) => html`
      ${busy && Note('', t('It is being carried out'), t('Nobody erased is sent meanwhile.'))}
      ${one.error && Note('bad', t('It is not done yet'), html`${Said(one.error.message)} <code>${one.error.code}</code>`)}
      ${one.status === 'lifted' && Note('warn', t('Lifted'), html`${Time(one.lifted_at)} · <bdi>${one.lifted_by}</bdi><br/>${one.lift_reason}`)}
      ${Card(t('What was asked for'), Terms([[t('People'), fmt.number(one.people)], [t('Ad accounts'), one.ad_account_ids.join(', ') || t('all')], [t('Asked for'), html`${Time(one.requested_at)} · <bdi>${one.requested_by}</bdi>`], [t('Finished'), Time(one.finished_at)], [t('Erasure'), html`<code>${one.id}</code>`]]))}
      ${one.results.length > 0 && Card(t('What was done where'), html`<div class="scroll" tabindex="0"><table><caption class="hide">${t('What was done where')}</caption><thead><tr>${columns(one.results).map((name) => html`<th scope="col">${name.replaceAll('_', ' ')}</th>`)}</tr></thead><tbody>${one.results.map((row) => html`<tr>${columns(one.results).map((name) => html`<td>${typeof row[name] === 'object' && row[name] ? html`<code>${JSON.stringify(row[name])}</code>` : String(row[name] ?? '–')}</td>`)}</tr>`)}</tbody></table></div>`)}
      ${lifting && html`<${Lift} one=${one} onClose=${(made) => { lift(false); if (made) state.put(made); }}/>`}`)}
  </${Page}>`;
}
const columns = (rows) => [...new Set(rows.flatMap((row) => Object.keys(row)))];

function Lift({one, onClose}) {
  const [reason, type] = useState('');
  const [lift, state] = useAction(async () => onClose(await api.send('POST', `/v1/erasures/${one.id}/lift`, {reason})));
  return html`<${Dialog} title=${t('Lift this erasure?')} onClose=${() => onClose()}><p>${t('These people may be sent again by the next runs. The record stays, with your reason.')}</p><${TextField} label=${t('Reason')} value=${reason} onInput=${type} error=${state.error?.at?.('/reason')}/>${state.error && !state.error.errors?.length && Problem(state.error)}
    <div class="row">${Button(t('Lift'), lift, {kind: 'danger', busy: state.busy, why: reason.trim() ? undefined : t('Give a reason first')})}${Button(t('Leave it'), () => onClose())}</div></${Dialog}>`;
}
