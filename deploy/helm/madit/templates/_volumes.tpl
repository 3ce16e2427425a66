{{/* Whole folders: a Secret that is mounted by subPath would never change. */}}
{{- define "madit.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if .Values.tls.secretName }}
- name: tls
  mountPath: /etc/madit/tls
  readOnly: true
{{- end }}
{{- if .Values.auth.secretName }}
- name: auth
  mountPath: /etc/madit/auth
  readOnly: true
{{- end }}
{{- if ne .Values.bundles.from "image" }}
- name: models
  mountPath: /models
  readOnly: true
  {{- if and (eq .Values.bundles.from "claim") .Values.bundles.claim.subPath }}
  subPath: {{ .Values.bundles.claim.subPath }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "madit.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 256Mi
{{- if .Values.tls.secretName }}
- name: tls
  secret:
    secretName: {{ .Values.tls.secretName }}
    defaultMode: 0440
{{- end }}
{{- if .Values.auth.secretName }}
- name: auth
  secret:
    secretName: {{ .Values.auth.secretName }}
    defaultMode: 0440
{{- end }}
{{- if eq .Values.bundles.from "claim" }}
- name: models
  persistentVolumeClaim:
    claimName: {{ .Values.bundles.claim.name }}
    readOnly: true
{{- else if eq .Values.bundles.from "init" }}
- name: models
  emptyDir:
    sizeLimit: {{ .Values.bundles.init.sizeLimit }}
{{- with .Values.bundles.init.volumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end -}}
