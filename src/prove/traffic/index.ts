import { setPriority } from "node:os";
import { FairwayError, messageOf } from "../../errors.ts";
import { finish, report } from "./output.ts";
import { parseSpec, type TrafficSpec } from "./spec.ts";
import { tcpGive, tcpSink, tcpSource, tcpTake } from "./tcp.ts";
import { udpEcho, udpProbe } from "./udp.ts";
import { udpSink, udpSource } from "./udp-bulk.ts";

/**
 * Runs the hidden command `fairway traffic <json>`: one generator of traffic (see `TrafficSpec`), which
 * reports in lines of JSON (`TrafficReport`). It ends by itself after `forMs`, and as soon as its standard
 * input is closed, so that nothing is left of a run whose parent died. A failure is a line, too.
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
    // A terminal sends its Ctrl-C to the whole process group; the parent decides what ends when.
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
    case "tcp-give":
      return tcpGive(spec);
    case "tcp-take":
      return tcpTake(spec);
    case "udp-source":
      return udpSource(spec);
    case "udp-sink":
      return udpSink(spec);
    case "udp-echo":
      return udpEcho(spec);
    case "udp-probe":
      return udpProbe(spec);
  }
}

/**
 * All ends share this machine's processors, which two hosts on a wire would not. So the ends that keep a
 * clock run before the bulk senders: what is timed is then the network, and not the wait for a processor.
 */
function favour({ role }: TrafficSpec): void {
  setPriority(priorities[role]);
}

/** Paced senders and their sinks keep a clock, too, but take more of the processor than a prober. */
const priorities: Record<TrafficSpec["role"], number> = {
  "udp-echo": -20,
  "udp-probe": -20,
  "udp-source": -10,
  "udp-sink": -10,
  "tcp-sink": 10,
  "tcp-source": 10,
  "tcp-give": 10,
  "tcp-take": 10,
};
