import { describe, expect, test } from "bun:test";
import { type DeviceId, deviceName, deviceOf } from "../../src/dra/names.ts";

const device = (uplink: string, direction: DeviceId["direction"] = "egress"): DeviceId => ({
  uplink,
  direction,
});

describe("a device's name", () => {
  const rows: [DeviceId, string][] = [
    [device("eth0"), "egress-eth0"],
    [device("eth0", "ingress"), "ingress-eth0"],
    [device("eth0.100"), "egress-eth0-2e100"],
    [device("enP2p1s0"), "egress-en-502p1s0"],
    [device("br-lan"), "egress-br-2dlan"],
    [device("-"), "egress--2d"],
    [device("é"), "egress--c3-a9"],
    [device("______________x"), `egress-${"-5f".repeat(14)}x`],
  ];
  test.each(rows)("%p is %s, and back", (id, name) => {
    expect(deviceName(id)).toBe(name);
    expect(deviceOf(name)).toEqual(id);
    expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
    expect(name.length).toBeLessThanOrEqual(63);
  });

  const none = [
    "",
    "egress",
    "egress-",
    "eth0-egress",
    "egress-eth0-",
    "egress-eth0-2",
    "egress-E",
  ];
  test.each([...none, "egress--61", "egress-eth0-zz"])("%p is none of ours", (name) => {
    expect(deviceOf(name)).toBeNull();
  });
});
