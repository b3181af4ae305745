/** An IPAM plugin whose every answer a test gives, and which writes down what it was called with. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface FakeCall {
  verb: string;
  containerId: string;
  netns: string;
  stdin: string;
  env: string;
}

export interface FakeDelegate {
  /** For CNI_PATH. */
  folder: string;
  /** What it prints, and its exit code, from now on; without: nothing and 0. */
  answer(verb: string, stdout: unknown, exit?: number): void;
  /** A line of shell in place of an answer. */
  behave(verb: string, shell: string): void;
  /** Since the last look. */
  calls(): FakeCall[];
}

const separator = "=====";

export function fakeDelegate(parent: string, name = "fake-ipam"): FakeDelegate {
  const folder = join(parent, "fake");
  mkdirSync(folder);
  const log = join(folder, "log");
  const script = `#!/bin/sh
{ echo "$CNI_COMMAND"; echo "$CNI_CONTAINERID"; echo "$CNI_NETNS"; cat; echo; env | sort; echo "${separator}"; } >>"${log}"
[ ! -e "${folder}/$CNI_COMMAND.sh" ] || . "${folder}/$CNI_COMMAND.sh"
`;
  writeFileSync(join(folder, name), script);
  chmodSync(join(folder, name), 0o755);
  const behave = (verb: string, shell: string): void =>
    writeFileSync(join(folder, `${verb}.sh`), `${shell}\n`);
  return {
    folder,
    behave,
    answer(verb, stdout, exit = 0) {
      const text = typeof stdout === "string" ? stdout : JSON.stringify(stdout);
      behave(verb, `cat <<'ANSWER'\n${text}\nANSWER\nexit ${exit}`);
    },
    calls() {
      if (!existsSync(log)) return [];
      const entries = readFileSync(log, "utf8").split(`${separator}\n`).slice(0, -1);
      rmSync(log);
      return entries.map((entry) => {
        const [verb = "", containerId = "", netns = "", stdin = "", ...env] = entry.split("\n");
        return { verb, containerId, netns, stdin, env: env.join("\n") };
      });
    },
  };
}
