{{/*
Over HTTP: the kubelet's gRPC probe knows no TLS. What the probes ask for does not wait for the engine, so load does not fail
them; only a processor that is starved for a minute could. A full server says so to its clients, not to the kubelet.
*/}}
{{- define "madit.probes" -}}
startupProbe:
  httpGet:
    path: /readyz
    port: http
  periodSeconds: 2
  timeoutSeconds: {{ .Values.probes.timeoutSeconds }}
  failureThreshold: {{ div (add .Values.probes.startupSeconds 1) 2 }}
livenessProbe:
  httpGet:
    path: /livez
    port: http
  periodSeconds: 10
  timeoutSeconds: {{ .Values.probes.timeoutSeconds }}
  failureThreshold: {{ .Values.probes.livenessFailures }}
readinessProbe:
  httpGet:
    path: /readyz
    port: http
  periodSeconds: 10
  timeoutSeconds: {{ .Values.probes.timeoutSeconds }}
  failureThreshold: {{ .Values.probes.readinessFailures }}
{{- end -}}
