/** What was found is known again, whatever its value is then. */
import { expect, test } from "bun:test";
import { foundIn, lasting, wordsOf } from "../../src/agent/found.ts";
import { diff, type Step } from "../../src/plan/diff.ts";
import { baseOwner, type KernelObject, type State, stateOf } from "../../src/plan/state.ts";

const state = (...objects: KernelObject[]): State =>
  stateOf(objects.map((object) => ({ owner: baseOwner, object })));

const forwards = (value: string): KernelObject => ({
  kind: "sysctl",
  path: "net/ipv4/ip_forward",
  value,
});
const bridge = (over: { mtuBytes?: number; mac?: string } = {}): KernelObject => ({
  kind: "bridge",
  name: "fw0",
  mac: "0e:66:00:66:77:30",
  mtuBytes: 1500,
  up: true,
  ...over,
});
const root = (name: string): KernelObject => ({
  kind: "qdisc",
  dev: "fw0",
  parent: "root",
  handle: "fa00:",
  spec: name === "" ? { type: "htb", defaultMinor: 0 } : { type: "foreign", name },
});

const found = (want: State, have: State) => foundIn(diff(want, have));

test("a value that differs otherwise is the same matter, another field is another one", () => {
  const [mtu, other, mac, both] = [
    { mtuBytes: 1400 },
    { mtuBytes: 1300 },
    { mac: "02:00:00:00:00:98" },
    { mtuBytes: 1400, mac: "02:00:00:00:00:98" },
  ].map((over) => found(state(bridge()), state(bridge(over))));
  expect(mtu?.map(({ key }) => key)).toEqual(["change bridge fw0 mtuBytes"]);
  expect(other?.[0]?.key).toBe(mtu?.[0]?.key);
  expect(mac?.[0]?.key).not.toBe(mtu?.[0]?.key);
  expect(both?.[0]?.key).not.toBe(mtu?.[0]?.key);
  expect(wordsOf(mtu ?? [])).toEqual(["bridge fw0: mtuBytes is 1400, should be 1500"]);
});

test("what is missing, and what somebody else has put there", () => {
  expect(found(state(forwards("1")), state())).toEqual([
    {
      key: "create sysctl net/ipv4/ip_forward",
      kind: "sysctl",
      what: "sysctl net.ipv4.ip_forward is missing",
    },
  ]);
  const [conflict] = found(state(root("")), state(root("htb 7:")));
  expect(conflict?.key).toBe("conflict qdisc fw0 root");
  expect(conflict?.what).toContain("htb 7:, which is not Fairway's");
});

test("what was found only once was a verb at work", () => {
  const first = found(state(forwards("1"), bridge()), state(bridge({ mtuBytes: 1400 })));
  const second = found(
    state(forwards("1"), bridge()),
    state(forwards("1"), bridge({ mtuBytes: 1300 })),
  );
  expect(wordsOf(lasting(first, second))).toEqual(["bridge fw0: mtuBytes is 1300, should be 1500"]);
  expect(lasting(first, [])).toEqual([]);
});

test("the same words are said once", () => {
  const step = { op: "create", owner: "", want: forwards("1"), have: null, why: "so" } as Step;
  expect(wordsOf(foundIn({ steps: [step, step], conflicts: [] }))).toEqual(["so"]);
});
