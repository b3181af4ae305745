/** What an agent shows on its port to whoever the API server lets see it: the pages, and who may ask for each. */

/** What somebody asks for, and by what they have to be known for it. */
export interface Wanted {
  path: string;
  /** As RBAC names it. */
  verb: "get" | "post";
  /** For whom the token has to be made; null means for the API server itself, as a monitor's own token is. */
  audience: string | null;
  /** The ClusterRole that has the right. */
  role: string;
}

export interface Asked {
  /** The header of that name; "" where there is none. */
  accept: string;
  query: URLSearchParams;
}

export interface Page extends Wanted {
  /** Throws FairwayError: badConfig where it was asked wrongly. */
  answer(asked: Asked): Promise<{ contentType: string; text: string }>;
}

/**
 * A token for this audience opens the agents' pages and nothing else: whoever gets hold of it on its way cannot ask the
 * API server for anything.
 */
export const viewAudience = "fairway.dev/agent";

/** The service account whose tokens show what an agent sees (charts/fairway/templates/viewer.yaml). */
export const viewerAccount = "fairway-viewer";

/** The API server's own proxy takes Authorization for itself, and hands this one on. */
export const tokenHeader = "fairway-token";

export const viewPaths = { status: "/status", doctor: "/doctor", uiToken: "/ui/token" } as const;

/** Looks at the node. Each is JSON, as text. */
export interface Looks {
  /** As `fairway status --json`; `intervalMs` is how long is measured, and 0 not at all. */
  status(intervalMs: number): Promise<string>;
  /** As `fairway doctor --json`. */
  doctor(): Promise<string>;
}

/** What an agent can show of its node. */
export interface Views extends Looks {
  /** What opens the page of this node, once. */
  uiToken(): Promise<string>;
}
