/** One TCP connection between two namespaces, open for as long as a test wants to know whether it lives. */
import { join } from "node:path";
import { minimalEnvironment } from "../../src/ops/child.ts";
import { insideNamespace } from "../../src/prove/lab/namespaces.ts";

export interface Talk {
  /** Sends a line and waits until it is back. Throws where it is not, in time. */
  say(line: string): Promise<void>;
}

const script = join(import.meta.dir, "../plugin/fixtures/talk.ts");
/** TCP tries again after 0.2, 0.6, 1.4, 3, 6.2 and 12.6 s. */
const patienceMs = 20_000;

function start(namespace: string, args: string[]) {
  return Bun.spawn(insideNamespace(namespace, [process.execPath, script, ...args]), {
    env: minimalEnvironment(),
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
}

function reader(child: ReturnType<typeof start>) {
  const stream = child.stdout.getReader();
  let seen = "";
  return async (text: string): Promise<void> => {
    const deadline = Bun.sleep(patienceMs).then((): never => {
      throw new Error(`${JSON.stringify(text)} did not come back; came: ${JSON.stringify(seen)}`);
    });
    while (!seen.includes(text)) {
      const { value, done } = await Promise.race([stream.read(), deadline]);
      if (done) throw new Error(`the connection is closed; came: ${JSON.stringify(seen)}`);
      seen += new TextDecoder().decode(value);
    }
  };
}

/** From `from` to `host` in `to`. */
export async function withTalk(
  { from, to, host, port }: { from: string; to: string; host: string; port: number },
  use: (talk: Talk) => Promise<void>,
): Promise<void> {
  const children = [start(to, ["listen", String(port)])];
  try {
    for (const child of children) await reader(child)("ready\n");
    const client = start(from, ["connect", host, String(port)]);
    children.push(client);
    const until = reader(client);
    await until("ready\n");
    await use({
      say: async (line) => {
        client.stdin.write(`${line}\n`);
        client.stdin.flush();
        await until(`${line}\n`);
      },
    });
  } finally {
    for (const child of children) child.kill();
    await Promise.all(children.map((child) => child.exited));
  }
}
