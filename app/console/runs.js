// Every run, newest first, with the reason of a failure.
import {html, t, useEvery, useList, Page, List, Empty, Filters, statuses, RESULTS, place, Link, useLive, RunTable, ACTIVE} from './kit.js';

export default function Runs() {
  const {query} = place.value;
  const params = {q: query.q, status: query.status?.split(','), trigger: query.trigger, export_id: query.export, connection_id: query.connection, segment_id: query.segment, error_code: query.code};
  const state = useList('/v1/runs', params);
  useLive((run) => {
    const {items} = state;
    if (items?.some((one) => one.id === run.id)) state.put(items.map((one) => one.id === run.id ? run : one));
    else if (items && !Object.values(params).some(Boolean)) state.put([run, ...items]);
  });
  // where no event comes
  useEvery(15, state.reload, state.items?.length <= 50 && state.items.some((one) => ACTIVE.includes(one.status)));
  const search = new URLSearchParams(Object.entries(params).flatMap(([name, value]) => [value ?? []].flat().map((one) => [name, one])));
  return html`<${Page} title="Runs" curl="/v1/runs${search.size ? `?${search}` : ''}">
    <${Filters} search="Search" selects=${[['status', 'Status', [...statuses(), ['queued,running', t('Under way')], ...statuses(...RESULTS).slice(1)]],
      ['trigger', 'Started by', [['', t('Any')], ['on_demand', t('On demand')], ['scheduled', t('Schedule')]]]]}/>
    ${List(state, (items) => RunTable(items), Object.keys(query).length ? Empty('No run fits', 'Clear them') : Empty('Nothing has run yet', 'Open an export', Link('exports', 'To the exports', 'btn')))}
  <//>`;
}
