/** The parts of which policies of an API server are made. */

export type Json = Record<string, unknown>;

const group = "admissionregistration.k8s.io";

/** A policy, and the binding that puts it in force. */
export function withBinding(kind: string, name: string, spec: Json, binding: Json): Json[] {
  const head = { apiVersion: `${group}/v1`, metadata: { name } };
  return [
    { ...head, kind, spec },
    { ...head, kind: `${kind}Binding`, spec: { policyName: name, ...binding } },
  ];
}

/** What a policy is asked about: these operations on these resources of a group's v1. */
export const rule = (apiGroup: string, resources: string[], operations: string[]): Json => ({
  apiGroups: [apiGroup],
  apiVersions: ["v1"],
  operations,
  resources,
});
