/** Addresses of another IPAM plugin's, given back for attachments that no runtime comes for. */
import { delegateIn, isPluginName } from "../config/delegate.ts";
import type { Ledger, LedgerView } from "../ledger/ledger.ts";
import type { AttachmentKey } from "../plan/node.ts";
import { callDelegate, delOfGone } from "./delegate.ts";

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
export function releaseGone(view: LedgerView, key: AttachmentKey): void {
  const stdin = view.network(key.network)?.config;
  if (stdin === undefined) return;
  const plugin = delegateIn(JSON.parse(stdin) as Record<string, unknown>);
  if (plugin === null || !isPluginName(plugin)) return;
  const path = pathOf(view);
  const { verb, env } = delOfGone(key);
  callDelegate({ plugin, path, stdin }, { verb, env: { ...env, CNI_PATH: path.join(separator) } });
}
