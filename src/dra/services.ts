/** The services of the kubelet's plugin interface that a driver offers, with their messages. */
import { type Method, Service } from "../grpc/method.ts";
import draText from "../grpc/protos/dra.proto" with { type: "text" };
import healthText from "../grpc/protos/dra-health.proto" with { type: "text" };
import registrationText from "../grpc/protos/registration.proto" with { type: "text" };
import type { ClaimAsked } from "./claim.ts";

interface ClaimsRequest {
  claims: ClaimAsked[];
}

/** A claim's answer has either devices or an error. */
interface Prepared {
  devices?: {
    requestNames: string[];
    poolName: string;
    deviceName: string;
    shareId?: string;
  }[];
  error?: string;
}

/** By the claim's uid. */
export interface PrepareResponse {
  claims: Record<string, Prepared>;
}

export interface UnprepareResponse {
  claims: Record<string, { error?: string }>;
}

interface PluginInfo {
  type: string;
  name: string;
  endpoint: string;
  supportedVersions: string[];
}

interface RegistrationStatus {
  pluginRegistered: boolean;
  error: string;
}

export interface DeviceHealth {
  device: { poolName: string; deviceName: string };
  health: "UNKNOWN" | "HEALTHY" | "UNHEALTHY";
  /** Unix time in seconds. */
  lastUpdatedTime: number;
  message: string;
}

interface HealthResponse {
  devices: DeviceHealth[];
}

type Nothing = Record<string, never>;

const registration = new Service(registrationText, "pluginregistration.Registration");
export const getInfo = registration.method<Nothing, PluginInfo>("GetInfo");
export const notifyStatus = registration.method<RegistrationStatus, Nothing>(
  "NotifyRegistrationStatus",
);

interface PluginMethods {
  prepare: Method<ClaimsRequest, PrepareResponse>;
  unprepare: Method<ClaimsRequest, UnprepareResponse>;
}

const plugin = new Service(draText, "k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin");
const pluginOf = (version: string): PluginMethods => {
  const as = `k8s.io.kubelet.pkg.apis.dra.${version}.DRAPlugin`;
  return {
    prepare: plugin.method("NodePrepareResources", as),
    unprepare: plugin.method("NodeUnprepareResources", as),
  };
};

const health = new Service(healthText, "v1alpha1.DRAResourceHealth");
const healthOf = (version: string): Method<Nothing, HealthResponse> =>
  health.method("NodeWatchResources", `${version}.DRAResourceHealth`);

/** By the names by which a driver tells the kubelet of them: from Kubernetes 1.34 on v1, before that v1beta1. */
export const plugins = {
  "v1.DRAPlugin": pluginOf("v1"),
  "v1beta1.DRAPlugin": pluginOf("v1beta1"),
} as const;
export const healths = {
  "v1.DRAResourceHealth": healthOf("v1"),
  "v1alpha1.DRAResourceHealth": healthOf("v1alpha1"),
} as const;
