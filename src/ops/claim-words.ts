/** What a claim gave a pod, in words. */
import { formatRate } from "../config/quantities.ts";
import type { ClaimShare } from "../ledger/claims.ts";

type Named = Pick<ClaimShare, "claimNamespace" | "claimName">;

/** "claim shop/net" */
export const claimTitle = ({ claimNamespace, claimName }: Named): string =>
  `claim ${claimNamespace}/${claimName}`;

/** What one request of a claim was given: how much, of which device, and as which share of it. */
export function shareLine(share: ClaimShare): string {
  const { request, device, shareId, rateBits } = share;
  const which = shareId === null ? "" : `, share ${shareId}`;
  return `${claimTitle(share)}: request ${request} was given ${formatRate(rateBits)}bit/s of device ${device}${which}`;
}
