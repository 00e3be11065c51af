// Every run, newest first; the reason of a failure stands in the list. Filters are part of the address.
import {html, t, useList, Page, List, Empty, Filters, statuses, place, Link, useLive, RunTable} from './kit.js';

export default function Runs() {
  const {query} = place.value;
  const params = {q: query.q, status: query.status?.split(','), trigger: query.trigger, export_id: query.export, connection_id: query.connection, segment_id: query.segment, error_code: query.code};
  const state = useList('/v1/runs', params);
  useLive((run) => {
    const {items} = state;
    if (items?.some((one) => one.id === run.id)) state.put(items.map((one) => one.id === run.id ? run : one));
    else if (items && !Object.values(params).some(Boolean)) state.put([run, ...items]);
  });
  const search = new URLSearchParams(Object.entries(params).flatMap(([name, value]) => [value ?? []].flat().map((one) => [name, one])));
  return html`<${Page} title="Runs" curl="/v1/runs${search.size ? `?${search}` : ''}">
    <${Filters} search="Search" selects=${[['status', 'Status', [...statuses(), ['queued,running', t('Under way')], ...statuses('queued', 'running', 'succeeded', 'succeeded_with_warnings', 'failed', 'skipped', 'canceled').slice(1)]],
      ['trigger', 'Started by', [['', t('Any')], ['on_demand', t('On demand')], ['scheduled', t('Schedule')]]]]}/>
    ${List(state, (items) => RunTable(items), Object.keys(query).length ? Empty('No run fits', 'Clear them') : Empty('Nothing has run yet', 'Open an export', Link('exports', 'To the exports', 'btn')))}
  <//>`;
}
