# shellcheck shell=bash disable=SC2154 # Sourced by ../run.

# certificate FOLDER: an authority and, signed by it, a certificate of the Service's name; the key is PKCS#8.
certificate() {
  (
    cd "$1" || exit
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=e2e-ca -keyout ca.key -out ca.crt
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$release" -keyout tls.key -out tls.csr
    openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out tls.crt \
      -extfile <(echo "subjectAltName=DNS:$release,DNS:$release.$namespace.svc.cluster.local")
  ) > "$1/openssl.log" 2>&1
}

# to_client FILE TEXT: a file of the client pod.
to_client() { k exec -i client -- sh -c "cat > /tmp/$1" <<< "$2"; }

set_token() {
  k create secret generic tokens --from-literal "tokens=painter $1" --dry-run=client --output yaml | k apply -f - > /dev/null
}

# refused WORDS MORE...: a picture that must not come.
refused() {
  local words=$1
  shift
  ! draw "$work/none" "$@" || fail "a picture came without what $words means"
  grep -q "$words" "$work/drawn" || fail "refused with other words than $words: $(cat "$work/drawn")"
  say "   $(grep -m 1 "$words" "$work/drawn")"
}

# With a certificate and tokens from Secrets: who lacks either gets nothing; a changed token is in force without a restart.
case_tls() {
  local first second before
  first=$(openssl rand -hex 16)
  second=$(openssl rand -hex 16)
  certificate "$work"
  k create secret tls certificate --cert "$work/tls.crt" --key "$work/tls.key" > /dev/null
  set_token "$first"
  upgrade --set insecure=false,tls.secretName=certificate,auth.secretName=tokens
  settled
  to_client ca.crt "$(cat "$work/ca.crt")"
  to_client first "$first"
  to_client second "$second"
  draw "$work/secure.png" --tls-ca /tmp/ca.crt --token-file /tmp/first || fail "no picture: $(cat "$work/drawn")"
  refused UNAVAILABLE --token-file /tmp/first
  refused UNAUTHENTICATED --tls-ca /tmp/ca.crt
  refused UNAUTHENTICATED --tls-ca /tmp/ca.crt --token-file /tmp/second
  before=$(pods)
  set_token "$second"
  within 240 "the new token is in force everywhere" new_token_everywhere
  [ "$(pods)" = "$before" ] || fail "pods were replaced"
  say "   the new token is in force, the old one is refused, nothing was restarted"
}

# Each call may go to either replica: several in a row.
new_token_everywhere() {
  local i
  for i in 1 2 3 4; do
    draw "$work/secure.png" --tls-ca /tmp/ca.crt --token-file /tmp/second || return 1
    ! draw "$work/none" --tls-ca /tmp/ca.crt --token-file /tmp/first || return 1
  done
}
