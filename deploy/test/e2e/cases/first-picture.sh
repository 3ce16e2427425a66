# shellcheck shell=bash disable=SC2154 # Sourced by ../run.

ids() { seq -s ' ' 0 63; }

# draw FILE MORE...: a picture through the Service.
draw() {
  local file=$1
  shift
  ids | client io.madit.cli.Madit detokenize --ids - --seed 7 --out /tmp/picture.png \
    --server "dns:///$release:8500" "$@" > "$work/drawn" 2>&1 || return 1
  k exec client -- cat /tmp/picture.png > "$file"
}

# 64 ids give a PNG file of 128 x 128 pixels, the same each time, whichever replica draws it.
case_first_picture() {
  local i
  for i in 1 2 3 4; do
    draw "$work/picture-$i.png" || fail "no picture: $(cat "$work/drawn")"
    cmp "$work/picture-1.png" "$work/picture-$i.png" || fail "picture $i differs from the first"
  done
  [ "$(od -An -tx1 -N24 "$work/picture-1.png" | tr -d ' \n')" = \
    89504e470d0a1a0a0000000d494844520000008000000080 ] || fail "this is no PNG file of 128 x 128 pixels"
  say "   $(cat "$work/drawn"), $(wc -c < "$work/picture-1.png") bytes, four times the same"
}
