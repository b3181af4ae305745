/**
 * The ResourceSlice by which the scheduler's dynamic resource allocation knows what a node can promise: a device for
 * each direction of its uplink, of which any number of claims take a part (consumable capacity, Kubernetes 1.36). Pure.
 */
import { createHash } from "node:crypto";
import { bitsPerMbps, mbpsDown } from "../config/resources.ts";
import {
  attributeNames,
  bandwidthCapacity,
  deviceName,
  driverName,
  poolName,
} from "../dra/names.ts";
import { isObject, type Json, type Meta } from "../kube/objects.ts";
import { type Direction, directions, type TreeSettings } from "../plan/node.ts";
import type { CapacityTold } from "./capacity-told.ts";

export const sliceResource = {
  apiVersion: "resource.k8s.io/v1",
  path: "/apis/resource.k8s.io/v1/resourceslices",
} as const;

/** A slice of our driver's, as the API server has it. */
export interface SliceSeen {
  name: string;
  uid: string;
  generation: number;
  /** What `sliceSpec` makes of it, as text; what somebody else wrote into it is other text. */
  content: string;
}

/** An API server fills in nothing of what is written here, so what it has can be compared with it as text. */
const contentOf = (devices: unknown): string => JSON.stringify(sorted(devices));

/** The keys of objects come back in another order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, sorted(value[key])]),
  );
}

export function readSlice({ spec }: Json, { name, uid }: Meta): SliceSeen {
  const { pool, devices } = isObject(spec) ? spec : {};
  const { generation } = isObject(pool) ? pool : {};
  return {
    ...{ name, uid, content: contentOf(devices ?? []) },
    generation: typeof generation === "number" ? generation : 0,
  };
}

const longestName = 253;

/** One of the node's own, whoever made the Node. A name that would be too long ends with a digest of it. */
export function sliceName(nodeName: string): string {
  const name = `${nodeName}-${driverName}`;
  if (name.length <= longestName) return name;
  const digest = createHash("sha256").update(nodeName).digest("hex").slice(0, 16);
  return `${nodeName.slice(0, longestName - digest.length - driverName.length - 2)}-${digest}-${driverName}`;
}

/** As an API server writes it: 25000 is "25G". */
function mbps(amount: number): string {
  const units = ["M", "G", "T", "P"];
  let [unit, count] = [0, amount];
  while (count % 1_000 === 0 && unit < units.length - 1) [unit, count] = [unit + 1, count / 1_000];
  return `${count}${units[unit]}`;
}

/** What can be asked for: whole Mbit/s. The API server wants room for the least and one step, else it is no device. */
const stepMbps = 1;
const leastMbps = 2 * stepMbps;

function deviceFor(trees: TreeSettings, direction: Direction, bits: number): Json[] {
  const { uplink } = trees;
  const amount = mbpsDown(bits);
  if (amount < leastMbps) return [];
  return [
    {
      name: deviceName({ uplink, direction }),
      allowMultipleAllocations: true,
      attributes: {
        [attributeNames.direction]: { string: direction },
        [attributeNames.uplink]: { string: uplink },
        [attributeNames.speedMbps]: {
          int: Math.floor(trees[`${direction}CapacityBits`] / bitsPerMbps),
        },
      },
      capacity: {
        [bandwidthCapacity]: {
          value: mbps(amount),
          // Without a default, a claim that names no amount would consume all.
          requestPolicy: {
            default: mbps(stepMbps),
            validRange: { min: mbps(stepMbps), step: mbps(stepMbps) },
          },
        },
      },
    },
  ];
}

/** The devices of a node; null where claims are not to be told anything of it. */
export function devicesOf(trees: TreeSettings, told: CapacityTold): Json[] | null {
  if (directions.every((direction) => told[direction].dra === null)) return null;
  return directions.flatMap((direction) =>
    deviceFor(trees, direction, told[direction].dra?.bits ?? 0),
  );
}

export interface SliceWanted {
  name: string;
  generation: number;
  /** For server-side apply. */
  object: Json;
}

/**
 * What is to be applied; null where what is there says it all. A pool's generation is another whenever its slice is:
 * a scheduler that sees an old and a new one at once trusts the higher.
 */
export function sliceWanted(
  node: { name: string; uid: string },
  devices: readonly Json[],
  seen: SliceSeen | null,
): SliceWanted | null {
  if (seen?.content === contentOf(devices)) return null;
  const name = sliceName(node.name);
  const generation = (seen?.generation ?? 0) + 1;
  return {
    ...{ name, generation },
    object: {
      ...{ apiVersion: sliceResource.apiVersion, kind: "ResourceSlice" },
      metadata: {
        name,
        // It goes with its Node.
        ownerReferences: [
          { apiVersion: "v1", kind: "Node", name: node.name, uid: node.uid, controller: true },
        ],
      },
      spec: {
        driver: driverName,
        nodeName: node.name,
        pool: { name: poolName(node.name), generation, resourceSliceCount: 1 },
        devices,
      },
    },
  };
}
