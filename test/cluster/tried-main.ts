/**
 * Runs where the API server can be reached: asks it, by a kubeconfig, for the pods on standard input (JSON), and keeps
 * none. It prints the answers as JSON, in their order.
 */
import { kubeconfigAccess } from "../../src/kube/access.ts";
import { KubeClient } from "../../src/kube/client.ts";
import type { Json } from "./kubectl.ts";
import { type Answer, each, triedBy } from "./tried.ts";

const [kubeconfig = ""] = process.argv.slice(2);
const client = new KubeClient(kubeconfigAccess(kubeconfig), "fairway-test");
const answers: Answer[] = [];
await each((await Bun.stdin.json()) as Json[], async (pod, at) => {
  answers[at] = await triedBy(client, pod);
});
console.log(JSON.stringify(answers));
