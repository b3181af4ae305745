/** What has series of its own: pods; or their namespaces, where a cluster has too many pods for its monitor. */
export const details = ["pods", "namespaces"] as const;
export type Detail = (typeof details)[number];
