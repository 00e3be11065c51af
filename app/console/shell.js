// The frame around every screen: signing in, finding the way, the language, the colours, the keys.
//
// How the console is made: no build step; `vendor/preact.js` is Preact, its hooks, signals and htm in one
// file. `kit.js` has the shared pieces: words, the API, forms, tables, pictures, the one event stream of a
// browser. A screen is a module that exports a component as its default; SCREENS below says which address
// is whose, and it is fetched when it is first wanted. Screens use the documented API and nothing else.
// Words: English stands in the code as t('…'); `nb.json` has the same sentences in Norwegian.
import {render} from './vendor/preact.js';
import {
  html, signal, useEffect, useState, t, language, LANGUAGES, loadWords, remember, remembered, session, features, lost, offline, api, Refused,
  place, go, Icon, Button, Problem, TextField, Dialog, Asked, Toasts, Loading, Note, Page, Link, say, useAction, useEvery,
} from './kit.js';

const SCREENS = {
  '': 'overview', exports: 'exports', 'exports/new': 'builder', 'exports/*': 'export', 'exports/*/edit': 'builder',
  runs: 'runs', 'runs/*': 'run', connections: 'connections', 'connections/new': 'wizard', 'connections/*': 'connection', 'connections/*/setup': 'wizard',
  segments: 'segments', 'segments/new': 'source', 'segments/*': 'segment', 'segments/*/edit': 'source', explain: 'explain', erasures: 'erasures', 'erasures/new': 'erase', 'erasures/*': 'erasure', 'admin/*': 'admin', admin: 'admin',
};
const NAV = [
  ['', 'Overview', 'home', 'o'], ['exports', 'Exports', 'out', 'e'], ['runs', 'Runs', 'run', 'r'], ['segments', 'Segments', 'people', 's'],
  ['connections', 'Connections', 'link', 'c', 'administrator'], ['explain', 'Explain', 'lens', 'x'], ['erasures', 'Erasures', 'erase', 'd', 'administrator'], ['admin', 'Administration', 'gear', 'a', 'administrator'],
];

/** @returns {HTMLElement} */
const found = (what) => document.querySelector(what);
const help = signal(false);
const menu = signal(false);
const loaded = new Map();

function screenOf(parts) {
  for (const [pattern, name] of Object.entries(SCREENS)) {
    const want = pattern.split('/').filter(Boolean);
    if (want.length === parts.length && want.every((one, i) => one === parts[i] || one === '*')) return name;
  }
  return null;
}

function Screen() {
  const name = screenOf(place.value.parts);
  const [shown, show] = useState(null);
  const [error, fail] = useState(null);
  useEffect(() => {
    menu.value = false;
    fail(null);
    if (!name) return;
    if (loaded.has(name)) show(name);
    else import(`./${name}.js`).then((module) => { loaded.set(name, module.default); show(name); }, () => fail(true));
  }, [name]);
  if (!name) return html`<${Page} title=${t('There is no such page')}><p>${t('It may have been moved or deleted.')}</p><p>${Link('', t('To the overview'), 'btn')}</p></${Page}>`;
  if (error) return Note('bad', t('This page could not be loaded'), t('The service may be away; try again in a moment.'), Button(t('Try again'), () => location.reload()));
  if (shown !== name) return Loading(5);
  const Found = loaded.get(name);
  // another resource is another screen: nothing of the last one stays
  return html`<${Found} key=${place.value.path} parts=${place.value.parts} query=${place.value.query}/>`;
}

// -- signing in --

function SignInForm({ways, onDone}) {
  const [key, set] = useState('');
  const [enter, state] = useAction(async (event) => {
    event.preventDefault();
    session.value = await api.send('POST', '/v1/session', {key: key.trim()});
    onDone();
  });
  return html`<div class="stack">${ways.oidc_url && html`<a class="btn first" href=${ways.oidc_url}>${t('Sign in with your organisation')}</a><p class="soft small">${t('or with an API key')}</p>`}
    <form class="stack" onSubmit=${enter} method="post"><input type="text" name="username" autocomplete="username" value="Audience Export" hidden/><${TextField} label=${t('API key')} type="password" name="key" value=${key} onInput=${set} autocomplete="current-password"
      error=${state.error?.status === 401 ? t('This key is not known here, or it has ended.') : state.error?.message} hint=${t('An administrator makes keys under Administration. It is sent once and not kept in this browser.')}/>
    ${Button(t('Sign in'), null, {kind: ways.oidc_url ? '' : 'first', type: 'submit', busy: state.busy, why: key ? undefined : t('Enter a key first')})}</form></div>`;
}

function Gate({ways, problem}) {
  useEffect(() => { document.title = `${t('Sign in')} · Audience Export`; }, []);
  return html`<main class="gate"><div class="card stack"><div class="brand">${Logo}<h1>Audience Export</h1></div>
    ${problem && Note('bad', t('You are not signed in'), problem)}
    <${SignInForm} ways=${ways} onDone=${() => { if (place.value.parts[0] === 'sign-in') go(''); }}/>
    <div class="row between small"><${Languages}/><a href="/docs">${t('The API')}</a></div></div></main>`;
}

const Logo = html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true"><circle cx="7" cy="12" r="4"/><path d="M13 12h8m-3.5-3.5L21 12l-3.5 3.5"/></svg>`;

function Languages() {
  return html`<label class="row small">${html`<span class="hide">${t('Language')}</span>`}<select class="btn small" onChange=${async (event) => {
    remember('language', event.target.value);
    language.value = event.target.value;
    await loadWords();
    start();
  }}>${Object.entries(LANGUAGES).map(([code, name]) => html`<option value=${code} selected=${code === language.value}>${name}</option>`)}</select></label>`;
}

// -- the frame --

