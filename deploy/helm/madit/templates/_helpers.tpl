{{/* Name of every object: the release's, with the chart's where the release does not say what it is. */}}
{{- define "madit.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "madit.selectorLabels" -}}
app.kubernetes.io/name: madit-serving
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "madit.labels" -}}
{{ include "madit.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: madit-serving
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* Of the server and of the init container. */}}
{{- define "madit.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: ["ALL"]
{{- end -}}

{{/* Whole numbers of a values file are floating-point numbers to Helm, and large ones would be written as 1e+09. */}}
{{- define "madit.scalar" -}}
{{- if kindIs "float64" . -}}
{{- if eq . (floor .) }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- else -}}
{{- . -}}
{{- end -}}
{{- end -}}

{{/* What no schema can say: settings that only fit together. */}}
{{- define "madit.check" -}}
{{- if and (not .Values.tls.secretName) (not .Values.insecure) -}}
{{- fail "tls.secretName is empty: name a Secret, or set insecure: true for plain text" -}}
{{- end -}}
{{- if and .Values.tls.secretName .Values.insecure -}}
{{- fail "insecure: true and tls.secretName exclude each other" -}}
{{- end -}}
{{- if and .Values.tls.clientCa (not .Values.tls.secretName) -}}
{{- fail "tls.clientCa needs tls.secretName" -}}
{{- end -}}
{{- if and (eq .Values.bundles.from "claim") (not .Values.bundles.claim.name) -}}
{{- fail "bundles.claim.name is empty, but bundles.from is claim" -}}
{{- end -}}
{{- if and (eq .Values.bundles.from "init") (not .Values.bundles.init.image) -}}
{{- fail "bundles.init.image is empty, but bundles.from is init" -}}
{{- end -}}
{{- if lt (int .Values.shutdown.drainSeconds) (int (default 120 .Values.settings.maxBacklogSeconds)) -}}
{{- fail (printf "shutdown.drainSeconds must be at least settings.maxBacklogSeconds = %v, is %v" (default 120 .Values.settings.maxBacklogSeconds) .Values.shutdown.drainSeconds) -}}
{{- end -}}
{{- if lt (int .Values.autoscaling.maxReplicas) (int .Values.autoscaling.minReplicas) -}}
{{- fail (printf "autoscaling.maxReplicas must be at least autoscaling.minReplicas = %v, is %v" .Values.autoscaling.minReplicas .Values.autoscaling.maxReplicas) -}}
{{- end -}}
{{- end -}}
