/** The page: asks, draws, and says in words what changed. */
import { type PageState, type Show, shows } from "../state.ts";
import { Asking, type Came } from "./ask.ts";
import { drawTrees } from "./band.ts";
import { byId, el, setText } from "./dom.ts";
import { History, type Point, type TreePoint } from "./history.ts";
import { drawRows, rowKey } from "./rows.ts";
import { spanWords } from "./words.ts";

const storeKey = "fairway.trees";
const saveEveryMs = 10_000;
/** The same sentence is spoken again after this time at the soonest, and a worse one at once. */
const quietMs = 15_000;

const badges = { good: "kept", open: "waiting", bad: "not kept" } as const;
const showWords: Record<Show, string> = {
  all: "All",
  trouble: "Not kept",
  waiting: "Waiting",
  borrowing: "Borrowing",
};

const trees = new History<TreePoint>();
const rows = new History<Point>();
const find = byId("find") as HTMLInputElement;
const counts = new Map<Show, HTMLElement>();
let show: Show = "all";
let answeredAtMs: number | null = null;
let savedAtMs = 0;
let spoken = { mood: "", atMs: Number.NEGATIVE_INFINITY };

function remember(state: PageState, nowMs: number): void {
  for (const { direction, withinBits, borrowedBits, promisedBits, broken } of state.trees)
    trees.add(direction, { atMs: nowMs, withinBits, borrowedBits, promisedBits, broken });
  for (const row of state.rows)
    rows.add(rowKey(row), {
      atMs: nowMs,
      withinBits: (row.rateBits ?? 0) - row.borrowedBits,
      borrowedBits: row.borrowedBits,
    });
  if (nowMs - savedAtMs < saveEveryMs) return;
  savedAtMs = nowMs;
  save();
}

const save = (): void => sessionStorage.setItem(storeKey, trees.saved);

/** A region that speaks with each figure would not let anybody listen to anything else. */
function speak({ mood, text }: PageState["headline"], nowMs: number): void {
  if (mood === spoken.mood && nowMs - spoken.atMs < quietMs) return;
  if (byId("spoken").textContent === text) return;
  spoken = { mood, atMs: nowMs };
  setText(byId("spoken"), text);
}

function drawHeadline({ headline, node }: PageState, nowMs: number): void {
  byId("verdict").className = headline.mood;
  setText(byId("badge"), badges[headline.mood]);
  setText(byId("headline"), headline.text);
  const title = `${badges[headline.mood]}: Fairway on ${node}`;
  if (document.title !== title) document.title = title;
  speak(headline, nowMs);
}

function drawState(state: PageState): void {
  const nowMs = Date.now();
  answeredAtMs = nowMs;
  remember(state, nowMs);
  drawHeadline(state, nowMs);
  setText(byId("node"), state.node);
  setText(byId("agent"), `Agent ${state.version}, since ${state.startedAt}.`);
  drawTrees(state.trees, trees, nowMs);
  drawRows(state.rows, rows, nowMs);
  for (const [each, count] of counts) setText(count, String(state.counts[each]));
  setText(byId("more"), moreWords(state));
}

function moreWords({ more, rows: shown }: PageState): string {
  if (more > 0) return `${more} more: find a pod by a part of its name.`;
  if (shown.length > 0) return "";
  return find.value === "" && show === "all" ? "No pods yet." : "No pod is like that.";
}

const noSession =
  "This session is over, because the agent was started anew or half a day has passed. Run `fairway ui` for another address; the history of this tab goes on there.";

function took(came: Came): void {
  const trouble = byId("trouble");
  const words =
    came.kind === "session" ? noSession : came.kind === "trouble" ? troubleWords(came.words) : "";
  trouble.hidden = words === "";
  setText(trouble, words);
  document.body.classList.toggle("stale", came.kind !== "state");
  setText(byId("connection"), came.kind === "state" ? "live" : "no answer");
  if (came.kind === "state") drawState(came.state);
}

function troubleWords(words: string): string {
  const since =
    answeredAtMs === null ? "" : ` The figures are ${spanWords(Date.now() - answeredAtMs)} old.`;
  return `No figures: ${words}. It is asked again.${since}`;
}

const asking = new Asking(() => ({ find: find.value.trim(), show }), took);

function makeShows(): void {
  byId("shows").append(
    ...shows.map((each) => {
      const input = el("input");
      Object.assign(input, { type: "radio", name: "show", value: each, checked: each === show });
      input.addEventListener("change", () => {
        show = each;
        void asking.now();
      });
      const count = el("span", "count");
      counts.set(each, count);
      return el("label", "", input, el("span", "choice", showWords[each], " ", count));
    }),
  );
}

/** Not with each letter. */
const typingMs = 200;
let typing: ReturnType<typeof setTimeout> | undefined;
find.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => void asking.now(), typingMs);
});

const pause = byId("pause");
pause.addEventListener("click", () => {
  const isPaused = !asking.isPaused;
  asking.pause(isPaused);
  pause.setAttribute("aria-pressed", String(isPaused));
  setText(byId("connection"), isPaused ? "paused" : "live");
});

/** On a phone a row is laid out as a card, and a browser takes it for no row any more unless that is said. */
const tableRoles = {
  table: "table",
  "thead, tbody": "rowgroup",
  "thead tr": "row",
  th: "columnheader",
};
for (const [selector, role] of Object.entries(tableRoles))
  for (const found of byId("pods").querySelectorAll(selector)) found.setAttribute("role", role);

// Whoever opens the next address in this tab goes on where it ended.
window.addEventListener("pagehide", save);
makeShows();
trees.restore(sessionStorage.getItem(storeKey));
void asking.now();
