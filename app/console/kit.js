// The shared kit: words, the API, small pieces of pages, forms and tables. It knows no screen.
//   words    t(), many(), say.* (what codes are called), fmt.* (numbers and times in the reader's language)
//   the API  api.get/send, useLoad, Problem; a session that ends is renewed in place and the call repeated
//   pictures Bar, Stacks, Funnel, Timeline, Figures; useLive follows the runs under way
//   pieces   Page, Card, Badge, Empty, Problem, Table, Field, Select, Choice, Dialog, toast, ask
// Plain functions are called (`Badge('failed')`); only what keeps state of its own is a component (`<${Dialog} …>`).
import {
  html, signal, useEffect, useMemo, useRef, useState, useId,
} from './vendor/preact.js';

export {html, signal, useEffect, useMemo, useRef, useState, useId};

// -- words --

export const LANGUAGES = {en: 'English', nb: 'Norsk bokmål'};
export const language = signal(remembered('language') ?? (/^(nb|no|nn)/.test(navigator.language) ? 'nb' : 'en'));
let catalogue = {};

/** Loads the words of the language; English needs none, it is what stands in the code. */
export async function loadWords() {
  document.documentElement.lang = language.value;
  catalogue = {};
  if (language.value === 'en') return;
  const answer = await fetch(`/console/${language.value}.json`);
  if (answer.ok) catalogue = await answer.json();
}

