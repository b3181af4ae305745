import { expect, test } from "bun:test";
import { pathsIn } from "../../src/agent/paths-in.ts";

type Row = [title: string, isIpam: boolean, netns: string, config: object | null, paths: string[]];

const rows: Row[] = [
  ["nothing but defaults", false, "/run/netns/a", {}, ["/run/netns/a", "/var/lib/fairway"]],
  ["no namespace", false, "", { dataDir: "/data" }, ["/data"]],
  ["no configuration", false, "", null, ["/var/lib/fairway"]],
  [
    "a log and a resolver",
    false,
    "/n",
    { dataDir: "/data", logFile: "/var/log/f.log", ipam: { resolvConf: "/etc/resolv.conf" } },
    ["/n", "/data", "/var/log", "/etc/resolv.conf"],
  ],
  [
    "an IPAM plugin's folder",
    true,
    "/n",
    { dataDir: "/others", ipam: { dataDir: "/data" } },
    ["/n", "/data"],
  ],
  ["what is no path", false, "", { dataDir: "data", logFile: 7 }, ["/var/lib/fairway"]],
];

test.each(rows)("%s", (_, isIpam, netns, config, paths) => {
  const call = { isIpam, env: { CNI_NETNS: netns }, stdin: new Uint8Array() };
  expect(pathsIn(call, config as Record<string, unknown> | null)).toEqual(paths);
});
