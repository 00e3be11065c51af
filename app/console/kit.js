// The shared kit: words, the API, pieces of pages, forms, tables, pictures. One long module, since each is a request.
// Plain functions are called (`Badge('failed')`); what keeps state of its own is a component (`<${Dialog} …>`).
import {html, signal, useEffect, useRef, useState, useId} from './vendor/preact.js';

export {html, signal, useEffect, useRef, useState};

// -- words --
// Those of the reader's language come with the page (en.json, nb.json). A sentence is called by itself where it is
// short, else by its first words; one that counts has a form for each plural.

/** @type {Record<string, any>} */
const words = JSON.parse(document.getElementById('words').textContent);
export const language = document.documentElement.lang;
export const LANGUAGES = {en: 'English', nb: 'Norsk bokmål'};
/** For the next page, which comes in its language and colours. */
export const remember = (name, value) => { document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=strict`; };
const plural = new Intl.PluralRules(language);
const filled = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);

export const t = (key, values = {}) => filled(words[key] ?? key, values);

/** Pieces of a page are given the name of a sentence, or what is made of one. */
const read = (text) => typeof text === 'string' ? t(text) : text;

/** The form of the sentence for this number, which may stand as {n}. */
export function many(n, key, values = {}) {
  const forms = words[key] ?? key;
  return filled(forms[plural.select(n)] ?? forms.other ?? forms, {n: fmt.number(n), ...values});
}

const formats = new Map();
function format(kind, options = {}) {
  const name = kind.name + JSON.stringify(options);
  if (!formats.has(name)) formats.set(name, new kind(language === 'en' ? 'en-GB' : language, options));
  return formats.get(name);
}
const moment = (options) => (iso) => iso ? format(Intl.DateTimeFormat, options).format(new Date(iso)) : '–';
const HOUR = {hour: '2-digit', minute: '2-digit'}, DAY = {day: 'numeric', month: 'short'};
const pad = (n) => String(n).padStart(2, '0');

export const fmt = {
  number: (n) => n == null ? '–' : format(Intl.NumberFormat).format(n),
  short: (n) => n == null ? '–' : format(Intl.NumberFormat, {notation: 'compact', maximumFractionDigits: 1}).format(n),
  share: (x, digits = 1) => x == null ? '–' : format(Intl.NumberFormat, {style: 'percent', maximumFractionDigits: digits}).format(x),
  range: (low, high) => low == null || low === high ? fmt.number(low) : `${fmt.number(low)}–${fmt.number(high)}`,
  time: moment(HOUR), day: moment(DAY), date: moment({...DAY, year: 'numeric'}), moment: moment({...DAY, ...HOUR}), exact: moment({dateStyle: 'full', timeStyle: 'long'}),
  /** A zone that is being typed, or that this browser does not know, has no time. */
  inZone(iso, zone, more) { try { return moment({weekday: 'short', ...HOUR, timeZone: zone, ...more})(iso); } catch { return '–'; } },
  ago(iso) {
    if (!iso) return '–';
    const seconds = (Date.parse(iso) - Date.now()) / 1000;
    const far = Math.abs(seconds);
    const [unit, size] = far < 60 ? ['second', 1] : far < 3600 ? ['minute', 60] : far < 86400 ? ['hour', 3600] : ['day', 86400];
    return format(Intl.RelativeTimeFormat, {numeric: 'auto'}).format(Math.round(seconds / size), unit);
  },
  /** 3:10, 1:02:03 */
  clock(seconds) {
    const s = Math.max(0, Math.round(seconds));
    return s < 3600 ? `${Math.floor(s / 60)}:${pad(s % 60)}` : `${Math.floor(s / 3600)}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}`;
  },
  span(from, to) {
    if (!from) return '–';
    const seconds = Math.max(0, Number(new Date(to ?? Date.now())) - Number(new Date(from))) / 1000;
    const [n, unit] = seconds < 60 ? [seconds, 'second'] : seconds < 5400 ? [seconds / 60, 'minute'] : [seconds / 3600, 'hour'];
    return format(Intl.NumberFormat, {style: 'unit', unit, unitDisplay: 'narrow', maximumFractionDigits: n < 10 ? 1 : 0}).format(n);
  },
};

const TONES = {
  running: 'busy', pending: 'busy', succeeded: 'good', ready: 'good', active: 'good', done: 'good', delivered: 'good',
  succeeded_with_warnings: 'warn', skipped: 'warn', failed: 'bad', reauthentication_required: 'bad',
};
/** Meta's keys, in the order in which people think of them. */
export const KEYS = ['EMAIL', 'PHONE', 'FN', 'LN', 'FI', 'ZIP', 'CT', 'ST', 'COUNTRY', 'DOB', 'DOBY', 'DOBM', 'DOBD', 'GEN', 'MADID', 'EXTERN_ID', 'LOOKALIKE_VALUE'];
export const ACTIVE = ['queued', 'running'];

export const codes = (kind) => Object.keys(words).filter((key) => key.startsWith(`${kind}.`)).map((key) => key.slice(kind.length + 1));

export const say = {
  /** What a code is called: a value of the API, a field, a step; one without words is shown as it is. */
  code: (kind, value) => words[`${kind}.${value}`] ?? String(value ?? '–').replaceAll('_', ' '),
  name: (value) => say.code('value', value),
  status: (value) => say.code('status', value),
  /** email_invalid → "E-mail: not usable" */
  reason(code) {
    const [, key, rest] = /^([a-z]+)_(.+)$/.exec(code) ?? [];
    if (words[`reason.${code}`] || !words[`reason.${rest}`]) return say.code('reason', code);
    return `${say.name(words[`value.${key.toUpperCase()}`] ? key.toUpperCase() : key)}: ${say.code('reason', rest)}`;
  },
  move: (culprit) => say.code('move', culprit),
};

// -- the API --

export const session = signal(null);
/** @type {{value: Record<string, any>}} */
export const features = signal({});
/** Set while somebody must sign in again; called when they have. */
export const lost = signal(null);
export const offline = signal(false);
export const isAdmin = () => session.value?.role === 'administrator';
export const mayEdit = () => session.value?.role !== 'viewer';

/** An answer that was no success; it has the problem's fields. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? `HTTP ${status}`);
    Object.assign(this, {...problem, status, errors: problem.errors ?? []});
  }
}

/** @param {any} options */
async function call(method, path, options = {}) {
  const {body, headers, params, raw} = options;
  const query = new URLSearchParams(Object.entries(params ?? {}).flatMap(([name, value]) => [value].flat().filter((one) => one != null && one !== '').map((one) => [name, one])));
  const request = {method, headers: {...headers}, body: raw ? body : JSON.stringify(body)};
  if (body !== undefined) request.headers['Content-Type'] ??= 'application/json';
  for (;;) {
    let answer;
    const since = session.value;
    try {
      answer = await fetch(query.size ? `${path}?${query}` : path, request);
    } catch {
      offline.value = true;
      throw new Refused(0, {code: 'offline', culprit: 'system', detail: t('The service cannot')});
    }
    offline.value = false;
    if (answer.status === 401 && since && path !== '/v1/session') {
      // all go on once somebody has signed in
      if (since === session.value) await new Promise((again) => { const before = lost.value; lost.value = () => { before?.(); again(); }; });
      continue;
    }
    if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => ({})));
    return {data: answer.status === 204 ? null : await answer.json(), etag: answer.headers.get('ETag')};
  }
}

/** @type {Api} */
export const api = {
  get: async (path, params) => (await call('GET', path, {params})).data,
  read: (path) => call('GET', path),
  send: async (method, path, body, headers) => (await call(method, path, {body, headers})).data,
  remove: async (path, params) => (await call('DELETE', path, {params})).data,
  upload: async (path, file, type) => (await call('PUT', path, {body: file, raw: true, headers: {'Content-Type': type}})).data,
  /** A POST that may be repeated without doing its work twice. */
  create: async (path, body, key) => (await call('POST', path, {body, headers: {'Idempotency-Key': key ?? crypto.randomUUID()}})).data,
  document: async () => (await call('GET', '/openapi.json')).data,
};

/** @type {Items} */
export const items = async (path, params) => (await /** @type {any} */ (api.get(path, params))).items;

/** One of several things that are loaded at once: its refusal does not take the others along.
 * @type {Apart} */
export const apart = (promise) => promise.then((data) => ({data, error: null}), (error) => ({data: undefined, error}));

/** What was loaded stays while it is loaded anew.
 * @type {UseLoad} */
export function useLoad(load, on = []) {
  const [state, set] = useState({data: undefined, error: null, busy: true});
  const turn = useRef(0);
  const reload = () => {
    const mine = ++turn.current;
    set((old) => ({...old, busy: true}));
    return Promise.resolve().then(load).then(
      (data) => { if (mine === turn.current) set({data, error: null, busy: false}); },
      (error) => { if (mine === turn.current) set((old) => ({...old, error, busy: false})); },
    );
  };
  useEffect(() => {
    set((old) => ({...old, error: null}));
    reload();
    return () => { turn.current++; };
  }, on);
  return {...state, reload, put: (data) => set({data, error: null, busy: false})};
}

/** @type {UseList} */
export function useList(path, params) {
  const page = (cursor) => /** @type {Promise<any>} */ (api.get(path, {limit: 50, ...params, cursor}));
  const {data, put, ...state} = useLoad(() => page(), [path, JSON.stringify(params)]);
  const [next, more] = useAction(async () => {
    const {items, next_cursor} = await page(data.next_cursor);
    put({items: [...data.items, ...items], next_cursor});
  });
  return {...state, items: data?.items, cursor: data?.next_cursor, next, more, put: (items) => put({...data, items})};
}

export function useEvery(seconds, work, on = true) {
  const latest = useRef(work);
  latest.current = work;
  useEffect(() => {
    if (!on) return undefined;
    const timer = setInterval(() => { if (!document.hidden && !lost.value) latest.current(); }, seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds, on]);
}

export function useNow(on = true) {
  const [now, set] = useState(Date.now());
  useEvery(1, () => set(Date.now()), on);
  return now;
}

export function useLater(value) {
  const [later, set] = useState(value);
  useEffect(() => { const timer = setTimeout(() => set(value), 350); return () => clearTimeout(timer); }, [value]);
  return later;
}

/** An action with its own waiting and refusal: [run, {busy, error}]. To the place it returns goes who is still here.
 * @type {UseAction} */
export function useAction(work) {
  const [state, set] = useState({busy: false, error: null});
  const run = async (...given) => {
    const {path} = placed();
    let error = null;
    set({busy: true, error});
    try {
      const to = await work(...given);
      if (typeof to === 'string' && path === placed().path) go(to);
    } catch (why) {
      if (!(why instanceof Refused)) console.error(why);
      error = why;
    }
    set({busy: false, error});
  };
  return [run, state];
}

// -- places --

/** `#/runs?status=failed` → {path: 'runs', parts: ['runs'], query} */
export const place = signal(placed());
function placed() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  return {path, parts: path.split('/').filter(Boolean).map(decodeURIComponent), query: Object.fromEntries(new URLSearchParams(query))};
}
addEventListener('hashchange', () => { place.value = placed(); });
export const go = (to) => { location.hash = `/${to}`; };
/** The same place with other filters, without a new step in the history. */
export function filter(changes) {
  const query = new URLSearchParams({...place.value.query, ...changes});
  for (const [name, value] of [...query]) if (!value) query.delete(name);
  history.replaceState(null, '', `#/${place.value.path}${query.size ? `?${query}` : ''}`);
  place.value = placed();
}

