"""Another site, as a browser sees it: a server of its own, whose page tries what it can."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

# each tries something with the browser's cookies and says what came of it
ATTEMPTS = """
const settled = (promise) => promise.then((answer) => answer.type ?? String(answer), (error) => error.name);
const posted = (path, body, enctype) => {
  const frame = document.createElement('iframe');
  frame.name = 'f' + Math.random();
  document.body.append(frame);
  const form = document.body.appendChild(document.createElement('form'));
  Object.assign(form, {method: 'post', enctype, action: target.url + path, target: frame.name});
  for (const [name, value] of Object.entries(body)) {
    Object.assign(form.appendChild(document.createElement('input')), {name, value});
  }
  form.submit();
  return 'sent';
};
// text/plain that reads as JSON: {"display_name": "evil", "role": "administrator", "x": "="}
const asJson = (body) => ({[JSON.stringify(body).slice(0, -1) + ', "x": "']: '"}'});
window.attempts = async (target) => {
  window.target = target;
  const key = {display_name: 'evil', role: 'administrator'};
  const found = {};
  const credentials = 'include', headers = {'Content-Type': 'application/json'};
  const asked = (path, how) => fetch(target.url + path, {credentials, ...how});
  const simple = (path, body) => asked(path, {method: 'POST', mode: 'no-cors', body});
  const full = (method, path, body) => asked(path, {method, body, headers});
  found['form, fields'] = posted(target.run, {}, 'application/x-www-form-urlencoded');
  found['form, file'] = posted(target.run, {a: 'b'}, 'multipart/form-data');
  found['form, text that is JSON'] = posted('/v1/api-keys', asJson(key), 'text/plain');
  found['form, sign in as the attacker'] = posted('/v1/session', asJson({key: target.key}), 'text/plain');
  found['fetch without asking'] = await settled(simple('/v1/api-keys', JSON.stringify(key)));
  found['fetch, a run without a body'] = await settled(simple(target.run));
  found['beacon'] = navigator.sendBeacon(target.url + target.run, '{}') ? 'sent' : 'not sent';
  found['fetch with JSON'] = await settled(full('POST', '/v1/api-keys', JSON.stringify(key)));
  found['fetch, delete'] = await settled(full('DELETE', target.export));
  found['fetch, sign out'] = await settled(full('DELETE', '/v1/session'));
  found['fetch, read'] = await settled(asked('/v1/exports'));
  found['stream'] = await new Promise((done) => {
    const source = new EventSource(target.url + '/v1/runs/events', {withCredentials: true});
    source.onopen = () => done('open');
    source.onerror = () => { source.close(); done('refused'); };
  });
  found['script'] = await new Promise((done) => {
    const script = document.createElement('script');
    const ended = {onload: () => done('loaded'), onerror: () => done('refused')};
    Object.assign(script, {src: target.url + '/v1/exports', ...ended});
    document.body.append(script);
  });
  return found;
};
"""


class OtherSite:
    """Its page under two names: of another site, and of the same site on another port."""

    def __init__(self, port: int) -> None:
        self.other_site = f"http://localhost:{port}/"
        self.same_site = f"http://127.0.0.1:{port}/"


@contextmanager
def other_site(framed: list[str]) -> Iterator[OtherSite]:
    """Served until the end; its page frames these addresses, too."""
    frames = "".join(f'<iframe class="framed" src="{url}"></iframe>' for url in framed)
    page = (
        f"<!doctype html><link rel=icon href='data:,'><title>{json.dumps('Win a prize')}</title>"
        f"<body>{frames}<script>{ATTEMPTS}</script>"
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = page.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield OtherSite(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
