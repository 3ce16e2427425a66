# shellcheck shell=bash disable=SC2154 # Sourced by ../run.

ready_endpoints() {
  k get endpointslices --selector "kubernetes.io/service-name=$release" \
    --output go-template='{{range .items}}{{range .endpoints}}{{if .conditions.ready}}ready{{"\n"}}{{end}}{{end}}{{end}}' | wc -l
}

# More than the servers can do: they refuse calls, but no probe fails, nothing restarts, no pod leaves the Service.
case_overload() {
  local before counts
  before=$(restarts)
  begin_load overload 60 150 --connections 4
  until k logs job/load-overload | grep -q '^--- report'; do
    [ "$(ready_endpoints)" = 2 ] || fail "a full pod has left the Service"
    sleep 2
  done
  print_load overload
  counts=$(load_counts overload)
  [[ $counts == *RESOURCE_EXHAUSTED* ]] || fail "that was no overload: $counts"
  [[ $counts != *UNAVAILABLE* && $counts != *INTERNAL* ]] || fail "other errors than refusals: $counts"
  (($(restarts) == before)) || fail "a pod was restarted"
  ! k get events | grep -E 'Unhealthy.*(Liveness|Readiness)' || fail "a probe failed"
}