// -- pieces --

export const Icon = (name) => html`<svg class="icon" aria-hidden="true"><use href="#icon-${name}"/></svg>`;
export const Mark = (tone, text) => html`<span class="badge ${tone}">${text}</span>`;
export const Badge = (status) => Mark(TONES[status] ?? 'quiet', say.status(status));
export const Time = (iso, how = 'moment') => iso ? html`<time class="num" datetime=${iso} title=${fmt.exact(iso)}>${fmt[how](iso)}</time>` : '–';
export const Code = (text) => html`<code><bdi>${text}</bdi></code>`;
export const Dim = (...text) => html`<p class="dim">${text.map(read)}</p>`;
export const Num = (n) => html`<span class="num">${fmt.number(n)}</span>`;
/** Somebody else's text: shown in its own direction, never obeyed. */
export const Text = (text) => html`<bdi>${text}</bdi>`;
/** Sentences of the service are English. */
export const Said = (text) => html`<span lang="en">${text}</span>`;
export const Link = (to, text, kind = '') => html`<a href="#/${to}" class=${kind}>${read(text)}</a>`;
export const Name = (to, text) => Link(to, Text(text), 'name');
export const Names = (path, items) => items.map((one, i) => html`${i ? ', ' : ''}${Link(`${path}/${one.id}`, Text(one.display_name))}`);
export const Outside = (url, text = 'What Meta says', kind = '') => url && html`<a href=${url} class=${kind} target="_blank" rel="noreferrer">${t(text)}</a>`;
export const Bones = (lines = 4) => html`<div key="bones" class="card" role="status" aria-label=${t('Loading')}>${Array.from({length: lines}, (_, i) => html`<div class="bone" style=${{width: `${92 - i * 17 % 60}%`}}></div>`)}</div>`;
/** The key `n` goes there, too. */
export const Add = (to, text) => html`<a class="btn first" data-new href="#/${to}">${t(text)}</a>`;
export const Renew = (id, kind = '') => Link(`connections/${id}/setup`, 'Renew the sign-in', kind);
export const Empty = (title, text, action) => html`<div class="empty"><h2>${read(title)}</h2>${text && html`<p class="soft">${read(text)}</p>`}${action}</div>`;
/** @type {Card} */
export const Card = (title, body, {flush, action, label} = {}) => html`<section class="card ${flush ? 'flush' : ''}" aria-label=${label ?? read(title)}><div class="card-head"><h2>${read(title)}</h2>${action}</div>${body}</section>`;
export const Terms = (pairs) => html`<dl class="terms">${pairs.filter(Boolean).map(([name, value]) => html`<dt>${read(name)}</dt><dd>${value || '–'}</dd>`)}</dl>`;

