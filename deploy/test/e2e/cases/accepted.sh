# shellcheck shell=bash disable=SC2154 # Sourced by ../run.

# The API server takes what the chart renders for each set of values that needs no custom resources, without a warning.
case_accepted() {
  local file more
  for file in "$repository"/deploy/test/chart/values/{cpu,gpu,hpa-init,bare}.yaml; do
    more=()
    [ "$(basename "$file")" != gpu.yaml ] || more=(--values "$chart/values-gpu.yaml")
    helm template pictures "$chart" --namespace "$namespace" --kube-version 1.34 "${more[@]}" --values "$file" |
      k apply --dry-run=server --filename - > "$work/accepted" 2>&1 || fail "$file: $(cat "$work/accepted")"
    ! grep -i warning "$work/accepted" || fail "$file: the API server warns"
  done
}
