import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { inflateSync } from "node:zlib";
import { MaditClient, MaditError, OutputFormat, type PictureEvent, status } from "../src/index.js";
import { NAMES, RealServer, ROOT } from "./server.js";

const IDS = [...Array(16).keys()];
let server: RealServer;
let client: MaditClient;

before(async () => {
  server = await RealServer.start();
  client = new MaditClient({ server: server.address });
});

after(async () => {
  client.close();
  await server.stop();
});

function failsWith(code: status, reason = ""): (error: unknown) => true {
  return (error) => {
    assert(error instanceof MaditError);
    assert.equal(error.code, code);
    assert.equal(error.reason, reason);
    return true;
  };
}

/** Width and height in a PNG's header; fails for what cannot be inflated. */
function pngSize(file: Buffer): [number, number] {
  assert.equal(file.toString("latin1", 1, 4), "PNG");
  const pieces: Buffer[] = [];
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
    if (file.toString("latin1", at + 4, at + 8) === "IDAT") {
      pieces.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
    }
  }
  const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)];
  assert.equal(inflateSync(Buffer.concat(pieces)).length, height * (1 + 3 * width));
  return [width, height];
}

/** The same picture, as the server promises it: work that shares its rounds may change a value by a grey level. */
function assertAlike(one: Buffer, two: Buffer): void {
  assert.equal(one.length, two.length);
  const differences = one.map((value, index) => Math.abs(value - (two[index] ?? 0)));
  assert(differences.every((difference) => difference <= 3));
  assert(differences.filter((difference) => difference > 1).length <= one.length / 1000);
}

test("models are listed and described", async () => {
  assert.deepEqual(
    (await client.models()).map((model) => model.name),
    NAMES,
  );
  assert.equal((await client.model())?.codebookSize, 64);
  await assert.rejects(client.model("none"), failsWith(status.NOT_FOUND, "MODEL_NOT_FOUND"));
});

test("tokenize gives the ids that detokenize takes", async () => {
  const ids = await client.tokenize(await readFile(join(ROOT, "demo/pictures/tree.png")));
  assert.equal(ids.length, 16);
  const picture = await client.detokenize(ids, { seed: 7n });
  assert.deepEqual(pngSize(picture.data), [64, 64]);
  assert.equal(picture.report?.seed, 7n);
});

test("generate draws from a class", async () => {
  const draw = (classLabel: number) => client.generate({ model: "pico-mar", seed: 7n, conditioning: { classLabel } });
  const [one, two] = [await draw(1), await draw(2)];
  assert.deepEqual(pngSize(one.data), [one.width, one.height]);
  assert(!one.data.equals(two.data));
});

test("completed ids keep the known ones, and their picture is that of a completion", async () => {
  const [known, seed, format] = [IDS.slice(0, 4), 5n, OutputFormat.OUTPUT_FORMAT_RAW_RGB];
  const whole = await client.completeTokens(known, { model: "pico-maskgil", seed });
  assert.equal(whole.length, 16);
  assert.deepEqual(whole.slice(0, 4), known);
  const options = { seed, format, completion: "pico-maskgil" };
  const completed = await client.detokenize(known, options);
  assertAlike(completed.data, (await client.detokenize(whole, { seed, format })).data);
  assertAlike(completed.data, (await client.stream(known, options).result()).data);
  assertAlike(completed.data, (await client.detokenize(new Map(known.entries()), options)).data);
});

test("known ids may have places and an offset", async () => {
  const places = new Map([
    [15, 1063],
    [7, 1001],
  ]);
  const whole = await client.completeTokens(places, { model: "pico-maskgil", vocabularyOffset: 1000 });
  assert.deepEqual([whole[15], whole[7]], [1063, 1001]);
  await assert.rejects(client.completeTokens([64], { model: "pico-maskgil" }), (error: unknown) => {
    return error instanceof MaditError && error.violations[0]?.field === "known.ids[0]";
  });
});

test("generate draws ids from text, or the picture of a decoder", async () => {
  const text = { model: "pico-maskgen-vq", text: "a red cat", seed: 5n };
  const { output } = await client.generate({
    ...text,
    format: OutputFormat.OUTPUT_FORMAT_TOKENS,
    vocabularyOffset: 1000,
  });
  assert(output.content?.$case === "tokenIds");
  assert.equal(output.content.value.ids.length, 16);
  assert(output.content.value.ids.every((id) => id >= 1000 && id < 1128));
  const picture = await client.generate({ ...text, decoder: "pico-ta-titok" });
  assert.deepEqual(pngSize(picture.data), [picture.width, picture.height]);
  assert.equal(picture.report?.chained[0]?.model, "pico-ta-titok");
});

test("a decoder where none is needed is named", async () => {
  const draw = client.generate({ model: "pico-mar", decoder: "pico-buffer" });
  await assert.rejects(draw, (error: unknown) => {
    return error instanceof MaditError && error.violations[0]?.field === "decoder";
  });
});

