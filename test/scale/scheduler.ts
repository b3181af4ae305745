/** The real scheduler, beside an API server. It dies with this process. */
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { minimalEnvironment } from "../../src/ops/child.ts";
import { processorSeconds } from "../bench/usage.ts";
import { kubernetesPart, logsFolder } from "../cluster/tools.ts";

/** The part of a KubeSchedulerConfiguration that says how nodes are chosen. */
export type Profiles = readonly Readonly<Record<string, unknown>>[];

export interface Scheduler {
  /** Of processors, since it was started. */
  seconds(): number;
  end(): Promise<void>;
}

/** What waits at a limit of the client's is not the scheduler: by default it may ask 50 times a second. */
const requestsASecond = 5_000;

export function startScheduler(kubeconfig: string, scratch: string, profiles: Profiles): Scheduler {
  const config = join(scratch, "kube-scheduler.json");
  writeFileSync(
    config,
    JSON.stringify({
      apiVersion: "kubescheduler.config.k8s.io/v1",
      kind: "KubeSchedulerConfiguration",
      leaderElection: { leaderElect: false },
      clientConnection: { kubeconfig, qps: requestsASecond, burst: requestsASecond },
      ...(profiles.length > 0 && { profiles }),
    }),
  );
  const logs = join(logsFolder, "api-server");
  mkdirSync(logs, { recursive: true });
  const log = openSync(join(logs, "kube-scheduler.log"), "a");
  const argv = kubernetesPart("kube-scheduler", `--config=${config}`, "--secure-port=0");
  const child = Bun.spawn(["setpriv", "--pdeathsig", "KILL", ...argv], {
    ...{ env: minimalEnvironment(), cwd: scratch },
    ...{ stdin: "ignore", stdout: log, stderr: log },
  });
  closeSync(log);
  return {
    seconds: () => {
      if (child.exitCode !== null) throw new Error(`the scheduler ended; see ${logs}`);
      return processorSeconds(child.pid);
    },
    end: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}
