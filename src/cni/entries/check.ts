import { checkAttachment } from "../check.ts";
import { cniMain } from "../main.ts";
import { aboutPod } from "../request.ts";

export const main = () => cniMain((request) => checkAttachment(aboutPod(request)));
