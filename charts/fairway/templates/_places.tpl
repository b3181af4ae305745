{{/*
Where clusters of a kind have their CNI folders.
- k3s: its containerd configuration, /var/lib/rancher/k3s/agent/etc/containerd/config.toml, names both; bin_dir is
  data/cni since 1.28.15, 1.29.10, 1.30.6 and 1.31.2 (before: data/current/bin).
- k3d runs k3s: the same folders, in containers that are nodes.
- microk8s: args/containerd-template.toml of its snap ("${SNAP_DATA}/args/cni-network" and "${SNAP_DATA}/opt/cni/bin").
- gke: the kubelet's home of binaries, as cluster/gce/gci/configure.sh of Kubernetes has it.
- openshift: CRI-O looks for plugins in /var/lib/cni/bin as well, and /usr is read-only; the networks' folder is that
  which the cluster network operator gives to Multus.
- minikube with the docker driver keeps namespaces in Docker's folder (cri-dockerd).
Istio's platform profiles (manifests/helm-profiles/platform-*.yaml) name the same for all but k3s's newer folder.
*/}}
{{- define "fairway.presets" -}}
k3s:
  binDir: /var/lib/rancher/k3s/data/cni
  confDir: /var/lib/rancher/k3s/agent/etc/cni/net.d
k3d:
  binDir: /var/lib/rancher/k3s/data/cni
  confDir: /var/lib/rancher/k3s/agent/etc/cni/net.d
microk8s:
  binDir: /var/snap/microk8s/current/opt/cni/bin
  confDir: /var/snap/microk8s/current/args/cni-network
gke:
  binDir: /home/kubernetes/bin
openshift:
  binDir: /var/lib/cni/bin
  confDir: /etc/kubernetes/cni/net.d
minikube:
  netnsDir: /var/run/docker/netns
{{- end }}

{{/* A place: what is set under `cni`, else the preset's, else the usual one. */}}
{{- define "fairway.place" -}}
{{- $preset := dict -}}
{{- if .root.Values.preset -}}
{{- $preset = get (include "fairway.presets" . | fromYaml) .root.Values.preset -}}
{{- end -}}
{{- get .root.Values.cni .name | default (get $preset .name) | default .usual -}}
{{- end }}
{{- define "fairway.binDir" -}}
{{- include "fairway.place" (dict "root" . "name" "binDir" "usual" "/opt/cni/bin") -}}
{{- end }}
{{- define "fairway.confDir" -}}
{{- include "fairway.place" (dict "root" . "name" "confDir" "usual" "/etc/cni/net.d") -}}
{{- end }}
{{- define "fairway.netnsDir" -}}
{{- include "fairway.place" (dict "root" . "name" "netnsDir" "usual" "/run/netns") -}}
{{- end }}
