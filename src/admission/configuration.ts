/** What an API server is told of whom to trust at the webhook. Pure. */
import { isObject, type JsonObject } from "../config/section.ts";

export interface Replacement {
  op: "add" | "test";
  path: string;
  value: unknown;
}

/**
 * A JSON patch by which each webhook of a configuration trusts these authorities (PEM); null where it does already.
 * It is refused where the configuration is another one by then.
 */
export function trusting(configuration: JsonObject, authority: string): Replacement[] | null {
  const caBundle = Buffer.from(authority).toString("base64");
  const webhooks = Array.isArray(configuration.webhooks) ? configuration.webhooks : [];
  const lacking = [...webhooks.entries()].filter(
    ([, each]) =>
      isObject(each) && isObject(each.clientConfig) && each.clientConfig.caBundle !== caBundle,
  );
  if (lacking.length === 0) return null;
  return lacking.flatMap(([at, { name }]): Replacement[] => [
    { op: "test", path: `/webhooks/${at}/name`, value: name },
    { op: "add", path: `/webhooks/${at}/clientConfig/caBundle`, value: caBundle },
  ]);
}
