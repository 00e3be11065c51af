/** The story of the demo with @hey-api/openapi-ts, followed as it happens. */
import { client } from "./hey/client.gen";
import {
  createConnection,
  createExport,
  createRun,
  createSegment,
  followRun,
  getConsent,
  getRun,
  listRuns,
  replaceSegmentMembers,
} from "./hey/sdk.gen";
import type { RunStatus } from "./hey/types.gen";
import { baseUrl, equal, expect, key, members, name } from "./members";

async function story(): Promise<void> {
  client.setConfig({ baseUrl, auth: () => key });
  const consent = expect(await getConsent());
  const connection = expect(
    await createConnection({
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
  const segment = expect(await createSegment({ body: { name, source: { kind: "upload" } } }));
  const pushed = expect(
    await replaceSegmentMembers({
      path: { segment_id: segment.id },
      body: new Blob([members]),
    }),
  );
  equal(pushed.member_count, 2);
  const made = expect(
    await createExport({
      body: {
        display_name: name,
        connection_id: connection.id,
        key_identifier: "email",
        attributes: { EMAIL: "EMAIL" },
        segment_ids: [segment.id],
      },
    }),
  );
  const begun = expect(await createRun({ path: { export_id: made.id } }));
  const seen: RunStatus[] = [];
  const { stream } = await followRun({ path: { run_id: begun.id } });
  for await (const run of stream) {
    if (!run) {
      continue; // 204: the end was seen already
    }
    seen.push(run.status);
    if (run.finished_at !== null) {
      break;
    }
  }
  equal(seen.at(-1), "succeeded");
  // the other way to watch, which any client knows
  let run = begun;
  while (run.finished_at === null) {
    run = expect(await getRun({ path: { run_id: run.id }, query: { wait: 60 } }));
  }
  equal([run.counts.staged, run.counts.received], [2, 2]);
  const page = expect(await listRuns({ query: { export_id: made.id, limit: 1 } }));
  equal(page.items.map((item) => item.id), [run.id]);
  const missing = await getRun({ path: { run_id: "run_0" } });
  if (missing.error?.code !== "not-found") {
    throw new Error(JSON.stringify(missing.error));
  }
}

story().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
