/** A random step on a real node and on the model beside it, and whether the two agree after it. */
import { expect } from "bun:test";
import { FairwayError } from "../../../src/errors.ts";
import { planRepair } from "../../../src/node/reconcile/repair.ts";
import { check } from "../../../src/node/verbs/check.ts";
import { collect } from "../../../src/node/verbs/collect.ts";
import { detach } from "../../../src/node/verbs/detach.ts";
import { sweep } from "../../../src/node/verbs/sweep.ts";
import { setCapacity } from "../../../src/ops/set-capacity/change.ts";
import { classid } from "../../../src/plan/names.ts";
import { delNamespace } from "../../../src/prove/lab/namespaces.ts";
import type { Pod, TestNode } from "../../support/node.ts";
import type { Annotations, NodeLayer } from "../../support/node-layer.ts";
import {
  admits,
  type Direction,
  directions,
  hostClass,
  type ModelNode,
  type ModelPromise,
  podClasses,
  reserveBits,
} from "./model.ts";
import type { Act } from "./steps.ts";

export const configuredBits: Record<Direction, number> = { egress: 400e6, ingress: 300e6 };
const devices: Record<Direction, string> = { egress: "uplink", ingress: "fw0" };

export interface Run {
  node: TestNode;
  layer: NodeLayer;
  model: ModelNode;
  /** By container: all that were ever made. */
  pods: Map<string, Pod>;
  /** Containers whose namespace went. */
  vanished: Set<string>;
}

function annotationsOf(asked: ModelPromise): Annotations {
  return Object.fromEntries(
    directions.flatMap((direction) => {
      const { guaranteeBits, limitBits } = asked[direction];
      const limit = limitBits === null ? [] : [[`fairway.dev/${direction}-limit`, `${limitBits}`]];
      return [[`fairway.dev/${direction}-guarantee`, `${guaranteeBits}`], ...limit];
    }),
  );
}

/** The error's name, or null where it succeeded. */
function refusal(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof FairwayError) return error.kind;
    throw error;
  }
}

function expectedRefusal({ model }: Run, container: string, asked: ModelPromise): string | null {
  if (!admits(model, container, asked)) return "promiseRefused";
  const isNew = !model.pods.has(container);
  return isNew && model.pods.size >= model.poolSize ? "poolExhausted" : null;
}

/** Those that the model had. */
function forgetVanished({ model, vanished }: Run): string[] {
  return [...vanished].filter((container) => model.pods.delete(container));
}

function hostVethOf({ layer }: Run, container: string): string {
  const all = layer.ledger.attachments.all();
  return all.find((a) => a.containerId === container)?.hostVeth ?? "none";
}

