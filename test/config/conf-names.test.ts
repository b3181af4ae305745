import { expect, test } from "bun:test";
import { isConfName } from "../../src/config/conf-names.ts";

test.each([
  ["10-a.conflist", true],
  ["10-a.conf", true],
  ["10-a.json", true],
  ["10-a.conflist.bak", false],
  [".10-a.conflist.7.new", false],
  ["10-calico.conflist.cilium_bak", false],
  ["calico-kubeconfig", false],
])("whether a runtime reads %s", (name, is) => {
  expect(isConfName(name)).toBe(is);
});