/** A button; one that may not be used says why, and keeps its place in the order of keys.
 * @type {Button} */
export function Button(text, onClick, options = {}) {
  const {kind = '', type = 'button', busy, why, ...rest} = typeof options === 'string' ? {kind: options} : options;
  return html`<button type=${type} class="btn ${kind}" aria-disabled=${Boolean(busy || why)} title=${read(why)} aria-busy=${Boolean(busy)}
    onClick=${(event) => { if (busy || why) event.preventDefault(); else onClick?.(event); }} ...${rest}>${read(text)}${busy ? ' …' : ''}</button>`;
}

/** A button that works at once: it waits, and what is refused stands below its row. `sure` [title, text, action] asks first.
 * @type {Act} */
export const Act = (text, work, options = {}) => html`<${Acting} key=${text} ...${{text, work, options}}/>`;
function Acting({text, work, options}) {
  const {sure, ...rest} = typeof options === 'string' ? {kind: options, sure: undefined} : options;
  const [run, {busy, error}] = useAction(async () => { if (!sure || await ask(...sure)) return work(); });
  return html`${Button(text, run, {busy, ...rest})}${error && html`<div class="whole">${Problem(error)}</div>`}`;
}

export function Note(tone, title, body, action) {
  return html`<div class="note ${tone}" role=${tone === 'bad' ? 'alert' : undefined}>${title && html`<b>${read(title)}</b>`}${body && html`<div>${read(body)}</div>`}${action && html`<div class="row">${action}</div>`}</div>`;
}

export function Problem(error, again) {
  if (!error) return null;
  const title = {0: 'No connection', 403: 'Your role may', 404: 'This is not', 412: 'Somebody changed'}[error.status] ?? (error.culprit === 'external' ? 'Meta refused' : 'This did not work');
  const others = (error.errors ?? []).filter((one) => one.detail && one.detail !== error.message);
  return Note('bad', title, html`<p>${Said(error.message)}</p>
    ${others.length > 0 && html`<ul>${others.map((one) => html`<li>${Code(one.pointer ?? one.parameter)} ${Said(one.detail)}</li>`)}</ul>`}
    ${error.request_id && html`<p class="dim">${error.code} · ${t('request')} ${Code(error.request_id)}</p>`}`,
  html`${again && Button(error.status === 412 ? 'Save mine over it' : 'Try again', again, 'small')}${error.run_id && Link(`runs/${error.run_id}`, 'Open the run')}${Outside(error.help_url)}`);
}

/** Loading, refused, or what there is; a later refusal stands above it.
 * @type {Loaded} */
