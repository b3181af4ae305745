import { add } from "../add.ts";
import { cniMain } from "../main.ts";
import { aboutPod } from "../request.ts";

export const main = () => cniMain((request) => add(aboutPod(request)));
