import { del } from "../del.ts";
import { cniMain } from "../main.ts";
import { aboutPod } from "../request.ts";

export const main = () => cniMain((request) => del(aboutPod(request)));
