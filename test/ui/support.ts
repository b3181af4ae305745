import type { Live, LiveClass, LiveTree } from "../../src/metrics/live.ts";
import type { PageRequest } from "../../src/ui/guard.ts";

export const liveClassOf = (pod: string, over: Partial<LiveClass> = {}): LiveClass => ({
  pod,
  direction: "egress",
  tier: null,
  verdict: "idle",
  guaranteeBits: 10e6,
  limitBits: null,
  rateBits: 1e6,
  waitingMs: null,
  delayUs: 0,
  targetUs: null,
  boundUs: null,
  ...over,
});

export const treeOf = (over: Partial<LiveTree> = {}): LiveTree => ({
  direction: "egress",
  dev: "eth0",
  capacityBits: 400e6,
  reserveBits: 20e6,
  promisedBits: 10e6,
  leftBits: 370e6,
  rateBits: 1e6,
  hostRateBits: 0,
  ...over,
});

export const liveOf = (...classes: LiveClass[]): Live => ({ trees: [treeOf()], classes });

export const about = { node: "n1", version: "0.1.0", startedAt: "2026-01-01T00:00:00.000Z" };

export const requestOf = (
  path: string,
  {
    headers = {},
    ...over
  }: Partial<Omit<PageRequest, "headers">> & {
    headers?: Record<string, string>;
  } = {},
): PageRequest => ({
  method: "GET",
  path,
  over: "port",
  headers: new Map(Object.entries({ host: "127.0.0.1:9465", ...headers })),
  ...over,
});