/** The sentence in the reader's language; `{name}` stands for a value. */
export function t(sentence, values = {}) {
  return (catalogue[sentence] ?? sentence).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

/** `one` or `other` by the number, which may stand as {n}. */
export function many(n, one, other, values = {}) {
  const form = new Intl.PluralRules(language.value).select(n) === 'one' ? one : other;
  return t(form, {n: fmt.number(n), ...values});
}

const formats = new Map();
function format(kind, options) {
  const name = `${language.value} ${kind.name} ${JSON.stringify(options)}`;
  if (!formats.has(name)) formats.set(name, new kind(language.value === 'en' ? 'en-GB' : language.value, options));
  return formats.get(name);
}

export const fmt = {
  number: (n) => n == null ? '–' : format(Intl.NumberFormat, {}).format(n),
  short: (n) => n == null ? '–' : format(Intl.NumberFormat, {notation: 'compact', maximumFractionDigits: 1}).format(n),
  share: (x, digits = 1) => x == null ? '–' : format(Intl.NumberFormat, {style: 'percent', maximumFractionDigits: digits}).format(x),
  time: (iso) => iso ? format(Intl.DateTimeFormat, {hour: '2-digit', minute: '2-digit'}).format(new Date(iso)) : '–',
  date: (iso) => iso ? format(Intl.DateTimeFormat, {day: 'numeric', month: 'short', year: 'numeric'}).format(new Date(iso)) : '–',
  moment: (iso) => iso ? format(Intl.DateTimeFormat, {day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit'}).format(new Date(iso)) : '–',
  exact: (iso) => iso ? format(Intl.DateTimeFormat, {dateStyle: 'full', timeStyle: 'long'}).format(new Date(iso)) : '',
  inZone: (iso, zone, more) => format(Intl.DateTimeFormat, {weekday: 'short', hour: '2-digit', minute: '2-digit', timeZone: zone, ...more}).format(new Date(iso)),
  /** "in 3 minutes", "2 days ago" */
  ago(iso, now = Date.now()) {
    if (!iso) return '–';
    const seconds = (Date.parse(iso) - now) / 1000;
    const far = Math.abs(seconds);
    const [unit, size] = far < 60 ? ['second', 1] : far < 3600 ? ['minute', 60] : far < 86400 ? ['hour', 3600] : ['day', 86400];
    return format(Intl.RelativeTimeFormat, {numeric: 'auto'}).format(Math.round(seconds / size), unit);
  },
  /** 3:10, 1:02:03 */
  range: (low, high) => low == null ? '–' : low === high ? fmt.number(low) : `${fmt.number(low)}–${fmt.number(high)}`,
  clock(seconds) {
    const s = Math.max(0, Math.round(seconds));
    const pad = (x) => String(x).padStart(2, '0');
    return s < 3600 ? `${Math.floor(s / 60)}:${pad(s % 60)}` : `${Math.floor(s / 3600)}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}`;
  },
  span(from, to) {
    if (!from) return '–';
    const seconds = (Date.parse(to ?? new Date()) - Date.parse(from)) / 1000;
    const unit = (n, name) => format(Intl.NumberFormat, {style: 'unit', unit: name, unitDisplay: 'narrow', maximumFractionDigits: n < 10 ? 1 : 0}).format(n);
    return seconds < 60 ? unit(Math.max(0, seconds), 'second') : seconds < 5400 ? unit(seconds / 60, 'minute') : unit(seconds / 3600, 'hour');
  },
};

const STATUS = {
  queued: ['quiet', 'Queued'], running: ['busy', 'Running'], succeeded: ['good', 'Succeeded'],
  succeeded_with_warnings: ['warn', 'Succeeded, with warnings'], failed: ['bad', 'Failed'],
  skipped: ['warn', 'Skipped'], canceled: ['quiet', 'Cancelled'],
  draft: ['quiet', 'Draft'], ready: ['good', 'Ready'], reauthentication_required: ['bad', 'Sign in again'],
  active: ['good', 'Active'], inactive: ['quiet', 'Inactive'], detached: ['quiet', 'Detached'], disabled: ['quiet', 'Switched off'],
  done: ['good', 'Done'], lifted: ['quiet', 'Lifted'], pending: ['busy', 'Pending'], delivered: ['good', 'Delivered'],
};
const SAID = {
  email: 'E-mail', name_and_address: 'Name and address', phone: 'Phone',
  add: 'Add', mirror: 'Mirror', replace: 'Replace', remove: 'Remove',
  system: 'With every scheduled refresh', custom: 'Own schedule', manual: 'Only on demand',
  validating: 'Checking', staging: 'Reading and hashing', uploading: 'Sending', finishing: 'Finishing',
  on_demand: 'On demand', scheduled: 'Scheduled',
  fixed: 'Only the connection’s own', listed: 'Those listed here', any: 'Every customer list of the ad account',
  administrator: 'Administrator', contributor: 'Contributor', viewer: 'Viewer',
  file: 'Files', upload: 'Upload', postgres: 'Postgres', delta: 'Delta table', mysql: 'MySQL', snowflake: 'Snowflake', bigquery: 'BigQuery', iceberg: 'Iceberg', clickhouse: 'ClickHouse',
  EMAIL: 'E-mail', PHONE: 'Phone', FN: 'First name', LN: 'Last name', FI: 'First initial', GEN: 'Gender', DOB: 'Date of birth',
  DOBY: 'Year of birth', DOBM: 'Month of birth', DOBD: 'Day of birth', ST: 'State', CT: 'City', ZIP: 'Postal code / ZIP code', COUNTRY: 'Country / region',
  MADID: 'Mobile advertiser ID', EXTERN_ID: 'External ID', LOOKALIKE_VALUE: 'Customer value',
  monday: 'Monday', tuesday: 'Tuesday', wednesday: 'Wednesday', thursday: 'Thursday', friday: 'Friday', saturday: 'Saturday', sunday: 'Sunday',
};
/** Meta's keys, in the order in which people think of them. */
export const KEYS = ['EMAIL', 'PHONE', 'FN', 'LN', 'FI', 'ZIP', 'CT', 'ST', 'COUNTRY', 'DOB', 'DOBY', 'DOBM', 'DOBD', 'GEN', 'MADID', 'EXTERN_ID', 'LOOKALIKE_VALUE'];
const REASONS = {
  missing: 'no value', invalid: 'not usable', out_of_range: 'out of range',
  no_consent: 'no consent given', suppressed: 'erased on request', digest_invalid: 'not a hash', digest_of_nothing: 'the hash of nothing', placeholder: 'a placeholder, not a value', row_malformed: 'broken row', several_values: 'several values in one cell',
};

export const say = {
  /** What a value of the API is called. */
  name: (value) => value == null ? '–' : t(SAID[value] ?? String(value)),
  status: (value) => t((STATUS[value] ?? ['', value])[1]),
  tone: (value) => (STATUS[value] ?? ['quiet'])[0],
  /** email_invalid → "E-mail: not usable" */
  reason(code) {
    if (REASONS[code]) return t(REASONS[code]);
    const [, key, rest] = /^([a-z]+)_(.+)$/.exec(code) ?? [];
    if (key && REASONS[rest]) return `${say.name(SAID[key.toUpperCase()] ? key.toUpperCase() : key)}: ${t(REASONS[rest])}`;
    return code.replaceAll('_', ' ');
  },
  move: (culprit) => ({user: t('Your move'), system: t('Ours'), external: t('Meta’s move')})[culprit] ?? culprit,
};

// -- what the browser remembers --

export function remembered(name) {
  try { return localStorage.getItem(`audience-export.${name}`); } catch { return null; }
}
export function remember(name, value) {
  try { value == null ? localStorage.removeItem(`audience-export.${name}`) : localStorage.setItem(`audience-export.${name}`, value); } catch { /* private windows may refuse */ }
}

// -- the API --

export const session = signal(null);
/** @type {{value: Record<string, any>}} */
export const features = signal({});
/** Set while somebody must sign in again; called when they have. */
export const lost = signal(null);
export const offline = signal(false);

/** An answer that was no success: the problem document's own fields. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? `HTTP ${status}`);
    this.errors = problem.errors ?? [];
    Object.assign(this, {...problem, status, errors: this.errors});
  }
  /** What is wrong with a field, by its JSON pointer. */
  at(pointer) {
    return this.errors.find((one) => one.pointer === pointer || one.pointer?.startsWith(`${pointer}/`))?.detail;
  }
}

/** @param {any} options */
async function call(method, path, options = {}) {
  const {body, headers = {}, params, signal: stop, raw} = options;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params ?? {})) {
    for (const one of [value].flat()) if (one != null && one !== '') query.append(name, one);
  }
  const address = query.size ? `${path}?${query}` : path;
  const request = {method, headers: {...headers}, signal: stop, body: undefined};
  if (body !== undefined) {
    request.body = raw ? body : JSON.stringify(body);
    request.headers['Content-Type'] ??= 'application/json';
  }
  for (;;) {
    let answer;
    try {
      answer = await fetch(address, request);
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      offline.value = true;
      throw new Refused(0, {code: 'offline', culprit: 'system', detail: t('The service cannot be reached. What you typed is still here; try again in a moment.')});
    }
    offline.value = false;
    if (answer.status === 401 && session.value && path !== '/v1/session') {
      // everybody who waits goes on once somebody has signed in
      await new Promise((again) => { const before = lost.value; lost.value = () => { before?.(); again(); }; });
      continue;
    }
    if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => ({})));
    const data = answer.status === 204 ? null : await answer.json();
    return {data, etag: answer.headers.get('ETag'), location: answer.headers.get('Location')};
  }
}

