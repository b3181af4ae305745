/** `fairway load-modules` loads the parts of the kernel that nothing loads on demand, by the node's own modprobe. */
import { Command } from "commander";
import { effect } from "../effect.ts";
import { FairwayError, messageOf } from "../errors.ts";
import { kernelEvidence } from "../kernel/evidence.ts";
import { callsOf, errno, ptr, reasonOf } from "../kernel/netlink/libc.ts";
import { type ModuleName, partsFor, presenceOf } from "../kernel/parts.ts";
import { type CommandResult, runEffect } from "./child.ts";
import { rootOfNode } from "./host/facts.ts";

const signatures = { chroot: { args: ["ptr"], returns: "i32" } } as const;

const timeLimitMs = 30_000;

function cannot(module: ModuleName, why: string, options?: ErrorOptions): FairwayError {
  return new FairwayError(
    "missingKernelPart",
    `${module} is not loaded, and could not be: ${why}`,
    `load it on the node: modprobe ${module}, and at boot: echo ${module} > /etc/modules-load.d/fairway.conf; in a container this needs hostPID, CAP_SYS_MODULE, CAP_SYS_CHROOT and CAP_SYS_PTRACE`,
    options,
  );
}

/**
 * A container has neither the node's modprobe nor its configuration, which may forbid modules. This process does
 * nothing afterwards but to start it, so it goes where that is, for good.
 */
function enterNode(module: ModuleName): void {
  const root = rootOfNode();
  if (root === "/") return;
  const { chroot } = callsOf(signatures);
  const path = ptr(new TextEncoder().encode(`${root}\0`));
  if (effect("file", "enter the node's root", () => chroot(path)) !== 0)
    throw cannot(module, `the node's root cannot be entered (${reasonOf(errno())})`);
  process.chdir("/");
}

function modprobe(module: ModuleName): void {
  let done: CommandResult;
  try {
    done = runEffect("modprobe", ["modprobe", "--", module], {
      timeoutMs: timeLimitMs,
      env: { PATH: "/usr/sbin:/sbin:/usr/bin:/bin" },
    });
  } catch (error) {
    throw cannot(module, `the node's modprobe cannot be run (${messageOf(error)})`, {
      cause: error,
    });
  }
  if (done.code === 0) return;
  const how =
    done.code === null ? `did not end within ${timeLimitMs / 1_000} s` : done.stderr.trim();
  throw cannot(module, `modprobe said: ${how === "" ? `exit code ${done.code}` : how}`);
}

function run(): void {
  const evidence = kernelEvidence();
  const wanted = partsFor(false).filter(({ onDemand }) => !onDemand);
  const missing = wanted.filter((part) => presenceOf(part, evidence).is !== "there");
  const there = wanted.filter((part) => !missing.includes(part)).map(({ module }) => module);
  const lines = there.map((module) => `${module} is there`);
  const [first] = missing;
  if (first !== undefined) enterNode(first.module);
  for (const { module } of missing) {
    modprobe(module);
    lines.push(`${module} was loaded`);
  }
  process.stdout.write(`${lines.join("\n")}\n`);
}

export const loadModulesCommand = (): Command =>
  new Command("load-modules")
    .exitOverride()
    .description(
      "load what the kernel does not load on demand (br_netfilter), by the node's own modprobe, also from a container that sees the node's processes",
    )
    .action(run);
