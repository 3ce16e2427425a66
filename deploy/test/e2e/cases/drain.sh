# shellcheck shell=bash disable=SC2154 # Sourced by ../run.

# A node is drained. The PodDisruptionBudget lets it take one pod at a time; every request is answered. The node opens again
# after the first refusal, or a one-node cluster would have no place for the new pods.
case_drain() {
  begin_load drain 240 10 --retry
  cordoned=$(k get pod "$(pods | sed -n 1p)" --output jsonpath='{.spec.nodeName}')
  kubectl drain "$cordoned" --pod-selector "app.kubernetes.io/instance=$release" --ignore-daemonsets --delete-emptydir-data \
    --timeout 600s > "$work/drain" 2>&1 &
  local drain=$!
  within 120 "the drain is held up or done" drain_refused_or_done $drain
  kubectl uncordon "$cordoned" > /dev/null
  cordoned=
  wait $drain || fail "the drain did not end: $(cat "$work/drain")"
  if grep -q 'disruption budget' "$work/drain"; then
    say "   $(grep -m 1 'disruption budget' "$work/drain" | sed 's/.*Cannot/Cannot/')"
  else
    say "   the replicas were on two nodes: nothing was held up"
  fi
  settled
  end_load drain
}

drain_refused_or_done() { grep -q 'disruption budget' "$work/drain" || ! kill -0 "$1" 2> /dev/null; }