/** What the model says comes of it is what comes of it. */
export function perform(run: Run, act: Act): void {
  const { node, layer, model, pods, vanished } = run;
  const { ledger } = layer;
  const pod = (container: string): Pod =>
    pods.get(container) ?? { containerId: container, namespace: "", netns: "" };
  const key = (container: string) => layer.keyOf(pod(container));
  switch (act.act) {
    case "add": {
      const { container, asked } = act;
      pods.set(container, node.pod(container));
      // Who finds no room frees what is gone, and tries once more.
      const refused = expectedRefusal(run, container, asked);
      if (refused !== null) forgetVanished(run);
      const expected = refused === null ? null : expectedRefusal(run, container, asked);
      expect(refusal(() => layer.add(pod(container), annotationsOf(asked)))).toBe(expected);
      if (expected === null) model.pods.set(container, asked);
      return;
    }
    case "set": {
      const { container, asked } = act;
      const expected = expectedRefusal(run, container, asked);
      expect(refusal(() => layer.set(key(container), annotationsOf(asked)))).toBe(expected);
      if (expected === null) model.pods.set(container, asked);
      return;
    }
    case "del": {
      const found = layer.on(() => detach(ledger, key(act.container)));
      expect(found).toBe(model.pods.delete(act.container));
      return;
    }
    case "check":
      layer.on(() => check(ledger, key(act.container), pod(act.container).netns));
      return;
    case "vanish":
      delNamespace(pod(act.container).namespace);
      vanished.add(act.container);
      layer.waitForNoLink(hostVethOf(run, act.container));
      return;
    case "sweep": {
      const { freed, inDoubt, failed } = layer.on(() => sweep(ledger, null));
      expect({ inDoubt, failed }).toEqual({ inDoubt: [], failed: [] });
      expect(freed.map(({ attachment }) => attachment.containerId).sort()).toEqual(
        forgetVanished(run).sort(),
      );
      return;
    }
    case "gc": {
      const valid = act.alive.map((containerId) => ({ containerId, ifname: "eth0" }));
      const removed = layer.on(() => collect(ledger, "pods", valid));
      const dead = [...model.pods.keys()].filter((name) => !act.alive.includes(name));
      expect(removed.map(({ containerId }) => containerId).sort()).toEqual(dead.sort());
      for (const container of dead) model.pods.delete(container);
      return;
    }
    case "capacity": {
      const { egress, ingress } = act.bits;
      layer.on(() => setCapacity(ledger, { egressBits: egress, ingressBits: ingress }));
      for (const direction of directions)
        model.capacityBits[direction] = act.bits[direction] ?? configuredBits[direction];
    }
  }
}

const rootClass = classid(1);
const hostClassId = classid(2);

function expectTreeAgrees({ layer, model }: Run, direction: Direction): void {
  const found = layer.classes(devices[direction]);
  // Before the first ADD there is no tree.
  if (found.size === 0) {
    expect(model.pods.size).toBe(0);
    return;
  }
  const capacityBits = model.capacityBits[direction];
  const classOf = new Map(
    layer.ledger.attachments.all().map((a) => [a.containerId, classid(a.classMinor)]),
  );
  const wanted = [...podClasses(model, direction)].map(
    ([container, rates]) => [classOf.get(container) ?? container, rates] as const,
  );
  const host = direction === "egress" ? [[hostClassId, hostClass(capacityBits)] as const] : [];
  const leaves = [...found].filter(([id]) => id !== rootClass);
  const rates = leaves.map(([id, { rateBytes, ceilBytes }]) => [id, { rateBytes, ceilBytes }]);
  expect(Object.fromEntries(rates)).toEqual(Object.fromEntries([...host, ...wanted]));

  const sumBits = (of: typeof leaves): number =>
    of.reduce((sum, [, { rateBytes }]) => sum + rateBytes * 8, 0);
  expect(sumBits(leaves)).toBeLessThanOrEqual(capacityBits);
  const guaranteed = new Set(
    [...model.pods]
      .filter(([, promise]) => promise[direction].guaranteeBits > 0)
      .map(([container]) => classOf.get(container)),
  );
  expect(sumBits(leaves.filter(([id]) => guaranteed.has(id)))).toBeLessThanOrEqual(
    capacityBits - reserveBits(capacityBits),
  );
}

/** Ledger, kernel, plan and model say the same. */
export function expectAgreement(run: Run): void {
  const { layer, model } = run;
  const held = layer.ledger.attachments.all();
  const promised = (of: ModelPromise) => directions.map((d) => of[d].guaranteeBits);
  expect(
    Object.fromEntries(held.map((a) => [a.containerId, [a.phase, ...promised(a.promise)]])),
  ).toEqual(
    Object.fromEntries([...model.pods].map(([name, p]) => [name, ["ready", ...promised(p)]])),
  );
  const addresses = held.flatMap((a) => a.leases.map((l) => l.address));
  expect(new Set(addresses).size).toBe(held.length);
  const { steps, conflicts } = layer.on(() => planRepair(layer.ledger));
  expect({ steps: steps.map(({ why }) => why), conflicts }).toEqual({ steps: [], conflicts: [] });
  for (const direction of directions) expectTreeAgrees(run, direction);
}