export function Loaded(state, show, lines = 4) {
  if (state.data === undefined) return state.error ? Problem(state.error, state.reload) : Bones(lines);
  return html`${Problem(state.error, state.reload)}${show(state.data)}`;
}

/** A screen; its title takes the focus. With a `state` it stands once that is loaded, whole: what came piece by piece would
 * push the rest about. `of` is what it shows, `crumb` a list, or [address, text]. */
export function Page({state, of, title: text, crumb, badge, actions, curl, children, tab}) {
  const head = useRef(null);
  const ready = !state || state.data !== undefined;
  const [path, body] = [curl].flat();
  const title = of ? Text(of.display_name) : read(text), shown = tab ?? of?.display_name ?? title;
  useEffect(() => { document.title = `${shown} · Audience Export`; }, [shown]);
  useEffect(() => { scrollTo(0, 0); }, []);
  useEffect(() => { if (moved && document.activeElement === document.body) head.current?.focus({preventScroll: true}); moved = true; }, [ready]);
  return html`<div key=${ready ? 'page' : 'bones'}><div class="page-head"><div>${crumb && html`<p class="crumb">${typeof crumb === 'string' ? Link(crumb, say.code('screen', crumb)) : Link(...crumb)}</p>`}<div class="row"><h1 tabindex="-1" ref=${head}>${title}</h1>${badge}</div></div>
    ${ready && actions && html`<div class="row">${actions}</div>`}</div>
    <div class="stack">${state ? Loaded(state, children) : children}</div>
    ${ready && curl && html`<footer class="page-foot"><details><summary>${t('The same with curl')}</summary><p><code>curl -H "Authorization: Bearer $KEY" "${location.origin}${path}"${body && ` --json '${body}'`}</code></p></details></footer>`}</div>`;
}
let moved = false;

/** Rows of `columns` [title, show(row), 'right'?]; on a phone each row is a small card.
 * @type {Table} */
export function Table(caption, wanted, rows) {
  const columns = wanted.filter((one) => one !== false);
  const first = columns.find(([title]) => title);
  return html`<div class="scroll"><table class="fold"><caption class="hide">${t(caption)}</caption>
    <thead><tr>${columns.map(([title, , side]) => html`<th scope="col" class=${side}>${title ? t(title) : html`<span class="hide">${t('Actions')}</span>`}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr key=${row.id}>${columns.map((one) => html`<td class=${one[2]} data-l=${one[0] && one !== first ? t(one[0]) : undefined}><div>${one[1](row)}</div></td>`)}</tr>`)}</tbody></table></div>`;
}

export const Grid = (caption, head, rows) => html`<div class="scroll" tabindex="0"><table><caption class="hide">${t(caption)}</caption><thead><tr>${head.map((one) => html`<th scope="col">${t(one)}</th>`)}</tr></thead>
  <tbody>${rows.map((row) => html`<tr>${row.map((one, i) => i ? html`<td>${one}</td>` : html`<th scope="row">${one}</th>`)}</tr>`)}</tbody></table></div>`;

/** A list in its states, and the way to more of it.
 * @type {List} */
export function List(state, show, empty) {
  if (!state.items) return Loaded({...state, data: undefined}, () => null, 6);
  if (!state.items.length) return html`<div class="card">${Problem(state.error, state.reload) ?? empty}</div>`;
  return html`${Problem(state.error, state.reload)}<div class="card flush">${show(state.items)}
    ${state.cursor && html`<div class="more">${Problem(state.more.error, state.next) ?? Button('More', state.next, {busy: state.more.busy})}</div>`}</div>`;
}

/** The search and the selects [name, label, options, default] above a list; what is chosen stands in the address. */
export function Filters({search, selects = []}) {
  const {query} = place.value;
  const [q, type] = useState(query.q ?? '');
  const later = useLater(q);
  useEffect(() => { if (later !== (query.q ?? '')) filter({q: later}); }, [later]);
  const clear = () => { type(''); filter(Object.fromEntries(Object.keys(query).map((name) => [name, '']))); };
  return html`<form class="filters" role="search" onSubmit=${(event) => event.preventDefault()}>${search && html`<${TextField} wide label=${search} type="search" value=${q} onInput=${type}/>`}
    ${selects.map(([name, label, options, first = '']) => html`<${SelectField} label=${label} value=${query[name] ?? first} onInput=${(value) => filter({[name]: value === first ? '' : value})} options=${options}/>`)}
    ${Object.keys(query).length > 0 && Button('Clear', clear, 'plain')}</form>`;
}
export const RESULTS = ['failed', 'skipped', 'succeeded_with_warnings', 'succeeded', 'running', 'queued', 'canceled'];
export const statuses = (...codes) => [['', t('Any')], ...codes.map((code) => [code, say.status(code)])];

// -- forms --

/** What a form holds. `field(name)` gives a control its value, its change and what is wrong with it, by the problem's pointer;
 * `rest()` shows a refusal that no field does. `work(values, over)`: over what somebody else saved.
 * @type {UseForm} */
export function useForm(first, work) {
  const [values, put] = useState(first);
  const set = (changes) => put((old) => ({...old, ...changes.call?.(0, old) ?? changes}));
  const [submit, {busy, error}] = useAction(async (over) => work(values, over));
  const asked = [];
  const at = (pointer) => (one) => one.pointer === pointer || one.pointer?.startsWith(`${pointer}/`);
  const wrong = (pointer) => { asked.push(at(pointer)); return error?.errors?.find(at(pointer))?.detail; };
  const field = (name, pointer = `/${name}`) => ({value: values[name], onInput: (value) => set({[name]: value}), error: wrong(pointer)});
  const rest = () => error && !(error.errors?.length && error.errors.every((one) => asked.some((is) => is(one)))) ? Problem(error, error.status === 412 && (() => submit(true))) : null;
  return {values, set, field, wrong, rest, submit, busy, error};
}

