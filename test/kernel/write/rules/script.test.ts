/** What is told where the kernel lacks a part: it points at the expression that it does not know. */
import { expect, test } from "bun:test";
import type { NetlinkError } from "../../../../src/kernel/netlink/refusal.ts";
import { NetlinkSocket } from "../../../../src/kernel/netlink/socket.ts";
import { nfgenmsg } from "../../../../src/kernel/netlink/structs.ts";
import { NFNL_MSG_BATCH, NFNL_SUBSYS_NFTABLES_ID } from "../../../../src/kernel/netlink/tables.ts";
import { inNetns } from "../../../../src/kernel/netns.ts";
import {
  reasonOf,
  type ScriptMessage,
  scriptMessages,
} from "../../../../src/kernel/write/rules/script.ts";
import { ruleset as rulesetKind } from "../../../../src/plan/kinds/ruleset.ts";
import { ruleset } from "../../../../src/plan/ruleset.ts";
import { addNamespace, delNamespace, namespacePath } from "../../../../src/prove/lab/namespaces.ts";

const want = ruleset({
  place: { kind: "bridge", name: "fw0", owned: true },
  masquerades: true,
  hostPolice: { uplink: "eth0", bytesPerSecond: 1_000_000, burstBytes: 65_536 },
});

function messages(): ScriptMessage[] {
  const [act] = rulesetKind.acts("create", want, null);
  if (act?.does == null) throw new Error("a table has one act");
  let used = 0;
  return scriptMessages(act.does, { next: () => ++used });
}

/** A name that no kernel has, in place of an expression's. */
function unknown({ message, subject }: ScriptMessage, name: string): ScriptMessage {
  const [from, to] = [Buffer.from(`${name}\0`), Buffer.from(`${name.slice(0, -1)}?\0`)];
  const body = Buffer.from(message.body);
  for (let at = body.indexOf(from); at >= 0; at = body.indexOf(from)) to.copy(body, at);
  return { message: { ...message, body: new Uint8Array(body) }, subject };
}

const batch = { flags: 1, body: nfgenmsg.encode({ resIdLow: NFNL_SUBSYS_NFTABLES_ID }) };

function refusalOf(all: readonly ScriptMessage[]): { at: number; refused: NetlinkError } | null {
  using socket = new NetlinkSocket("netfilter");
  const { failure } = socket.transaction(
    { ...batch, type: NFNL_MSG_BATCH.BEGIN },
    all.map(({ message }) => message),
    { ...batch, type: NFNL_MSG_BATCH.END },
  );
  return failure;
}

test.each([
  ["fib", "discovery", "nft_fib_inet (CONFIG_NFT_FIB_INET)"],
  ["limit", "host-police", "nft_limit (CONFIG_NFT_LIMIT)"],
  ["masq", "nat", "nft_masq (CONFIG_NFT_MASQ)"],
])("a kernel without %s: for the rule %s, %s", (expression, rule, part) => {
  const namespace = `fwt-script-${process.pid}`;
  addNamespace(namespace);
  try {
    const asked = messages();
    const sent = asked.map((each) => unknown(each, expression));
    const failure = inNetns(namespacePath(namespace), () => refusalOf(sent));
    const refused = asked[failure?.at ?? -1];
    if (failure === null || refused === undefined) throw new Error("nothing was refused");
    expect(reasonOf(refused, failure.refused)).toMatch(
      new RegExp(
        `^No such file or directory, for rule "fairway ${rule} \\w{8}" of chain [\\w-]+: the kernel lacks ${RegExp.escape(part)}$`,
      ),
    );
  } finally {
    delNamespace(namespace);
  }
});
