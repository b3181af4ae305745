{{- define "fairway.selector" -}}
app.kubernetes.io/name: fairway
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "fairway.labels" -}}
{{ include "fairway.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "fairway.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* What `install` and `uninstall` are told of where things lie. */}}
{{- define "fairway.placeArgs" -}}
- --bin-dir={{ include "fairway.binDir" . }}
- --conf-dir={{ include "fairway.confDir" . }}
{{- with .Values.cni.confFile }}
- --conf-file={{ . }}
{{- end }}
{{- end }}

{{- define "fairway.installArgs" -}}
- install
{{ include "fairway.placeArgs" . }}
{{- if .Values.chained }}
- --chain
- --wait=60s
{{- with .Values.chain.way }}
- --chain-way={{ . }}
{{- end }}
{{- if .Values.chain.replaceBandwidth }}
- --replace-bandwidth
{{- end }}
{{- else if eq .Values.network.subnetFrom "cluster" }}
- --subnet-from-cluster
{{- end }}
{{- if not .Values.requireFallback }}
- --without-fallback
{{- end }}
{{- with .Values.network }}
{{- with .uplink }}
- --uplink={{ . }}
{{- end }}
{{- with .egressCapacity }}
- --egress-capacity={{ . }}
{{- end }}
{{- with .ingressCapacity }}
- --ingress-capacity={{ . }}
{{- end }}
{{- range .ipMasqExcept }}
- --ip-masq-except={{ . }}
{{- end }}
{{- if .conflist }}
- --conflist=/etc/fairway/conflist
{{- end }}
{{- end }}
{{- end }}

{{- define "fairway.agentArgs" -}}
- agent
- --conf-dir={{ include "fairway.confDir" . }}
- --repair={{ .Values.agent.repair }}
{{- if ne .Values.agent.metrics "pods" }}
- --metrics={{ .Values.agent.metrics }}
{{- end }}
{{- if .Values.metrics.port }}
{{- if not .Values.cluster.enabled }}
{{- fail "metrics.port: the API server is asked who may scrape, and cluster.enabled is false" }}
{{- end }}
- --metrics-listen={{ .Values.metrics.address }}:{{ .Values.metrics.port }}
- --metrics-tls-cert=/etc/fairway-metrics/tls.crt
- --metrics-tls-key=/etc/fairway-metrics/tls.key
{{- end }}
{{- if .Values.ui.enabled }}
- --ui=127.0.0.1:{{ .Values.ui.port }}
{{- end }}
{{- if .Values.cluster.enabled }}
- --cluster
{{- end }}
{{- if ne .Values.routes "none" }}
{{- if not .Values.cluster.enabled }}
{{- fail "routes: the other nodes are known by the cluster only, and cluster.enabled is false" }}
{{- end }}
- --routes={{ .Values.routes }}
{{- end }}
{{- if .Values.scheduling.dra.enabled }}
{{- if not .Values.cluster.enabled }}
{{- fail "scheduling.dra.enabled: claims are read from the cluster, and cluster.enabled is false" }}
{{- end }}
- --dra
- --kubelet-dir={{ .Values.scheduling.dra.kubeletDir }}
{{- end }}
{{- with .Values.agent.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* No container has more than these; none may become more. `add` is a list of capabilities. */}}
{{- define "fairway.securityContext" -}}
runAsUser: 0
readOnlyRootFilesystem: true
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
  add: [{{ join ", " .add }}]
{{- end }}

{{- define "fairway.nodeEnv" -}}
- { name: NODE_NAME, valueFrom: { fieldRef: { fieldPath: spec.nodeName } } }
{{- end }}

{{/* The folders of the node, each where it is there: conflists, the ledger and launchers name them. */}}
{{- define "fairway.hostPaths" -}}
- { name: cni-bin, path: {{ include "fairway.binDir" . }} }
- { name: cni-conf, path: {{ include "fairway.confDir" . }} }
- { name: data, path: /var/lib/fairway }
- { name: run, path: /run/fairway }
- { name: netns, path: {{ include "fairway.netnsDir" . }}, propagation: HostToContainer }
- { name: modules, path: /lib/modules, type: "", readOnly: true }
{{- if and .Values.chained .Values.chain.adopt }}
- { name: cni-cache, path: {{ .Values.chain.cacheDir }}, readOnly: true }
{{- end }}
{{- if .Values.scheduling.dra.enabled }}
- { name: kubelet-plugin, path: {{ .Values.scheduling.dra.kubeletDir }}/plugins/fairway.dev }
- { name: kubelet-registry, path: {{ .Values.scheduling.dra.kubeletDir }}/plugins_registry }
{{- end }}
{{- range $at, $path := .Values.extraHostPaths }}
- { name: extra-{{ $at }}, path: {{ $path }} }
{{- end }}
{{- end }}

{{/* `names`: which of them a container gets. */}}
{{- define "fairway.mounts" -}}
{{- $names := .names -}}
{{- range (include "fairway.hostPaths" .root | fromYamlArray) }}
{{- if or (has .name $names) (and (hasPrefix "extra-" .name) (has "extra" $names)) }}
- name: {{ .name }}
  mountPath: {{ .path }}
{{- if .readOnly }}
  readOnly: true
{{- end }}
{{- with .propagation }}
  mountPropagation: {{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fairway.volumes" -}}
{{- range (include "fairway.hostPaths" . | fromYamlArray) }}
- name: {{ .name }}
  hostPath:
    path: {{ .path }}
    type: {{ if hasKey . "type" }}{{ .type | quote }}{{ else }}DirectoryOrCreate{{ end }}
{{- end }}
{{- if .Values.network.conflist }}
- name: conflist
  configMap: { name: fairway }
{{- end }}
{{- if .Values.metrics.port }}
- name: metrics-tls
  secret:
    secretName: {{ required "metrics.tlsSecret: a port needs a Secret with a certificate" .Values.metrics.tlsSecret }}
    defaultMode: 0400
{{- end }}
{{- end }}