export const submits = (form, why) => (event) => { event.preventDefault(); if (!why) form.submit(); };
export const Form = ({form, submit, kind = 'first', why, leave, children}) => html`<form class="stack" method="post" onSubmit=${submits(form, why)}>${children}${form.rest()}
  <div class="row">${Button(submit, null, {type: 'submit', kind, busy: form.busy, why: why || undefined})}${leave && Link(leave, 'Leave', 'btn plain')}</div></form>`;

/** `control` gets the attributes to spread. */
export function Field({label, hint, error, wide, optional, control}) {
  const id = useId();
  const about = [hint && `${id}h`, error && `${id}e`].filter(Boolean).join(' ');
  return html`<div class="field ${wide ? 'wide' : ''}"><label for=${id}>${read(label)}${optional && html` <small>(${t('optional')})</small>`}</label>
    ${control({id, 'aria-describedby': about || undefined, 'aria-invalid': error ? 'true' : undefined})}
    ${hint && html`<p class="hint" id="${id}h">${read(hint)}</p>`}${error && Wrong(error, `${id}e`)}</div>`;
}
export const Wrong = (error, id) => error && html`<p class="wrong" id=${id}>${Said(error)}</p>`;
export const TextField = ({value, onInput, type = 'text', name, autocomplete = 'off', rows, ...rest}) => html`<${Field} ...${rest} control=${(own) => rows
  ? html`<textarea rows=${rows} spellcheck=${false} value=${value ?? ''} onInput=${(event) => onInput(event.target.value)} ...${own}></textarea>`
  : html`<input type=${type} value=${value ?? ''} name=${name} autocomplete=${autocomplete} spellcheck=${false} onInput=${(event) => onInput(event.target.value)} ...${own}/>`}/>`;
export const SelectField = ({value, onInput, options, ...rest}) => html`<${Field} ...${rest} control=${(own) =>
  html`<select onChange=${(event) => onInput(event.target.value)} ...${own}>${options.map(([name, text, off]) => html`<option value=${name} selected=${name === value} disabled=${off}>${text}</option>`)}</select>`}/>`;
export function Choice({type = 'checkbox', name, value, checked = value, onInput, label, hint, why, box}) {
  const id = useId();
  return html`<label class="choice ${box ? 'box' : ''}" aria-disabled=${Boolean(why)}><input type=${type} name=${name} checked=${checked} disabled=${Boolean(why)}
      aria-describedby=${hint || why ? id : undefined} onChange=${(event) => onInput(event.target.checked)}/>
    <span><b>${read(label)}</b>${(hint || why) && html`<span class="hint" id=${id}><br/>${read(hint)}${hint && why ? ' · ' : ''}${why && Said(t(why))}</span>`}</span></label>`;
}
/** One of `options` [value, label, hint, why not]; where `value` is a list, several of them. */
export function Choices({label, hidden, value, onInput, options, box, pick, error}) {
  const name = useId(), several = Array.isArray(value);
  const change = (one) => (on) => onInput(several ? on ? [...value, one] : value.filter((other) => other !== one) : one);
  return html`<fieldset class=${pick ? 'pick' : box ? 'boxes' : ''} tabindex=${pick ? '0' : undefined}><legend class=${hidden ? 'hide' : 'label'}>${t(label)}</legend>${options.map(([one, text, hint, why]) =>
    html`<${Choice} key=${one} type=${several ? 'checkbox' : 'radio'} ...${{name, box, hint, why}} label=${text} checked=${several ? value.includes(one) : value === one} onInput=${change(one)}/>`)}
    ${pick && !options.length && html`<p class="soft">${t('None has this name.')}</p>`}${Wrong(error)}</fieldset>`;
}

/** Of many `items` {id, name, selectable, reason} one or several, with a search; `onSearch` fetches what is not among them.
 * @param {Of<{items: {id?: string, name?: string, selectable?: boolean, reason?: string}[]}>} _ */
export function Pick({items, label, find, hint, onSearch, ...rest}) {
  const [q, type] = useState('');
  const later = useLater(q);
  useEffect(() => { if (later && onSearch) onSearch(later); }, [later]);
  const shown = items.filter((item) => `${item.name} ${item.id}`.toLowerCase().includes(q.toLowerCase()));
  return html`<div class="stack tight">${items.length > 8 && html`<${TextField} label=${find} type="search" value=${q} onInput=${type}/>`}
    <${Choices} pick hidden label=${label} ...${rest} options=${shown.slice(0, 100).map((item) => [item.id, Text(item.name ?? item.id), hint(item), item.selectable === false && item.reason])}/>
    ${shown.length > 100 && Dim('Type to find')}</div>`;
}

/** A dialog; with a `form` what it submits, else something to read. */
export function Dialog({title, onClose, form, submit, kind = 'first', why, children}) {
  const box = useRef(null);
  useEffect(() => { const found = box.current; found.showModal(); return () => found.close(); }, []);
  const id = useId();
  const way = html`${form && Button(submit, null, {type: 'submit', kind, busy: form.busy, why: why || undefined})}${onClose && Button(form ? 'Leave it' : 'Close', () => onClose())}`;
  return html`<dialog ref=${box} aria-labelledby=${id} onCancel=${(event) => { event.preventDefault(); onClose?.(); }}><${form ? 'form' : 'div'} class="stack" onSubmit=${form && submits(form, why)}>
    <h2 id=${id}>${t(title)}</h2>${children}${form?.rest?.()}${onClose && html`<div class="row">${way}</div>`}<//></dialog>`;
}

