/** Asks several nodes at once; one that cannot be asked keeps the others from nothing. */
import { FairwayError } from "../../errors.ts";
import { NothingAnswered } from "./api.ts";
import type { NodeShown } from "./seen.ts";

/** The API server stands between, and has other things to do. */
const atOnce = 8;

export type FromNode<T> =
  | { node: string; found: T; error: null }
  /** In words, with what to do. */
  | { node: string; found: null; error: { message: string; advice: string | null } };

/** In the order of the nodes. */
export async function fromEach<T>(
  nodes: readonly NodeShown[],
  ask: (node: NodeShown) => Promise<T>,
): Promise<FromNode<T>[]> {
  const found: FromNode<T>[] = [];
  const left = [...nodes.entries()];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [at, node] = next;
      found[at] = await tried(node, ask);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return found;
}

async function tried<T>(
  shown: NodeShown,
  ask: (node: NodeShown) => Promise<T>,
): Promise<FromNode<T>> {
  const node = shown.node.name;
  try {
    return { node, found: await ask(shown), error: null };
  } catch (error) {
    if (!(error instanceof FairwayError) || error instanceof NothingAnswered) throw error;
    const { message, details = null } = error;
    return { node, found: null, error: { message, advice: details } };
  }
}

/** What could not be asked, with what to do about it. */
export const errorLines = (nodes: readonly FromNode<unknown>[]): string[] =>
  nodes.flatMap(({ error }) => {
    if (error === null) return [];
    return error.advice === null ? [error.message] : [`${error.message}\n  ${error.advice}`];
  });
