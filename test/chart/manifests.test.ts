/** deploy/fairway.yaml: what it says fits what the program has. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { home } from "../../scripts/image/contents.ts";
import { defaultSocket } from "../../src/agent/protocol.ts";
import { defaults } from "../../src/config/defaults.ts";
import { usualPlaces } from "../../src/ops/install/places.ts";
import { program } from "../../src/ops/main.ts";
import { folderOf } from "../../src/paths.ts";
import { repository } from "../support/binary.ts";
import { type Container, type Manifest, manifestsIn, podIn } from "./helm.ts";

const all = manifestsIn(readFileSync(join(repository, "deploy/fairway.yaml"), "utf8"));
const pod = podIn(all);
const containers = [...pod.initContainers, ...pod.containers];
const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
  version: string;
};

test("it is of this version", () => {
  const chart = Bun.YAML.parse(readFileSync(join(repository, "charts/fairway/Chart.yaml"), "utf8"));
  expect(chart).toMatchObject({ version, appVersion: version });
  expect(containers.map(({ image }) => image)).toEqual(containers.map(() => `fairway:${version}`));
});

describe.each(containers)(
  "the container $name",
  ({ args, volumeMounts, securityContext }: Container) => {
    test("is given commands and options that there are", () => {
      const command = program().commands.find((each) => each.name() === args[0]);
      const known = command?.options.map(({ long }) => long ?? "") ?? [];
      const given = args.slice(1).map((arg) => arg.replace(/=.*/, ""));
      expect(given.filter((option) => !known.includes(option))).toEqual([]);
    });

    test("has the node's folders where they are on the node", () => {
      const paths = new Map(pod.volumes.map(({ name, hostPath }) => [name, hostPath?.path]));
      expect(volumeMounts.map(({ mountPath }) => mountPath)).toEqual(
        volumeMounts.map(({ name }) => paths.get(name) ?? "no folder of the node"),
      );
    });

    test("may do what it says, and not everything", () => {
      expect(securityContext).toMatchObject({
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
      });
      expect(securityContext.privileged).toBeUndefined();
    });
  },
);

test("agents may what conf/cluster says, and install may read its Node", () => {
  const read = (name: string): Manifest[] =>
    manifestsIn(readFileSync(join(repository, "conf/cluster", name), "utf8"));
  const specOf = (manifests: Manifest[], kind: string, name?: string): unknown =>
    manifests.find(
      (each) => each.kind === kind && (name ?? each.metadata.name) === each.metadata.name,
    )?.spec;
  for (const kind of ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"])
    expect(specOf(all, kind, "fairway-own-node")).toEqual(
      specOf(read("own-node-policy.yaml"), kind),
    );
  const rulesOf = (manifests: Manifest[]) =>
    manifests.find(({ kind }) => kind === "ClusterRole")?.rules ?? [];
  const install = { apiGroups: [""], resources: ["nodes"], verbs: ["get"] };
  expect(rulesOf(all)).toEqual([install, ...rulesOf(read("rbac.yaml"))]);
  expect(specOf(all, "CustomResourceDefinition")).toEqual(
    specOf(read("bandwidthclass.yaml"), "CustomResourceDefinition"),
  );
});

test("pods are judged by what conf/cluster says", () => {
  const files = ["annotations-policy.yaml", "guarantees-policy.yaml"];
  const wanted = files.flatMap((name) =>
    manifestsIn(readFileSync(join(repository, "conf/cluster", name), "utf8")),
  );
  const isOne = ({ kind, metadata }: Manifest): boolean =>
    kind.includes("AdmissionPolicy") && metadata.name !== "fairway-own-node";
  const plain = (manifests: Manifest[]) =>
    manifests
      .filter(isOne)
      .map(({ kind, metadata, spec }) => ({ kind, name: metadata.name, spec }))
      .toSorted((a, b) => (a.kind + a.name < b.kind + b.name ? -1 : 1));
  expect(wanted.filter(isOne)).toHaveLength(6);
  expect(plain(all)).toEqual(plain(wanted));
});

test("install writes to what is mounted, and the agent is asked where launchers ask it", () => {
  const mounted = (name: string): string[] =>
    (containers.find((each) => each.name === name)?.volumeMounts ?? []).map((m) => m.mountPath);
  const { binDir, confDir } = usualPlaces;
  const folders = [binDir, confDir, defaults.dataDir, folderOf(defaultSocket)];
  expect(mounted("install")).toEqual(expect.arrayContaining(folders));
  expect(mounted("agent")).toEqual(expect.arrayContaining([...folders, "/run/netns"]));
});

test("what is mounted later on the node comes into the agent's container", () => {
  const [agent] = pod.containers;
  expect(agent?.volumeMounts).toContainEqual({
    ...{ name: "netns", mountPath: "/run/netns", mountPropagation: "HostToContainer" },
  });
});

test("its memory is limited by what it asks for, and its processor by nothing", () => {
  const [agent] = pod.containers;
  expect(agent?.resources?.limits).toEqual({ memory: agent?.resources?.requests?.memory ?? "" });
  expect(agent?.resources?.requests?.cpu).toBeDefined();
});

test("probes start what the image has", () => {
  const text = JSON.stringify(pod.containers);
  const commands = [...text.matchAll(/"command":\["([^"]+)"/g)].map((m) => m[1]);
  expect(commands).toEqual([1, 2, 3].map(() => `/${home}/fairway`));
});
