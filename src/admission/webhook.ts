/** The webhook as a process: its certificate is kept, its class is followed, reviews are answered until it is to end. */
import { FairwayError } from "../errors.ts";
import type { Access } from "../kube/access.ts";
import { KubeClient } from "../kube/client.ts";
import { follow } from "../kube/follow.ts";
import { isMissing } from "../kube/kube-error.ts";
import type { Tiers } from "../promise/tiers.ts";
import type { Tell } from "../tell.ts";
import { tiersOfClass } from "./class-tiers.ts";
import { Keeper } from "./keeper.ts";
import { ReviewServer } from "./server.ts";

export interface WebhookOptions {
  access: Access;
  namespace: string;
  /** Of the Service, the Secret and the configurations. */
  name: string;
  port: number;
  /** The BandwidthClass whose tiers count; null means that none do. */
  tiersFrom: string | null;
  /** Where the API server has all classes. */
  classesPath: string;
  tell: Tell;
  signal: AbortSignal;
}

/** What is known of the class. `isKnown` is false until the API server has answered once. */
class Counted {
  tiers: Tiers | null = null;
  isKnown: boolean;

  constructor(isKnown: boolean) {
    this.isKnown = isKnown;
  }
}

function followClass(
  options: WebhookOptions & { tiersFrom: string },
  client: KubeClient,
  counted: Counted,
): Promise<void> {
  const { tiersFrom, classesPath, tell, signal } = options;
  return follow<Tiers | null>({
    client,
    path: classesPath,
    query: { fieldSelector: `metadata.name=${tiersFrom}` },
    read: (object) => {
      try {
        return tiersOfClass(object);
      } catch (error) {
        if (!(error instanceof FairwayError)) throw error;
        tell("error", `the tiers of class ${tiersFrom} are not counted: ${error.message}`);
        return null;
      }
    },
    onChange: ([tiers = null]) => {
      counted.tiers = tiers;
      counted.isKnown = true;
    },
    onTrouble: (trouble) => {
      if (trouble === null) return;
      // Without the kind there is no class.
      if (isMissing(trouble)) counted.isKnown = true;
      else tell("error", `class ${tiersFrom} cannot be followed: ${trouble.message}`);
    },
    signal,
  });
}

/** How long it answers after it was told to end: an endpoint is taken away within a second or two. */
const farewellMs = 4_000;

/** Until the signal, and some seconds more. */
export async function runWebhook(options: WebhookOptions): Promise<void> {
  const { access, namespace, name, port, tiersFrom, tell, signal } = options;
  const client = new KubeClient(access, "fairway-webhook");
  const counted = new Counted(tiersFrom === null);
  const server = new ReviewServer({
    port,
    tiers: () => counted.tiers,
    isReady: () => counted.isKnown && !signal.aborted,
  });
  const keeper = new Keeper({
    ...{ client, namespace, name, tell, signal },
    serve: async (kept) => {
      await server.serve(kept);
      tell("info", "answering reviews", { port: server.port });
    },
  });
  await Promise.all([
    keeper.run(),
    ...(tiersFrom === null ? [] : [followClass({ ...options, tiersFrom }, client, counted)]),
  ]);
  // The API server hears only now that it is not to be asked any more.
  await Bun.sleep(farewellMs);
  await server.stop();
}
