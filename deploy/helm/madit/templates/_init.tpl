{{/* Fills /models before the server starts. */}}
{{- define "madit.initContainers" -}}
- name: bundles
  image: {{ .Values.bundles.init.image }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  {{- with .Values.bundles.init.command }}
  command: {{ toJson . }}
  {{- end }}
  {{- with .Values.bundles.init.args }}
  args: {{ toJson . }}
  {{- end }}
  {{- with .Values.bundles.init.env }}
  env:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.bundles.init.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "madit.containerSecurity" . | nindent 4 }}
  volumeMounts:
    - name: models
      mountPath: /models
    - name: tmp
      mountPath: /tmp
    {{- with .Values.bundles.init.volumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}
