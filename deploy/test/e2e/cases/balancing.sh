# shellcheck shell=bash disable=SC2154 # Sourced by ../run.

drawn_by() { metric "$1" 'madit_requests_total\{.*kind="detokenize".*outcome="ok"'; }

# One channel's calls go to both replicas in turn.
case_balancing() {
  local pod before=() after i=0
  mapfile -t replicas < <(pods)
  ((${#replicas[@]} == 2)) || fail "there are ${#replicas[@]} replicas"
  for pod in "${replicas[@]}"; do before+=("$(drawn_by "$pod")"); done
  begin_load balancing 20 10 --connections 1
  end_load balancing
  for pod in "${replicas[@]}"; do
    after=$(drawn_by "$pod")
    say "   $pod drew $((after - before[i]))"
    ((after - before[i] >= 80)) || fail "calls are not spread over the replicas"
    i=$((i + 1))
  done
}
