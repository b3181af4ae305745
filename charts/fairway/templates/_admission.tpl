{{/*
The version in which the API server has a kind of policies, given as (list . KIND); empty where it does not have it.
`helm template` knows no kinds, so there the server's version says it. Alpha and beta kinds are off unless switched on.
What mutates is v1 from Kubernetes 1.36 on, and was v1beta1 in 1.34.
*/}}
{{- define "fairway.served" -}}
{{- $root := index . 0 -}}
{{- $kind := index . 1 -}}
{{- $versions := $root.Capabilities.APIVersions -}}
{{- $since := dict "ValidatingAdmissionPolicy" ">=1.30-0" "MutatingAdmissionPolicy" ">=1.36-0" -}}
{{- $served := "" -}}
{{- if and (not ($versions.Has "apps/v1/Deployment")) (semverCompare (get $since $kind) $root.Capabilities.KubeVersion.Version) -}}
{{- $served = "v1" -}}
{{- end -}}
{{- range $version := list "v1" "v1beta1" -}}
{{- if and (not $served) ($versions.Has (printf "admissionregistration.k8s.io/%s/%s" $version $kind)) -}}
{{- $served = $version -}}
{{- end -}}
{{- end -}}
{{- $served -}}
{{- end }}

{{/* Whether the webhook gives pods their requests: then no policy does. */}}
{{- define "fairway.webhook" -}}
{{- $run := .Values.scheduling.webhook.run -}}
{{- $lacks := not (include "fairway.served" (list . "MutatingAdmissionPolicy")) -}}
{{- if and .Values.cluster.enabled (not .Values.uninstall) (or (eq $run "always") (and (eq $run "auto") $lacks)) -}}
true
{{- end -}}
{{- end }}

{{/* Whether it refuses mistakes, too: `always`, or where the API server cannot. */}}
{{- define "fairway.validatingWebhook" -}}
{{- $lacks := not (include "fairway.served" (list . "ValidatingAdmissionPolicy")) -}}
{{- if and (eq (include "fairway.webhook" .) "true") (or (eq .Values.scheduling.webhook.run "always") $lacks) -}}
true
{{- end -}}
{{- end }}

{{/* Its pods are none of the agents': those are found by another name. */}}
{{- define "fairway.webhookSelector" -}}
app.kubernetes.io/name: fairway-webhook
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
