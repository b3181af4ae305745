/**
 * The steps of Prepare and of Unprepare, as the kubelet and the driver take them together. Each brings a node to a
 * standstill there.
 */
import { until } from "../support/until.ts";
import { recorded } from "./claims.ts";
import type { Standstill } from "./standstill.ts";

export interface Step {
  title: string;
  /** `begin` makes the pod, or deletes it. `uid` tells the pod's. */
  reach(at: Standstill, begin: () => Promise<unknown>, uid: () => Promise<string>): Promise<void>;
}

/** For what happens within milliseconds and cannot be seen from outside. A step before it is one, too. */
const momentMs = 500;

const untilRecorded = (at: Standstill, uid: string, isRecorded: boolean): Promise<void> =>
  until(
    `the claim ${isRecorded ? "is" : "is not"} recorded`,
    () => recorded(at.node).some(({ pod }) => pod === uid) === isRecorded,
  );

const asked: Step["reach"] = async (at, begin) => {
  await at.stop("agent");
  await begin();
  await at.untilAsked();
};

const waiting: Step["reach"] = async (at, begin, uid) => {
  await asked(at, begin, uid);
  await at.holdLedger();
  await at.go("agent");
  await Bun.sleep(momentMs);
};

/** `standing` hears nothing of what the ledger has then. */
async function written(
  at: Standstill,
  standing: "kubelet" | "containerd",
  uid: string,
  isRecorded: boolean,
): Promise<void> {
  await at.stop(standing);
  await at.releaseLedger();
  await untilRecorded(at, uid, isRecorded);
  await Bun.sleep(momentMs);
}

const heard: Step["reach"] = async (at, begin, uid) => {
  await waiting(at, begin, uid);
  await written(at, "containerd", await uid(), true);
};

export const prepareSteps: readonly Step[] = [
  { title: "the kubelet has called", reach: asked },
  { title: "the driver waits for the ledger", reach: waiting },
  {
    title: "the claim is recorded, and the kubelet has not heard of it",
    reach: async (at, begin, uid) => {
      await waiting(at, begin, uid);
      await written(at, "kubelet", await uid(), true);
    },
  },
  { title: "the kubelet has heard of it, and asks for the sandbox", reach: heard },
  {
    title: "ADD waits for the ledger",
    reach: async (at, begin, uid) => {
      await heard(at, begin, uid);
      await at.holdLedger();
      await at.go("containerd");
      await Bun.sleep(4 * momentMs);
    },
  },
];

export const unprepareSteps: readonly Step[] = [
  {
    title: "DEL waits for the ledger",
    reach: async (at, begin) => {
      await at.holdLedger();
      await begin();
      await Bun.sleep(6 * momentMs);
    },
  },
  { title: "the kubelet has called", reach: asked },
  { title: "the driver waits for the ledger", reach: waiting },
  {
    title: "the claim is forgotten, and the kubelet has not heard of it",
    reach: async (at, begin, uid) => {
      // Afterwards there is no pod that could be asked.
      const known = await uid();
      await waiting(at, begin, uid);
      await written(at, "kubelet", known, false);
    },
  },
];
