import { runIpamVerb } from "../ipam-verbs.ts";
import { cniMain } from "../main.ts";

export const main = () => cniMain(runIpamVerb, true);
