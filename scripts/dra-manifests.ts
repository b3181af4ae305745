/**
 * What a cluster needs for claims: the DeviceClasses that users name, what agents may do for them, and two policies.
 * scripts/generate.ts writes them, from the driver's own names (src/dra/names.ts).
 */
import { attributeNames, deviceClass, driverName } from "../src/dra/names.ts";
import { directions } from "../src/plan/node.ts";
import { type Json, rule, withBinding } from "./policy-objects.ts";

const group = "resource.k8s.io";
const account = { kind: "ServiceAccount", name: "fairway", namespace: "kube-system" };

const classes = (): Json[] =>
  directions.map((direction) => ({
    apiVersion: `${group}/v1`,
    kind: "DeviceClass",
    metadata: { name: deviceClass(direction) },
    spec: {
      selectors: [
        {
          cel: {
            expression: `device.driver == '${driverName}' && device.attributes['${driverName}'].${attributeNames.direction} == '${direction}'`,
          },
        },
      ],
    },
  }));

const role = "fairway-claims";

function rights(): Json[] {
  const head = { apiVersion: "rbac.authorization.k8s.io/v1", metadata: { name: role } };
  const allowed = (resource: string, verbs: string[], names?: string[]): Json => ({
    apiGroups: [group],
    resources: [resource],
    ...(names !== undefined && { resourceNames: names }),
    verbs,
  });
  return [
    {
      ...head,
      kind: "ClusterRole",
      rules: [
        allowed("resourceslices", ["list", "watch", "create", "patch", "delete"]),
        allowed("resourceclaims", ["get"]),
        allowed("resourceclaims/status", ["patch"]),
        // Since Kubernetes 1.36 the status of a driver's devices asks for this, too: on the driver's own node.
        allowed("resourceclaims/driver", ["associated-node:patch"], [driverName]),
      ],
    },
    {
      ...head,
      kind: "ClusterRoleBinding",
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
      subjects: [account],
    },
  ];
}

const extra = "'authentication.kubernetes.io/node-name'";

/** An agent's token names its node, and of our driver's slices only those of that node are its own. */
function ownDevices(): Json[] {
  const isOurs = `d.driver == '${driverName}'`;
  const statusOf = (from: string, field: string, or: string): string =>
    `(has(${from}.status.${field}) ? ${from}.status.${field} : ${or})`;
  const othersIn = (from: string): string =>
    `${statusOf(from, "devices", "[]")}.filter(d, !(${isOurs}))`;
  const spec = {
    failurePolicy: "Fail",
    matchConstraints: {
      resourceRules: [
        rule(group, ["resourceslices"], ["CREATE", "UPDATE", "DELETE"]),
        rule(group, ["resourceclaims/status"], ["UPDATE"]),
      ],
    },
    matchConditions: [
      {
        name: "an-agent",
        expression: `request.userInfo.username == 'system:serviceaccount:${account.namespace}:${account.name}'`,
      },
    ],
    variables: [
      {
        name: "node",
        expression: `${extra} in request.userInfo.extra ? request.userInfo.extra[${extra}][0] : ''`,
      },
      { name: "isSlice", expression: "request.resource.resource == 'resourceslices'" },
      {
        name: "slices",
        expression:
          "!variables.isSlice ? [] : (request.operation == 'CREATE' ? [object] : (request.operation == 'DELETE' ? [oldObject] : [object, oldObject]))",
      },
    ],
    validations: [
      {
        expression: "variables.node != ''",
        message: "this token of Fairway's agent names no node",
      },
      {
        expression: `variables.slices.all(s, s.spec.driver == '${driverName}' && has(s.spec.nodeName) && s.spec.nodeName == variables.node)`,
        messageExpression: `'the agent of node ' + variables.node + ' may write the ResourceSlices of driver ${driverName} on its own node, and no others'`,
      },
      {
        expression: `variables.isSlice || (${othersIn("object")} == ${othersIn("oldObject")} && has(object.status.allocation) == has(oldObject.status.allocation) && ${statusOf("object", "reservedFor", "[]")} == ${statusOf("oldObject", "reservedFor", "[]")})`,
        message: `of a claim's status Fairway's agent may change nothing but the devices of driver ${driverName}`,
      },
    ],
  };
  return withBinding("ValidatingAdmissionPolicy", "fairway-own-devices", spec, {
    validationActions: ["Deny"],
  });
}

/**
 * A claim's bandwidth is one class in each node's kernel, so it is one pod's. The kubelet has a claim prepared for its
 * first pod alone, and a second one on that node would start without a promise; so no second one may have it.
 */
function onePodForEach(): Json[] {
  const reserved = (from: string): string =>
    `(has(${from}.status.reservedFor) ? ${from}.status.reservedFor.size() : 0)`;
  const spec = {
    failurePolicy: "Fail",
    matchConstraints: {
      resourceRules: [rule(group, ["resourceclaims/status"], ["UPDATE"])],
    },
    matchConditions: [
      {
        name: "has-bandwidth",
        expression: `has(object.status.allocation) && has(object.status.allocation.devices) && has(object.status.allocation.devices.results) && object.status.allocation.devices.results.exists(r, r.driver == '${driverName}')`,
      },
    ],
    validations: [
      {
        expression: `${reserved("object")} <= 1 || ${reserved("object")} <= ${reserved("oldObject")}`,
        messageExpression: `'claim ' + object.metadata.name + ' is of bandwidth (driver ${driverName}), which one pod has at a time: give each pod a claim of its own, by a ResourceClaimTemplate'`,
      },
    ],
  };
  return withBinding("ValidatingAdmissionPolicy", "fairway-claims", spec, {
    validationActions: ["Deny"],
  });
}

export const draManifests = (): Json[] => [
  ...classes(),
  ...rights(),
  ...ownDevices(),
  ...onePodForEach(),
];
