#!/bin/sh
# The drill of replacing keys, on a running installation: a new key file, a new data key, everything sealed anew. Nothing is restarted,
# and no login fails meanwhile. Run it as the user of the service, with the environment of the service.
#
#   DATABASE_URL, GATEHOUSE_DATA_DIR, GATEHOUSE_KEY_FILE   as the service has them
#   DRILL_NOTICE   seconds until the new data key seals; default 60
#
# With several machines do it by hand: docs/operating.md says how.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
notice=${DRILL_NOTICE:-60}

fail() {
  printf 'FAILED: %s\n' "$1" >&2
  exit 1
}
gatehouse() { node "$here/src/main.ts" "$@"; }
# The value of a member of the one JSON value on standard input.
member() { node -e 'const value = JSON.parse(require("node:fs").readFileSync(0)); console.log(eval(process.argv[1]))' "$1"; }

before=$(gatehouse key list --json | member 'value.find(({ state }) => state === "sealing").id')
printf 'data key %s seals\n' "$before"

gatehouse key rotate-key-file
[ "$(gatehouse key list --json | member 'new Set(value.map(({ key_file }) => key_file)).size')" = 1 ] ||
  fail 'data keys are under different key files'

gatehouse key new-data-key --notice "$notice"
sleep $((notice + 1))
gatehouse key reseal --json >/dev/null
after=$(gatehouse key list --json | member 'value.find(({ state }) => state === "sealing").id')
[ "$after" != "$before" ] || fail 'the new data key does not seal'
[ "$(gatehouse key list --json | member 'value.filter(({ state }) => state !== "sealing").reduce((sum, { sealed }) => sum + sealed, 0)')" = 0 ] ||
  fail 'something is left under an older data key'
gatehouse key list
printf 'keys are replaced: copy the new key file to where it is kept apart, and move the old one there\n'
