import { expect, test } from "bun:test";
import { select } from "../../../src/ops/status/select.ts";
import { samplePod, sampleStatus } from "./sample-status.ts";

const unnamed = { ...samplePod("x/y", {}), pod: null, attachment: "others/0123/eth0" };
const status = sampleStatus([
  samplePod("shop/cart", {}),
  samplePod("shop/web", {}),
  samplePod("lab/cart", {}),
  unnamed,
]);

test.each([
  [{}, ["shop/cart", "shop/web", "lab/cart", null]],
  [{ namespace: "shop" }, ["shop/cart", "shop/web"]],
  [{ pod: "cart" }, ["shop/cart", "lab/cart"]],
  [{ pod: "lab/cart" }, ["lab/cart"]],
  [{ pod: "cart", namespace: "shop" }, ["shop/cart"]],
  [{ pod: "lab/cart", namespace: "shop" }, []],
  [{ network: "others" }, [null]],
  [{ pod: "car" }, []],
])("%j", (wanted, names) => {
  expect(select(status, wanted).pods.map(({ pod }) => pod)).toEqual(names);
});
