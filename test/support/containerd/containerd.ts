/** A containerd of its own, on the node of a lab, with our conflist. */
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { minimalEnvironment } from "../../../src/ops/child.ts";
import { type Cri, criClient } from "../cri/client.ts";
import { until } from "../until.ts";
import { containerdConfig, snapshotter } from "./config.ts";
import { type Host, makeHost } from "./host.ts";
import { pauseImage, writePauseImage } from "./pause-image.ts";
import { loopbackPlugin, type Release } from "./releases.ts";

export interface Containerd {
  cri: Cri;
  host: Host;
  /** Where the plugins are. */
  binDir: string;
  /** Puts a conflist in place as an operator does, and waits until the runtime took it. */
  configure(conflist: object): Promise<void>;
  /** Ends the runtime with a signal and starts it anew; what runs in sandboxes goes on. */
  restart(signal: "TERM" | "KILL"): Promise<void>;
  /** All that it and the plugins said, line by line. */
  log(): string[];
  remove(): Promise<void>;
}

/** The conflist that a runtime has loaded, of those that its Status shows. */
function loadedConflist(info: Record<string, string>): unknown {
  const shown = JSON.parse(info.cniconfig ?? "{}") as {
    Networks?: { Config?: { Source?: string } }[];
  };
  // The first network is the loopback interface's.
  return JSON.parse(shown.Networks?.at(-1)?.Config?.Source ?? "null");
}

export async function startContainerd(
  release: Release,
  node: string,
  scratch: string,
): Promise<Containerd> {
  const [confDir, binDir] = [join(scratch, "net.d"), join(scratch, "bin")];
  for (const folder of [confDir, binDir]) mkdirSync(folder);
  copyFileSync(loopbackPlugin, join(binDir, "loopback"));
  const [socket, configFile, logFile, pidFile] = ["cri.sock", "config.toml", "log", "pid"].map(
    (name) => join(scratch, name),
  ) as [string, string, string, string];
  const environment = minimalEnvironment();
  const PATH = [...release.path, environment.PATH].join(":");
  const runc = Bun.which("runc", { PATH });
  if (runc === null) throw new Error(`there is no runc in ${PATH}`);
  writeFileSync(
    configFile,
    containerdConfig(release.configVersion, { socket, confDir, binDir }, runc),
  );
  writeFileSync(logFile, "");

  const host = await makeHost(node);
  const cri = criClient(socket);
  const start = async (): Promise<void> => {
    // As a service manager starts it: in /, and the shell's number becomes the runtime's.
    const command = `cd / && echo $$ >${pidFile} && exec containerd -c ${configFile} >>${logFile} 2>&1`;
    Bun.spawn(host.inside(["sh", "-c", command]), {
      env: { ...environment, PATH },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
    });
    await until("containerd answers", async () => (await cri.version()).name === "containerd");
  };
  const stop = async (signal: string): Promise<void> => {
    const pid = readFileSync(pidFile, "utf8").trim();
    host.run(["kill", `-${signal}`, pid]);
    await until(
      "containerd has ended",
      async () => host.run(["test", "-e", `/proc/${pid}`]).code !== 0,
    );
  };
  const must = (argv: string[]): void => {
    const done = host.run(argv, { env: { PATH } });
    if (done.code !== 0) throw new Error(`${argv.join(" ")}: ${done.stdout}${done.stderr}`);
  };
  try {
    await start();
    const archive = join(scratch, "pause.tar");
    writePauseImage(archive, scratch);
    must([
      "ctr",
      "-a",
      socket,
      "-n",
      "k8s.io",
      "images",
      "import",
      "--snapshotter",
      snapshotter,
      archive,
    ]);
    await until("the image is known", () => cri.hasImage(pauseImage));
  } catch (error) {
    cri.close();
    await host.remove();
    throw new Error(`containerd did not come up: ${readFileSync(logFile, "utf8").slice(-2000)}`, {
      cause: error,
    });
  }
  return {
    cri,
    host,
    binDir,
    configure: async (conflist) => {
      const file = join(confDir, "10-fairway.conflist");
      writeFileSync(`${file}.new`, JSON.stringify(conflist));
      renameSync(`${file}.new`, file);
      await until("the conflist is loaded", async () =>
        Bun.deepEquals(loadedConflist((await cri.status()).info), conflist),
      );
    },
    restart: async (signal) => {
      await stop(signal);
      await start();
    },
    log: () =>
      readFileSync(logFile, "utf8")
        .split("\n")
        .filter((line) => line !== ""),
    remove: async () => {
      cri.close();
      await host.remove();
    },
  };
}
