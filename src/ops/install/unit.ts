/** The systemd unit of the agent, as text. Pure. */
import { basename, dirname } from "node:path";

/** `install` and `uninstall` know a unit of ours by its first line. */
const unitMark = "# Written by `fairway install --agent`, which writes it anew.";

export interface UnitSettings {
  /** The full executable. */
  executable: string;
  socket: string;
  dataDir: string;
  /** Where the runtime reads its network. */
  confDir: string;
  /** Whether the agent writes there: a copy that follows its original. */
  writesConf: boolean;
}

/** systemd.syntax(7): quotes, backslashes, specifiers, and variables of the environment. */
function quoted(text: string): string {
  const escaped = text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n")
    .replaceAll("%", "%%")
    .replaceAll("$", "$$$$");
  return `"${escaped}"`;
}

/** Whether it is ours, and starts one of these programs: another installation may have a unit, too. */
export function isUnitFor(text: string, programs: readonly string[]): boolean {
  if (!text.startsWith(`${unitMark}\n`)) return false;
  return programs.some((path) => text.includes(`\nExecStart=${quoted(path)} agent `));
}

/** A folder right below /run is made by systemd, and goes when the agent is stopped. */
function runtimeFolder(socket: string): string[] {
  const folder = dirname(socket);
  if (dirname(folder) !== "/run" || !/^[\w.-]+$/.test(basename(folder))) return [];
  return [
    "# It stays while the agent is started anew, and goes when the agent is stopped for good.",
    `RuntimeDirectory=${basename(folder)}`,
    "RuntimeDirectoryMode=0700",
    "RuntimeDirectoryPreserve=restart",
    "",
  ];
}

/** A variable is not put in for "$" here, unlike in ExecStart. */
const writable = (path: string): string[] => [
  "# It keeps the copy of the network's configuration up to date.",
  `ReadWritePaths=${quoted(`-${path}`).replaceAll("$$", "$")}`,
];

/**
 * Which program, which socket and which ledger it names follows from the installation. All else is the same
 * everywhere.
 */
export function unitText({
  executable,
  socket,
  dataDir,
  confDir,
  writesConf,
}: UnitSettings): string {
  return [
    unitMark,
    "# Change it by a drop-in: systemctl edit fairway-agent.service",
    "[Unit]",
    "Description=Fairway's agent: it serves CNI verbs and keeps the pods' network as promised",
    "# This is an order, where both start. Nothing waits for the agent: verbs work without it, so neither the",
    "# kubelet nor the container runtime is ordered behind it.",
    "After=network.target",
    "# It is tried for ever: what was in the way may go away.",
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    "Type=notify",
    "# For further options, such as --repair observe: a drop-in with another value.",
    "Environment=AGENT_OPTIONS=",
    `ExecStart=${quoted(executable)} agent --socket ${quoted(socket)} --data-dir ${quoted(dataDir)} --conf-dir ${quoted(confDir)} $AGENT_OPTIONS`,
    "Restart=always",
    "RestartSec=1s",
    "TimeoutStartSec=60s",
    "# A verb that runs is finished first.",
    "TimeoutStopSec=30s",
    "# An agent that stands still may hold the ledger's lock, for which other processes wait up to 10 s. What",
    "# stands still does not end by itself, so the signal is the one that ends everything.",
    "WatchdogSec=4500ms",
    "WatchdogSignal=SIGKILL",
    "# A tool that the agent has started (FAIRWAY_BACKEND=exec) comes to its end, so that no change is half done.",
    "KillMode=process",
    "OOMScoreAdjust=-500",
    "LimitNOFILE=65536",
    "",
    ...runtimeFolder(socket),
    "# What it may do: change the network here and in pods' namespaces (NET_ADMIN, NET_RAW, SYS_ADMIN for",
    "# setns), see the files of whoever asks (SYS_PTRACE for /proc/PID), and use files whoever owns them.",
    "CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_ADMIN CAP_SYS_PTRACE CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH",
    "NoNewPrivileges=yes",
    "RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6 AF_PACKET",
    "RestrictNamespaces=net",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=~@clock @cpu-emulation @debug @module @obsolete @raw-io @reboot @swap",
    "SystemCallErrorNumber=EPERM",
    "# Its mounts are its own, and what is mounted later (/run/netns/...) comes in. /usr, /boot and /etc are",
    "# read-only; the ledger, logs and /run are not.",
    "ProtectSystem=full",
    ...(writesConf ? writable(confDir) : []),
    "ProtectHome=yes",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "PrivateDevices=yes",
    "# Not set, since it could not work: MemoryDenyWriteExecute (the runtime compiles as it runs),",
    "# ProtectKernelTunables (it sets net.*), ProtectKernelModules (it reads in /lib/modules what there is),",
    "# PrivateNetwork, PrivateUsers, ProtectProc.",
    "",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ].join("\n");
}
