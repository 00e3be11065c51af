// Every run, newest first; the reason of a failure stands in the list. Filters are part of the address.
import {html, t, say, useList, useLater, useEffect, useState, Page, List, Empty, Button, TextField, SelectField, place, filter, Link, useLive, RunTable} from './kit.js';

const STATUSES = ['queued', 'running', 'succeeded', 'succeeded_with_warnings', 'failed', 'skipped', 'canceled'];

export default function Runs() {
  const {query} = place.value;
  const [q, typed] = useState(query.q ?? '');
  const later = useLater(q);
  useEffect(() => { if (later !== (query.q ?? '')) filter({q: later}); }, [later]);
  const params = {q: query.q, status: query.status?.split(','), trigger: query.trigger, export_id: query.export, connection_id: query.connection, segment_id: query.segment, error_code: query.code};
  const state = useList('/v1/runs', params);
  useLive((run) => {
    if (!state.data) return;
    const known = state.data.some((one) => one.id === run.id);
    if (known) state.put(state.data.map((one) => one.id === run.id ? run : one));
    else if (!Object.values(params).some(Boolean)) state.put([run, ...state.data]);
  });
  const filtered = Object.keys(query).length > 0;
  const search = new URLSearchParams(Object.entries(params).flatMap(([name, value]) => [value ?? []].flat().map((one) => [name, one])));
  return html`<${Page} title=${t('Runs')} curl="/v1/runs${search.size ? `?${search}` : ''}">
    <form class="filters" role="search" onSubmit=${(event) => event.preventDefault()}>
      <${TextField} wide label=${t('Search')} type="search" value=${q} onInput=${typed}/>
      <${SelectField} label=${t('Status')} value=${query.status ?? ''} onChange=${(status) => filter({status})} options=${[['', t('Any')], ['queued,running', t('Under way')], ...STATUSES.map((one) => [one, say.status(one)])]}/>
      <${SelectField} label=${t('Started by')} value=${query.trigger ?? ''} onChange=${(trigger) => filter({trigger})} options=${[['', t('Any')], ['on_demand', t('On demand')], ['scheduled', t('Schedule')]]}/>
      ${filtered && Button(t('Clear'), () => { typed(''); filter(Object.fromEntries(Object.keys(query).map((name) => [name, '']))); }, {kind: 'plain'})}
    </form>
    ${List(state, (items) => RunTable(items), filtered ? Empty(t('No run fits these filters'), t('Clear them to see every run.')) : Empty(t('Nothing has run yet'), t('Open an export and choose Run, or set the refresh schedule.'), Link('exports', t('To the exports'), 'btn')))}
  </${Page}>`;
}
