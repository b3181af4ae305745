/** Changes files between what systemd does with the agent's unit before and after, all or nothing. */
import { unitName } from "./places.ts";
import type { PlannedAgent, UnitStep } from "./plan-agent.ts";
import { act } from "./systemd.ts";

/** On the way back the first error is the one that is told. */
function quietly(way: () => void): void {
  try {
    way();
  } catch {
    // What could be brought back was.
  }
}

const actAll = (steps: readonly UnitStep[]): void => {
  for (const { what } of steps) act(what, unitName);
};

/** As it was, once the former files are in their places. */
function bringBack({ was }: PlannedAgent): void {
  quietly(() => act("daemon-reload", unitName));
  if (was.isEnabled) quietly(() => act("enable", unitName));
  if (was.isActive) quietly(() => act("restart", unitName));
}

/**
 * Returns what `change` returns, once all is done; its `undo` is called where systemd refuses what comes
 * after. Throws whatever `change` throws, and io for systemd.
 */
export function withUnit<T extends { undo(): void }>(plan: PlannedAgent, change: () => T): T {
  const { before, after, was } = plan;
  let changed: T;
  try {
    actAll(before);
    changed = change();
  } catch (error) {
    if (before.length > 0) bringBack(plan);
    throw error;
  }
  try {
    actAll(after);
  } catch (error) {
    // The unit has to be there for that.
    if (!was.isActive && !was.isEnabled) quietly(() => act("disable --now", unitName));
    changed.undo();
    bringBack(plan);
    throw error;
  }
  return changed;
}
