// The frame around every screen: signing in, finding the way, the language, the colours, the keys.
// A screen is a module of its own, fetched when it is first wanted; it uses the documented API and nothing else.
import {render} from './vendor/preact.js';
import {
  html, Dim, signal, codes, useEffect, useState, t, language, LANGUAGES, remember, session, features, lost, offline, api, Refused,
  place, go, Icon, Button, Act, Problem, TextField, Dialog, Form, Asked, Toasts, Bones, Note, Page, Link, say, useForm, useEvery, isAdmin,
} from './kit.js';

/** The screens of a list, of one of it, and of one in the making. */
const SCREENS = {
  exports: ['exports', 'export', 'builder'], runs: ['runs', 'run'], segments: ['segments', 'segment', 'source'], connections: ['connections', 'connection', 'wizard'],
  explain: ['explain'], erasures: ['erasures', 'erasure', 'erase'], admin: ['admin', 'admin'],
};
/** Path, its drawing, and the key after `g`. */
const NAV = [['', 'home', 'o'], ['exports', 'out', 'e'], ['runs', 'run', 'r'], ['segments', 'people', 's'], ['connections', 'link', 'c'], ['explain', 'lens', 'x'], ['erasures', 'erase', 'd'], ['admin', 'gear', 'a']];
const ADMINISTRATORS = ['connections', 'erasures', 'admin'];
const nav = () => NAV.filter(([path]) => isAdmin() || !ADMINISTRATORS.includes(path));
const title = (path) => say.code('screen', path || 'overview');

/** @returns {HTMLElement} */
const found = (what) => document.querySelector(what);
const help = signal(false);
const menu = signal(false);
const loaded = new Map();

/** @param {string[]} parts */
function screenOf(parts) {
  const [list, id, sub, ...more] = parts;
  if (!list) return 'overview';
  return more.length || (sub && !['edit', 'setup'].includes(sub)) ? null : SCREENS[list]?.[sub || id === 'new' ? 2 : id ? 1 : 0];
}
/** Fetches the screen's module. */
const fetched = async (name) => loaded.set(name, (await import(`./${name}.js`)).default);

function Screen() {
  const {parts, path, query} = place.value;
  const name = screenOf(parts);
  const [shown, show] = useState(loaded.has(name) ? name : null);
  const [error, fail] = useState(null);
  useEffect(() => {
    menu.value = false;
    fail(null);
    if (loaded.has(name)) show(name); else if (name) fetched(name).then(() => show(name), () => fail(true));
  }, [name]);
  if (!name) return html`<${Page} title="There is no such page"><p>${t('It may have')}</p><p>${Link('', 'To the overview', 'btn')}</p><//>`;
  if (ADMINISTRATORS.includes(parts[0]) && !isAdmin()) return html`<${Page} title=${title(parts[0])}>${Note('', 'This is for', say.code('others', parts[0]))}<//>`;
  if (error) return Note('bad', 'This page could', 'The service may', Button('Try again', () => location.reload()));
  if (shown !== name) return Bones(5);
  // another resource is another screen: nothing of the last one stays
  return html`<${loaded.get(name)} key=${path} parts=${parts} query=${query}/>`;
}

// -- signing in --

function SignInForm({ways, onDone}) {
  const form = useForm({key: ''}, async ({key}) => { session.value = await api.send('POST', '/v1/session', {key: key.trim()}); onDone(); });
  const error = form.error?.status === 401 ? t('This key is') : form.error?.message;
  return html`<div class="stack">${ways.oidc_url && html`<a class="btn first" href=${ways.oidc_url}>${t('Sign in with your')}</a>${Dim('or with an API key')}`}
    <${Form} form=${{...form, rest: () => null}} submit="Sign in" kind=${ways.oidc_url ? '' : 'first'} why=${!form.values.key && 'Enter a key first'}><input type="text" name="username" autocomplete="username" value="Audience Export" hidden/>
      <${TextField} label="API key" type="password" name="key" autocomplete="current-password" ...${form.field('key')} error=${error} hint="An administrator makes"/><//></div>`;
}

function Gate({ways, problem}) {
  useEffect(() => { document.title = `${t('Sign in')} · Audience Export`; }, []);
  return html`<main class="gate"><div class="card stack"><div class="brand">${Icon('logo')}<h1>Audience Export</h1></div>
    ${problem && Note('bad', 'You are not signed in', problem)}
    <${SignInForm} ways=${ways} onDone=${() => { if (place.value.parts[0] === 'sign-in') go(''); }}/>
    <div class="row between small">${Languages()}<a href="/docs">${t('The API')}</a></div></div></main>`;
}

