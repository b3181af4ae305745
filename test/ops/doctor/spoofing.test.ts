import { describe, expect, test } from "bun:test";
import { judgeSpoofing } from "../../../src/ops/doctor/spoofing.ts";
import { podWith } from "../../plan/samples.ts";

describe("what pods sent under others' addresses", () => {
  const pods = [podWith(0x10), podWith(0x11, { podNamespace: "shop", podName: "cart" })];
  const counted = (first: number, second: number) =>
    judgeSpoofing(
      pods,
      new Map([
        ["fwv10", { packets: first, bytes: 60 }],
        ["fwv11", { packets: second, bytes: 60 }],
      ]),
    ).map(({ level, found }) => `${level}: ${found}`);

  test("is nothing", () => {
    expect(counted(0, 0)).toEqual(["ok: no pod sent anything under another's address"]);
    expect(judgeSpoofing(pods, new Map()).map(({ level }) => level)).toEqual(["ok"]);
  });

  test("is told of each pod by its name", () => {
    expect(counted(1, 20)).toEqual([
      "warn: pods/c16/eth0 sent 1 frame that is not its own, dropped",
      "warn: shop/cart (pods/c17/eth0) sent 20 frames that are not its own, all dropped",
    ]);
  });
});
