# shellcheck shell=bash disable=SC2154 # Sourced by ../run.

say() { echo "e2e: $*"; }

fail() {
  echo "e2e: FAILED: $*" >&2
  exit 1
}

k() { kubectl --namespace "$namespace" "$@"; }

# within SECONDS WHAT COMMAND...: asks until COMMAND succeeds.
within() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    ((SECONDS < end)) || fail "not in time: $what"
    sleep 1
  done
}

# Names of the server's pods that are not being deleted.
pods() {
  k get pods --selector "app.kubernetes.io/instance=$release" \
    --output go-template='{{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}}{{"\n"}}{{end}}{{end}}'
}

# Restarts of all server pods together.
restarts() {
  k get pods --selector "app.kubernetes.io/instance=$release" \
    --output go-template='{{range .items}}{{range .status.containerStatuses}}{{.restartCount}}{{"\n"}}{{end}}{{end}}' |
    awk '{ sum += $1 } END { print sum + 0 }'
}

# Both replicas are ready and nothing is on its way.
settled() { k rollout status "deployment/$release" --timeout 300s > /dev/null; }

# metric POD NAME_AND_LABELS_PATTERN: sum of the matching series, as the pod itself tells.
metric() {
  k exec "$1" -- bash -c 'exec 3<> /dev/tcp/127.0.0.1/8501; printf "GET /metrics HTTP/1.0\r\n\r\n" >&3; cat <&3' |
    awk -v pattern="^$2" '$0 ~ pattern { sum += $NF } END { print sum + 0 }'
}

# Runs one of the project's programs in the client pod.
client() {
  local program=$1
  shift
  k exec -i client -- java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx128m -cp '/opt/madit/app/*:/opt/madit/lib/*' \
    "$program" "$@"
}

finish() {
  if [ "$1" -ne 0 ]; then
    k get pods --output wide || true
    k get events --sort-by .lastTimestamp | tail -30 || true
    for pod in $(pods 2> /dev/null); do
      echo "--- $pod"
      k logs "$pod" --tail 5 || true
    done
  fi
  [ -z "${cordoned:-}" ] || kubectl uncordon "$cordoned" || true
  if $keep; then
    say "kept: namespace $namespace"
  else
    kubectl delete namespace "$namespace" --ignore-not-found --timeout 300s || true
  fi
  rm -rf "$work"
}
