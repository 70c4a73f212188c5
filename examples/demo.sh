#!/usr/bin/env bash
# Sends four requests that take the four default routes, and prints where each went, why, and what
# it cost. usage: demo.sh [BASE_URL], with the gateway's ledger in the current folder.
set -euo pipefail

examples=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
url=${1:-${TIDEGATE_URL:-http://127.0.0.1:8080}}
tidegate=${TIDEGATE_BIN:-$examples/../build/tidegate}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
run=demo-$$  # so that a second run in the same folder adds up its own cost

header() { sed -n "s/^$1: \(.*\)\r\$/\1/Ip" "$work/head" | head -n 1; }

# A record is durable within 50 ms of an answer's end.
cost_of() {
  local nano attempt
  for attempt in 1 2 3 4 5 6 7 8 9 10; do
    nano=$("$tidegate" cost --by task --json 2>/dev/null |
      sed -n "s/.*\"task\":\"$1\"[^}]*\"cost_nano_usd\":\([0-9]*\).*/\1/p")
    [ -z "$nano" ] || break
    sleep 0.1
  done
  if [ -n "$nano" ]; then
    awk -v nano="$nano" 'BEGIN { printf "$%.6f", nano / 1e9 }'
  else
    printf 'not known here; see `tidegate cost`'
  fi
}

send() {
  local name=$1 file=$2 status
  status=$(curl -sS -o "$work/answer" -D "$work/head" -w '%{http_code}' \
    -H 'content-type: application/json' -H "x-tidegate-task: $run-$name" \
    --data-binary "@$file" "$url/v1/chat/completions")
  printf '\n%s (%s bytes)\n' "$name" "$(wc -c <"$file")"
  if [ "$status" != 200 ]; then
    printf '  failed  HTTP %s\n' "$status"
    cat "$work/answer"
    return 1
  fi
  printf '  route   %s\n' "$(header x-tidegate-route)"
  printf '  model   %s at %s\n' "$(header x-tidegate-model)" "$(header x-tidegate-provider)"
  printf '  reason  %s\n' "$(header x-tidegate-reason)"
  printf '  cost    %s\n' "$(cost_of "$run-$name")"
  [ -z "$(header x-tidegate-notes)" ] || printf '  notes   %s\n' "$(header x-tidegate-notes)"
}

python3 "$examples/make_long_request.py" >"$work/long.json"
failed=0
for name in short_task critical_planning terminal_agentic; do
  send "$name" "$examples/requests/$name.json" || failed=1
done
send long_context "$work/long.json" || failed=1
exit $failed
