/** Plans the agent's unit: its file, and what systemd is to do with it. It touches nothing. */
import { join } from "node:path";
import { FairwayError } from "../../errors.ts";
import { entryAt, type FileStep } from "./files.ts";
import { unitName, usualPlaces } from "./places.ts";
import { planText } from "./plan-text.ts";
import { type OwnedPaths, unitAt } from "./present.ts";
import { managesUnitsIn, type UnitAct, type UnitState, unitState } from "./systemd.ts";
import { type UnitSettings, unitText } from "./unit.ts";

/** What systemd does, with the words that are told. */
export interface UnitStep {
  what: UnitAct;
  words: string;
}

export interface PlannedAgent {
  files: FileStep[];
  /** As systemd has it now. */
  was: UnitState;
  /** Before the files change. */
  before: UnitStep[];
  /** When they are in their places. */
  after: UnitStep[];
  notes: string[];
}

const unknown: UnitState = { isActive: false, isEnabled: false };

const none: PlannedAgent = { files: [], was: unknown, before: [], after: [], notes: [] };

const step = (what: UnitAct, words: string): UnitStep => ({ what, words });

const reload = step("daemon-reload", "reload systemd's units");

function refuseForeign(paths: OwnedPaths): void {
  if (unitAt(paths) !== "foreign") return;
  throw new FairwayError(
    "badConfig",
    `${paths.unit} is there, and \`fairway install\` did not write it for ${paths.full}`,
    "it is not overwritten: move it away, or give another --unit-dir",
  );
}

/** Where systemd does not run, or does not look, this is for whoever starts it there. */
const byHand = (unitDir: string): string =>
  unitDir === usualPlaces.unitDir
    ? `systemd does not run here, so the agent was not started: where it runs, systemctl daemon-reload && systemctl enable --now ${unitName}`
    : `systemd does not run here, or does not look for units in ${unitDir}, so the agent was not started: systemctl enable --now ${join(unitDir, unitName)}`;

interface Asked {
  /** --agent; undefined where neither it nor --no-agent is given. */
  agent: boolean | undefined;
  unitDir: string;
  settings: UnitSettings;
  /** Whether the executable, or where the agent is asked, changes. */
  changes: boolean;
}

/**
 * A unit that is there is kept up to date, also where --agent is not given: what it starts must be there. An
 * agent that runs is started anew where its program or its unit changes; meanwhile verbs are processes of
 * their own.
 */
export function planAgent(paths: OwnedPaths, asked: Asked): PlannedAgent {
  const { agent, unitDir, settings } = asked;
  const there = unitAt(paths);
  if (agent === false) return planNoAgent(paths, unitDir);
  if (agent === undefined && there !== "own") return none;
  refuseForeign(paths);
  const files = planText(paths.unit, unitText(settings), 0o644);
  if (!managesUnitsIn(unitDir))
    return { ...none, files, notes: agent === true || files.length > 0 ? [byHand(unitDir)] : [] };
  const was = there === "own" ? unitState(unitName) : unknown;
  const changesUnit = files.length > 0;
  const enables = agent === true && !(was.isActive && was.isEnabled);
  const restarts = was.isActive && asked.changes && !changesUnit;
  // The folder of a former socket goes when the former unit is stopped, and not when it is started anew.
  const stops = was.isActive && changesUnit;
  return {
    ...none,
    files,
    was,
    before: stops ? [step("stop", `stop ${unitName}`)] : [],
    after: [
      ...(changesUnit ? [reload] : []),
      ...(enables ? [step("enable --now", `enable and start ${unitName}`)] : []),
      ...(stops && !enables ? [step("start", `start ${unitName}`)] : []),
      ...(restarts ? [step("restart", `start ${unitName} anew`)] : []),
    ],
  };
}

/** The link by which systemd starts the unit at boot. Where systemd runs, it removes it itself. */
function planWanted(unit: string, unitDir: string): FileStep[] {
  const path = join(unitDir, "multi-user.target.wants", unitName);
  const found = entryAt(path);
  if (found.kind !== "link" || found.target !== unit) return [];
  return [{ op: "remove", path, words: `remove ${path}` }];
}

/** Takes the agent off; what is not ours stays. */
export function planNoAgent(paths: OwnedPaths, unitDir: string): PlannedAgent {
  if (unitAt(paths) !== "own") return none;
  const remove: FileStep = { op: "remove", path: paths.unit, words: `remove ${paths.unit}` };
  if (!managesUnitsIn(unitDir))
    return { ...none, files: [...planWanted(paths.unit, unitDir), remove] };
  const was = unitState(unitName);
  return {
    ...none,
    files: [remove],
    was,
    before:
      was.isActive || was.isEnabled ? [step("disable --now", `stop and disable ${unitName}`)] : [],
    after: [reload],
  };
}
