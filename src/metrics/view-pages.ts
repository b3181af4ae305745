/** The pages by which `kubectl fairway` sees a node: what the agent shows, and how it may be asked for it. */
import { FairwayError } from "../errors.ts";
import {
  type Asked,
  type Page,
  type Views,
  viewAudience,
  viewerAccount,
  viewPaths,
} from "./pages.ts";

/** Whoever looks for longer takes several looks: others wait meanwhile. */
const [shortestMs, longestMs, usualMs] = [100, 10_000, 1_000];

function intervalMsIn({ query }: Asked): number {
  const text = query.get("intervalMs") ?? String(usualMs);
  const ms = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (ms === 0 || (ms >= shortestMs && ms <= longestMs)) return ms;
  throw new FairwayError(
    "badConfig",
    `intervalMs=${JSON.stringify(text)} is neither 0 nor from ${shortestMs} to ${longestMs}`,
  );
}

export function viewPages(views: Views): Page[] {
  const by = { audience: viewAudience, role: `${viewerAccount}-pages` };
  const json = async (text: Promise<string>) => ({
    contentType: "application/json",
    text: await text,
  });
  return [
    {
      ...by,
      path: viewPaths.status,
      verb: "get",
      answer: (asked) => json(views.status(intervalMsIn(asked))),
    },
    { ...by, path: viewPaths.doctor, verb: "get", answer: () => json(views.doctor()) },
    { ...by, path: viewPaths.uiToken, verb: "post", answer: () => json(views.uiToken()) },
  ];
}
