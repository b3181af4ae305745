/** `fairway version` tells which build this is, and which forms it speaks. */
import { Command } from "commander";
import { protocolVersion } from "../agent/protocol.ts";
import { buildId, target, version } from "../build.ts";
import { schemaVersion } from "../ledger/schema.ts";
import { schemaText } from "../ledger/schema-version.ts";
import { print } from "./print.ts";
import { statusSchemaVersion } from "./status/model.ts";

export interface VersionTold {
  version: string;
  /** These two are null in a checkout that was not built. */
  build: string | null;
  target: string | null;
  /** Between the launcher and the agent. */
  agentProtocol: string;
  /** Its format and additions, such as "3.2". */
  ledgerFormat: string;
  /** Of `status --json`. */
  statusSchema: number;
}

const versionTold = (): VersionTold => ({
  version,
  build: buildId,
  target,
  agentProtocol: protocolVersion,
  ledgerFormat: schemaText(schemaVersion),
  statusSchema: statusSchemaVersion,
});

function render(told: VersionTold): string {
  const rows: [string, string | number][] = [
    ["version", told.version],
    ["build", told.build ?? "none: a checkout"],
    ["made for", told.target ?? "this host"],
    ["protocol of the agent", told.agentProtocol],
    ["format of the ledger", told.ledgerFormat],
    ["schema of status --json", told.statusSchema],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join("");
}

export function versionCommand(): Command {
  return new Command("version")
    .exitOverride()
    .description("which build this is, and which forms it speaks")
    .option("--json", "as data")
    .action(({ json }: { json?: boolean }) => print(versionTold(), json, render));
}