/** @type {Api} */
export const api = {
  get: async (path, params, stop) => (await call('GET', path, {params, signal: stop})).data,
  /** With the ETag, for what is edited. */
  read: (path) => call('GET', path),
  send: async (method, path, body, headers) => (await call(method, path, {body, headers})).data,
  remove: async (path, params) => (await call('DELETE', path, {params})).data,
  upload: async (path, file, type) => (await call('PUT', path, {body: file, raw: true, headers: {'Content-Type': type}})).data,
  /** A POST that may be repeated without doing its work twice. */
  create: async (path, body, key) => (await call('POST', path, {body, headers: {'Idempotency-Key': key ?? crypto.randomUUID()}})).data,
  document: async () => (await call('GET', '/openapi.json')).data,
};

/** Loads and reloads: {data, error, busy, reload}. What was loaded stays while it is loaded anew.
 * @type {UseLoad} */
export function useLoad(load, deps = []) {
  const [state, set] = useState({data: undefined, error: null, busy: true});
  const turn = useRef(0);
  const reload = () => {
    const mine = ++turn.current;
    set((old) => ({...old, busy: true}));
    return Promise.resolve().then(load).then(
      (data) => { if (mine === turn.current) set({data, error: null, busy: false}); },
      (error) => { if (mine === turn.current && error.name !== 'AbortError') set((old) => ({...old, error, busy: false})); },
    );
  };
  useEffect(() => {
    set((old) => ({...old, error: null}));
    reload();
    return () => { turn.current++; };
  }, deps);
  return {...state, reload, put: (data) => set({data, error: null, busy: false})};
}

/** Pages of a list, more on demand.
 * @type {UseList} */
export function useList(path, params) {
  const name = JSON.stringify(params);
  const [more, setMore] = useState({items: [], cursor: null, error: null, busy: false});
  const first = useLoad(async () => {
    /** @type {any} */
    const page = await api.get(path, {limit: 50, ...params});
    setMore({items: [], cursor: page.next_cursor, error: null, busy: false});
    return page.items;
  }, [path, name]);
  const next = async () => {
    setMore((old) => ({...old, busy: true, error: null}));
    try {
      /** @type {any} */
      const page = await api.get(path, {limit: 50, ...params, cursor: more.cursor});
      setMore((old) => ({items: [...old.items, ...page.items], cursor: page.next_cursor, error: null, busy: false}));
    } catch (error) { setMore((old) => ({...old, error, busy: false})); }
  };
  return {...first, items: first.data && [...first.data, ...more.items], cursor: more.cursor, next, more};
}

/** Calls again and again while the page is seen. */
export function useEvery(seconds, work, on = true) {
  const latest = useRef(work);
  latest.current = work;
  useEffect(() => {
    if (!on) return undefined;
    const timer = setInterval(() => { if (!document.hidden && !lost.value) latest.current(); }, seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds, on]);
}

/** A clock that ticks while something on the page counts down. */
export function useNow(on = true) {
  const [now, set] = useState(Date.now());
  useEvery(1, () => set(Date.now()), on);
  return now;
}

/** An action with its own waiting and refusal: [run, {busy, error}].
 * @type {UseAction} */
export function useAction(work) {
  const [state, set] = useState({busy: false, error: null});
  const run = async (...args) => {
    set({busy: true, error: null});
    try {
      const found = await work(...args);
      set({busy: false, error: null});
      return found;
    } catch (error) {
      if (!(error instanceof Refused)) console.error(error);
      set({busy: false, error});
      return undefined;
    }
  };
  return [run, state];
}

// -- places --

/** `#/runs?status=failed` → {path: 'runs', parts: ['runs'], query} */
export const place = signal(read());
function read() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  return {path, parts: path.split('/').filter(Boolean).map(decodeURIComponent), query: Object.fromEntries(new URLSearchParams(query))};
}
addEventListener('hashchange', () => { place.value = read(); });
export const go = (to) => { location.hash = to; };
/** The same place with other filters, without a new step in the history. */
export function filter(changes) {
  const query = new URLSearchParams({...place.value.query, ...changes});
  for (const [name, value] of [...query]) if (!value) query.delete(name);
  history.replaceState(null, '', `#/${place.value.path}${query.size ? `?${query}` : ''}`);
  place.value = read();
}

// -- pieces --

