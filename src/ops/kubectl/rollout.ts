/** Whether a Deployment's next rolling update can end where its pods' guarantees fill the nodes. Pure. */
import { isObject, type Json } from "../../kube/objects.ts";

export interface Rollout {
  /** How many pods more than `replicas` there may be, and how many less. */
  surge: number;
  unavailable: number;
  isRolling: boolean;
}

/** Kubernetes' own default. */
const usual = "25%";

/** A number, or a percentage of the replicas (k8s.io/apimachinery, intstr.GetScaledValueFromIntOrPercent). */
function scaled(value: unknown, replicas: number, round: (exact: number) => number): number {
  if (typeof value === "number") return value;
  const percent = Number(/^(\d+)%$/.exec(String(value))?.[1] ?? Number.NaN);
  return Number.isNaN(percent) ? 0 : round((percent * replicas) / 100);
}

/** As the controller resolves it (pkg/controller/deployment/util, ResolveFenceposts): one of the two is above 0. */
export function rolloutOf(spec: Json, replicas: number): Rollout {
  const strategy = isObject(spec.strategy) ? spec.strategy : {};
  if (strategy.type === "Recreate") return { surge: 0, unavailable: replicas, isRolling: false };
  const { maxSurge = usual, maxUnavailable = usual } = isObject(strategy.rollingUpdate)
    ? strategy.rollingUpdate
    : {};
  const surge = scaled(maxSurge, replicas, Math.ceil);
  const unavailable = scaled(maxUnavailable, replicas, Math.floor);
  return {
    surge,
    unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable,
    isRolling: true,
  };
}

export interface UpdateAsk {
  rollout: Rollout;
  /** How many of its pods are on a node now. */
  placed: number;
  /** How many more fit now; null where they ask for no bandwidth. */
  more: number | null;
}

/** Why its next update does not end, and what to do; null where it ends, as far as bandwidth goes. */
export function endlessWords({ rollout, placed, more }: UpdateAsk): string | null {
  // The first new pod comes before an old one goes, and there is no room for it.
  const isEndless =
    rollout.isRolling && placed > 0 && more === 0 && rollout.surge > 0 && rollout.unavailable === 0;
  if (!isEndless) return null;
  return "Its next rolling update would never end: a new pod is made before an old one goes, and there is room for none. Set maxSurge: 0 and maxUnavailable: 1 in spec.strategy.rollingUpdate.";
}
