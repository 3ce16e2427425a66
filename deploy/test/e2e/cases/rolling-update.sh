# shellcheck shell=bash disable=SC2154 # Sourced by ../run.

# Both pods are replaced; every request is answered.
case_rolling_update() {
  local before
  before=$(pods | sort)
  begin_load rolling-update 300 10 --retry
  upgrade --set-string podAnnotations.update=1
  settled
  [ -z "$(comm -12 <(echo "$before") <(pods | sort))" ] || fail "an old pod is still there"
  end_load rolling-update
}
