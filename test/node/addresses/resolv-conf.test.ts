import { expect, test } from "bun:test";
import { type Dns, parseResolvConf } from "../../../src/node/addresses/resolv-conf.ts";

test.each<[string, string, Dns]>([
  ["nothing", "", {}],
  ["comments", "# nameserver 198.18.0.1\n; search x\n", {}],
  [
    "all of it, with tabs and spaces",
    "nameserver\t198.18.0.53\n  nameserver 198.18.0.54  \ndomain a.example\nsearch b.example c.example\noptions ndots:5 timeout:1\n",
    {
      nameservers: ["198.18.0.53", "198.18.0.54"],
      domain: "a.example",
      search: ["b.example", "c.example"],
      options: ["ndots:5", "timeout:1"],
    },
  ],
  ["a keyword without a value", "nameserver\nsearch\n", {}],
  ["the last domain counts", "domain a\ndomain b\n", { domain: "b" }],
])("%s", (_, text, expected) => {
  expect(parseResolvConf(text)).toEqual(expected);
});
