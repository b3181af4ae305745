import { clsactParent, redirectPref } from "../names.ts";
import { bytecode } from "../redirect.ts";
import { act, fields, type Kind, type Op } from "./kind.ts";

/** The filter on a host interface. It leads packets that have our mark through the IFB (redirect.ts). */
export interface Redirect {
  kind: "redirect";
  dev: string;
  /** null means that the filter in our place does something else. */
  to: string | null;
}

export const redirect: Kind<Redirect, Op> = {
  key: ({ dev }) => `redirect ${dev}`,
  title: ({ dev }) => `redirect of ${dev} to the ingress tree`,
  containers: ({ dev }) => [`qdisc ${dev} ${clsactParent}`],
  differ: fields("to"),
  acts: (op, { dev, to }) => {
    const at = `dev ${dev} egress protocol all pref ${redirectPref}`;
    const leads = `handle 1 bpf bytecode "${bytecode()}" action mirred egress redirect dev ${to}`;
    return [act("tc", op === "delete" ? `filter del ${at}` : `filter replace ${at} ${leads}`, op)];
  },
};
