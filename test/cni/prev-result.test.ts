import { describe, expect, test } from "bun:test";
import { readPrevResult } from "../../src/cni/prev-result.ts";
import { addResult } from "../../src/cni/result.ts";
import { cniVersions } from "../../src/config/types.ts";
import { FairwayError } from "../../src/errors.ts";

const fields = { mtuBytes: 1400, advmssBytes: 1300, priority: 7, table: 100, scope: 0 };

describe("what ADD printed is read back", () => {
  test.each(cniVersions)("%s", (cniVersion) => {
    const printed: unknown = JSON.parse(
      JSON.stringify(
        addResult({
          cniVersion,
          interfaces: [
            { name: "fw0", mac: "02:00:00:00:00:01", mtu: 1500 },
            { name: "eth0", mac: "02:00:00:00:00:02", sandbox: "/run/netns/c1", mtu: 1400 },
          ],
          ips: [{ interface: 1, address: "198.18.0.2/24", gateway: "198.18.0.1" }],
          routes: [{ dst: "0.0.0.0/0", gw: null, ...fields }],
          dns: null,
        }),
      ),
    );
    const known = cniVersion === "1.1.0";
    expect(readPrevResult(printed, cniVersion)).toEqual({
      interfaces: [
        { name: "fw0", mac: "02:00:00:00:00:01", sandbox: null, mtuBytes: known ? 1500 : null },
        {
          name: "eth0",
          mac: "02:00:00:00:00:02",
          sandbox: "/run/netns/c1",
          mtuBytes: known ? 1400 : null,
        },
      ],
      ips: [{ interface: 1, address: "198.18.0.2/24", gateway: "198.18.0.1" }],
      routes: [{ dst: "0.0.0.0/0", gw: null, ...(known && fields) }],
      dns: {},
    });
  });
});

test("what Go leaves empty or writes as null is absent", () => {
  const raw = {
    cniVersion: "",
    interfaces: [{ name: "eth0", mac: "", sandbox: "" }],
    ips: null,
    dns: null,
  };
  expect(readPrevResult(raw, "1.0.0")).toEqual({
    interfaces: [{ name: "eth0", mac: null, sandbox: null, mtuBytes: null }],
    ips: [],
    routes: [],
    dns: null,
  });
});

describe("what is refused", () => {
  const rows: [string, unknown, number, RegExp][] = [
    ["none", undefined, 7, /no prevResult/],
    ["null", null, 7, /no prevResult/],
    ["another version", { cniVersion: "0.4.0" }, 7, /"0\.4\.0".*"1\.0\.0"/],
    ["a version that is no text", { cniVersion: 1 }, 7, /cniVersion 1,.*"1\.0\.0"/],
    ["a list", [], 6, /^prevResult must be an object, found \[\]$/],
    ["interfaces not a list", { interfaces: {} }, 6, /^prevResult\.interfaces must be a list/],
    ["a nameless interface", { interfaces: [{}] }, 6, /interfaces\[0\]\.name .*found nothing/],
    ["an address that is none", { ips: [{ address: 3 }] }, 6, /ips\[0\]\.address .*found 3/],
    ["an index too high", { ips: [{ address: "a", interface: 0 }] }, 6, /ips\[0\]\.interface/],
    ["an index below 0", { ips: [{ address: "a", interface: -1 }] }, 6, /ips\[0\]\.interface/],
    ["an index that is text", { ips: [{ address: "a", interface: "0" }] }, 6, /found "0"$/],
    ["a route without dst", { routes: [{ gw: "a" }] }, 6, /routes\[0\]\.dst/],
    ["dns that is text", { dns: "x" }, 6, /prevResult\.dns/],
  ];
  test.each(rows)("%s", (_, raw, code, words) => {
    try {
      readPrevResult(raw, "1.0.0");
    } catch (error) {
      if (!(error instanceof FairwayError)) throw error;
      expect(error.code).toBe(code);
      expect(error.message).toMatch(words);
      return;
    }
    throw new Error("it was accepted");
  });
});
