# shellcheck shell=bash disable=SC2154 # Sourced by ../run.

# Both pods are replaced; every request is answered.
case_rolling_update() {
  local pod before
  before=$(pods)
  begin_load rolling-update 270 10 --retry
  upgrade --set-string podAnnotations.update=1
  settled
  for pod in $before; do
    k wait "pod/$pod" --for delete --timeout 120s > /dev/null 2>&1 || fail "$pod is still there"
  done
  end_load rolling-update
}