const asked = signal(null);
export const ask = (title, text, action, kind = 'danger') => new Promise((answer) => { asked.value = {title, text, action, kind, answer}; });
export function Asked() {
  const now = asked.value;
  const close = (yes) => { asked.value = null; now.answer(yes); };
  return now && html`<${Dialog} title=${now.title} form=${{submit: () => close(true)}} submit=${now.action} kind=${now.kind} onClose=${() => close(false)}><p>${read(now.text)}</p><//>`;
}

const toasts = signal([]);
export function toast(text) {
  const one = {text: t(text), id: Math.random()};
  toasts.value = [...toasts.value, one];
  setTimeout(() => { toasts.value = toasts.value.filter((other) => other !== one); }, 6000);
}
export const Toasts = () => html`<div class="toasts" role="status" aria-live="polite">${toasts.value.map((one) => html`<div class="toast" key=${one.id}>${one.text}</div>`)}</div>`;

export async function copy(text) {
  try { await navigator.clipboard.writeText(text); toast('Copied.'); }
  catch { toast('The browser'); }
}

export const Once = ({title, text, secret, onClose}) => html`<${Dialog} title=${title} onClose=${onClose}><p>${read(text)}</p><p><code class="strong">${secret}</code></p><div>${Button('Copy', () => copy(secret), 'first')}</div><//>`;

// -- pictures --

export const Bar = (share, tone = 'accent') => html`<svg class="bar" preserveAspectRatio="none" viewBox="0 0 100 10" aria-hidden="true">
  <rect width="100" height="10" rx="2"/><rect class="f-${tone}" width=${Math.max(0, Math.min(1, share || 0)) * 100} height="10" rx="2"/></svg>`;

const Swatch = (tone, text) => html`<span><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="f-${tone}" width="10" height="10" rx="2"/></svg>${t(text)}</span>`;

/** As wide as its place, in pixels: texts keep their size. */
function Drawing({title, height, draw, legend}) {
  const box = useRef(null);
  const [width, set] = useState(640);
  useEffect(() => {
    const seen = new ResizeObserver(([one]) => set(Math.max(220, Math.round(one.contentRect.width))));
    seen.observe(box.current);
    return () => seen.disconnect();
  }, []);
  return html`<div ref=${box}><svg class="chart" width=${width} height=${height} viewBox="0 0 ${width} ${height}" role="img" aria-label=${t(title)}>${draw(width)}</svg><div class="legend">${legend}</div></div>`;
}

const nice = (most) => {
  const size = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((step) => step * size).find((top) => top >= most) ?? most;
};

/** Stacks over time: `series` [{name, tone, of(item)}], `label(item)`, `mark(item)` for dashed lines, `band` {name, of(item)} for a range [low, high]. */
export function Stacks({title, items, series, label, mark = (item) => null, band, onPick, height = 150}) {
  const sums = items.map((item) => series.reduce((sum, one) => sum + one.of(item), 0));
  const ranges = items.map((item) => band?.of(item));
  const marked = items.some(mark);
  const top = nice(Math.max(1, ...sums, ...ranges.map((range) => range?.[1] ?? 0)));
  const left = 38, tall = height - 28;
  const y = (n) => 8 + tall * (1 - n / top);
  const draw = (width) => {
    const step = (width - left) / Math.max(1, items.length), wide = Math.max(1, Math.min(34, step * 0.72));
    const every = Math.max(1, Math.ceil(62 / step));
    return html`${[0, top / 2, top].map((n) => html`<line class="s-line" x1=${left} x2=${width} y1=${y(n)} y2=${y(n)}/><text x=${left - 6} y=${y(n) + 4} text-anchor="end">${n % 1 ? '' : fmt.short(n)}</text>`)}
      ${items.map((item, i) => {
        let below = 0;
        const x = left + step * i;
        return html`<g onClick=${() => onPick?.(item)} class=${onPick ? 'picks' : ''}><title>${label(item)}: ${series.map((one) => `${t(one.name)} ${fmt.number(one.of(item))}`).join(', ')}</title>
          <rect x=${x} y="8" width=${step} height=${tall} fill="transparent"/>
          ${series.map((one) => {
            const n = one.of(item);
            below += n;
            return n > 0 && html`<rect class="f-${one.tone}" x=${x + (step - wide) / 2} y=${y(below)} width=${wide} height=${Math.max(1, tall * n / top)}/>`;
          })}
          ${ranges[i] && html`<rect class="f-band" x=${x} y=${y(ranges[i][1])} width=${step} height=${Math.max(2, y(ranges[i][0]) - y(ranges[i][1]))}/>`}
          ${mark(item) && html`<line class="s-mark" x1=${x} x2=${x} y1="4" y2=${8 + tall}/>`}
          ${i % every === 0 && html`<text x=${x + step / 2} y=${height - 4} text-anchor="middle">${label(item, true)}</text>`}</g>`;
      })}`;
  };
  return html`<figure><${Drawing} ...${{title, height, draw}} legend=${html`${[...series, ...band ? [{...band, tone: 'band'}] : []].map((one) => Swatch(one.tone, one.name))}${marked && html`<span>┊ ${t('mapping or')}</span>`}`}/>
    ${Figures(title, ['When', ...series.map((one) => one.name), ...band ? [band.name] : [], ...marked ? ['Changed'] : []],
      items.map((item, i) => [label(item), ...series.map((one) => fmt.number(one.of(item))), ...band ? [fmt.range(...ranges[i] ?? [])] : [], ...marked ? [mark(item) ?? ''] : []]))}</figure>`;
}

export const Figures = (title, head, rows) => html`<details class="small"><summary>${t('As a table')}</summary>${Grid(title, head, rows)}</details>`;

