# shellcheck shell=bash disable=SC2154 # Sourced by ../run.

# begin_load NAME SECONDS RATE MORE...: a Job of its own; requests at constant times, retried by gRPC's service config.
begin_load() {
  local name=$1 arrivals=$(($2 * $3)) more="--rate $3"
  shift 3
  sed -e "s|IMAGE|$image|; s|NAME|load-$name|; s|ARRIVALS|$arrivals|; s|MORE|$more $*|" "$here/load.yaml" | k apply -f - > /dev/null
  within 120 "load-$name has begun" load_has_begun "$name"
}

# Its first calls have been answered: it has looked up the replicas before anything is broken.
load_has_begun() { k logs "job/load-$1" 2> /dev/null | grep -q '^begun'; }

load_runs() { ! k logs "job/load-$1" | grep -q '^--- report'; }

# end_load NAME: it was running until now; all its requests must have been answered.
end_load() {
  load_runs "$1" || fail "the load ended before the case; raise its seconds"
  within 900 "load-$1 has ended" k wait "job/load-$1" --for condition=Complete --timeout 5s > "$work/wait" 2>&1
  print_load "$1"
  load_counts "$1" | grep -Eqx '\{OK=[0-9]+\}' || fail "requests of load-$1 failed: $(load_counts "$1")"
}

load_counts() { k logs "job/load-$1" | sed -n 's/.*counts \({.*}\)$/\1/p'; }

print_load() { k logs "job/load-$1" | sed -n '/^--- report/,$p' | sed -n '2,3p' | while read -r line; do say "   $line"; done; }
