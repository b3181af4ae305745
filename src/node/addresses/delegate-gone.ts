/** Gives addresses of another IPAM plugin back, for attachments that no runtime comes for. */
import { delegateIn, isPluginName } from "../../config/delegate.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import type { AttachmentKey } from "../../plan/node.ts";
import { callDelegate, delOfGone } from "./delegate.ts";

/**
 * The ledger keeps the path for this boot, because an operator's command does not run in a runtime's
 * environment.
 */
const pathFact = "cni-path";
const separator = ":";

export function rememberPath(ledger: Ledger, path: readonly string[]): void {
  const text = path.join(separator);
  if (ledger.fact(pathFact) !== text) ledger.setFact(pathFact, text);
}

function pathOf(view: LedgerView): string[] {
  return (view.fact(pathFact) ?? "").split(separator).filter((folder) => folder !== "");
}

/**
 * Call it after the attachment's row is removed. Throws the plugin's error; then only the plugin's own
 * records know the address.
 */
export function releaseGone(view: LedgerView, key: AttachmentKey): void {
  const stdin = view.network(key.network)?.config;
  if (stdin === undefined) return;
  const plugin = delegateIn(JSON.parse(stdin) as Record<string, unknown>);
  if (plugin === null || !isPluginName(plugin)) return;
  const path = pathOf(view);
  const { verb, env } = delOfGone(key);
  callDelegate({ plugin, path, stdin }, { verb, env: { ...env, CNI_PATH: path.join(separator) } });
}