const PATHS = {
  home: 'M3 10.5 12 3l9 7.5V21h-6v-6H9v6H3z', out: 'M4 12h13m-5-6 6 6-6 6M21 4v16', run: 'M5 4v16l14-8z', link: 'M9 15l6-6M10 6l2-2a5 5 0 0 1 7 7l-2 2M14 18l-2 2a5 5 0 0 1-7-7l2-2',
  people: 'M8 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm-6 10a6 6 0 0 1 12 0M16 3.5a4 4 0 0 1 0 7.2M22 21a6 6 0 0 0-4.5-5.8', lens: 'M10.5 18a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM16 16l5 5', erase: 'M4 16 14 6l6 6-8 8H8zM9 11l6 6M12 20h9', gear: 'M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM12 2v3m0 14v3M2 12h3m14 0h3M5 5l2 2m10 10 2 2M19 5l-2 2M7 17l-2 2',
  menu: 'M3 6h18M3 12h18M3 18h18', close: 'M5 5l14 14M19 5 5 19',
};
export const Icon = (name) => html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d=${PATHS[name]}/></svg>`;
export const Badge = (status, text) => html`<span class="badge ${say.tone(status)}">${text ?? say.status(status)}</span>`;
export const Mark = (tone, text) => html`<span class="badge ${tone}">${text}</span>`;
export const Tag = (text) => html`<span class="tag">${text}</span>`;
export const Time = (iso, how = 'moment') => iso ? html`<time class="num" datetime=${iso} title=${fmt.exact(iso)}>${fmt[how](iso)}</time>` : html`<span class="soft">–</span>`;
export const Num = (n) => html`<span class="num">${fmt.number(n)}</span>`;
/** A text somebody else wrote: shown in its own direction, obeyed never. */
export const Text = (text) => html`<bdi>${text}</bdi>`;
/** Sentences of the service are English. */
export const Said = (text) => html`<span lang="en">${text}</span>`;
export const Loading = (lines = 3) => html`<div role="status" aria-label=${t('Loading')}>${Array.from({length: lines}, (_, i) => html`<div class="bone" style=${{width: `${92 - i * 17 % 60}%`}}></div>`)}</div>`;
export const Empty = (title, text, action) => html`<div class="empty"><h2>${title}</h2>${text && html`<p class="soft">${text}</p>`}${action}</div>`;
/** @type {Card} */
export const Card = (title, body, {flush, action, label} = {}) => html`<section class="card ${flush ? 'flush' : ''}" aria-label=${label ?? title}>
  ${title && html`<div class="card-head"><h2>${title}</h2>${action}</div>`}${body}</section>`;
export const Terms = (pairs) => html`<dl class="terms">${pairs.filter(Boolean).map(([name, value]) => html`<dt>${name}</dt><dd>${value ?? '–'}</dd>`)}</dl>`;
export const Link = (to, text, kind = '') => html`<a href="#/${to}" class=${kind}>${text}</a>`;

/** A button; one that may not be used says why, and keeps its place in the order of keys.
 * @type {Button} */
export function Button(text, onClick, {kind = '', type = 'button', busy, why, ...rest} = {}) {
  return html`<button type=${type} class="btn ${kind}" aria-disabled=${busy || why ? 'true' : undefined} title=${why} aria-busy=${busy ? 'true' : undefined}
    onClick=${(event) => { if (busy || why) event.preventDefault(); else onClick?.(event); }} ...${rest}>${text}${busy ? ' …' : ''}</button>`;
}

export function Note(tone, title, body, action) {
  return html`<div class="note ${tone}" role=${tone === 'bad' ? 'alert' : undefined}>${title && html`<p class="strong">${title}</p>`}${body && html`<div>${body}</div>`}${action && html`<div class="row">${action}</div>`}</div>`;
}

/** What was refused, whose move it is and what to do. */
export function Problem(error, again) {
  if (!error) return null;
  const title = error.status === 403 ? t('Your role may not do this') : error.status === 404 ? t('This is not here (any more)')
    : error.status === 412 ? t('Somebody changed this meanwhile')
    : error.status === 0 ? t('No connection') : error.culprit === 'external' ? t('Meta refused, or did not answer') : t('This did not work');
  const others = (error.errors ?? []).filter((one) => one.detail && one.detail !== error.message);
  return Note('bad', title, html`<p>${Said(error.message)}</p>
    ${others.length > 0 && html`<ul>${others.map((one) => html`<li><code>${one.pointer ?? one.parameter}</code> ${Said(one.detail)}</li>`)}</ul>`}
    ${error.request_id && html`<p class="soft small">${error.code} · ${t('request')} <code>${error.request_id}</code></p>`}`,
  html`${again && Button(error.status === 412 ? t('Save mine over it') : t('Try again'), again, {kind: 'small'})}${error.help_url && html`<a href=${error.help_url} target="_blank" rel="noreferrer">${t('What Meta says about it')}</a>`}`);
}

/** Loading, refused, or the page; a refusal later leaves the old content with a note above.
 * @type {Loaded} */
export function Loaded(state, show, {bones = 4} = {}) {
  if (state.data === undefined && state.error) return Problem(state.error, state.reload);
  if (state.data === undefined) return html`<div class="card">${Loading(bones)}</div>`;
  return html`${state.error && html`<div class="stack tight">${Problem(state.error, state.reload)}</div>`}${show(state.data)}`;
}

/** A screen: its title takes the focus, and says so in the tab. */
export function Page({title, crumb, badge, actions, curl, children, tab}) {
  const head = useRef(null);
  useEffect(() => { document.title = `${tab ?? title} · Audience Export`; }, [tab, title]);
  useEffect(() => { if (document.body.dataset.moved) head.current?.focus({preventScroll: true}); document.body.dataset.moved = '1'; scrollTo(0, 0); }, [place.value.path]);
  return html`<div class="page-head"><div>${crumb && html`<p class="crumb">${crumb}</p>`}
      <div class="row"><h1 tabindex="-1" ref=${head}>${title}</h1>${badge}</div></div>
    ${actions && html`<div class="row">${actions}</div>`}</div>
    <div class="stack">${children}</div>
    ${curl && html`<footer class="page-foot"><details><summary>${t('The same with curl')}</summary><p><code>curl -H "Authorization: Bearer $KEY" "${location.origin}${curl}"</code></p></details></footer>`}`;
}

/** Rows of `columns` [{title, show, right}]; on a phone each row is a small card.
 * @type {Table} */
export function Table(caption, columns, rows, {key = (row) => row.id} = {}) {
  const first = columns.find((one) => one.title);
  return html`<div class="scroll"><table class="fold"><caption class="hide">${caption}</caption>
    <thead><tr>${columns.map((one) => html`<th scope="col" class=${one.right ? 'right' : ''}>${one.head ?? (one.title || html`<span class="hide">${t('Actions')}</span>`)}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr key=${key(row)}>${columns.map((one) => html`<td class=${one.right ? 'right' : ''} data-l=${one.title && one !== first ? one.title : undefined}><div>${one.show(row)}</div></td>`)}</tr>`)}</tbody></table></div>`;
}

/** The list of a screen: its states, its rows and the way to more of them.
 * @type {List} */
export function List(state, show, empty) {
  if (state.items === undefined) return Loaded(state, () => null, {bones: 6});
  if (!state.items.length) return html`<div class="card">${state.error ? Problem(state.error, state.reload) : empty}</div>`;
  return html`${state.error && Problem(state.error, state.reload)}<div class="card flush">${show(state.items)}
    ${state.more.error && html`<div class="more">${Problem(state.more.error, state.next)}</div>`}
    ${state.cursor && !state.more.error && html`<div class="more">${Button(t('More'), state.next, {busy: state.more.busy})}</div>`}</div>`;
}

// -- forms --

/** A labelled control with its hint and what is wrong with it. `control` gets the attributes to spread. */
export function Field({label, hint, error, wide, optional, control}) {
  const id = useId();
  const about = [hint && `${id}h`, error && `${id}e`].filter(Boolean).join(' ');
  return html`<div class="field ${wide ? 'wide' : ''}"><label for=${id}>${label}${optional && html` <span class="soft small">(${t('optional')})</span>`}</label>
    ${control({id, 'aria-describedby': about || undefined, 'aria-invalid': error ? 'true' : undefined})}
    ${hint && html`<p class="hint" id="${id}h">${hint}</p>`}${error && html`<p class="wrong" id="${id}e">${Said(error)}</p>`}</div>`;
}
export const TextField = ({value, onInput, type = 'text', list, autofocus, name, autocomplete = 'off', ...rest}) => html`<${Field} ...${rest} control=${(own) =>
  html`<input type=${type} value=${value} name=${name} autocomplete=${autocomplete} spellcheck=${false} onInput=${(event) => onInput(event.target.value)} ...${own}/>`}/>`;
export const SelectField = ({value, onChange, options, ...rest}) => html`<${Field} ...${rest} control=${(own) =>
  html`<select onChange=${(event) => onChange(event.target.value)} ...${own}>${options.map(([name, text, off]) => html`<option value=${name} selected=${name === value} disabled=${off}>${text}</option>`)}</select>`}/>`;
export function Choice({type = 'radio', name, checked, onChange, label, hint, why, box}) {
  const id = useId();
  return html`<label class="choice ${box ? 'box' : ''}" aria-disabled=${why ? 'true' : undefined}><input type=${type} name=${name} checked=${checked} disabled=${Boolean(why)}
      aria-describedby=${hint || why ? id : undefined} onChange=${(event) => onChange(event.target.checked)}/>
    <span><span class="strong">${label}</span>${(hint || why) && html`<span class="hint" id=${id}><br/>${hint}${hint && why ? ' · ' : ''}${why && Said(why)}</span>`}</span></label>`;
}

export function Dialog({title, onClose, children}) {
  const box = useRef(null);
  useEffect(() => { const found = box.current; found.showModal(); return () => found.close(); }, []);
  const id = useId();
  return html`<dialog ref=${box} aria-labelledby=${id} onCancel=${(event) => { event.preventDefault(); onClose?.(); }}><div class="stack"><h2 id=${id}>${title}</h2>${children}</div></dialog>`;
}

const asked = signal(null);
/** Asks before something that cannot be taken back; resolves to true or false. */
export const ask = (title, text, action, {danger = true} = {}) => new Promise((answer) => { asked.value = {title, text, action, danger, answer}; });
export function Asked() {
  const now = asked.value;
  if (!now) return null;
  const close = (yes) => { asked.value = null; now.answer(yes); };
  return html`<${Dialog} title=${now.title} onClose=${() => close(false)}><p>${now.text}</p>
    <div class="row">${Button(now.action, () => close(true), {kind: now.danger ? 'danger' : 'first'})}${Button(t('Leave it'), () => close(false))}</div></${Dialog}>`;
}

const toasts = signal([]);
export function toast(text) {
  const one = {text, id: Math.random()};
  toasts.value = [...toasts.value, one];
  setTimeout(() => { toasts.value = toasts.value.filter((other) => other !== one); }, 6000);
}
export const Toasts = () => html`<div class="toasts" role="status" aria-live="polite">${toasts.value.map((one) => html`<div class="toast" key=${one.id}>${one.text}</div>`)}</div>`;

export async function copy(text) {
  try { await navigator.clipboard.writeText(text); toast(t('Copied.')); }
  catch { toast(t('The browser did not allow copying.')); }
}

export const isAdmin = () => session.value?.role === 'administrator';
export const mayEdit = () => session.value?.role !== 'viewer';
/** Typing waits a little before it is acted on. */
export function useLater(value, milliseconds = 350) {
  const [later, set] = useState(value);
  useEffect(() => { const timer = setTimeout(() => set(value), milliseconds); return () => clearTimeout(timer); }, [value]);
  return later;
}

// -- pictures --
// As SVG: bars in stacks, a funnel that adds up, batches on a time axis; each with a table beside it.

/** A share as a bar; decoration, its number stands beside it. */
export const Bar = (share, tone = 'accent') => html`<svg class="bar" preserveAspectRatio="none" viewBox="0 0 100 10" aria-hidden="true">
  <rect width="100" height="10" rx="2"/><rect class="f-${tone}" width=${Math.max(0, Math.min(1, share || 0)) * 100} height="10" rx="2"/></svg>`;

const Swatch = (tone, text) => html`<span><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="f-${tone}" width="10" height="10" rx="2"/></svg>${text}</span>`;

/** How wide the picture may be, in pixels: texts keep their size on every screen. */
function useWidth() {
  const box = useRef(null);
  const [width, set] = useState(640);
  useEffect(() => {
    const seen = new ResizeObserver(([one]) => set(Math.max(220, Math.round(one.contentRect.width))));
    seen.observe(box.current);
    return () => seen.disconnect();
  }, []);
  return /** @type {[any, number]} */ ([box, width]);
}

const nice = (most) => {
  const size = 10 ** Math.floor(Math.log10(Math.max(1, most)));
  return [1, 2, 5, 10].map((step) => step * size).find((top) => top >= most) ?? most;
};

/** Stacks over time: `series` [{name, tone, of(item)}], `label(item)`, `marks(item)` for dashed lines, `band` {name, of(item)} for a range [low, high]. */
export function Stacks({title, items, series, label, marks = (item) => null, band, onPick, height = 150}) {
  const [box, width] = useWidth();
  const sums = items.map((item) => series.reduce((sum, one) => sum + one.of(item), 0));
  const ranges = items.map((item) => band?.of(item));
  const top = nice(Math.max(1, ...sums, ...ranges.map((range) => range?.[1] ?? 0)));
  const left = 38, bottom = 20, inner = width - left, tall = height - bottom - 8;
  const step = inner / Math.max(1, items.length), wide = Math.max(1, Math.min(34, step * 0.72));
  const every = Math.max(1, Math.ceil(items.length / Math.max(1, Math.floor(inner / 62))));
  return html`<figure ref=${box}><svg class="chart" width=${width} height=${height} viewBox="0 0 ${width} ${height}" role="img" aria-label=${title}>
    ${[0, 0.5, 1].map((part) => html`<line class="s-line" x1=${left} x2=${width} y1=${8 + tall * (1 - part)} y2=${8 + tall * (1 - part)}/>
      <text x=${left - 6} y=${12 + tall * (1 - part)} text-anchor="end">${top * part % 1 ? '' : fmt.short(top * part)}</text>`)}
    ${items.map((item, i) => {
      let below = 0;
      const x = left + step * i + (step - wide) / 2;
      return html`<g onClick=${() => onPick?.(item)} style=${onPick ? {cursor: 'pointer'} : undefined}><title>${label(item)}: ${series.map((one) => `${one.name} ${fmt.number(one.of(item))}`).join(', ')}</title>
        <rect x=${left + step * i} y="8" width=${step} height=${tall} fill="transparent"/>
        ${series.map((one) => {
          const high = tall * one.of(item) / top;
          below += high;
          return high > 0 && html`<rect class="f-${one.tone}" x=${x} y=${8 + tall - below} width=${wide} height=${Math.max(1, high)}/>`;
        })}
        ${ranges[i] && html`<rect class="f-band" x=${left + step * i} y=${8 + tall * (1 - ranges[i][1] / top)} width=${step} height=${Math.max(2, tall * (ranges[i][1] - ranges[i][0]) / top)}/>`}
        ${marks(item) && html`<line class="s-mark" x1=${left + step * i} x2=${left + step * i} y1="4" y2=${8 + tall}/>`}
        ${i % every === 0 && html`<text x=${left + step * (i + 0.5)} y=${height - 4} text-anchor="middle">${label(item, true)}</text>`}</g>`;
    })}</svg>
    <div class="legend">${series.map((one) => Swatch(one.tone, one.name))}${band && Swatch('band', band.name)}${items.some(marks) && html`<span>┊ ${t('mapping or rules changed')}</span>`}</div>
    <${Figures} title=${title} head=${[t('When'), ...series.map((one) => one.name), band?.name, items.some(marks) && t('Changed')].filter(Boolean)}
      rows=${items.map((item, i) => [label(item), ...series.map((one) => fmt.number(one.of(item))), band && fmt.range(...ranges[i] ?? []), items.some(marks) && (marks(item) ?? '')].filter((x) => x != null && x !== false))}/></figure>`;
}

/** The numbers of a picture. */
export function Figures({title, head, rows}) {
  return html`<details class="small"><summary>${t('As a table')}</summary><div class="scroll" tabindex="0"><table><caption class="hide">${title}</caption>
    <thead><tr>${head.map((one) => html`<th scope="col">${one}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${row.map((one, i) => i ? html`<td class="num">${one}</td>` : html`<th scope="row">${one}</th>`)}</tr>`)}</tbody></table></div></details>`;
}

/** Where every row went. `rows` [{name, n, tone, loss, reasons}]: steps and, between them, what was left behind. */
export function Funnel({rows}) {
  const most = Math.max(1, ...rows.map((row) => row.n));
  return html`<ol class="funnel">${rows.filter((row) => row.n || !row.loss).map((row) => html`<li key=${row.name}>
    <div class="funnel-row ${row.loss ? 'loss' : ''}"><span class=${row.loss ? 'soft small' : 'strong'}>${row.sign ?? ''} ${row.name}</span>${Bar(row.n / most, row.tone)}<span class="num ${row.loss ? 'soft small' : 'strong'}">${fmt.number(row.n)}</span></div>
    ${row.reasons && Object.keys(row.reasons).length > 0 && html`<details class="reasons small"><summary>${t('Why')}</summary><ul>${Object.entries(row.reasons).sort((a, b) => b[1] - a[1]).map(([why, n]) => html`<li><span class="num">${fmt.number(n)}</span> ${row.named ? row.named(why) : say.reason(why)}</li>`)}</ul></details>`}</li>`)}</ol>`;
}

/** Batches on a time axis, one thin bar each, in as many lanes as were sent at once; one path a tone. */
export function Timeline({title, batches, now}) {
  const [box, width] = useWidth();
  const begin = Math.min(...batches.map((one) => Date.parse(one.started_at)));
  const end = Math.max(...batches.map((one) => Date.parse(one.finished_at)), now ?? 0);
  const lanes = [];
  const at = (moment) => (moment - begin) / Math.max(1, end - begin) * (width - 2);
  const paths = {good: '', warn: '', busy: ''};
  for (const one of [...batches].sort((a, b) => Date.parse(a.started_at) - Date.parse(b.started_at))) {
    const from = Date.parse(one.started_at), to = Date.parse(one.finished_at);
    let lane = lanes.findIndex((free) => free <= from);
    if (lane < 0) lane = lanes.push(0) - 1;
    lanes[lane] = to;
    const tone = one.refused || one.invalid ? 'warn' : one.attempts > 1 ? 'busy' : 'good';
    paths[tone] += `M${at(from).toFixed(1)} ${lane * 9}h${Math.max(1, at(to) - at(from) - 0.6).toFixed(1)}v7h${(-Math.max(1, at(to) - at(from) - 0.6)).toFixed(1)}z`;
  }
  const height = lanes.length * 9 + 18;
  return html`<figure ref=${box}><svg class="chart" width=${width} height=${height} viewBox="0 0 ${width} ${height}" role="img" aria-label=${title}>
    ${Object.entries(paths).map(([tone, path]) => path && html`<path class="f-${tone}" d=${path}/>`)}
    <text x="0" y=${height - 3}>${fmt.time(new Date(begin).toISOString())}</text><text x=${width} y=${height - 3} text-anchor="end">+${fmt.span(begin, end)}</text></svg>
    <div class="legend">${Swatch('good', t('sent'))}${paths.busy && Swatch('busy', t('sent again'))}${paths.warn && Swatch('warn', t('some entries refused'))}</div></figure>`;
}

export const RunTable = (items, {without = []} = {}) => Table(t('Runs'), [
  {title: t('Export'), name: 'export', show: (run) => html`<a class="name" href="#/runs/${run.id}">${Text(run.export.display_name ?? run.export_id)}</a>`},
  {title: t('Result'), show: (run) => html`${Badge(run.status)}${run.error ? html`<span class="sub">${Said(run.error.message)}</span>` : run.phase ? html`<span class="sub">${say.name(run.phase)}</span>` : ''}`},
  {title: t('Sent / received'), right: true, show: (run) => html`<span class="num">${fmt.number(run.counts.staged)} / ${fmt.number(run.counts.received)}</span>`},
  {title: t('Started by'), show: (run) => html`${say.name(run.trigger)}<span class="sub"><bdi>${run.requested_by_name}</bdi></span>`},
  {title: t('Asked for'), show: (run) => html`<a href="#/runs/${run.id}" class="name num">${fmt.moment(run.queued_at)}</a>`, name: 'time'},
  {title: t('Took'), right: true, show: (run) => html`<span class="num">${run.started_at ? fmt.span(run.started_at, run.finished_at) : '–'}</span>`},
].filter((one) => !without.includes(one.name)), items);

// -- sign-ins at Meta --------------------------------------------------------------------------------

/** When a token ends, and loudly when that is near. */
export function End(token) {
  if (!token) return html`<span class="soft">${t('not signed in')}</span>`;
  const ends = [token.expires_at, token.data_access_expires_at].filter(Boolean).sort()[0];
  if (!ends) return html`<span class="soft">${t('does not end')}</span>`;
  const days = (Date.parse(ends) - Date.now()) / 864e5;
  return days < 14 ? Mark(days < 0 ? 'bad' : 'warn', fmt.ago(ends)) : Time(ends, 'date');
}

export const problemOf = (code) => ({
  'sign-in-denied': t('The sign-in was cancelled at Facebook. Nothing was stored.'), 'permission-declined': t('The ads_management permission was not allowed. Sign in again and allow it.'),
  'sign-in-code-refused': t('Facebook did not accept the answer of its dialog. Begin again.'), 'sign-in-expired': t('It took longer than ten minutes. Begin again.'),
})[code] ?? t('The sign-in did not succeed ({code}). Begin again.', {code});

// -- schedules --

/** A cron expression, and when it would start runs, before it is saved. */
export function Cron({cron, zone, onInput, error}) {
  const ask = useLater(`${cron}\n${zone}`);
  const next = useLoad(() => api.get('/v1/schedule/next-times', {cron, time_zone: zone}), [ask]);
  const wrong = error ?? next.error?.errors?.[0]?.detail;
  return html`<div><${TextField} label="Cron" value=${cron} onInput=${onInput} error=${wrong} hint=${t('minute, hour, day of month, month, day of week; in {zone}', {zone})}/>
    <p class="hint" aria-live="polite">${!next.error && next.data && `${t('Next:')} ${next.data.items.map((one) => fmt.inZone(one, zone, {day: 'numeric', month: 'short'})).join(' · ')}`}</p></div>`;
}

// -- sources --

/** What the fields of sources are called; of others the name is shown. */
export const LABELS = {url: 'Address', database: 'Database', table: 'Table', query: 'or a query', default_country: 'Country where none is given', hashed: 'Members are hashed already', time_zone: 'Time zone'};

/** Where the members of a source are, in a few words. */
export const where = (source) => source.url ?? source.table ?? source.database ?? '';

// -- runs under way, live --
// One stream for all pages of a browser, none while they are hidden. Browsers open six connections to one
// origin; so the page that holds the lock reads the stream and tells the others. Where no event comes (a
// proxy that buffers, an old browser), the screens ask now and then.

const STREAM = 'audience-export.runs';
const listeners = new Set();
const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(STREAM) : null;
let streaming = null;

const tell = (run) => { for (const one of listeners) one(run); };
if (channel) channel.onmessage = ({data}) => tell(data);

/** Calls back with every state of every run under way, for as long as the page is seen. */
export function useLive(onRun, on = true) {
  const latest = useRef(onRun);
  latest.current = onRun;
  useEffect(() => {
    if (!on) return undefined;
    const one = (run) => latest.current(run);
    listeners.add(one);
    startStream();
    return () => { listeners.delete(one); if (!listeners.size) endStream(); };
  }, [on]);
}

document.addEventListener('visibilitychange', () => { if (document.hidden) endStream(); else if (listeners.size) startStream(); });

function endStream() { streaming?.abort(); streaming = null; }

function startStream() {
  if (streaming || document.hidden) return;
  const mine = streaming = new AbortController();
  const work = () => follow(mine.signal);
  const going = navigator.locks ? navigator.locks.request(STREAM, {signal: mine.signal}, work) : work();
  going.catch(() => { /* given up: hidden, or left */ });
}

async function follow(signal) {
  while (!signal.aborted) {
    try {
      const answer = await fetch('/v1/runs/events', {signal, headers: {Accept: 'text/event-stream'}});
      if (answer.status === 401 || answer.status === 403) return;
      if (answer.ok) await readEvents(answer.body);
    } catch { if (signal.aborted) return; }
    // the stream ends when nothing is active; who waits for a run looks again
    await new Promise((again) => { setTimeout(again, 8000); });
  }
}

async function readEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return;
    text += value;
    const parts = text.split(/\r?\n\r?\n/);
    text = parts.pop();
    for (const part of parts) {
      const data = part.split(/\r?\n/).filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trimStart()).join('\n');
      if (!data) continue;
      const run = JSON.parse(data);
      tell(run);
      channel?.postMessage(run);
    }
  }
}
