/**
 * The image that scripts/build-image made: that a second build has the same bytes, that it holds what it should and
 * nothing else, and that its programs run on its own root.
 */
import { beforeAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { sha256 } from "../../scripts/image/oci.ts";
import { type CommandResult, runChild } from "../../src/ops/child.ts";
import {
  addNamespace,
  delNamespace,
  insideNamespace,
  ipBatch,
} from "../../src/prove/lab/namespaces.ts";
import { filesIn } from "../image/layout.ts";
import { repository } from "../support/binary.ts";
import { until } from "../support/until.ts";

const archive = join(repository, "dist/fairway-image.tar");
const qemu = join(repository, "dist/test-tools/debian/usr/bin/qemu-aarch64-static");

interface Described {
  digest: string;
  platform?: { architecture: string };
}

const run = (argv: string[]): CommandResult => runChild(argv, { timeoutMs: 60_000 });

/** The layers of one processor, as archives. */
function layersFor(architecture: string): Buffer[] {
  const files = filesIn(readFileSync(archive));
  const blob = ({ digest }: Described): Buffer =>
    files.get(`blobs/${digest.replace(":", "/")}`) ?? Buffer.alloc(0);
  const json = <T>(bytes: Buffer | undefined): T => JSON.parse(String(bytes)) as T;
  const [top] = json<{ manifests: Described[] }>(files.get("index.json")).manifests;
  if (top === undefined) throw new Error("the index leads nowhere");
  const { manifests } = json<{ manifests: Described[] }>(blob(top));
  const own = manifests.find(({ platform }) => platform?.architecture === architecture);
  if (own === undefined) throw new Error(`there is no image for ${architecture}`);
  const { layers } = json<{ layers: Described[] }>(blob(own));
  return layers.map((layer) => gunzipSync(blob(layer)));
}

async function withRoot(
  architecture: string,
  use: (root: string) => void | Promise<void>,
): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "fairway-image-"));
  try {
    layersFor(architecture).forEach((layer, at) => {
      const file = join(root, `.layer-${at}`);
      writeFileSync(file, layer);
      expect(run(["tar", "--extract", "-f", file, "-C", root]).stderr).toBe("");
      rmSync(file);
    });
    await use(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const digestOfArchive = (): string => sha256(readFileSync(archive));
let first = "";

beforeAll(() => {
  first = digestOfArchive();
});

test("a second build has the same bytes", () => {
  const { code, stderr } = runChild([join(repository, "scripts/build-image")], {
    env: { BUILT: "yes", HOME: process.env.HOME ?? "/root" },
    timeoutMs: 300_000,
  });
  expect(stderr).toContain("built dist/fairway-image.tar");
  expect(code).toBe(0);
  expect(digestOfArchive()).toBe(first);
}, 300_000);

const contents = [
  "opt/fairway/LICENSE",
  "opt/fairway/THIRD-PARTY-NOTICES.txt",
  "opt/fairway/fairway",
  "opt/fairway/fairway.spdx.json",
  "usr/bin/cat",
  "usr/share/doc/libc6/copyright",
];

test.each([
  ["amd64", "x64", "x86_64", "lib64/ld-linux-x86-64.so.2"],
  ["arm64", "arm64", "aarch64", "lib/ld-linux-aarch64.so.1"],
])("the image for %s holds its programs, glibc's libraries, and nothing else", (...row) => {
  const [architecture, name, machine, loader] = row;
  const paths = layersFor(architecture).flatMap((layer) => [...filesIn(layer).keys()]);
  const libraries = ["libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0"];
  expect(paths.toSorted()).toEqual(
    [
      ...contents,
      `opt/fairway/fairway-${name}-musl`,
      `opt/fairway/fairway-launcher-${name}`,
      loader,
      ...libraries.map((library) => `lib/${machine}-linux-gnu/${library}`),
    ].toSorted(),
  );
});

test("on its own root, the executable answers, calls the C library, and finds `cat`", () =>
  withRoot("amd64", (root) => {
    mkdirSync(join(root, "proc"));
    const inside = (...argv: string[]): CommandResult =>
      run([
        ...["unshare", "--mount", "--pid", "--fork", "sh", "-euc"],
        'cd "$0"; mount -t proc proc proc; exec chroot . "$@"',
        ...[root, ...argv],
      ]);
    expect(inside("/opt/fairway/fairway", "--version").stdout).toMatch(/linux-x64\)\n$/);
    const doctor = inside("/opt/fairway/fairway", "doctor", "--json").stdout;
    expect(doctor).toContain('"kernel.release"');
    const cat = inside("/usr/bin/cat");
    expect(cat).toEqual({ code: 0, stdout: "", stderr: "" });
  }));

/** The node's first process waits on its own root, below which the container's root is mounted. */
const node =
  'cd "$0"; mount -t proc proc proc; mount --bind "$1" image; mount -t proc proc image/proc; exec chroot . /cat';

async function withNodeOf(
  libraries: string,
  image: string,
  use: (inContainer: (...argv: string[]) => CommandResult) => void,
): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "fairway-root-"));
  const namespace = `fw-image-${process.pid}`;
  for (const folder of ["proc", "image"]) mkdirSync(join(root, folder));
  cpSync(libraries, join(root, "lib"), { recursive: true, verbatimSymlinks: true });
  cpSync(join(repository, "dist/fairway-cat-x64"), join(root, "cat"));
  const argv = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", node];
  addNamespace(namespace);
  const child = Bun.spawn(insideNamespace(namespace, [...argv, root, image]), { stdin: "pipe" });
  try {
    ipBatch(namespace, ["link add eth0 type veth peer name eth1", "link set dev eth0 up"]);
    const children = `/proc/${child.pid}/task/${child.pid}/children`;
    const first = (): string => readFileSync(children, "utf8").trim();
    await until("the node's first process waits", async () =>
      readFileSync(`/proc/${first()}/comm`, "utf8").startsWith("cat"),
    );
    const enter = ["nsenter", "--target", first(), "--mount", "--pid", "--net", "--wd=/"];
    use((...inside) => run([...enter, "chroot", join(root, "image"), ...inside]));
  } finally {
    child.kill("SIGKILL");
    await child.exited;
    delNamespace(namespace);
    rmSync(root, { recursive: true });
  }
}

