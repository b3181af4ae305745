/** What a run shows of the runtime: its own words on sandboxes and networks, and what it asked of the plugin. */
import type { Call } from "../support/containerd/calls.ts";

const relevant = /msg="(Run|Stop|Remove)PodSandbox|msg="TearDown|"verb":/;
const mostLines = 12;
const lastLinesOfAFailure = 60;

/** A line of the log without its time. */
const shortened = (line: string): string =>
  line.replace(/^time="[^"]*" /, "").replaceAll(/[0-9a-f]{64}/g, (id) => `${id.slice(0, 12)}...`);

/** "ADD, DEL, DEL (without a namespace)": one sandbox's calls. */
function callsOfSandbox(calls: readonly Call[]): string {
  return calls
    .map(({ verb, netns }) => (verb === "DEL" && netns === "" ? "DEL without CNI_NETNS" : verb))
    .join(", ");
}

function asked(calls: readonly Call[]): string[] {
  const counts = new Map<string, number>();
  for (const group of Map.groupBy(calls, (call) => call.containerId).values()) {
    const text = callsOfSandbox(group);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].map(([text, count]) => `${count} x ${text}`);
}

export function tell(log: readonly string[], calls: readonly Call[], failed: boolean): void {
  const lines = failed
    ? log.slice(-lastLinesOfAFailure)
    : log.filter((line) => relevant.test(line));
  const shown = failed ? lines : lines.slice(0, mostLines);
  for (const line of shown) console.log(`  containerd: ${shortened(line)}`);
  if (lines.length > shown.length)
    console.log(`  containerd: ... ${lines.length - shown.length} more`);
  for (const line of asked(calls)) console.log(`  asked of fairway: ${line}`);
}
