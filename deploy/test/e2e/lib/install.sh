# shellcheck shell=bash disable=SC2154 # Sourced by ../run.

# The tests' smallest model fits into a ConfigMap; the init container turns it into a bundle folder.
install() {
  kubectl create namespace "$namespace" > /dev/null
  kubectl label namespace "$namespace" pod-security.kubernetes.io/enforce=restricted > /dev/null
  k create configmap pico --from-file "$repository/server/src/test/resources/models/pico-velocity" > /dev/null
  sed "s|IMAGE|$image|" "$here/client.yaml" | k apply -f - > /dev/null
  upgrade --install
  within 120 "the client pod runs" k wait pod/client --for condition=Ready --timeout 1s > "$work/client" 2>&1
  say "installed two replicas on $(kubectl version --output json | sed -n 's/.*"gitVersion": "\(.*\)".*/\1/p' | tail -1)"
}

# upgrade MORE...: the release with the test's values and MORE.
upgrade() {
  helm upgrade "$release" "$chart" --namespace "$namespace" --values "$here/values.yaml" \
    --set-string "image.repository=${image%:*},image.tag=${image##*:},bundles.init.image=$image" --wait --timeout 10m "$@" > /dev/null
}
