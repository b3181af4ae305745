/** Addresses of another IPAM plugin's, given back for attachments that no runtime comes for. */
import { delegateIn, isPluginName } from "../config/delegate.ts";
import type { Ledger, LedgerView } from "../ledger/ledger.ts";
import type { AttachmentKey } from "../plan/node.ts";
import { callDelegate } from "./delegate.ts";

/** In the ledger, of this boot: an operator's command is in no runtime's environment. */
const pathFact = "cni-path";
const separator = ":";

export function rememberPath(ledger: Ledger, path: readonly string[]): void {
  const text = path.join(separator);
  if (ledger.fact(pathFact) !== text) ledger.setFact(pathFact, text);
}

function pathOf(view: LedgerView): string[] {
  return (view.fact(pathFact) ?? "").split(separator).filter((folder) => folder !== "");
}

/** After the attachment's row went. Throws the plugin's error; only its own records know the address then. */
export function releaseGone(
  view: LedgerView,
  { network, containerId, ifname }: AttachmentKey,
): void {
  const stdin = view.network(network)?.config;
  if (stdin === undefined) return;
  const plugin = delegateIn(JSON.parse(stdin) as Record<string, unknown>);
  if (plugin === null || !isPluginName(plugin)) return;
  const path = pathOf(view);
  callDelegate(
    { plugin, path, stdin },
    {
      verb: "DEL",
      env: {
        CNI_CONTAINERID: containerId,
        CNI_IFNAME: ifname,
        CNI_NETNS: "",
        CNI_ARGS: "",
        CNI_PATH: path.join(separator),
      },
    },
  );
}
