import { expect, test } from "bun:test";
import { refusedAdd } from "../../src/agent/refused-add.ts";
import { FairwayError } from "../../src/errors.ts";

const env = {
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: "c1",
  CNI_IFNAME: "eth0",
  CNI_ARGS: "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=cart;K8S_POD_UID=u1",
};
const config = { name: "pods" };
const refused = new FairwayError(
  "promiseRefused",
  "shop/cart (pods/c1/eth0) asks for 10G",
  "by c2",
);

test("a pod that asked for too much is told so, without a container's id", () => {
  expect(refusedAdd(env, config, refused, true)).toEqual({
    namespace: "shop",
    name: "cart",
    uid: "u1",
    words: "the pod asks for 10G",
    mayStart: true,
  });
});

test.each<[string, object, unknown]>([
  ["another verb", { CNI_COMMAND: "DEL" }, refused],
  ["a pod without a uid", { CNI_ARGS: "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=cart" }, refused],
  ["two uids", { CNI_ARGS: `${env.CNI_ARGS};K8S_POD_UID=u2` }, refused],
  ["no arguments", { CNI_ARGS: "" }, refused],
  ["what the node is at fault for", {}, new FairwayError("io", "no")],
  ["a defect", {}, new Error("no")],
])("%s tells nobody", (_, part, error) => {
  expect(refusedAdd({ ...env, ...part }, config, error, false)).toBeNull();
});
