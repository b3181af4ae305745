/** The page's port on a real node: who comes with what, and what becomes of those who are slow or many. */
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { type Agent, asNobody, openToAll, socketIn, startAgent } from "../support/agent.ts";
import { binary } from "../support/binary.ts";
import { type TestNode, withNode } from "../support/node.ts";
import { until } from "../support/until.ts";
import { addressOf, page, withPage } from "./scene.ts";

const port = 9465;

/** The head and the body of an answer, as `curl` of this user gets it. */
const asked = (node: TestNode, ...args: string[]): string =>
  node.run(...asNobody, "curl", "-sS", "-i", "--path-as-is", "--max-time", "10", ...args);

const statusOf = (answer: string): number => Number(answer.slice("HTTP/1.1 ".length).split(" ")[0]);

const withServed = (use: (node: TestNode, agent: Agent) => Promise<void>): Promise<void> =>
  withNode(async (node) => {
    await using agent = await startAgent(node, { socket: socketIn(node), options: withPage });
    node.add(node.pod("a"), { annotations: { "fairway.dev/egress-guarantee": "10M" } });
    await until("the page is served", () => agent.log().includes("the page is served"));
    await use(node, agent);
  });

const rebound = (name: string): string[] => [
  ...["--resolve", `${name}:${port}:127.0.0.1`],
  `http://${name}:${port}/ui/`,
];

const strangers: [title: string, args: string[], status: number][] = [
  ["no session", [`${page}/ui/`], 401],
  ["no session, the figures", [`${page}/ui/state`], 401],
  ["a token that nobody gave", [`${page}/ui/?token=${"a".repeat(43)}`], 401],
  ["a token asked for on the port", ["-d", "x", `${page}/ui/token`], 405],
  ["a name that leads here", rebound("evil.example"), 421],
  ["another page's script", ["-H", "Sec-Fetch-Site: same-site", `${page}/ui/`], 403],
  ["another page's form", ["-H", "Origin: http://evil.example", "-d", "x", `${page}/ui/`], 403],
  ["a path that climbs", [`${page}/ui/../metrics`], 404],
  ["a path that climbs, in disguise", [`${page}/ui/..%2f..%2fetc/passwd`], 404],
  ["the metrics", [`${page}/metrics`], 404],
  ["a verb", ["-H", "Fairway-Protocol: 1", "-d", "CNI_COMMAND=DEL", `${page}/v1/verb`], 405],
];

test("another user of the node: without a session there is no figure, and nothing else to be had", () =>
  withServed(async (node, agent) => {
    for (const [title, args, status] of strangers) {
      const answer = asked(node, ...args);
      expect(statusOf(answer), title).toBe(status);
      expect(answer, title).not.toMatch(/guaranteeBits|fairway_|root:/);
    }
    openToAll(node);
    const token = ["--unix-socket", agent.socket, "-d", "x", "http://agent/ui/token"];
    expect(statusOf(asked(node, ...token))).toBe(403);
    expect(
      inNamespace(node.lab.node, [...asNobody, binary, "ui", "--socket", agent.socket]),
    ).toEqual(expect.objectContaining({ code: 1, stdout: "" }));
    expect(JSON.parse(agent.page("/version")).verbs).toMatchObject({ served: 0, failed: 0 });
  }));

/**
 * A program of bash that opens so many connections, sends the same on each and then reads nothing. When it is told to go
 * on, it prints how many bytes the first one had got.
 */
const idle = `
for ((n = 0; n < $1; n++)); do
  exec {fd}<>/dev/tcp/127.0.0.1/$2 && printf "$3" >&$fd
  first=\${first:-$fd}
done
echo open
read -r
cat <&$first 2>/dev/null | wc -c
`;

/** Its own buffers would take a whole answer of the page from a slow reader. */
const smallBuffers = ["net.ipv4.tcp_rmem=4096 4096 4096", "net.ipv4.tcp_wmem=4096 4096 4096"];

function beginIdle(node: TestNode, count: number, sends: string) {
  const child = Bun.spawn(
    [
      "ip",
      "netns",
      "exec",
      node.lab.node,
      "bash",
      "--norc",
      "-c",
      idle,
      "idle",
      `${count}`,
      `${port}`,
      sends,
    ],
    { stdin: "pipe", stdout: "pipe", stderr: "inherit", env: { PATH: process.env.PATH ?? "" } },
  );
  return {
    async bytes(): Promise<number> {
      child.stdin.write("\n");
      child.stdin.end();
      const text = await new Response(child.stdout).text();
      expect(await child.exited).toBe(0);
      return Number(text.replace("open\n", ""));
    },
  };
}

const filesOf = ({ pid }: Agent): number => readdirSync(`/proc/${pid}/fd`).length;

test("who sends half a request, who reads nothing, and who comes with too many lose their connections", () =>
  withServed(async (node, agent) => {
    const style = [`${page}/ui/style.css`];
    const wholeBytes = asked(node, ...style).length;
    node.run("sysctl", "-qw", ...smallBuffers);
    const own = filesOf(agent);
    const slow = beginIdle(node, 4, "GET /ui/style.css HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n");
    await until("the slow ones are connected", () => filesOf(agent) === own + 4);
    // Others are served meanwhile.
    expect(statusOf(asked(node, ...style))).toBe(200);
    const half = beginIdle(node, 60, "GET /ui/ HTTP/1.1\\r\\nHo");
    await until("no more are taken", () => statusOf(asked(node, ...style)) === 503);
    expect(await agent.verb("ADD", node.pod("b"))).toMatchObject({ code: 0 });
    await until("all of them have gone", () => filesOf(agent) === own);
    expect(await slow.bytes()).toBeLessThan(wholeBytes);
    expect(await half.bytes()).toBeGreaterThan(0);
    expect(statusOf(asked(node, ...style))).toBe(200);
  }));

test("a port that is another's is told of, verbs are served, and the page comes when the port is free", () =>
  withNode(async (node) => {
    const held = Bun.spawn(
      ["ip", "netns", "exec", node.lab.node, process.execPath, "-e"].concat(
        `Bun.listen({ hostname: "127.0.0.1", port: ${port}, socket: { data() {} } }); console.log("held")`,
      ),
      { stdout: "pipe", stderr: "inherit" },
    );
    try {
      for await (const _ of held.stdout) break;
      await using agent = await startAgent(node, { socket: socketIn(node), options: withPage });
      await until("it is told", () =>
        agent.log().includes(`cannot serve the page on 127.0.0.1:${port}`),
      );
      expect((await agent.verb("ADD", node.pod("a"))).code).toBe(0);
      const none = inNamespace(node.lab.node, [binary, "ui", "--socket", agent.socket]);
      expect(none).toMatchObject({ code: 1, stdout: "" });
      expect(none.stderr).toContain("serves its page on no port");
      held.kill("SIGKILL");
      await until("it is served", () => addressOf(node, agent).startsWith(`${page}/ui/?token=`));
    } finally {
      held.kill("SIGKILL");
      await held.exited;
    }
  }));
