/** What both stories send, and what they are told by. */
export const members = ["anna@example.com", "bert@example.com"]
  .map((email) => JSON.stringify({ EMAIL: email }) + "\n")
  .join("");

export const baseUrl = process.env.SERVICE_URL ?? "";
export const key = process.env.SERVICE_KEY ?? "";
export const name = process.env.STORY_NAME ?? "";

/** The value, or the end of the story with what the service said. */
export function expect<Value>(answer: { data?: Value; error?: unknown }): Value {
  if (answer.data === undefined) {
    throw new Error(JSON.stringify(answer.error));
  }
  return answer.data;
}

export function equal(found: unknown, wanted: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`);
  }
}
