/** `fairway ipam` tells whose the addresses are, takes over those of host-local, and gives one back. */
import { basename, resolve } from "node:path";
import { Command } from "commander";
import { formatIp, parseIp } from "../../config/addresses.ts";
import { parseName } from "../../config/identity.ts";
import { FairwayError } from "../../errors.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { holderText } from "../../ledger/reservations.ts";
import { attachmentName } from "../../plan/node.ts";
import { asUsage } from "../command-line.ts";
import {
  type CommonOptions,
  withCommonOptions,
  withLedgerView,
  withWritableLedger,
} from "../context.ts";
import { print } from "../print.ts";
import { table } from "../status/wide.ts";
import { refuseUsage } from "../usage.ts";
import { readHostLocal } from "./host-local.ts";
import { type ListedAddress, listAddresses } from "./model.ts";
import { takeOver } from "./take-over.ts";

const timeText = (ms: number | null): string => (ms === null ? "-" : new Date(ms).toISOString());

function whenText({ sinceMs, untilMs }: ListedAddress): string {
  return untilMs === null ? `since ${timeText(sinceMs)}` : `until ${timeText(untilMs)}`;
}

function renderList(found: readonly ListedAddress[]): string {
  const rows = found.map((a) => [
    a.network,
    a.address,
    a.state,
    a.holder ?? "-",
    a.pod ?? "-",
    whenText(a),
  ]);
  const lines = table([["NETWORK", "ADDRESS", "STATE", "HOLDER", "POD", "TIME"], ...rows]);
  return `${(rows.length === 0 ? ["no address is given"] : lines).join("\n")}\n`;
}

function list(options: CommonOptions & { json?: boolean }): void {
  const found = withLedgerView(options, (view) => listAddresses(view, options.network, Date.now()));
  print(found, options.json, renderList);
}

function importFolder(given: string, options: CommonOptions, command: Command): void {
  const folder = resolve(given);
  const name = options.network ?? basename(folder);
  const network = asUsage(command, () => parseName({ name }));
  const read = readHostLocal(folder);
  const { taken, known, cursors } = withWritableLedger(options, (ledger) =>
    takeOver(ledger, network, read),
  );
  const lines = [
    ...taken.map((entry) => `${entry.address} of ${holderText(entry)}`),
    ...read.empty.map(
      (address) =>
        `${address} left out: its file is empty, host-local died before a container had it`,
    ),
    ...cursors.map(({ setIndex, address }) => `set ${setIndex} goes on after ${address}`),
    `network ${network}: ${taken.length} addresses taken over, ${known.length} known already`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

interface ReleaseOptions extends CommonOptions {
  force?: boolean;
}

/** The networks in which an address is kept or reserved. */
function networksWith(ledger: Ledger, address: string, nowMs: number): string[] {
  const kept = ledger.holds.all(nowMs).filter((hold) => hold.address === address);
  const reserved = ledger.reservations.all().filter((r) => r.address === address);
  return [...new Set([...kept, ...reserved].map(({ network }) => network))];
}

function onlyNetwork(
  command: Command,
  ledger: Ledger,
  address: string,
  nowMs: number,
  named?: string,
): string {
  const lease = ledger.leaseHolder(address);
  if (lease !== null && (named === undefined || named === lease.network))
    throw new FairwayError(
      "addressInUse",
      `${address} is in use by ${attachmentName(lease)}`,
      "it is free once that pod is gone: delete the pod, or call DEL",
    );
  const [first, ...more] = networksWith(ledger, address, nowMs).filter(
    (network) => named === undefined || network === named,
  );
  if (first === undefined)
    throw new FairwayError(
      "badConfig",
      `${address} is nobody's${named === undefined ? "" : ` in network ${named}`}`,
      "`fairway ipam list` shows all that are",
    );
  if (more.length === 0) return first;
  return refuseUsage(
    command,
    `${address} is given in several networks: ${[first, ...more].join(", ")}`,
    "say which with --network",
  );
}

function releaseAddress(text: string, options: ReleaseOptions, command: Command): void {
  const address = formatIp(asUsage(command, () => parseIp(text, "the address")));
  const said = withWritableLedger(options, (ledger) =>
    ledger.exclusively(() => {
      const nowMs = Date.now();
      const network = onlyNetwork(command, ledger, address, nowMs, options.network);
      const holder = ledger.reservations.holder(network, address);
      if (holder === null) {
        ledger.holds.release(network, address, nowMs);
        return `${address} of network ${network} is not kept any more`;
      }
      if (options.force !== true)
        throw new FairwayError(
          "addressInUse",
          `${address} of network ${network} is reserved for ${holderText(holder)}, which may be alive`,
          "its DEL frees it; if the container is gone for certain, repeat with --force",
        );
      ledger.reservations.remove(network, address);
      return `${address} of network ${network} is not ${holderText(holder)}'s any more`;
    }),
  );
  process.stdout.write(`${said}\n`);
}

export function ipamCommand(): Command {
  const group = new Command("ipam")
    .description("addresses: whose they are, and host-local's taken over")
    .exitOverride();
  group.addCommand(
    withCommonOptions(new Command("list"))
      .description("every address that is somebody's")
      .option("--json", "as data")
      .action(list),
  );
  group.addCommand(
    withCommonOptions(new Command("import"), { network: "any" })
      .description("take over what host-local gave, so that nothing is given twice")
      .argument("<FOLDER>", "a network's, such as /var/lib/cni/networks/NAME")
      .action(importFolder),
  );
  group.addCommand(
    withCommonOptions(new Command("release"), { needs: () => "ledger" })
      .description("give an address back that is kept for a pod that went")
      .argument("<ADDRESS>", "as `fairway ipam list` shows it")
      .option("--force", "one that is reserved for a container, too")
      .action(releaseAddress),
  );
  return group;
}
