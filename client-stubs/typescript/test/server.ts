import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The root of the checkout; tests run in the client's folder. */
export const ROOT = resolve("../..");
const MODELS = resolve(ROOT, "server/src/test/resources/models");
/** The models of the server; the first is its default. */
export const NAMES = ["pico-buffer", "pico-mar", "pico-maskgen-vq", "pico-maskgil", "pico-ta-titok"];
/** The first start builds the server. */
const START_MS = 600_000;

/** A real server in a process of its own; its default model makes 64 x 64 pixels of 16 ids below 64. */
export class RealServer {
  private constructor(
    readonly address: string,
    private readonly process: ChildProcess,
  ) {}

  static async start(...flags: string[]): Promise<RealServer> {
    const [port, http] = [await freePort(), await freePort()];
    // What protects another server is not for this one.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("MADIT_")));
    // float32, because only that is promised to be the same each time.
    const models = NAMES.flatMap((name) => ["--model", join(MODELS, name)]);
    const fixed = ["serve", ...models, "--precision", "float32", "--port", `${port}`, "--http-port", `${http}`];
    const child = spawn(resolve(ROOT, "madit"), [...fixed, ...flags], { env, stdio: ["ignore", "pipe", "pipe"] });
    let log = "";
    child.stdout.on("data", (text) => (log += text));
    child.stderr.on("data", (text) => (log += text));
    for (const limit = Date.now() + START_MS; !(await isReady(http)); await sleep(100)) {
      if (child.exitCode !== null || Date.now() > limit) {
        child.kill("SIGKILL");
        throw new Error(`the server did not start: ${log.slice(-2000)}`);
      }
    }
    return new RealServer(`localhost:${port}`, child);
  }

  async stop(): Promise<void> {
    const exit = once(this.process, "exit");
    this.process.kill("SIGTERM");
    await exit;
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") {
    throw new Error("no port");
  }
  return address.port;
}
