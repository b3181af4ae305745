/** The agent's socket: who may have it, who may connect to it, and what comes of those who say nothing. */
import { expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { asNobody, callOf, openToAll, socketIn, startAgent } from "../support/agent.ts";
import { binary } from "../support/binary.ts";
import { type TestNode, withNode } from "../support/node.ts";
import { until } from "../support/until.ts";

/** Of an agent that is to end at once. */
const begun = (node: TestNode, socket: string) =>
  inNamespace(node.lab.node, [binary, "agent", "--socket", socket, "--data-dir", node.dataDir]);

/** Sends these bytes, and returns all that comes back before the end. */
function said(path: string, bytes: string | Uint8Array, hangsUp = false): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const done = () => resolve(Buffer.concat(chunks).toString());
    Bun.connect({
      unix: path,
      socket: {
        open: (socket) => {
          if (bytes.length > 0) socket.write(bytes);
          if (hangsUp) socket.end();
        },
        data: (_, chunk) => void chunks.push(Buffer.from(chunk)),
        close: done,
        error: done,
      },
    }).catch(() => resolve("nobody"));
  });
}

test("the socket and its folder are root's alone; its end leaves no socket, and exit code 0", () =>
  withNode(async (node) => {
    const socket = socketIn(node);
    await using agent = await startAgent(node, { socket });
    expect(statSync(join(node.dataDir, "run")).mode & 0o777).toBe(0o700);
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    chmodSync(node.dataDir, 0o755);
    const asked = ["curl", "-sS", "--unix-socket", socket, "http://agent/healthz"];
    expect(inNamespace(node.lab.node, [...asNobody, ...asked]).code).not.toBe(0);
    expect(node.run(...asked)).toBe("ok\n");
    agent.kill("SIGTERM");
    expect(await agent.exited).toBe(0);
    expect(existsSync(socket)).toBe(false);
    expect(agent.log()).toContain('"signal":"SIGTERM"');
  }));

test("its pages, and what is none", () =>
  withNode(async (node) => {
    await using agent = await startAgent(node);
    expect(agent.page("/healthz")).toBe("ok\n");
    await until("it is ready", () => agent.page("/readyz") === "ok\n");
    expect(JSON.parse(agent.page("/version"))).toMatchObject({ protocol: 1, pid: agent.pid });
    expect(agent.page("/metric")).toContain("there is no /metric;");
    const verb = (...headers: string[]) =>
      node.run(
        "curl",
        "-sS",
        "-i",
        "--unix-socket",
        agent.socket,
        "--data-binary",
        "x",
        ...headers.flatMap((header) => ["-H", header]),
        "http://agent/v1/verb",
      );
    expect(verb("Fairway-Protocol: 2")).toMatch(/^HTTP\/1\.1 426 .*this agent speaks 1\n$/s);
    expect(verb()).toMatch(/^HTTP\/1\.1 426 /);
    expect(verb("Fairway-Protocol: 1")).toMatch(/^HTTP\/1\.1 400 .*no environment and stdin/s);
  }));

test("a node has one agent: a second one refuses to start, and the first goes on", () =>
  withNode(async (node) => {
    const socket = socketIn(node);
    await using agent = await startAgent(node, { socket });
    const second = begun(node, socket);
    expect(second).toMatchObject({ code: 1, stdout: "" });
    expect(second.stderr).toContain(`another agent has ${socket}`);
    // One that is stopped is there all the same.
    agent.kill("SIGSTOP");
    expect(begun(node, socket).stderr).toContain(`another agent has ${socket}`);
    agent.kill("SIGCONT");
    expect(agent.page("/healthz")).toBe("ok\n");
  }));

test("a socket that an agent left when it was killed is no obstacle; whoever else answers there is", () =>
  withNode(async (node) => {
    const socket = socketIn(node);
    {
      await using agent = await startAgent(node, { socket });
      agent.kill("SIGKILL");
      await agent.exited;
    }
    expect(existsSync(socket)).toBe(true);
    {
      await using agent = await startAgent(node, { socket });
      await until("it is ready", () => agent.page("/readyz") === "ok\n");
    }
    rmSync(socket);
    const other = Bun.listen({ unix: socket, socket: { data: () => {} } });
    expect(begun(node, socket)).toMatchObject({ code: 1 });
    expect(begun(node, socket).stderr).toContain(`another agent has ${socket}`);
    expect(existsSync(socket)).toBe(true);
    other.stop();
  }));

