/** The story of the demo with openapi-typescript and openapi-fetch. */
import createClient from "openapi-fetch";
import type { paths } from "./fetch/schema";
import { baseUrl, equal, expect, key, members, name } from "./members";

async function story(): Promise<void> {
  const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });
  const consent = expect(await api.GET("/v1/consent"));
  const connection = expect(
    await api.POST("/v1/connections", {
      body: {
        display_name: name,
        access_token: "sandbox-system-token",
        ad_account_id: "act_1001",
        audience: { name },
        consent: { accepted: true, version: consent.version },
      },
    }),
  );
  equal(connection.status, "ready");
  const segment = expect(
    await api.POST("/v1/segments", { body: { name, source: { kind: "upload" } } }),
  );
  if (segment.source.kind !== "upload") {
    throw new Error(segment.source.kind);
  }
  const pushed = expect(
    await api.PUT("/v1/segments/{segment_id}/members", {
      params: { path: { segment_id: segment.id } },
      headers: { "Content-Type": "application/x-ndjson" },
      body: members,
      bodySerializer: (body) => body as string,
    }),
  );
  equal(pushed.member_count, 2);
  const made = expect(
    await api.POST("/v1/exports", {
      body: {
        display_name: name,
        connection_id: connection.id,
        key_identifier: "email",
        attributes: { EMAIL: "EMAIL" },
        segment_ids: [segment.id],
      },
    }),
  );
  const header = { "Idempotency-Key": name };
  const path = { export_id: made.id };
  const begun = expect(await api.POST("/v1/exports/{export_id}/runs", { params: { path, header } }));
  const again = await api.POST("/v1/exports/{export_id}/runs", { params: { path, header } });
  equal(expect(again).id, begun.id);
  equal(again.response.headers.get("Idempotency-Replayed"), "true");
  let run = begun;
  while (run.finished_at === null) {
    const params = { path: { run_id: run.id }, query: { wait: 60 } };
    run = expect(await api.GET("/v1/runs/{run_id}", { params }));
  }
  equal([run.status, run.counts.staged, run.counts.received], ["succeeded", 2, 2]);
  const page = expect(
    await api.GET("/v1/runs", { params: { query: { export_id: made.id, status: ["succeeded"] } } }),
  );
  equal(page.items.map((item) => item.id), [run.id]);
  // a list, page after page to its end
  const listed: string[] = [];
  let cursor: string | null | undefined;
  do {
    const query = { limit: 1, ...(cursor ? { cursor } : {}) };
    const some = expect(await api.GET("/v1/exports", { params: { query } }));
    listed.push(...some.items.map((item) => item.id));
    cursor = some.next_cursor;
  } while (cursor);
  equal(listed[0], made.id); // newest first
  const ended = await api.POST("/v1/runs/{run_id}/cancel", {
    params: { path: { run_id: run.id } },
  });
  if (ended.error?.code !== "run-finished") {
    throw new Error(JSON.stringify(ended.error));
  }
}

story().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