function Frame({ways}) {
  // reading is using: while the page is seen, its session does not end for idleness (a day ends it in any case)
  useEvery(600, () => { api.get('/v1/session').catch(() => { /* the next call says so */ }); });
  const now = session.value;
  const here = place.value.parts[0] ?? '';
  const [leave, leaving] = useAction(async () => { await api.remove('/v1/session'); session.value = null; go(''); });
  return html`<a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); found('main h1')?.focus(); }}>${t('To the content')}</a>
    ${offline.value && html`<p class="strip" role="alert">${t('The service cannot be reached. What you see may be old; it is tried again.')}</p>`}
    <header class="top"><button class="btn plain" aria-label=${t('Menu')} aria-expanded=${menu.value} onClick=${() => { menu.value = !menu.value; }}>${html`<span style=${{width: '20px', display: 'grid'}}>${Icon('menu')}</span>`}</button><a class="brand" href="#/">${Logo} Audience Export</a></header>
    <div class="frame"><nav class="side ${menu.value ? 'open' : ''}" aria-label=${t('Main')}>
      <a class="brand" href="#/">${Logo} Audience Export</a>
      <div class="nav">${NAV.filter(([, , , , role]) => !role || role === now.role).map(([path, name, icon]) =>
        html`<a href="#/${path}" aria-current=${path === here ? 'page' : undefined} onClick=${() => { menu.value = false; }}>${Icon(icon)} ${t(name)}</a>`)}</div>
      <div class="who"><p><bdi class="strong">${now.display_name}</bdi><br/><span class="soft">${say.name(now.role)}</span></p>
        <div class="who-row"><${Languages}/><${Colours}/></div>
        <div class="who-row">${Button(t('Shortcuts'), () => { help.value = true; }, {kind: 'small'})}${Button(t('Sign out'), leave, {kind: 'small', busy: leaving.busy})}</div></div></nav>
    <main class="main" id="main"><${Screen}/></main></div>
    ${lost.value && html`<${Dialog} title=${t('Your session has ended')}><p>${t('Sign in again; what you typed is still here.')}</p><${SignInForm} ways=${ways} onDone=${() => { const again = lost.value; lost.value = null; again(); }}/></${Dialog}>`}
    ${help.value && html`<${Dialog} title=${t('Shortcuts')} onClose=${() => { help.value = false; }}><dl class="terms"><dt><kbd>/</kbd></dt><dd>${t('Search')}</dd><dt><kbd>n</kbd></dt><dd>${t('New, where there is something to add')}</dd>${NAV.filter(([, , , , role]) => !role || role === now.role).map(([, name, , key]) => html`<dt><kbd>g</kbd> <kbd>${key}</kbd></dt><dd>${t(name)}</dd>`)}<dt><kbd>?</kbd></dt><dd>${t('These keys')}</dd></dl>${Button(t('Close'), () => { help.value = false; })}</${Dialog}>`}
    <${Asked}/><${Toasts}/>`;
}

function Colours() {
  const [theme, set] = useState(remembered('theme') ?? '');
  return html`<label class="row small"><span class="hide">${t('Colours')}</span><select class="btn small" onChange=${(event) => { const value = event.target.value; set(value); remember('theme', value || null); paint(); }}>
    ${[['', t('System colours')], ['light', t('Light colours')], ['dark', t('Dark colours')]].map(([value, text]) => html`<option value=${value} selected=${value === theme}>${text}</option>`)}</select></label>`;
}
function paint() {
  const theme = remembered('theme');
  if (theme) document.documentElement.dataset.theme = theme; else delete document.documentElement.dataset.theme;
}
paint();

let waiting = false;
addEventListener('keydown', (/** @type {any} */ event) => {
  if (event.key === 'Escape') menu.value = false;
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches('input, textarea, select') || document.querySelector('dialog[open]') || !session.value) return;
  if (waiting) {
    waiting = false;
    const to = NAV.find(([, , , key, role]) => key === event.key && (!role || role === session.value.role));
    if (to) go(`/${to[0]}`);
  } else if (event.key === 'g') { waiting = true; setTimeout(() => { waiting = false; }, 1500); }
  else if (event.key === '/') { const box = found('main input[type=search]'); if (box) { event.preventDefault(); box.focus(); } }
  else if (event.key === 'n') found('main [data-new]')?.click();
  else if (event.key === '?') help.value = true;
});

function Root({ways, problem}) {
  return session.value ? html`<${Frame} ways=${ways}/>` : html`<${Gate} ways=${ways} problem=${problem}/>`;
}

let ways;
let problem;
// a sign-in link that is opened where the console is open already
addEventListener('hashchange', () => { if (place.value.parts[0] === 'sign-in' && place.value.parts[1]) location.reload(); });
function start() { render(html`<${Root} key=${language.value} ways=${ways} problem=${problem}/>`, document.getElementById('app')); }

const [, way] = await Promise.all([loadWords(), api.get('/v1/sign-in').catch((error) => error)]);
if (way instanceof Refused) {
  render(html`<main class="gate"><div class="card">${Problem(way, () => location.reload())}</div></main>`, document.getElementById('app'));
} else {
  ways = way;
  features.value = way.features;
  session.value = way.session;
  const {parts, query} = place.value;
  if (parts[0] === 'sign-in') {
    if (parts[1]) {
      try { session.value = await api.send('POST', '/v1/session', {ticket: parts[1]}); } catch (error) { problem = error.message; }
      // the ticket stays in no history
      history.replaceState(null, '', '#/');
    } else if (query.problem) { problem = t('The identity provider did not sign you in ({code}). Try again, or ask its administrator.', {code: query.problem}); history.replaceState(null, '', '#/'); }
    if (!problem || session.value) dispatchEvent(new HashChangeEvent('hashchange'));
  }
  start();
}
