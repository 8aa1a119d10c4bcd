{{- define "oponn.name" -}}
{{- if contains "oponn" .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{ else }}{{ printf "%s-oponn" .Release.Name | trunc 52 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "oponn.selector" -}}
app.kubernetes.io/name: oponn
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "oponn.labels" -}}
{{ include "oponn.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "oponn.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{/* What a server and an import have in common. */}}
{{- define "oponn.pod" -}}
serviceAccountName: {{ include "oponn.name" . }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: tmp
    emptyDir: {}
  {{- if .Values.settings }}
  - name: settings
    configMap: { name: {{ include "oponn.name" . }}-settings }
  {{- end }}
  {{- if or .Values.schema .Values.applicationConfigMap }}
  - name: application
    configMap: { name: {{ .Values.applicationConfigMap | default (printf "%s-application" (include "oponn.name" .)) }} }
  {{- end }}
  {{- with .Values.volumes }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end }}

{{- define "oponn.container" -}}
image: {{ include "oponn.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
env:
  - name: OPONN_LISTEN
    value: "0.0.0.0:8080"
  - name: OPONN_ADMIN_LISTEN
    value: "0.0.0.0:9000"
  - name: OPONN_STORE
    valueFrom: { secretKeyRef: { name: {{ .Values.secret.name | quote }}, key: {{ .Values.secret.storeKey | quote }} } }
  - name: OPONN_CACHE
    valueFrom: { secretKeyRef: { name: {{ .Values.secret.name | quote }}, key: {{ .Values.secret.cacheKey | quote }} } }
  {{- with .Values.env }}{{ toYaml . | nindent 2 }}{{ end }}
{{- with .Values.envFrom }}
envFrom: {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
  - { name: tmp, mountPath: /tmp }
  {{- if .Values.settings }}
  - { name: settings, mountPath: /app/oponn.toml, subPath: oponn.toml, readOnly: true }
  {{- end }}
  {{- if or .Values.schema .Values.applicationConfigMap }}
  - { name: application, mountPath: /app/schema.graphql, subPath: schema.graphql, readOnly: true }
  - { name: application, mountPath: /app/loaders, readOnly: true }
  {{- end }}
  {{- with .Values.volumeMounts }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end }}

{{/* Pods that run with other settings are other pods. */}}
{{- define "oponn.sums" -}}
checksum/application: {{ list .Values.settings .Values.schema .Values.loaders | toJson | sha256sum }}
{{- with .Values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}
