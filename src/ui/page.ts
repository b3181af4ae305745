/** Answers requests for the page: who may have it, what it is made of, and the figures. */
import { FairwayError } from "../errors.ts";
import type { Live } from "../metrics/live.ts";
import { files } from "./generated/files.ts";
import { type PageRequest, strangeIn } from "./guard.ts";
import { Sessions, sessionMs } from "./sessions.ts";
import { type PageState, pageState, type Show, shows } from "./state.ts";

export interface PageAnswer {
  status: 200 | 303 | 400 | 401 | 403 | 404 | 405 | 421 | 503;
  headers: Readonly<Record<string, string>>;
  body: string;
}

export interface PageOptions {
  /** Throws FairwayError where the ledger or the kernel cannot be read. */
  live: () => Live;
  about: Pick<PageState, "node" | "version" | "startedAt">;
  /** "127.0.0.1:9465"; null means that no port is served. */
  address: () => string | null;
  /** Of a clock that never goes back. */
  nowMs: () => number;
}

/** Nothing of another origin is loaded, no other page frames this one, and nothing is left in a cache. */
const always = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
} as const;

const types = {
  text: "text/plain; charset=utf-8",
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  script: "text/javascript; charset=utf-8",
  icon: "image/svg+xml",
  json: "application/json",
} as const;

function answer(
  status: PageAnswer["status"],
  type: keyof typeof types,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): PageAnswer {
  return { status, headers: { "Content-Type": types[type], ...always, ...headers }, body };
}

const said = (status: PageAnswer["status"], words: string): PageAnswer =>
  answer(status, "text", `${words}\n`);

const toPage = (headers: Readonly<Record<string, string>> = {}): PageAnswer =>
  answer(303, "text", "the page is /ui/\n", { Location: "/ui/", ...headers });

/** What is the same for everybody needs no session. */
const plain: Readonly<Record<string, PageAnswer>> = {
  "/ui/app.js": answer(200, "script", files.script),
  "/ui/style.css": answer(200, "css", files.style),
  "/ui/icon.svg": answer(200, "icon", files.icon),
};

/** A browser has one cookie for all ports of a machine, and several nodes may be forwarded to one. */
const cookieName = ({ headers }: PageRequest): string =>
  `fairway-ui-${/:(\d+)$/.exec(headers.get("host") ?? "")?.[1] ?? "80"}`;

function sessionIn(request: PageRequest): string {
  const name = cookieName(request);
  const cookies = (request.headers.get("cookie") ?? "").split(/;\s*/);
  return cookies.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
}

const isShow = (text: string): text is Show => shows.some((each) => each === text);

export class Page {
  readonly #options: PageOptions;
  readonly #sessions = new Sessions();

  constructor(options: PageOptions) {
    this.#options = options;
  }

  /** A token for one session, and where it is spent. `address` is null where no port is served. */
  token(): { token: string; path: string; address: string | null } {
    const token = this.#sessions.token(this.#options.nowMs());
    return { token, path: `/ui/?token=${token}`, address: this.#options.address() };
  }

  answer(request: PageRequest): PageAnswer {
    const strange = strangeIn(request);
    if (strange !== null) return said(strange.status, strange.reason);
    const [path = "", query = ""] = request.path.split("?", 2);
    if (path === "/ui/token" && request.over === "socket") return this.#giveToken(request);
    if (request.method !== "GET")
      return answer(405, "text", "the page takes GET\n", { Allow: "GET" });
    if (path === "/" || path === "/ui") return toPage();
    if (Object.hasOwn(plain, path)) return plain[path] ?? toPage();
    const asked = new URLSearchParams(query);
    if (path === "/ui/") return this.#giveIndex(request, asked.get("token"));
    if (path === "/ui/state") return this.#giveState(request, asked);
    return said(404, "there is no such page: the page is /ui/");
  }

  /** Whoever may connect to the Unix socket may have one. A browser has no business there. */
  #giveToken({ method, headers }: PageRequest): PageAnswer {
    if (method !== "POST") return answer(405, "text", "/ui/token takes POST\n", { Allow: "POST" });
    if (headers.has("origin") || headers.has("sec-fetch-site"))
      return said(403, "a browser asked for a token: `fairway ui` gives one");
    return answer(200, "json", `${JSON.stringify(this.token())}\n`);
  }

  #isKnown(request: PageRequest): boolean {
    return this.#sessions.isValid(sessionIn(request), this.#options.nowMs());
  }

  #giveIndex(request: PageRequest, token: string | null): PageAnswer {
    if (token === null)
      return this.#isKnown(request)
        ? answer(200, "html", files.index)
        : answer(401, "html", files.refused);
    const session = this.#sessions.begin(token, this.#options.nowMs());
    // A page that was opened again with its token, by the back button, is in its session already.
    if (session === null)
      return this.#isKnown(request) ? toPage() : answer(401, "html", files.refused);
    const cookie = `${cookieName(request)}=${session}; Path=/ui/; Max-Age=${sessionMs / 1000}; HttpOnly; SameSite=Strict`;
    return toPage({ "Set-Cookie": cookie });
  }

  #giveState(request: PageRequest, asked: URLSearchParams): PageAnswer {
    if (!this.#isKnown(request))
      return said(401, "no session, or one of an agent that ended: `fairway ui` gives an address");
    const show = asked.get("show") ?? "all";
    if (!isShow(show))
      return said(400, `show=${JSON.stringify(show)} is none of ${shows.join(", ")}`);
    try {
      const { live, about } = this.#options;
      const state = pageState(live(), { find: asked.get("find") ?? "", show }, about);
      return answer(200, "json", JSON.stringify(state));
    } catch (error) {
      if (!(error instanceof FairwayError)) throw error;
      return said(503, error.message);
    }
  }
}
