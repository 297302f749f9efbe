#!/bin/sh
# The drill of taking over: of two instances on one database the first is stopped as for maintenance and the second is killed, one
# after the other, while a subscriber logs in at the one that is left, again and again. Run it from a machine that is a client, with
# the sources of Gatehouse; nothing of the environment of the service is needed.
#
#   FIRST, SECOND               addresses of the two, as NASes have them
#   STOP_FIRST, START_FIRST     commands, such as 'ssh aaa1 systemctl stop gatehouse'; back when that is done
#   KILL_SECOND, START_SECOND   commands, such as 'ssh aaa2 systemctl kill --signal=KILL gatehouse' and, where it comes back by
#                               itself, 'true'
#   DRILL_NAS                   address of this machine that it sends from
#   DRILL_SECRET_FILE           the shared secret of that client in its first line
#   DRILL_USERNAME              a subscriber that may log in, its password in the first line of
#   DRILL_PASSWORD_FILE         this file
#   FIRST_AUTH_PORT, FIRST_ACCT_PORT, SECOND_AUTH_PORT, SECOND_ACCT_PORT   where they are not 1812 and 1813
#   DRILL_ROUNDS                rounds of 200 ms, in every second one a login; default 20
#
# At the end both serve. Where it fails, see that they do.
set -eu

: "${FIRST:?}" "${SECOND:?}" "${STOP_FIRST:?}" "${START_FIRST:?}" "${KILL_SECOND:?}" "${START_SECOND:?}"
: "${DRILL_NAS:?}" "${DRILL_SECRET_FILE:?}" "${DRILL_USERNAME:?}" "${DRILL_PASSWORD_FILE:?}"
here=$(cd "$(dirname "$0")/.." && pwd)
began=$(date +%s)
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { printf '%4ss  %s\n' "$(($(date +%s) - began))" "$1"; }
fail() {
  printf 'FAILED: %s\n' "$1" >&2
  exit 1
}
printf 'username,password\n%s,%s\n' "$DRILL_USERNAME" "$(head -n 1 "$DRILL_PASSWORD_FILE")" >"$work/subscribers.csv"

# Dials and hangs up at one of the two for so many rounds; what became of it goes to a file.
dial() {
  if [ "$1" = first ]; then
    set -- "$2" "$3" "$FIRST" "${FIRST_AUTH_PORT:-1812}" "${FIRST_ACCT_PORT:-1813}"
  else
    set -- "$2" "$3" "$SECOND" "${SECOND_AUTH_PORT:-1812}" "${SECOND_ACCT_PORT:-1813}"
  fi
  head -n 1 "$DRILL_SECRET_FILE" |
    node "$here/src/main.ts" simulate --nas "$DRILL_NAS" --identifier take-over-drill --secret-stdin --server "$3" \
      --auth-port "$4" --acct-port "$5" --subscribers "$work/subscribers.csv" --method pap --rounds "$1" --pace 200 --churn 1 \
      --json >"$work/$2"
}
# Every login was accepted and every record acknowledged.
good() { grep -q '"online": [1-9]' "$1" && ! grep -qE '"(rejected|timeout|wrong-proof|unanswered)": [1-9]' "$1"; }
serves() { dial "$1" 1 one.json && good "$work/one.json"; }

# While a command is carried out upon one of the two, logins go on at the other.
without() {
  dial "$2" "${DRILL_ROUNDS:-20}" on.json &
  dialing=$!
  sleep 1
  sh -c "$3" || fail "this did not succeed: $3"
  wait "$dialing" || fail "logins at the $2 could not be tried"
  good "$work/on.json" || fail "logins at the $2 failed: $(cat "$work/on.json")"
  dial "$1" 1 gone.json
  grep -q '"timeout": 1' "$work/gone.json" || fail "the $1 still answers: $(cat "$work/gone.json")"
  serves "$2" || fail "the $2 lets nobody in: $(cat "$work/one.json")"
}
back() {
  sh -c "$2" || fail "this did not succeed: $2"
  waited=0
  until serves "$1"; do
    waited=$((waited + 1))
    [ "$waited" -le 60 ] || fail "the $1 does not serve again: $(cat "$work/one.json")"
  done
}

for instance in first second; do
  serves "$instance" || fail "the $instance lets nobody in, before anything was done: $(cat "$work/one.json")"
done
say 'both let the subscriber in'
without first second "$STOP_FIRST"
say 'the first was stopped: no login failed at the second'
back first "$START_FIRST"
say 'the first serves again'
without second first "$KILL_SECOND"
say 'the second was killed: no login failed at the first'
back second "$START_SECOND"
say 'either may go'
