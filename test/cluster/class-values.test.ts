import { expect, test } from "bun:test";
import { planClass, withClassValuesOf } from "../../src/cluster/class-values.ts";

const plugin = {
  type: "fairway",
  uplink: { name: "eth0", egressCapacity: "1G", reserve: "5%" },
  tiers: { low: {} },
  ipam: { subnet: "198.19.1.0/24" },
};
const wanted = (values: object) => ({ name: "pool", values: values as Record<string, unknown> });

test("only what the class says is changed, and it all comes back", () => {
  const put = planClass(
    plugin,
    null,
    wanted({
      egressCapacity: "2G",
      ingressCapacity: "3G",
      tiers: { high: {} },
      defaultTier: "high",
    }),
  );
  expect(put.plugin).toEqual({
    ...plugin,
    uplink: { name: "eth0", egressCapacity: "2G", reserve: "5%", ingressCapacity: "3G" },
    tiers: { high: {} },
    defaultTier: "high",
  });
  const back = planClass(put.plugin, put.record, null);
  expect(back).toEqual({ plugin, record: null });
});

test("a class that says less gives back what it had changed", () => {
  const put = planClass(plugin, null, wanted({ egressCapacity: "2G", tiers: { high: {} } }));
  const less = planClass(put.plugin, put.record, wanted({ tiers: { high: {} } }));
  expect(less.plugin.uplink).toEqual(plugin.uplink);
  expect(less.record?.former).toEqual({ tiers: { value: { low: {} } } });
});

test("a second time it changes nothing", () => {
  const put = planClass(plugin, null, wanted({ egressCapacity: "2G" }));
  const again = planClass(put.plugin, put.record, wanted({ egressCapacity: "2G" }));
  expect(again.plugin).toBe(put.plugin);
  expect(again.record).toEqual(put.record);
});

test("what somebody has set meanwhile is what comes back", () => {
  const put = planClass(plugin, null, wanted({ egressCapacity: "2G" }));
  const edited = { ...put.plugin, uplink: { name: "eth0", egressCapacity: "7G", reserve: "5%" } };
  expect(planClass(edited, put.record, null).plugin).toEqual(edited);
  const over = planClass(edited, put.record, wanted({ egressCapacity: "2G" }));
  expect(over.record?.former).toEqual({ egressCapacity: { value: "7G" } });
});

test("a record that was written, but whose file was not, changes nothing", () => {
  const put = planClass(plugin, null, wanted({ egressCapacity: "2G" }));
  expect(planClass(plugin, put.record, null).plugin).toEqual(plugin);
});

test("another configuration gets the values, and nothing else", () => {
  const recorded = { ...plugin, mtu: 9000, defaultTier: "low" };
  expect(withClassValuesOf(recorded, { ...plugin, uplink: { egressCapacity: "2G" } })).toEqual({
    type: "fairway",
    uplink: { name: "eth0", egressCapacity: "2G" },
    tiers: { low: {} },
    ipam: { subnet: "198.19.1.0/24" },
    mtu: 9000,
  });
});
