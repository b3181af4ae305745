/** The annotations on a pod that Fairway reads. */

/** All keys under our prefix. */
export const annotationKeys = {
  tier: "fairway.dev/tier",
  guarantee: {
    egress: "fairway.dev/egress-guarantee",
    ingress: "fairway.dev/ingress-guarantee",
  },
  limit: { egress: "fairway.dev/egress-limit", ingress: "fairway.dev/ingress-limit" },
  burst: { egress: "fairway.dev/egress-burst", ingress: "fairway.dev/ingress-burst" },
  latencyTarget: "fairway.dev/latency-target",
  ip: "fairway.dev/ip",
  ipPool: "fairway.dev/ip-pool",
} as const;

/**
 * Kubernetes' own keys, which the runtime hands over a second time, as the bandwidth capability. They are
 * limits.
 */
export const kubernetesKeys = {
  egress: "kubernetes.io/egress-bandwidth",
  ingress: "kubernetes.io/ingress-bandwidth",
} as const;

/**
 * Cilium's key and its values (bandwidth manager, "Priority levels"). A value picks the tier of that name,
 * where there is one.
 */
export const priorityKey = "bandwidth.cilium.io/priority";
export const priorities: readonly string[] = ["guaranteed", "burstable", "bestEffort"];

export const fairwayPrefix = "fairway.dev/";

export const fairwayKeys: readonly string[] = [
  annotationKeys.tier,
  ...Object.values(annotationKeys.guarantee),
  ...Object.values(annotationKeys.limit),
  ...Object.values(annotationKeys.burst),
  annotationKeys.latencyTarget,
  annotationKeys.ip,
  annotationKeys.ipPool,
];

/** Our keys and those of others. */
export const knownAnnotations: readonly string[] = [
  ...fairwayKeys,
  ...Object.values(kubernetesKeys),
  priorityKey,
];