test("raw pixels are height * width * 3 bytes, the same each time", async () => {
  const draw = () => client.detokenize(IDS, { seed: 7n, format: OutputFormat.OUTPUT_FORMAT_RAW_RGB });
  const [one, two] = [await draw(), await draw()];
  assert.equal(one.data.length, 64 * 64 * 3);
  assertAlike(one.data, two.data);
});

test("wrong ids name the field", async () => {
  const error = await client.detokenize([64, ...IDS.slice(1)]).catch((failure: unknown) => failure);
  assert(error instanceof MaditError);
  assert.match(error.message, /^INVALID_ARGUMENT \(INVALID_FIELD\): /);
  assert.equal(error.violations[0]?.field, "visual.token_ids.ids[0]");
});

test("a call past its deadline says so", async () => {
  await assert.rejects(client.detokenize(IDS, {}, { timeoutMs: 0 }), failsWith(status.DEADLINE_EXCEEDED));
  await assert.rejects(client.stream(IDS, {}, { timeoutMs: 0 }).result(), failsWith(status.DEADLINE_EXCEEDED));
});

test("an aborted signal cancels", async () => {
  const signal = AbortSignal.abort();
  await assert.rejects(client.detokenize(IDS, {}, { signal }), failsWith(status.CANCELLED));
  await assert.rejects(client.stream(IDS, {}, { signal }).result(), failsWith(status.CANCELLED));
});

test("a stream tells everything and draws the same picture", async () => {
  async function* sample() {
    for (const id of IDS) {
      yield id;
      await Promise.resolve();
    }
  }
  const events: PictureEvent[] = [];
  const raw = { seed: 7n, format: OutputFormat.OUTPUT_FORMAT_RAW_RGB };
  for await (const event of client.stream(sample(), { ...raw, previewEveryRounds: 2 })) {
    events.push(event);
  }
  assert.equal(events[0]?.type, "accepted");
  assert(events.some((event) => event.type === "progress"));
  const last = events.at(-1);
  assert(last?.type === "picture");
  assertAlike(last.picture.data, (await client.detokenize(IDS, raw)).data);
});

test("a stream without a seed chooses one", async () => {
  const stream = client.stream();
  stream.put(...IDS);
  assert.equal((await stream.result()).report?.seed, stream.seed);
});

test("a wrong id fails its picture", async () => {
  await assert.rejects(client.stream([64]).result(), failsWith(status.INVALID_ARGUMENT, "INVALID_FIELD"));
});

test("a closed stream is cancelled", async () => {
  const stream = client.stream();
  const read = async () => {
    for await (const event of stream) {
      assert.equal(event.type, "accepted");
      stream.close();
    }
  };
  await assert.rejects(read(), failsWith(status.CANCELLED));
});

test("what the source throws, the stream throws", async () => {
  function* broken(): Generator<number> {
    yield 1;
    throw new Error("no more electricity");
  }
  await assert.rejects(client.stream(broken()).result(), /no more electricity/);
});

test("the first example of the README, typed as it stands there, gives a picture", async () => {
  const readme = await readFile("README.md", "utf8");
  assert(readme.includes(`\`\`\`ts\n${await readFile("examples/first-picture.ts", "utf8")}\`\`\``));
  const typed = /```sh\n(.*?)```/s.exec(readme)?.[1] ?? "";
  // The server is there already, on a port of its own, and this test runs in what the second line builds.
  const [serve, build, run] = typed.split("\n");
  assert.equal(serve, "./madit serve &");
  assert.equal(build, "npm install --prefix client-stubs/typescript && npm run build --prefix client-stubs/typescript");
  // A folder that looks like the root of the checkout, so that nothing is written there.
  const folder = await mkdtemp(join(tmpdir(), "madit-"));
  await symlink(join(ROOT, "demo"), join(folder, "demo"));
  await symlink(join(ROOT, "client-stubs"), join(folder, "client-stubs"));
  const env = { ...process.env, MADIT_SERVER: server.address };
  const { stdout } = await promisify(execFile)("sh", ["-ec", run ?? ""], { cwd: folder, env });
  assert.equal(stdout, "tree.png, 64 x 64, 8 rounds\n");
  assert.deepEqual(pngSize(await readFile(join(folder, "tree.png"))), [64, 64]);
});

test("the README's completion example gives a picture and ids", async () => {
  const blocks = (await readFile("README.md", "utf8")).matchAll(/```ts\n(.*?)```/gs);
  const example = [...blocks].map(([, code = ""]) => code).find((code) => code.includes("completion:")) ?? "";
  // With the name and the count of the models for tests.
  const typed = example.replaceAll("maskgil-nano", "pico-maskgil").replaceAll("64", "4");
  // Only what is JavaScript, too, is typed so.
  const run = new Function("client", "ids", `return (async () => {\n${typed}return [picture, whole];\n})();`);
  const [picture, whole] = await run(client, IDS);
  assert.deepEqual(pngSize(picture.data), [64, 64]);
  assert.deepEqual(whole.slice(0, 4), IDS.slice(0, 4));
  assert.equal(whole.length, 16);
});
