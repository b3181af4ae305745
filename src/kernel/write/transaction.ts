/** Changes of our tables, in one transaction of nf_tables, as `nft -f` makes with the same lines. */
import type { Script } from "../../plan/kinds/ruleset.ts";
import type { Message } from "../netlink/codec.ts";
import { NetlinkSocket, type Refused } from "../netlink/socket.ts";
import { nfgenmsg } from "../netlink/structs.ts";
import { NFNL_MSG_BATCH, NFNL_SUBSYS_NFTABLES_ID, NFT_MSG, NLM_F } from "../netlink/tables.ts";
import { netnsHere } from "../netns.ts";
import { recordOwn } from "../own-generations.ts";
import { elementHash, generationOf } from "../read/table-digest.ts";
import { setForm } from "../set-keys.ts";
import { type ElementChange, elementMessage } from "./elements.ts";
import type { ScriptMessage, SetNumbers } from "./rules/script.ts";

export type TableChange = ElementChange | Script;

const isScript = (change: TableChange): change is Script => "commands" in change;

type Unnumbered = Omit<Message, "sequence">;

const subsystem = nfgenmsg.encode({ resIdLow: NFNL_SUBSYS_NFTABLES_ID });
const begin: Unnumbered = { type: NFNL_MSG_BATCH.BEGIN, flags: NLM_F.REQUEST, body: subsystem };
const end: Unnumbered = { type: NFNL_MSG_BATCH.END, flags: NLM_F.REQUEST, body: subsystem };

/** It is loaded here because it is needed only where a table is made or changed. */
const rules = () => require("./rules/script.ts") as typeof import("./rules/script.ts");

interface Numbered {
  message: Unnumbered;
  /** The index of its change. */
  change: number;
  /** It is set on a message of a script. */
  of?: ScriptMessage;
}

function messagesOf(changes: readonly TableChange[]): Numbered[] {
  let used = 0;
  const numbers: SetNumbers = { next: () => ++used };
  return changes.flatMap((each, change): Numbered[] =>
    isScript(each)
      ? rules()
          .scriptMessages(each, numbers)
          .map((of) => ({ message: of.message, change, of }))
      : [{ message: elementMessage(each), change }],
  );
}

/** The index of the change that was refused, and why, in words. */
export interface RefusedChange {
  at: number;
  reason: string;
  errno: number;
}

function refusedChange(messages: readonly Numbered[], { at, refused }: Refused): RefusedChange {
  const { errno, message: reason } = refused;
  const stopped = messages[at];
  if (stopped === undefined) return { at: 0, reason, errno };
  const { change, of } = stopped;
  return {
    at: change,
    reason: of === undefined ? reason : rules().reasonOf(of, refused),
    errno,
  };
}

/**
 * The last socket by which something was taken out. Whoever closes it waits until the kernel has released
 * everything that was taken out (nft_rcv_nl_event() in net/netfilter/nf_tables_api.c flushes work that takes
 * grace periods, 20 ms). This also holds at the end of a process. So the socket is left to somebody who has
 * the time (send-off.ts).
 */
let unclosed: { socket: NetlinkSocket; netns: string } | null = null;

/** The caller has to close the socket that it gets. */
export function takeUnclosed(): NetlinkSocket | null {
  const taken = unclosed?.socket ?? null;
  unclosed = null;
  return taken;
}

/**
 * Gives a socket for other messages to the same part of the kernel. It is that socket where there is one of
 * this namespace, so that no other has to be closed.
 */
export function withNetfilterSocket<T>(use: (socket: NetlinkSocket) => T): T {
  if (unclosed !== null && unclosed.netns === netnsHere()) return use(unclosed.socket);
  using socket = new NetlinkSocket("netfilter");
  return use(socket);
}

/** The kernel tells about the transaction if its first change asks for an echo (nf_tables_gen_notify()). */
const echoed = (message: Unnumbered, index: number): Unnumbered =>
  index === 0 ? { ...message, flags: message.flags | NLM_F.ECHO } : message;

/**
 * The elements, if nothing else changes and each is one element to the kernel. null means that the generation
 * is not told from somebody else's, so that whoever finds it looks at the tables.
 */
function countable(changes: readonly TableChange[]): ElementChange[] | null {
  const elements: ElementChange[] = [];
  for (const change of changes) {
    if (isScript(change) || setForm(change.element.set).isInterval) return null;
    elements.push(change);
  }
  return elements;
}

/** A transaction that changed nothing makes no generation. */
function recordTransaction(changes: readonly ElementChange[], told: Message[]): void {
  const made = told.find(({ type }) => type === NFT_MSG.NEWGEN);
  if (made === undefined) return;
  let added = 0;
  for (const { isGone, element } of changes)
    added += isGone ? -elementHash(element) : elementHash(element);
  recordOwn(generationOf(made), added);
}

const takesOut = (change: TableChange): boolean =>
  isScript(change) ? change.commands.some((command) => "remove" in command) : change.isGone;

/** Makes all changes or none. null means that all are done; otherwise it is the first that was refused. */
export function changeTables(changes: readonly TableChange[]): RefusedChange | null {
  const elements = countable(changes);
  const messages = messagesOf(changes);
  const sent = messages.map(({ message }) => message);
  const socket = new NetlinkSocket("netfilter");
  try {
    const { failure, told } = socket.transaction(
      begin,
      elements === null ? sent : sent.map(echoed),
      end,
    );
    if (failure !== null) return refusedChange(messages, failure);
    if (elements !== null) recordTransaction(elements, told);
    return null;
  } finally {
    if (changes.some(takesOut)) {
      takeUnclosed()?.[Symbol.dispose]();
      unclosed = { socket, netns: netnsHere() };
    } else socket[Symbol.dispose]();
  }
}

/** Asks whether the kernel would make these changes, and makes none. The result is as of `changeTables`. */
export function tryTables(changes: readonly TableChange[]): RefusedChange | null {
  const messages = messagesOf(changes);
  using socket = new NetlinkSocket("netfilter");
  const sent = messages.map(({ message }) => message);
  const { failure } = socket.transaction(begin, sent, null);
  return failure === null ? null : refusedChange(messages, failure);
}
