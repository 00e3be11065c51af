/** The page of the API: Swagger UI with the key kept over reloads, and examples that run as they stand. */

/** What an id in an example stands for: the newest of its kind that there is. */
const LISTS = {
  con: "/v1/connections",
  seg: "/v1/segments",
  exp: "/v1/exports",
  run: "/v1/runs",
  whk: "/v1/webhooks",
  era: "/v1/erasures",
  key: "/v1/api-keys",
};
const IN_TEXT = /\b([a-z]{3})_0193…/g;
const IN_ADDRESS = /\b([a-z]{3})_0193%E2%80%A6/gi;

/** The newest id of a kind, or the example's own, which is then answered 404. */
async function newest(kind, request) {
  const list = LISTS[kind];
  if (list === undefined) return null;
  const headers = { Authorization: request.headers.Authorization ?? "" };
  const answer = await fetch(`${list}?limit=1`, { headers });
  const found = answer.ok ? (await answer.json()).items : [];
  return found.length ? found[0].id : null;
}

async function filled(text, form, request) {
  for (const [whole, kind] of [...text.matchAll(form)]) {
    const id = await newest(kind.toLowerCase(), request);
    if (id !== null) text = text.replace(whole, id);
  }
  return text;
}

async function withIds(request) {
  if (request.loadSpec) return request;
  request.url = await filled(request.url, IN_ADDRESS, request);
  if (typeof request.body === "string") request.body = await filled(request.body, IN_TEXT, request);
  return request;
}

window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  layout: "BaseLayout",
  deepLinking: true,
  // hundreds of schemas below the operations make every click slow; each operation shows its own
  defaultModelsExpandDepth: -1,
  persistAuthorization: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  requestInterceptor: withIds,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
});
