{{- define "madit.pod" -}}
automountServiceAccountToken: false
{{- /* A Service named madit would set MADIT_PORT=tcp://..., which is one of the server's flags. */}}
enableServiceLinks: false
{{- /* The wait, the drain, and what the server takes to end its last round, answers and connections. */}}
terminationGracePeriodSeconds: {{ add .Values.shutdown.preStopSeconds .Values.shutdown.drainSeconds 20 }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if eq .Values.bundles.from "init" }}
initContainers:
  {{- include "madit.initContainers" . | nindent 2 }}
{{- end }}
containers:
  - name: server
    image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    env:
      {{- include "madit.environment" . | nindent 6 }}
    ports:
      - name: grpc
        containerPort: 8500
      - name: http
        containerPort: 8501
    {{- include "madit.probes" . | nindent 4 }}
    {{- if gt (int .Values.shutdown.preStopSeconds) 0 }}
    lifecycle:
      preStop:
        exec:
          command: ["sleep", {{ .Values.shutdown.preStopSeconds | int | quote }}]
    {{- end }}
    resources:
      {{- toYaml .Values.resources | nindent 6 }}
    securityContext:
      {{- include "madit.containerSecurity" . | nindent 6 }}
    volumeMounts:
      {{- include "madit.volumeMounts" . | nindent 6 }}
volumes:
  {{- include "madit.volumes" . | nindent 2 }}
{{- if .Values.topologySpread.enabled }}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "madit.selectorLabels" $ | nindent 8 }}
  {{- end }}
{{- end }}
{{- range $key := list "runtimeClassName" "priorityClassName" "nodeSelector" "tolerations" "affinity" }}
{{- with index $.Values $key }}
{{ $key }}: {{ toJson . }}
{{- end }}
{{- end }}
{{- end -}}
