import { macOf, setLink } from "../write/links.ts";
import type { KernelKind } from "./kind.ts";

export const announcement: KernelKind<"announcement"> = {
  observe: (look, want) => (look.pod(want.netns, want.dev).link === null ? null : want),
  // The kernel tells its listeners also of the MAC that the link already has.
  message: (_: "set MAC", { dev, mac }) => setLink(dev, null, macOf(mac)),
  awaits: ({ port }) => port,
};
