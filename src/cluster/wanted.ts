/** What a pod's annotations ask to be changed of what one of its attachments has. Pure. */
import { annotationKeys, kubernetesKeys } from "../config/annotations.ts";
import { parseLimitBits } from "../config/quantities.ts";
import { type Attachment, type BandwidthCapability, directions } from "../plan/node.ts";
import type { PodSeen } from "./pod-seen.ts";

type Row = Pick<
  Attachment,
  "network" | "containerId" | "ifname" | "podNamespace" | "podName" | "podUid" | "asks" | "phase"
>;

/**
 * The attachments of this pod, and not of another one that had its name before. Where the runtime did not tell
 * the pod's id, the name has to do.
 */
export function attachmentsOf<T extends Row>(pod: PodSeen, rows: readonly T[]): T[] {
  return rows.filter(
    ({ podNamespace, podName, podUid }) =>
      podName === pod.name &&
      (podNamespace ?? "default") === pod.namespace &&
      (podUid === undefined || pod.uids.includes(podUid)),
  );
}

/** An address is given once, when the pod starts. */
const addressKeys: readonly string[] = [annotationKeys.ip, annotationKeys.ipPool];

type Texts = Readonly<Record<string, string>>;

const pick = (texts: Texts, isPicked: (key: string) => boolean): Record<string, string> =>
  Object.fromEntries(
    Object.entries(texts)
      .filter(([key]) => isPicked(key))
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );

const textAt = (texts: Texts, key: string): string | undefined =>
  Object.hasOwn(texts, key) ? texts[key] : undefined;

function bitsOf(text: string, key: string): number | null {
  try {
    return parseLimitBits(text, key);
  } catch {
    return null;
  }
}

/**
 * A runtime makes the capability from Kubernetes' annotations as they are when the pod starts. What those say
 * now takes its place.
 */
function capabilityNow(
  former: BandwidthCapability | null,
  before: Texts,
  now: Texts,
): BandwidthCapability | null {
  if (former === null) return null;
  const kept = { ...former };
  for (const direction of directions) {
    const key = kubernetesKeys[direction];
    const text = textAt(now, key);
    const rate = former[`${direction}RateBits`];
    const isAsItWas =
      text === textAt(before, key) || (text !== undefined && bitsOf(text, key) === rate);
    if (rate === undefined || isAsItWas) continue;
    delete kept[`${direction}RateBits`];
    delete kept[`${direction}BurstBits`];
  }
  return Object.keys(kept).length === 0 ? null : kept;
}

export interface Wanted {
  /** What the attachment is to be asked for from now on; null means that it has that. */
  asks: Attachment["asks"] | null;
  /** The keys of the address annotations that say something else than when the pod started. */
  addresses: string[];
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** An address stays as it was asked for when the pod started, whatever the annotation says now. */
export function wantedOf(
  { annotations: now }: Pick<PodSeen, "annotations">,
  { asks }: Pick<Row, "asks">,
): Wanted {
  const before = asks.annotations;
  const isAddress = (key: string): boolean => addressKeys.includes(key);
  const annotations = pick(
    { ...pick(now, (key) => !isAddress(key)), ...pick(before, isAddress) },
    () => true,
  );
  const bandwidth = capabilityNow(asks.bandwidth, before, now);
  const isSame =
    same(
      annotations,
      pick(before, () => true),
    ) && same(bandwidth, asks.bandwidth);
  return {
    asks: isSame ? null : { ...asks, annotations, bandwidth },
    addresses: addressKeys.filter((key) => textAt(now, key) !== textAt(before, key)),
  };
}
