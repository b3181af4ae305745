/** The verbs that are about no pod. What is no verb comes here, too, and the answer says so. */
import { cniMain } from "../main.ts";
import { runNodeVerb } from "../node-verbs.ts";

export const main = () => cniMain(runNodeVerb);
