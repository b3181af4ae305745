/** Compares promises with the capacity: the promises that are held, and those that the tiers offer. */
import { formatRate } from "../../config/quantities.ts";
import type { NetworkConfig } from "../../config/types.ts";
import { baseInForce } from "../../node/facts/capacity.ts";
import { capacitySet, type SetCapacity } from "../../node/facts/capacity-set.ts";
import { overrideOf } from "../../node/facts/override.ts";
import { findUplink } from "../../node/facts/uplink.ts";
import { attachmentName, type Direction, directions } from "../../plan/node.ts";
import { moreCapacityAdvice } from "../../promise/admission.ts";
import { type Holder, leftBits, loadOf, type Tree, treeOf } from "../../promise/capacity.ts";
import { overrideWords } from "../overrides.ts";
import { attempt, error, type Finding, ok, type Patient, warn } from "./finding.ts";

const ofCapacity = ({ capacityBits, reserveBits }: Tree): string =>
  `capacity ${formatRate(capacityBits)}bit/s, reserve ${formatRate(reserveBits)}bit/s`;

/**
 * Judges whether what is held still fits. `scales` means that the configuration has guarantees scaled where
 * they do not fit. `isSet` means that the capacity was set at run time, which goes before the configuration.
 */
export function judgeHeld(
  tree: Tree,
  pods: readonly Holder[],
  { scales, isSet }: { scales: boolean; isSet: boolean },
): Finding {
  const id = `promises.${tree.direction}` as const;
  const held = [...tree.hosts, ...pods];
  const sum = held.reduce((total, { guaranteeBits }) => total + guaranteeBits, 0);
  const found = `${formatRate(sum)}bit/s promised to ${held.length} pods of ${ofCapacity(tree)}`;
  const freeBits = leftBits(tree, loadOf(pods.map(({ guaranteeBits }) => guaranteeBits)));
  if (freeBits >= 0) return ok(id, `${found}; ${formatRate(freeBits)}bit/s free`);
  if (scales)
    return ok(id, `${found}: ${formatRate(-freeBits)}bit/s too much, so guarantees are scaled`);
  const largest = held
    .toSorted((a, b) => b.guaranteeBits - a.guaranteeBits)
    .slice(0, 3)
    .map(({ holder, guaranteeBits }) => `${holder} ${formatRate(guaranteeBits)}`);
  const raise = moreCapacityAdvice(tree.direction, isSet);
  const when = isSet ? "" : ", which the next ADD brings into force";
  return error(
    id,
    `${found}: ${formatRate(-freeBits)}bit/s too much`,
    `these cannot all be kept at once: delete pods, give some less (\`fairway set\`), or ${raise}${when} (largest: ${largest.join(", ")})`,
  );
}

/** Judges each tier alone on an empty node. */
export function judgeTiers(
  tiers: NetworkConfig["tiers"],
  trees: readonly Tree[],
  set: SetCapacity,
): Finding[] {
  return Object.entries(tiers).map(([name, tier]) => {
    const id = `tiers.${name}` as const;
    const advice: string[] = [];
    const refused = trees.flatMap((tree) => {
      const askedBits = tier[tree.direction].guaranteeBits ?? 0;
      if (leftBits(tree, loadOf([askedBits])) >= 0) return [];
      advice.push(moreCapacityAdvice(tree.direction, set[`${tree.direction}Bits`] !== null));
      return [
        `its ${tree.direction} guarantee of ${formatRate(askedBits)}bit/s exceeds the ${formatRate(Math.max(0, leftBits(tree)))}bit/s that an empty node has (${ofCapacity(tree)})`,
      ];
    });
    return refused.length === 0
      ? ok(id, "fits on this node")
      : error(
          id,
          refused.join("; "),
          `no pod of tier ${name} can start here: lower the tier's guarantee, or ${advice.join("; ")}`,
        );
  });
}

export function promises({ ledger, view, configs }: Patient): Finding[] {
  const held = ledger?.attachments.all() ?? [];
  const holders = (direction: Direction): Holder[] =>
    held.map((a) => ({
      holder: attachmentName(a),
      guaranteeBits: a.promise[direction].guaranteeBits,
    }));
  const [first] = configs;
  if (first === undefined) return [];
  return attempt("promises", () => {
    // Promises are compared with what the link can do now, or was set to, and not with what it could do when
    // they were made.
    const uplink = findUplink(first.uplink, first.bridge);
    const base = baseInForce(view, first, uplink);
    const trees = directions.map((direction) => treeOf(base.trees, direction));
    const set = capacitySet(view);
    const tiers = configs.flatMap((config) => judgeTiers(config.tiers, trees, set));
    const scales = base.trees.overcommit === "scale";
    const half = trees.filter(({ reserveBits, capacityBits }) => reserveBits * 2 > capacityBits);
    return [
      ...(ledger === null
        ? []
        : trees.map((tree) =>
            judgeHeld(tree, holders(tree.direction), {
              scales,
              isSet: set[`${tree.direction}Bits`] !== null,
            }),
          )),
      ...half.map((tree) =>
        warn(
          `reserve.${tree.direction}`,
          `more than half of it is kept back: ${ofCapacity(tree)}`,
          "lower uplink.reserve, unless the host itself needs so much",
        ),
      ),
      ...tiers,
    ];
  });
}

/** Names what an operator set over what pods themselves asked for: it is meant, and easily forgotten. */
export function overrides({ ledger }: Patient): Finding[] {
  if (ledger === null) return [];
  return attempt("overrides", () =>
    ledger.attachments.all().flatMap((attachment) => {
      const override = overrideOf(ledger, attachment);
      if (override === null) return [];
      const { podNamespace, podName } = attachment;
      const pod =
        podName === null ? attachmentName(attachment) : `${podNamespace ?? "default"}/${podName}`;
      const found = `${pod}: set with \`fairway set\`: ${overrideWords(override)}`;
      return override.own === null
        ? warn(
            "overrides",
            found,
            `the pod would not start again as it is: change its annotations, or the policy; \`fairway set ${pod} --reset\` is refused until then`,
          )
        : ok("overrides", found);
    }),
  );
}
