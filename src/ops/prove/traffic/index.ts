import { setPriority } from "node:os";
import { FairwayError, messageOf } from "../../../errors.ts";
import { finish, report } from "./output.ts";
import { parseSpec, type TrafficSpec } from "./spec.ts";
import { tcpSink, tcpSource } from "./tcp.ts";
import { udpEcho, udpProbe } from "./udp.ts";

/**
 * The hidden command `fairway traffic <json>`: one generator of traffic (see `TrafficSpec`), which
 * reports in lines of JSON (`TrafficReport`). It ends by itself after `forMs`, and as soon as its
 * standard input is closed, so that nothing is left of a run whose parent died. Failures are a line too.
 */
export async function runTraffic(argv: readonly string[]): Promise<void> {
  process.stdout.on("error", () => process.exit(1));
  try {
    const [text, ...rest] = argv;
    if (text === undefined || rest.length > 0) {
      throw new FairwayError(
        "decode",
        "fairway traffic takes one argument: its description as JSON",
      );
    }
    const spec = parseSpec(text);
    // A terminal sends its Ctrl-C to the whole group: the parent decides what ends when.
    process.on("SIGINT", () => {});
    process.stdin.on("end", () => process.exit(0));
    process.stdin.resume();
    favour(spec);
    await start(spec);
  } catch (error) {
    report({ type: "failed", msg: messageOf(error) });
    finish(1);
  }
}

function start(spec: TrafficSpec): void | Promise<void> {
  switch (spec.role) {
    case "tcp-sink":
      return tcpSink(spec);
    case "tcp-source":
      return tcpSource(spec);
    case "udp-echo":
      return udpEcho(spec);
    case "udp-probe":
      return udpProbe(spec);
  }
}

/**
 * All ends share this machine's processors, which two hosts on a wire would not: the clocks' ends run
 * before the bulk senders, so that what is timed is the network and not the wait for a processor.
 */
function favour(spec: TrafficSpec): void {
  setPriority(spec.role === "udp-echo" || spec.role === "udp-probe" ? -20 : 10);
}