test("on a node with musl, install places the build for musl, which its container cannot run", () =>
  withRoot("amd64", async (root) => {
    mkdirSync(join(root, "proc"));
    const musl = join(repository, "dist/test-tools/musl");
    await withNodeOf(musl, root, (inContainer) => {
      const rates = ["--egress-capacity", "100M", "--ingress-capacity", "100M"];
      const { code, stdout, stderr } = inContainer(
        ...["/opt/fairway/fairway", "install", "--subnet", "198.18.55.0/24"],
        ...["--uplink", "eth0", ...rates],
      );
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain("write /opt/cni/bin/fairway-full");
    });
    const [placed, built] = ["opt/cni/bin/fairway-full", "opt/fairway/fairway-x64-musl"].map(
      (path) => sha256(readFileSync(join(root, path))),
    );
    expect(placed).toBe(built);
  }));

test("for arm64, too, as far as qemu goes", () =>
  withRoot("arm64", (root) => {
    const { stdout } = run([qemu, "-L", root, join(root, "opt/fairway/fairway"), "--version"]);
    expect(stdout).toMatch(/linux-arm64\)\n$/);
  }));

test("what it is made of names each file by its digest, and each package of the bundle", () => {
  const layers = layersFor("amd64");
  const files = new Map(layers.flatMap((layer) => [...filesIn(layer)]));
  const sbom = JSON.parse(String(files.get("opt/fairway/fairway.spdx.json"))) as {
    files: { fileName: string; checksums: { algorithm: string; checksumValue: string }[] }[];
    packages: { name: string }[];
  };
  const told = sbom.files.map(({ fileName, checksums }) => [
    fileName.replace("./", ""),
    checksums.find(({ algorithm }) => algorithm === "SHA256")?.checksumValue,
  ]);
  const real = [...files]
    .filter(([path]) => !path.endsWith(".spdx.json"))
    .map(([path, content]) => [path, sha256(content)]);
  expect(told.toSorted()).toEqual(real.toSorted());
  const names = sbom.packages.map(({ name }) => name);
  for (const name of ["fairway", "bun", "libc6", "musl", "commander", "ip-num", "pino"])
    expect(names).toContain(name);
});
