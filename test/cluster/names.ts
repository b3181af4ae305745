/** Names and addresses of a cluster: each carries the id of the process that made it, by which leftovers are known. */

const prefix = "fwk";

export const stemOf = (pid: number): string => `${prefix}-${pid}`;

/** Whose something of that name is; null: no cluster's. */
export function ownerOf(name: string): number | null {
  const [, pid] = /^fwk-(\d+)-/.exec(name) ?? [];
  return pid === undefined ? null : Number(pid);
}

export const addresses = {
  node: (index: number): string => `198.18.0.${index}`,
  control: "198.18.0.100",
  remote: "198.18.0.200",
  pods: "198.19.0.0/17",
  services: "198.19.128.0/24",
  /** Of the service "kubernetes". */
  service: "198.19.128.1",
} as const;

export const prefixLength = 24;
