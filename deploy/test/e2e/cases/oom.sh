# shellcheck shell=bash disable=SC2154 # Sourced by ../run.

oom_killed() {
  [ "$(k get pod "$1" --output jsonpath='{.status.containerStatuses[0].lastState.terminated.reason}')" = OOMKilled ]
}

# Memory runs out in one pod: the kernel kills the server, the kubelet starts it again; every request is answered. Eight
# processes share the memory that is left, so that the server is the largest one.
case_oom() {
  local pod before
  pod=$(pods | sed -n 1p)
  before=$(k get pod "$pod" --output jsonpath='{.status.containerStatuses[0].restartCount}')
  begin_load oom 150 10 --retry
  k exec "$pod" -- sh -c 'for i in 1 2 3 4 5 6 7 8; do tail /dev/zero & done; wait' > "$work/hogs" 2>&1 || true
  within 60 "the server was killed for memory" oom_killed "$pod"
  k wait "pod/$pod" --for condition=Ready --timeout 120s > /dev/null
  (($(k get pod "$pod" --output jsonpath='{.status.containerStatuses[0].restartCount}') == before + 1)) ||
    fail "$pod was restarted more than once"
  say "   $pod: $(k get pod "$pod" --output jsonpath='{.status.containerStatuses[0].lastState.terminated.reason}'), ready again"
  settled
  end_load oom
}