/** Where every row went. `rows` [name, n, tone, sign, reasons]: steps and, with a sign, what was left between them. */
export function Funnel(rows) {
  const most = Math.max(1, ...rows.map(([, n]) => n));
  return html`<ul class="funnel">${rows.map(([name, n, tone, sign, reasons]) => {
    const loss = sign !== undefined, why = Object.entries(reasons ?? {}).sort((a, b) => b[1] - a[1]);
    const row = html`<span class=${loss ? 'dim' : 'strong'}>${sign} ${t(name)}</span>${Bar(n / most, tone)}<span class="num ${loss ? 'dim' : 'strong'}">${fmt.number(n)}</span>`;
    return html`<li key=${name}>${why.length ? html`<details><summary class="funnel-row ${loss ? 'loss' : ''}">${row}</summary><ul class="reasons small">${why.map(([code, count]) => html`<li>${Num(count)} ${say.reason(code)}</li>`)}</ul></details>`
      : html`<div class="funnel-row ${loss ? 'loss' : ''}">${row}</div>`}</li>`;
  })}</ul>`;
}

/** Batches on a time axis, in as many lanes as were sent at once; one path a tone. */
export function Timeline({title, batches}) {
  const times = batches.map((one) => ({from: Date.parse(one.started_at), to: Date.parse(one.finished_at), tone: one.refused || one.invalid ? 'warn' : one.attempts > 1 ? 'busy' : 'good'})).sort((a, b) => a.from - b.from);
  const begin = times[0].from, end = times.reduce((last, one) => Math.max(last, one.to), begin + 1);
  const free = [];
  const bars = times.map((one) => {
    let lane = free.findIndex((from) => from <= one.from);
    if (lane < 0) lane = free.length;
    free[lane] = one.to;
    return {...one, lane};
  });
  const height = free.length * 9 + 18;
  const path = (tone, width) => bars.filter((one) => one.tone === tone).map(({from, to, lane}) => {
    const [left, right] = [from, to].map((at) => (at - begin) / (end - begin) * (width - 2));
    const wide = Math.max(1, right - left - 0.6).toFixed(1);
    return `M${left.toFixed(1)} ${lane * 9}h${wide}v7h-${wide}z`;
  }).join('');
  const legend = {good: 'sent', busy: 'sent again', warn: 'some entries refused'};
  return html`<figure><${Drawing} title=${title} height=${height} draw=${(width) => html`${Object.keys(legend).map((tone) => html`<path class="f-${tone}" d=${path(tone, width)}/>`)}
    <text x="0" y=${height - 3}>${fmt.time(begin)}</text><text x=${width} y=${height - 3} text-anchor="end">+${fmt.span(begin, end)}</text>`} legend=${Object.entries(legend).map(([tone, text]) => Swatch(tone, text))}/></figure>`;
}

// -- what several screens show --

export const Took = (of) => html`<span class="num">${fmt.span(of.started_at, of.finished_at)}</span>`;
/** Whether a run waits for something, and is not merely next. */
export const waits = (run) => ACTIVE.includes(run.status) && (run.waiting || Date.parse(run.throttled_until) > Date.now());
export const Wait = ({waiting, throttled_until}) => html`${say.code('wait', waiting?.reason ?? 'throttled')} · ${t('until')} ${Time(waiting?.until ?? throttled_until, 'time')}`;

export const LeftOut = ({skipped, invalid}) => [skipped > 0 && many(skipped, 'rows could'), invalid > 0 && many(invalid, 'Meta calls')].filter(Boolean).join(' ');

/** @param {Run[]} items */
export const RunTable = (items, of = null) => Table('Runs', [
  !of && ['Export', (run) => Name(`runs/${run.id}`, run.export.display_name ?? run.export_id)],
  ['Result', (run) => html`${Badge(run.status)}<span class="sub">${waits(run) ? Wait(run) : run.error ? Said(run.error.message) : run.note ? t('nothing had') : run.status === 'succeeded_with_warnings' ? LeftOut(run.counts) || run.warnings.map((one) => Said(one.detail)) : run.phase && ACTIVE.includes(run.status) ? say.name(run.phase) : ''}</span>`],
  ['Sent / received', (run) => html`<span class="num">${fmt.number(run.counts.staged)} / ${fmt.number(run.counts.received)}</span>`, 'right'],
  ['Started by', (run) => html`${say.name(run.trigger)}<span class="sub">${Text(run.requested_by_name)}</span>`],
  ['Asked for', (run) => Link(`runs/${run.id}`, fmt.moment(run.queued_at), 'name num')],
  ['Took', Took, 'right'],
], items);

export const Ran = ({found, onClose}) => html`<${Dialog} title=${many(found.started.length, 'runs have begun')} onClose=${onClose}>
  ${found.not_started.length > 0 && html`<p>${t('These did not start:')}</p><ul class="stack tight">${found.not_started.map((one) => html`<li><b>${Text(one.display_name)}</b><br/><small>${Said(one.detail)}</small></li>`)}</ul>`}
  <div>${Link('runs?status=queued,running', 'Watch them', 'btn first')}</div><//>`;

export async function startRun(id, body = undefined) {
  const made = await api.create(`/v1/exports/${id}/runs`, body);
  return `runs/${made.id}`;
}
/** The result of a run, which leads to it. */
export const RunBadge = ({id, status}) => html`<a href="#/runs/${id}" aria-label=${t('The run: {status}', {status: say.status(status)})}>${Badge(status)}</a>`;
export const SizeAt = ({lower_bound: low, upper_bound: high}) => low == null ? t('too small to say') : html`<span class="num">${fmt.range(low, high)}</span>`;
export const RefusedValues = (values) => Object.entries(values).flatMap(([key, why]) => Object.entries(why).map(([reason, n]) => html`<li>${Num(n)} ${say.name(key)} · ${say.reason(reason)}</li>`));
/** The entries of an object that have a value that counts. */
export const having = (object, counts = (value) => value !== '' && value != null) => Object.fromEntries(Object.entries(object).filter(([, value]) => counts(value)));

