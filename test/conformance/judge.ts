/** Whether an answer is what a row says it has to be, and what every answer has to be. */
import type { Answer } from "./row.ts";
import type { Reply } from "./world.ts";

/** `Note` of an event has at most 1024 (kubernetes pkg/apis/core/validation/events.go). */
const maxMsgLength = 1024;
const maxDetailsLength = 4096;

export class Unmet extends Error {}

export function demand(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Unmet(otherwise);
}

export function equal(found: unknown, wanted: unknown, what: string): void {
  demand(
    Bun.deepEquals(found, wanted),
    `${what}: wanted ${JSON.stringify(wanted)}, found ${shown(JSON.stringify(found) ?? "nothing")}`,
  );
}

const shown = (text: string): string => (text.length > 600 ? `${text.slice(0, 600)}...` : text);

/** Of any answer, whatever was asked. */
function judgeForm({ exit, stdout, stderr, json }: Reply): void {
  demand(exit !== null, "it did not end");
  demand(exit === 0 || exit === 1, `exit code ${exit}: ${shown(stderr)}`);
  demand(!/\n\s+at |\.ts:\d/.test(stdout + stderr), `a stack trace: ${shown(stdout + stderr)}`);
  for (const line of stderr.split("\n").filter((each) => each !== ""))
    demand(line.startsWith("{"), `stderr has what is no log line: ${shown(line)}`);
  demand(stderr.length < 16_384, `${stderr.length} bytes on stderr`);
  if (exit === 0) {
    demand(stdout === "" || Object.keys(json).length > 0, `no JSON object: ${shown(stdout)}`);
    return;
  }
  const { code, msg, details, cniVersion, ...others } = json;
  equal(Object.keys(others), [], `keys of an error beside the specification's in ${shown(stdout)}`);
  demand(typeof cniVersion === "string" && cniVersion !== "", `no cniVersion: ${shown(stdout)}`);
  demand(Number.isInteger(code) && Number(code) > 0, `no code: ${shown(stdout)}`);
  demand(typeof msg === "string" && msg !== "", `no msg: ${shown(stdout)}`);
  demand(typeof details === "string" && details !== "", `no details: ${shown(stdout)}`);
  demand(msg.length <= maxMsgLength, `msg has ${msg.length} characters`);
  demand(details.length <= maxDetailsLength, `details has ${details.length} characters`);
  demand(!/not found/i.test(msg + details), `"not found" in ${shown(msg + details)}`);
}

/** As the world's CNI_ARGS name the pod: whom a message is about is no part of what a row has to say. */
const aboutPod = /^shop\/cart: /;

export function judge(reply: Reply, answer: Answer, version: unknown): void {
  judgeForm(reply);
  const { exit, stdout, json } = reply;
  if (answer.code === null) {
    demand(exit === 0, `it failed: ${shown(stdout)}`);
    if (answer.stdout === "nothing") equal(stdout, "", "stdout");
    else if (answer.stdout !== undefined) equal(json, answer.stdout, "stdout");
    return;
  }
  demand(exit === 1, `it succeeded: ${shown(stdout)}`);
  equal(json.code, answer.code, `code of ${shown(stdout)}`);
  const msg = String(json.msg).replace(aboutPod, "");
  for (const pattern of answer.msg ?? [])
    demand(pattern.test(msg), `msg has no ${pattern}: ${shown(String(json.msg))}`);
  if (answer.details !== undefined)
    demand(
      answer.details.test(String(json.details)),
      `details has no ${answer.details}: ${json.details}`,
    );
  equal(json.cniVersion, answer.cniVersion ?? version, "cniVersion");
}
