/** Puts side by side what was measured in each mode: what the table and the report show of a scenario. */
import { type Direction, directions } from "../../plan/node.ts";
import type { LoadShown, Mode, PhaseShown, ScenarioResult } from "../engine/result.ts";
import { latency, megabits, modesOf, percent, times } from "./words.ts";

interface Row {
  label: string;
  /** The values, one for each mode, in the order of `modesOf`. */
  values: string[];
}

export interface Section {
  title: string;
  rows: Row[];
}

/** Makes a row from what is said of its phase in one mode. */
type RowOf = (label: string, value: (phase: PhaseShown, mode: Mode) => string) => Row;

/** More loads than this are told as a sum. */
const mostLoads = 6;

const sum = (loads: readonly LoadShown[]): number =>
  loads.reduce((bits, { rateBits }) => bits + rateBits, 0);

const inDirection = ({ loads }: PhaseShown, direction: Direction): LoadShown[] =>
  loads.filter((load) => load.direction === direction);

export const isIdle = ({ loads }: PhaseShown): boolean => loads.length === 0;

function loadRows({ loads }: PhaseShown, row: RowOf): Row[] {
  if (loads.length > mostLoads) {
    const rates = (phase: PhaseShown): number[] => phase.loads.map(({ rateBits }) => rateBits);
    return [
      row(`${loads.length} loads together, Mbit/s`, (phase) => megabits(sum(phase.loads))),
      row("the least of them", (phase) => megabits(Math.min(...rates(phase)))),
      row("the most of them", (phase) => megabits(Math.max(...rates(phase)))),
    ];
  }
  return loads.map(({ name, guaranteeBits }) => {
    const rate = (phase: PhaseShown): number =>
      phase.loads.find((load) => load.name === name)?.rateBits ?? 0;
    const label = `${name}: throughput, Mbit/s`;
    return guaranteeBits === null
      ? row(label, (phase) => megabits(rate(phase)))
      : row(`${label} (${megabits(guaranteeBits)} promised)`, (phase) => {
          const bits = rate(phase);
          return `${megabits(bits)} (${percent(bits / guaranteeBits)})`;
        });
  });
}

const togetherRows = (phase: PhaseShown, capacityBits: number, row: RowOf): Row[] =>
  directions
    .filter((direction) => inDirection(phase, direction).length > 1)
    .map((direction) =>
      row(`${direction}: all together, of the capacity`, (found) =>
        percent(sum(inDirection(found, direction)) / capacityBits),
      ),
    );

/**
 * `idleUs` is the pod's p50 with nothing else on the wire; null means that it was not measured, or that this
 * is it.
 */
function latencyRows(
  pod: string,
  idleUs: ((mode: Mode) => number | null) | null,
  row: RowOf,
): Row[] {
  const own = ({ latency: found }: PhaseShown) => found[pod];
  const rows = [
    row(
      `${pod}: request-response, p50 / p99`,
      (phase) => `${latency(own(phase)?.p50Us ?? null)} / ${latency(own(phase)?.p99Us ?? null)}`,
    ),
    row("as its process sees it, p50", (phase) => latency(own(phase)?.seenP50Us ?? null)),
  ];
  if (idleUs === null) return rows;
  return [
    ...rows,
    row("its p50 against idle", (phase, mode) => {
      const [loaded, idle] = [own(phase)?.p50Us, idleUs(mode)];
      return times(loaded && idle ? loaded / idle : null);
    }),
    row("its requests lost", (phase) => `${own(phase)?.lost ?? 0} of ${own(phase)?.requests ?? 0}`),
  ];
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export function sideBySide(result: ScenarioResult): Section[] {
  const { capacityBits, modes } = result;
  const shown = modes.fairway ?? [];
  const phaseIn = (mode: Mode, name: string): PhaseShown | undefined =>
    modes[mode]?.find((phase) => phase.name === name);
  return shown.map((phase) => {
    const row: RowOf = (label, value) => ({
      label,
      values: modesOf(result).map((mode) => {
        const found = phaseIn(mode, phase.name);
        return found === undefined ? "" : value(found, mode);
      }),
    });
    const idleUs = (pod: string) => {
      const idle = shown.find((each) => isIdle(each) && each.latency[pod] !== undefined);
      if (isIdle(phase) || idle === undefined) return null;
      return (mode: Mode) => phaseIn(mode, idle.name)?.latency[pod]?.p50Us ?? null;
    };
    return {
      title: capitalised(phase.name),
      rows: [
        ...loadRows(phase, row),
        ...togetherRows(phase, capacityBits, row),
        ...Object.keys(phase.latency).flatMap((pod) => latencyRows(pod, idleUs(pod), row)),
      ],
    };
  });
}