const Select = (label, value, options, onChange) => html`<label class="small"><span class="hide">${label}</span><select class="btn small" onChange=${(event) => onChange(event.target.value)}>${options.map(([one, text]) => html`<option value=${one} selected=${one === value}>${text}</option>`)}</select></label>`;
/** The page comes in the language of this cookie. */
const Languages = () => Select(t('Language'), language, Object.entries(LANGUAGES), (code) => { remember('language', code); location.reload(); });
const Colours = () => Select(t('Colours'), document.documentElement.dataset.theme, codes('colours').map((one) => [one, say.code('colours', one)]), (theme) => { remember('theme', theme); document.documentElement.dataset.theme = theme; });

// -- the frame --

function Frame({ways}) {
  // reading is using: while the page is seen, its session does not end for idleness (a day ends it in any case)
  useEvery(600, () => { api.get('/v1/session').catch(() => { /* the next call says so */ }); });
  const now = session.value;
  const here = place.value.parts[0] ?? '';
  const again = () => { const go_on = lost.value; lost.value = null; go_on(); };
  return html`<a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); found('main h1')?.focus(); }}>${t('To the content')}</a>
    <header class="top"><button class="btn plain" aria-label=${t('Menu')} aria-expanded=${menu.value} onClick=${() => { menu.value = !menu.value; }}>${Icon('menu')}</button><a class="brand" href="#/">${Icon('logo')} Audience Export</a></header>
    <div class="frame"><nav class="side ${menu.value ? 'open' : ''}" aria-label=${t('Main')}>
      <a class="brand" href="#/">${Icon('logo')} Audience Export</a>
      <div class="nav">${nav().map(([path, icon]) => html`<a href="#/${path}" aria-current=${path === here && 'page'} onClick=${() => { menu.value = false; }}>${Icon(icon)} ${title(path)}</a>`)}</div>
      <div class="who"><p><bdi class="strong">${now.display_name}</bdi><br/><span class="soft">${say.name(now.role)}</span></p>
        <div class="row">${Languages()}${Colours()}</div>
        <div class="row">${Button('Shortcuts', () => { help.value = true; }, 'small')}${Act('Sign out', async () => { await api.remove('/v1/session'); session.value = null; go(''); }, 'small')}</div></div></nav>
    <main class="main" id="main"><${Screen}/></main></div>
    ${offline.value && html`<p class="strip" role="alert">${t('The service')}</p>`}
    ${lost.value && html`<${Dialog} title="Your session has ended"><p>${t('Sign in again; what')}</p><${SignInForm} ways=${ways} onDone=${again}/><//>`}
    ${help.value && html`<${Dialog} title="Shortcuts" onClose=${() => { help.value = false; }}><dl class="terms">${[['/', t('Search')], ['n', t('New, where')], ...nav().map(([path, , key]) => [`g ${key}`, title(path)]), ['?', t('These keys')]].map(([keys, text]) => html`<dt>${keys.split(' ').map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${text}</dd>`)}</dl><//>`}
    <${Asked}/><${Toasts}/>`;
}

let waiting = false;
addEventListener('keydown', (/** @type {any} */ event) => {
  if (event.key === 'Escape') menu.value = false;
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches('input, textarea, select') || found('dialog[open]') || !session.value) return;
  if (waiting) {
    waiting = false;
    const to = nav().find(([, , key]) => key === event.key);
    if (to) go(to[0]);
  } else if (event.key === 'g') { waiting = true; setTimeout(() => { waiting = false; }, 1500); }
  else if (event.key === '/') { const box = found('main input[type=search]'); if (box) { event.preventDefault(); box.focus(); } }
  else if (event.key === 'n') found('main [data-new]')?.click();
  else if (event.key === '?') help.value = true;
});

const Root = ({ways, problem}) => session.value ? html`<${Frame} ways=${ways}/>` : html`<${Gate} ways=${ways} problem=${problem}/>`;

// a sign-in link that is opened where the console is open already
addEventListener('hashchange', () => { if (place.value.parts[0] === 'sign-in' && place.value.parts[1]) location.reload(); });

async function start() {
  const app = document.getElementById('app');
  const {parts, query} = place.value;
  const name = screenOf(parts);
  // the screen comes while somebody asks who this is
  const [ways] = await Promise.all([api.get('/v1/sign-in').catch((error) => error), name && fetched(name).catch(() => { /* the screen says so */ })]);
  if (ways instanceof Refused) {
    render(html`<main class="gate"><div class="card">${Problem(ways, () => location.reload())}</div></main>`, app);
    return;
  }
  features.value = ways.features;
  session.value = ways.session;
  let problem;
  if (parts[0] === 'sign-in') {
    if (parts[1]) {
      try { session.value = await api.send('POST', '/v1/session', {ticket: parts[1]}); } catch (error) { problem = error.message; }
    } else if (query.problem) problem = t('The identity', {code: query.problem});
    // the ticket stays in no history
    history.replaceState(null, '', '#/');
    dispatchEvent(new HashChangeEvent('hashchange'));
  }
  render(html`<${Root} ways=${ways} problem=${problem}/>`, app);
}
start();