test("whoever can connect and is not root is refused with words, and nothing is done", () =>
  withNode(async (node) => {
    const socket = socketIn(node);
    await using agent = await startAgent(node, { socket });
    openToAll(node);
    const said = node.run(
      ...[...asNobody, "curl", "-sS", "-i", "--unix-socket", socket, "-H", "Fairway-Protocol: 1"],
      ...["--data-binary", "CNI_COMMAND=DEL", "http://agent/v1/verb"],
    );
    expect(said).toMatch(/^HTTP\/1\.1 403 .*uid 65534 asked for a verb, and only root may\n$/s);
    expect(JSON.parse(agent.page("/version")).verbs).toMatchObject({ served: 0, failed: 0 });
  }));

const badPlaces: [title: string, place: (root: string) => string, says: RegExp, code: number][] = [
  ["a relative path", () => "run/agent.sock", /--socket.*is not an absolute path/, 2],
  [
    "a folder that is open to others",
    (root) => {
      mkdirSync(join(root, "open"));
      chmodSync(join(root, "open"), 0o755);
      return join(root, "open/agent.sock");
    },
    /open to others \(mode 0755, uid 0\).*chmod 0700/s,
    1,
  ],
  [
    "a file that is no socket",
    (root) => {
      writeFileSync(join(root, "file"), "text");
      return join(root, "file");
    },
    /file is there and is no socket/,
    1,
  ],
  [
    "a path that is too long",
    (root) => join(root, "x".repeat(110)),
    /cannot listen on .*107 bytes/s,
    1,
  ],
  [
    "a folder in a file",
    (root) => {
      writeFileSync(join(root, "file"), "text");
      return join(root, "file/run/agent.sock");
    },
    /cannot make the folder/,
    1,
  ],
];

test.each(badPlaces)("%s is refused with words", (_, place, says, code) =>
  withNode((node) => {
    const root = mkdtempSync(join(tmpdir(), "fairway-agent-"));
    try {
      const done = begun(node, place(root));
      expect(done.stderr).toMatch(says);
      expect(done).toMatchObject({ code, stdout: "" });
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  }),
);

test("who says nothing, or only the half, is shown the door; the others are served meanwhile", () =>
  withNode(async (node) => {
    const pod = node.pod("a");
    await using agent = await startAgent(node);
    const silent = Array.from({ length: 20 }, () => said(agent.socket, ""));
    const half = said(agent.socket, "POST /v1/verb HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc");
    const left = said(agent.socket, "POST /v1/verb HTTP/1.1\r\nContent-Le", true);
    expect((await agent.verb("ADD", pod)).code).toBe(0);
    expect(await left).toBe("");
    for (const answer of [...(await Promise.all(silent)), await half])
      expect(answer).toMatch(/^HTTP\/1\.1 408 .*no whole request came within 2000 ms\n$/s);
    expect((await agent.verb("DEL", pod)).code).toBe(0);
  }));

test("garbage is answered or dropped, and harms nobody", () =>
  withNode(async (node) => {
    const pod = node.pod("a");
    await using agent = await startAgent(node);
    const random = crypto.getRandomValues(new Uint8Array(20_000));
    for (const bytes of ["\0".repeat(9_000), "GET / HTTP/1.1\r\n\r\nGET", random, "\r\n\r\n"])
      expect(await said(agent.socket, bytes)).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
    const tooLarge = "POST /v1/verb HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n";
    expect(await said(agent.socket, tooLarge)).toMatch(/^HTTP\/1\.1 413 /);
    expect((await agent.verb("ADD", pod)).code).toBe(0);
  }));

test("more connections than it keeps are declined at once, and go again", () =>
  withNode(async (node) => {
    const pod = node.pod("a");
    await using agent = await startAgent(node);
    const silent: Promise<string>[] = [];
    const files = () => readdirSync(`/proc/${agent.pid}/fd`).length;
    const own = files();
    // They go again after two seconds, in which a machine with other work may not get to ask.
    await until("one more is declined", async () => {
      while (files() - own < 1_000) {
        for (let n = 0; n < 200; n++) silent.push(said(agent.socket, ""));
        await Bun.sleep(20);
      }
      const [came] = await agent.ask([callOf(node, "CHECK", pod)]);
      return came?.state === "declined" && came.why === "1000 others are connected";
    });
    await Promise.all(silent);
    expect((await agent.verb("ADD", pod)).code).toBe(0);
  }));
