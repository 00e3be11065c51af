{{- define "audience-export.name" -}}
{{- if contains .Chart.Name .Release.Name -}}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{- else -}}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{- end -}}
{{- end }}

{{- define "audience-export.labels" -}}
{{ include "audience-export.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "audience-export.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "audience-export.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}{{ default (include "audience-export.name" .) .Values.serviceAccount.name }}{{- else -}}{{ default "default" .Values.serviceAccount.name }}{{- end -}}
{{- end }}

{{/* The metadata of a pod of a component: (dict "root" $ "part" "api"). */}}
{{- define "audience-export.podMetadata" -}}
labels:
  {{- include "audience-export.labels" .root | nindent 2 }}
  app.kubernetes.io/component: {{ .part }}
  {{- with .root.Values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  checksum/settings: {{ .root.Values.settings | toJson | sha256sum }}
  {{- with .root.Values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* What the pod of a component runs as: nobody, with no right of any kind. */}}
{{- define "audience-export.podSecurity" -}}
automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* On which nodes its pods may be, the migration's like the others. */}}
{{- define "audience-export.placement" -}}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "audience-export.pod" -}}
serviceAccountName: {{ include "audience-export.serviceAccount" . }}
{{ include "audience-export.podSecurity" . }}
{{- include "audience-export.placement" . }}
volumes:
  - name: tmp
    emptyDir: {}
  - name: data
    {{- if .Values.persistence.enabled }}
    persistentVolumeClaim: {claimName: {{ default (include "audience-export.name" .) .Values.persistence.existingClaim }}}
    {{- else }}
    emptyDir: {}
    {{- end }}
  {{- with .Values.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* A container of the image, read-only; the image's own user. */}}
{{- define "audience-export.container" -}}
image: "{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}{{ with .Values.image.digest }}@{{ . }}{{ end }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- with .Values.extraEnv }}
env: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "audience-export.serving" -}}
envFrom:
  - configMapRef: {name: {{ include "audience-export.name" . }}}
  - secretRef: {name: {{ .Values.existingSecret }}}
  {{- with .Values.extraEnvFrom }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumeMounts:
  - {name: data, mountPath: /data}
  - {name: tmp, mountPath: /tmp}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* Whether the process runs: (dict "port" "http"). */}}
{{- define "audience-export.liveness" -}}
startupProbe:
  httpGet: {path: /livez, port: {{ .port }}}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /livez, port: {{ .port }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end }}

{{/* A PodDisruptionBudget: (dict "root" $ "part" "api" "budget" .Values.api.podDisruptionBudget). */}}
{{- define "audience-export.budget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "audience-export.name" .root }}-{{ .part }}
  labels: {{- include "audience-export.labels" .root | nindent 4 }}
spec:
  {{- omit .budget "enabled" | toYaml | nindent 2 }}
  selector:
    matchLabels:
      {{- include "audience-export.selector" .root | nindent 6 }}
      app.kubernetes.io/component: {{ .part }}
{{- end }}
