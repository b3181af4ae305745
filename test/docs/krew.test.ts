/**
 * The manifest for krew, held to krew's own rules: internal/index/validation/validate.go of sigs.k8s.io/krew v0.4.3, and the
 * naming guide of its index. RELEASING.md says how krew itself is asked.
 */
import { expect, test } from "bun:test";
import { archiveName, krewManifest } from "../../scripts/krew.ts";
import { version } from "../../src/build.ts";

const sha256 = "0123456789abcdef".repeat(4);
const manifest = krewManifest({
  ...{ version, base: "https://releases.test/v0", homepage: "https://fairway.test" },
  archives: (["amd64", "arm64"] as const).map((arch) => ({
    ...{ arch, sha256, file: archiveName(arch) },
  })),
});
const { metadata, spec } = manifest;

test("it is a plugin of the version that krew reads", () => {
  expect(manifest).toMatchObject({
    apiVersion: "krew.googlecontainertools.github.com/v1alpha2",
    kind: "Plugin",
  });
  // IsSafePluginName
  expect(metadata.name).toMatch(/^[\w-]+$/);
  // A semantic version, with a "v" before it.
  expect(spec.version).toMatch(/^v\d+\.\d+\.\d+(-[\w.]+)?$/);
});

test("what is shown in krew's list fits there", () => {
  expect(spec.shortDescription).not.toMatch(/[\r\n]/);
  expect(spec.shortDescription.length).toBeLessThanOrEqual(60);
  expect(spec.shortDescription).toMatch(/^[A-Z].*[^.]$/);
  expect(spec.shortDescription).not.toMatch(/kubectl|plugin/i);
  for (const line of spec.description.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});

test("each platform has an archive of its own, with its digest and what is taken out of it", () => {
  expect(spec.platforms.length).toBe(2);
  for (const { uri, sha256: digest, files, bin, selector } of spec.platforms) {
    expect(uri).toMatch(
      /^https:\/\/releases\.test\/v0\/kubectl-fairway-linux-(amd64|arm64)\.tar\.gz$/,
    );
    expect(digest).toMatch(/^[a-f0-9]{64}$/);
    expect(Object.keys(selector.matchLabels)).toEqual(["os", "arch"]);
    for (const { from, to } of files) expect([from, to]).not.toContain("");
    expect(files.map(({ from }) => from)).toContain("LICENSE");
    // It is a path within what was taken out.
    expect(files.map(({ from }) => from)).toContain(bin);
  }
  const places = spec.platforms.map(({ selector }) => JSON.stringify(selector));
  expect(new Set(places).size).toBe(places.length);
});

test("it is read again as it was written", () => {
  expect(Bun.YAML.parse(Bun.YAML.stringify(manifest, null, 2))).toEqual(manifest);
});
