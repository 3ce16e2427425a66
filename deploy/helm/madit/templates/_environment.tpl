{{/* The server's flags, as environment variables: so the image's own health check knows them, too. */}}
{{- define "madit.environment" -}}
- name: MADIT_MODEL
  value: {{ join "," .Values.bundles.paths | quote }}
- name: MADIT_DEVICE
  value: {{ .Values.device | quote }}
{{- /* Without a limit the server would count all processors of the node. */}}
{{- if and (eq .Values.device "cpu") .Values.resources.requests.cpu (not .Values.settings.threads) }}
- name: MADIT_THREADS
  valueFrom:
    resourceFieldRef:
      containerName: server
      resource: requests.cpu
{{- end }}
- name: MADIT_DRAIN_SECONDS
  value: {{ .Values.shutdown.drainSeconds | int | quote }}
{{- if .Values.insecure }}
- name: MADIT_INSECURE
  value: "true"
{{- end }}
{{- if .Values.tls.secretName }}
- name: MADIT_TLS_CERTIFICATE
  value: /etc/madit/tls/tls.crt
- name: MADIT_TLS_KEY
  value: /etc/madit/tls/tls.key
{{- end }}
{{- if .Values.tls.clientCa }}
- name: MADIT_TLS_CLIENT_CA
  value: /etc/madit/tls/ca.crt
- name: MADIT_TLS_CLIENT_AUTH
  value: {{ .Values.tls.clientAuth }}
{{- end }}
{{- if .Values.auth.secretName }}
- name: MADIT_AUTH_TOKENS
  value: /etc/madit/auth/tokens
{{- end }}
{{- range $flag, $value := .Values.settings }}
- name: MADIT_{{ snakecase $flag | upper }}
  value: {{ include "madit.scalar" $value | quote }}
{{- end }}
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- end -}}
