import assert from "node:assert/strict";
import { test } from "node:test";
import { MaditClient, MaditError, status } from "../src/index.js";
import { drawn, FlakyServer, refused, type Turn } from "./flaky.js";

const FAST = { firstBackoffMs: 10, longestBackoffMs: 20 };
/** Only a client that obeys the server's pushback is done before its deadline. */
const SLOW = { firstBackoffMs: 3_600_000, longestBackoffMs: 3_600_000 };

const { OK, UNAVAILABLE, RESOURCE_EXHAUSTED, INVALID_ARGUMENT, INTERNAL, DEADLINE_EXCEEDED } = status;
const ALWAYS: Turn[] = Array(9).fill({ code: UNAVAILABLE });

async function against<T>(turns: Turn[], retry: object, run: (client: MaditClient) => Promise<T>) {
  const server = await new FlakyServer(...turns).start();
  const client = new MaditClient({ server: server.address, retry });
  try {
    const code = await run(client).then(
      () => OK,
      (error: unknown) => (error instanceof MaditError ? error.code : Promise.reject(error)),
    );
    return { code, calls: server.calls, received: server.received };
  } finally {
    client.close();
    server.stop();
  }
}

type Case = [name: string, turns: Turn[], retry: object, code: status, calls: number];

const UNARY: Case[] = [
  ["UNAVAILABLE", [{ code: UNAVAILABLE }, { code: UNAVAILABLE }, { code: OK }], FAST, OK, 3],
  ["RESOURCE_EXHAUSTED", [{ code: RESOURCE_EXHAUSTED }, { code: OK }], FAST, OK, 2],
  ["obeyed pushback", [{ code: RESOURCE_EXHAUSTED, pushback: "20" }, { code: OK }], SLOW, OK, 2],
  ["pushback that forbids", [{ code: RESOURCE_EXHAUSTED, pushback: "-1" }], FAST, RESOURCE_EXHAUSTED, 1],
  ["giving up", ALWAYS, FAST, UNAVAILABLE, 5],
  ["INVALID_ARGUMENT", [{ code: INVALID_ARGUMENT }, { code: OK }], FAST, INVALID_ARGUMENT, 1],
  ["INTERNAL", [{ code: INTERNAL }, { code: OK }], FAST, INTERNAL, 1],
];

for (const [name, turns, retry, code, calls] of UNARY) {
  test(`unary: ${name}`, async () => {
    const outcome = await against(turns, retry, (client) => client.models());
    assert.deepEqual([outcome.code, outcome.calls], [code, calls]);
  });
}

const STREAM: Case[] = [
  ["obeyed pushback", [{ code: UNAVAILABLE, pushback: "5" }, drawn()], SLOW, OK, 2],
  ["pushback that forbids", [{ code: UNAVAILABLE, pushback: "-1" }], FAST, UNAVAILABLE, 1],
  ["giving up", ALWAYS, FAST, UNAVAILABLE, 5],
  ["an end without a picture", [{ code: OK }, drawn()], FAST, OK, 2],
  ["QUEUE_FULL", [refused(RESOURCE_EXHAUSTED, "QUEUE_FULL", 0n), drawn()], SLOW, OK, 2],
  ["DRAINING", [refused(UNAVAILABLE, "DRAINING"), drawn()], FAST, OK, 2],
  ["TOKENS_TIMEOUT", [refused(DEADLINE_EXCEEDED, "TOKENS_TIMEOUT"), drawn()], FAST, OK, 2],
  ["RESPONSE_TOO_LARGE", [refused(RESOURCE_EXHAUSTED, "RESPONSE_TOO_LARGE")], FAST, RESOURCE_EXHAUSTED, 1],
  ["DEADLINE_EXCEEDED", [refused(DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")], FAST, DEADLINE_EXCEEDED, 1],
  ["INTERNAL", [refused(INTERNAL, "INTERNAL")], FAST, INTERNAL, 1],
];

for (const [name, turns, retry, code, calls] of STREAM) {
  test(`stream: ${name}`, async () => {
    const outcome = await against(turns, retry, (client) => client.stream([1, 2, 3]).result());
    assert.deepEqual([outcome.code, outcome.calls], [code, calls]);
  });
}

test("stream: a broken one gets all ids and the seed again", async () => {
  const outcome = await against([{ code: UNAVAILABLE }, drawn()], FAST, async (client) => {
    const stream = client.stream();
    stream.put(1, 2);
    stream.put(3);
    await stream.result();
  });
  assert.equal(outcome.code, OK);
  const [first, second] = outcome.received.map((requests) => ({
    begin: requests[0]?.event?.$case === "begin" ? requests[0].event.value : undefined,
    ids: requests.flatMap(({ event }) => (event?.$case === "tokens" ? event.value.ids : [])),
  }));
  assert.notEqual(first?.begin?.sampling?.seed, undefined);
  assert.deepEqual(second, first);
  assert.deepEqual(second?.ids, [1, 2, 3]);
});

test("a policy out of bounds is refused", () => {
  assert.throws(() => new MaditClient({ retry: { attempts: 6 } }), /attempts must be 2 to 5, is 6/);
  assert.throws(() => new MaditClient({ retry: { firstBackoffMs: 1 } }), /firstBackoffMs must be from 10/);
});