/** The exports of a connection whose last run failed, to be run again once it works. */
export const failedOn = async (id) => (await items('/v1/exports', {connection_id: id, last_status: 'failed', limit: 200})).filter((one) => one.status === 'active' && one.your_permission === 'edit');
export function RunFailed({items}) {
  const [found, tell] = useState(null);
  const all = async () => tell(await api.create('/v1/exports/runs', {export_ids: items.map((one) => one.id)}));
  return html`${items.length > 0 && Note('', many(items.length, 'exports failed'), Names('exports', items), Act(many(items.length, 'Run {n} again'), () => (items.length > 1 ? all() : startRun(items[0].id)), 'first small'))}
    ${found && html`<${Ran} found=${found} onClose=${() => tell(null)}/>`}`;
}

export const CheckList = ({checks}) => html`<ul class="checks">${checks.map(({name, ok, detail, code, help_url: url}) => html`<li><span class=${ok ? 'good strong' : 'bad strong'} aria-hidden="true">${ok ? '✓' : ok === null ? '–' : '✕'}</span><span><b>${say.code('check', name)}</b> <span class="hide">${ok ? t('passed') : t('not passed')}</span>${(detail ?? code) && html`<br/><small>${Said(detail ?? code)}</small>`} ${Outside(url, 'How to mend it', 'small')}</span></li>`)}</ul>`;

export function End(token) {
  if (!token) return html`<span class="soft">${t('not signed in')}</span>`;
  const ends = [token.expires_at, token.data_access_expires_at].filter(Boolean).sort()[0];
  if (!ends) return html`<span class="soft">${t('does not end')}</span>`;
  const days = (Date.parse(ends) - Date.now()) / 864e5;
  return days < 14 ? Mark(days < 0 ? 'bad' : 'warn', fmt.ago(ends)) : Time(ends, 'date');
}

export const problemOf = (code) => words[`sign-in.${code}`] ?? t('The sign-in', {code});

export const Sharing = ({field: {value, onInput}}) => html`<${Choices} label="Who can use" value=${value.length > 1} onInput=${(all) => onInput(all ? ['administrator', 'contributor'] : ['administrator'])}
  options=${[[false, 'Administrators'], [true, 'Administrators and', 'Contributors']]}/>`;

export const Country = ({field: {value, onInput, error}, hint}) => html`<${TextField} label="Country where" optional ...${{value, error, hint}} onInput=${(text) => onInput(text.toUpperCase().slice(0, 2))}/>`;

/** A usual schedule or a cron expression, and when it would start runs, before it is saved. */
export function Cron({schedule: {cron, time_zone: zone}, saved, onInput, error}) {
  const [own, write] = useState(!codes('cron').includes(cron));
  const later = useLater(`${cron}\n${zone}`);
  const first = useRef(later);
  // of one that was not touched the next time is known
  const next = useLoad(async () => saved && later === first.current ? [saved] : items('/v1/schedule/next-times', {cron, time_zone: zone}), [later]);
  const wrong = error ?? next.error?.errors?.[0]?.detail;
  const set = (changes) => onInput({mode: 'custom', cron, time_zone: zone, ...changes});
  return html`<div class="stack tight"><div class="cols"><${SelectField} label="When" value=${own ? '' : cron} onInput=${(value) => { write(!value); if (value) set({cron: value}); }} options=${[...codes('cron').map((one) => [one, say.code('cron', one)]), ['', t('Another, as cron')]]}/>
      <${TextField} label="Time zone" value=${zone} onInput=${(time_zone) => set({time_zone})}/></div>
    ${own && html`<${TextField} label="Cron" value=${cron} onInput=${(value) => set({cron: value})} hint=${t('minute, hour', {zone})}/>`}${Wrong(wrong)}
    <p class="hint lines" aria-live="polite">${next.data && !wrong ? `${t('Next:')} ${next.data.map((one) => fmt.inZone(one, zone, DAY)).join(' · ')}` : ''}</p></div>`;
}
export const ownSchedule = () => ({mode: 'custom', cron: '0 6 * * *', time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone});

export const where = (source) => source.url ?? source.table ?? source.database ?? '';

// -- runs under way, live --
// Browsers open six connections to one origin: of all pages that are seen the one with the lock reads the stream and
// tells the others. Where no event comes (a proxy that buffers), the screens ask now and then.

const STREAM = 'audience-export.runs';
const listeners = new Set();
const channel = new BroadcastChannel(STREAM);
let streaming = null;

const tell = (run) => { for (const one of listeners) one(run); };
channel.onmessage = ({data}) => tell(data);

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
  const {signal: end} = streaming = new AbortController();
  const work = () => new Promise((done) => { follow(end); end.addEventListener('abort', done); });
  (navigator.locks ? navigator.locks.request(STREAM, {signal: end}, work) : work()).catch(() => { /* given up: hidden, or left */ });
}

function follow(end) {
  if (end.aborted) return;
  const source = new EventSource('/v1/runs/events');
  end.addEventListener('abort', () => source.close());
  source.addEventListener('run', ({data}) => { const run = JSON.parse(data); tell(run); channel.postMessage(run); });
  // it ends when nothing is active; who waits for a run looks again
  source.onerror = () => { source.close(); setTimeout(() => follow(end), 8000); };
}
