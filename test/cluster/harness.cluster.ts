/** The harness itself: what it refuses, and that nothing is left of it. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listNamespaces } from "../../src/prove/lab/namespaces.ts";
import { until } from "../support/until.ts";
import { apiServer } from "./api-server.ts";
import { clusterUp } from "./cluster.ts";
import { sweep } from "./leftovers.ts";
import { groupNames } from "./machine/groups.ts";
import { stemOf } from "./names.ts";
import { clusterTest } from "./setup.ts";
import { hasApiServer, hasCluster } from "./tools.ts";

clusterTest("a second cluster is refused, and the first stays", async (cluster) => {
  await expect(clusterUp({ nodes: 1 })).rejects.toThrow(
    `process ${process.pid} has a cluster up, and the machine is to have one at a time`,
  );
  expect(await cluster.kubectl("get", "nodes", "-o", "name")).toBe("node/node1\nnode/node2\n");
});

/** The processes below a folder's path. */
const processesWith = (text: string): string[] =>
  readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(text);
      } catch {
        return false;
      }
    });

test.skipIf(!hasCluster)(
  `a machine whose process is killed leaves no process, and the next one sweeps${hasCluster ? "" : " (needs Go)"}`,
  async () => {
    const main = join(import.meta.dir, "machine-main.ts");
    const child = Bun.spawn([process.execPath, main], { stdin: "ignore", stdout: "pipe" });
    const { value } = await child.stdout.getReader().read();
    expect(new TextDecoder().decode(value)).toBe("up\n");
    const stem = stemOf(child.pid);
    const named = (): string[] =>
      [...listNamespaces(), ...groupNames(), ...readdirSync(tmpdir())].filter((name) =>
        name.startsWith(`${stem}-`),
      );
    expect(named()).toContain(`${stem}-node1`);
    child.kill("SIGKILL");
    await child.exited;
    await until("its processes have ended", () => processesWith(`${stem}-`).length === 0);
    expect(sweep()).not.toContain(child.pid);
    expect(named()).toEqual([]);
  },
);

test.skipIf(!hasApiServer)(`an API server alone${hasApiServer ? "" : " (needs Go)"}`, async () => {
  const user = { name: "nobody", token: "token-of-nobody", groups: [] };
  const server = await apiServer({ users: [user] });
  try {
    expect(await server.kubectl("get", "namespaces", "-o", "name")).toContain("namespace/default");
    const ca = readFileSync(server.ca, "utf8");
    const asked = (token: string): Promise<Response> =>
      fetch(`${server.url}/api/v1/namespaces/default/pods`, {
        headers: { authorization: `Bearer ${token}` },
        tls: { ca },
      });
    expect((await asked(server.token)).status).toBe(200);
    expect((await asked(user.token)).status).toBe(403);
    await server.signal("SIGKILL");
    await expect(asked(server.token)).rejects.toThrow();
    await server.start();
    expect((await asked(server.token)).status).toBe(200);
  } finally {
    await server.down();
  }
});
