# shellcheck shell=bash disable=SC2154 # Sourced by ../run.

# Someone deletes one pod, then the other; every request is answered.
case_pod_deletion() {
  local pod
  begin_load pod-deletion 300 10 --retry
  for pod in $(pods); do
    k delete pod "$pod" > /dev/null
    settled
  done
  end_load pod-deletion
}
