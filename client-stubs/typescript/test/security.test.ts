import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import forge from "node-forge";
import { type ClientOptions, MaditClient, MaditError, status } from "../src/index.js";
import { RealServer } from "./server.js";

const TOKEN = "painter-token-0123456789";

interface Pair {
  made: forge.pki.Certificate;
  key: forge.pki.rsa.PrivateKey;
  pem: string;
  crt: string;
}

let folder: string;
let server: RealServer;

const file = (name: string) => join(folder, name);
/** A certificate for localhost and its key, signed by `parent`, or by itself without one; PEM. */
function certificate(serial: string, parent?: Pair): Pair {
  const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const key = forge.pki.privateKeyFromPem(pem);
  const made = forge.pki.createCertificate();
  made.publicKey = forge.pki.rsa.setPublicKey(key.n, key.e);
  made.serialNumber = serial;
  made.validity.notBefore = new Date(Date.now() - 3_600_000);
  made.validity.notAfter = new Date(Date.now() + 3_600_000);
  const name = [{ name: "commonName", value: `test ${serial}` }];
  made.setSubject(name);
  made.setIssuer(parent ? parent.made.subject.attributes : name);
  const localhost = { name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] };
  made.setExtensions([{ name: "basicConstraints", cA: parent === undefined }, localhost]);
  made.sign(parent?.key ?? key, forge.md.sha256.create());
  return { made, key, pem, crt: forge.pki.certificateToPem(made) };
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "madit-"));
  const ca = certificate("01");
  const [own, client] = [certificate("02", ca), certificate("03", ca)];
  const files = {
    "ca.crt": ca.crt,
    "server.crt": own.crt,
    "server.key": own.pem,
    "client.crt": client.crt,
    "client.key": client.pem,
    tokens: `painter ${TOKEN}\n`,
  };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(file(name), content, { mode: 0o600 });
  }
  const tls = [
    "--tls-certificate",
    file("server.crt"),
    "--tls-key",
    file("server.key"),
    "--tls-client-ca",
    file("ca.crt"),
  ];
  server = await RealServer.start(...tls, "--auth-tokens", file("tokens"));
});

after(() => server.stop());

/** The status of a call. */
async function outcome(options: ClientOptions): Promise<status> {
  const client = new MaditClient({ server: server.address, retry: { firstBackoffMs: 10, attempts: 2 }, ...options });
  try {
    await client.models();
    return status.OK;
  } catch (failure) {
    assert(failure instanceof MaditError);
    return failure.code;
  } finally {
    client.close();
  }
}

test("certificate and token open the server", async () => {
  const tls = { ca: file("ca.crt"), certificate: file("client.crt"), key: file("client.key") };
  assert.equal(await outcome({ tls, token: TOKEN }), status.OK);
  assert.equal(await outcome({ tls, token: `${TOKEN}x` }), status.UNAUTHENTICATED);
  assert.equal(await outcome({ tls: { ca: file("ca.crt") }, token: TOKEN }), status.UNAVAILABLE);
  assert.equal(await outcome({ tls: true, token: TOKEN }), status.UNAVAILABLE);
});

test("half a pair is refused", () => {
  assert.throws(() => new MaditClient({ tls: { certificate: "client.crt" } }), /must be given together/);
});
