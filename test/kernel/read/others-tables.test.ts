/** What is told of others' tables without nft. */
import { expect, test } from "bun:test";
import { concat, encodeAttribute, encodeNested } from "../../../src/kernel/netlink/codec.ts";
import { nfgenmsg } from "../../../src/kernel/netlink/structs.ts";
import { NFT_MSG } from "../../../src/kernel/netlink/tables.ts";
import { inNetns } from "../../../src/kernel/netns.ts";
import {
  flowtableOf,
  flowtables,
  tablesAtForward,
} from "../../../src/kernel/read/others-tables.ts";
import { text, u32 } from "../../../src/kernel/write/request.ts";
import {
  addNamespace,
  delNamespace,
  mustInNamespace,
  namespacePath,
} from "../../../src/prove/lab/namespaces.ts";

const others = `
table ip a { chain one { type filter hook forward priority 0; }; chain two { type filter hook forward priority 5; }; }
table ip6 b { chain none { type filter hook input priority 0; }; }
table inet c { chain plain { }; chain at { type filter hook forward priority 0; }; }
table bridge d { chain at { type filter hook forward priority 0; }; }
`;

test("the tables that have a chain at the hook forward are those that nft would list", () => {
  const namespace = `fwt-others-${process.pid}`;
  addNamespace(namespace);
  const read = () => inNetns(namespacePath(namespace), () => [tablesAtForward(), flowtables()]);
  try {
    expect(read()).toEqual([[], []]);
    mustInNamespace(namespace, ["nft", "-f", "-"], { stdin: others });
    const [tables, flows] = read();
    expect(tables?.toSorted()).toEqual(["bridge d", "inet c", "ip a"]);
    expect(flows).toEqual([]);
  } finally {
    delNamespace(namespace);
  }
});

test("a flowtable is told with its devices, as the kernel's message has them", () => {
  const devices = ["uplink", "fw0"].map((name) => encodeAttribute(1, text(name)));
  const hook = [
    encodeAttribute(1, u32(0)),
    encodeAttribute(2, u32(0)),
    encodeNested(3, ...devices),
  ];
  const body = concat(
    nfgenmsg.encode({ family: 1 }),
    encodeAttribute(1, text("other")),
    encodeAttribute(2, text("fast")),
    encodeNested(3, ...hook),
  );
  expect(flowtableOf({ type: NFT_MSG.GETFLOWTABLE - 1, flags: 0, sequence: 1, body })).toEqual({
    family: "inet",
    table: "other",
    name: "fast",
    dev: ["uplink", "fw0"],
  });
});
