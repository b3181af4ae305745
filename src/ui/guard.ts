/**
 * Whether a request comes from the page itself, or from somebody who opened it: any page that a browser shows can send
 * requests to an address of the same machine. Pure.
 */

export interface PageRequest {
  method: string;
  /** With its query. */
  path: string;
  /** By their names in lower case. */
  headers: ReadonlyMap<string, string>;
  /** The Unix socket is root's alone, the port is open to whoever is on the node. */
  over: "socket" | "port";
}

export interface Strange {
  status: 403 | 421;
  reason: string;
}

/** The names that a browser has for its own machine. A port may be another one: it was forwarded. */
const loopbackHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** Null means that nothing is strange about it. */
export function strangeIn({ headers, over }: PageRequest): Strange | null {
  const host = headers.get("host") ?? "";
  // A name of somebody else's that leads here (DNS rebinding) makes that somebody's page one of the same origin.
  if (!loopbackHost.test(host) && !(over === "socket" && host === "agent"))
    return {
      status: 421,
      reason: `the page was asked for as ${JSON.stringify(host)}, and is served as 127.0.0.1, [::1] or localhost only: forward its port to your own machine`,
    };
  const site = headers.get("sec-fetch-site");
  const origin = headers.get("origin");
  // "same-site" is refused, too: other ports of this machine are of the same site.
  const isOthers =
    (site !== undefined && site !== "same-origin" && site !== "none") ||
    (origin !== undefined && origin !== `http://${host}`);
  return isOthers
    ? {
        status: 403,
        reason:
          "another page asked for this one: open the address yourself, in a tab of its own, as `fairway ui` prints it",
      }
    : null;
}
