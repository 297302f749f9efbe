#!/bin/sh
# The drill of backup and restore: a dump of the database, put back under another name, serves logins with the copy of the key file
# that is kept apart, and refuses to start without it. The database itself is only read.
#
#   DATABASE_URL          the database that is in use
#   RESTORE_URL           an empty database for the drill, on any server:
#                         createdb --template=template0 --encoding=UTF8 gatehouse_drill
#   KEY_COPY              the copy of the key file, from where it is kept apart
#   DRILL_USERNAME        a subscriber that may log in, its password in the first line of
#   DRILL_PASSWORD_FILE   this file
#   POSTGRES_BIN          folder of pg_dump, pg_restore and psql; default: as found in PATH
#
# What it makes is removed at the end, but for the contents of RESTORE_URL: drop that database.
set -eu

: "${DATABASE_URL:?}" "${RESTORE_URL:?}" "${KEY_COPY:?}" "${DRILL_USERNAME:?}" "${DRILL_PASSWORD_FILE:?}"
here=$(cd "$(dirname "$0")/.." && pwd)
PATH="${POSTGRES_BIN:+$POSTGRES_BIN:}$PATH"
source_url=$DATABASE_URL
began=$(date +%s)
umask 077
work=$(mktemp -d)
server=

finish() {
  status=$?
  if [ -n "$server" ] && kill "$server" 2>/dev/null; then wait "$server" || true; fi
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { printf '%4ss  %s\n' "$(($(date +%s) - began))" "$1"; }
fail() {
  printf 'FAILED: %s\n' "$1" >&2
  exit 1
}
gatehouse() { node "$here/src/main.ts" "$@"; }
ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname="$1" --command="$2"; }

# Everything of Gatehouse from here on is about the copy.
export DATABASE_URL="$RESTORE_URL"
export GATEHOUSE_DATA_DIR="$work/data"
export GATEHOUSE_STATE_DIR="$work/state"
export GATEHOUSE_RADIUS_ADDRESSES=127.0.0.1
export GATEHOUSE_AUTH_PORT="${DRILL_AUTH_PORT:-41812}"
export GATEHOUSE_ACCT_PORT="${DRILL_ACCT_PORT:-41813}"
export GATEHOUSE_HTTP_PORT="${DRILL_HTTP_PORT:-48080}"
unset GATEHOUSE_HTTP_ADDRESS GATEHOUSE_TLS_CERT GATEHOUSE_TLS_KEY GATEHOUSE_TRUSTED_PROXIES GATEHOUSE_RADIUS_WORKERS
# The port of RADIUS over TLS is that of the installation in use.
unset GATEHOUSE_RADSEC_PORT GATEHOUSE_RADSEC_CERT GATEHOUSE_RADSEC_KEY GATEHOUSE_RADSEC_CA
mkdir "$GATEHOUSE_DATA_DIR"

[ -r "$KEY_COPY" ] || fail "there is no copy of the key file at $KEY_COPY"
[ "$(ask "$RESTORE_URL" "select count(*) from pg_tables where schemaname = 'public'")" = 0 ] ||
  fail 'RESTORE_URL is not an empty database'

pg_dump --format=custom --file="$work/gatehouse.dump" --dbname="$source_url"
say "dumped: $(wc -c <"$work/gatehouse.dump") octets"

# What opens the secrets must not be in the same place as the secrets.
pg_restore --file="$work/gatehouse.sql" "$work/gatehouse.dump"
if grep -qF "$(awk '{ print $2 }' "$KEY_COPY")" "$work/gatehouse.sql"; then fail 'the dump holds the key file'; fi
if grep -qF "$(head -n 1 "$DRILL_PASSWORD_FILE")" "$work/gatehouse.sql"; then fail 'the dump shows a password'; fi
rm "$work/gatehouse.sql"
say 'the dump holds neither the key nor the password'

# A dump holds no roles, and grants to these two.
for role in gatehouse_service gatehouse_reseller; do
  if [ "$(ask "$RESTORE_URL" "select count(*) from pg_roles where rolname = '$role'")" = 0 ]; then
    ask "$RESTORE_URL" "create role $role nologin"
    ask "$RESTORE_URL" "grant $role to current_user"
    [ "$role" = gatehouse_reseller ] || ask "$RESTORE_URL" "alter role $role bypassrls"
  fi
done
pg_restore --exit-on-error --no-owner --dbname="$RESTORE_URL" "$work/gatehouse.dump"
say "restored: $(ask "$RESTORE_URL" 'select count(*) from subscriber') subscribers, $(ask "$RESTORE_URL" 'select count(*) from session') sessions"

# The copy must not act upon the world: no mail, no webhook, no order to a NAS, nothing to a router.
ask "$RESTORE_URL" "truncate message, coa_order, router_run cascade; delete from mail_server; update webhook set enabled = false;
  delete from nas_router; update nas set coa_address = '127.0.0.1', coa_port = 9"

# Without the key file: refused in words, and no other one is made.
export GATEHOUSE_KEY_FILE="$work/key/gatehouse.key"
if gatehouse serve >"$work/refused.log" 2>&1; then fail 'it serves without its key file'; fi
grep -q 'is missing, but the database holds secrets' "$work/refused.log" || fail "$(cat "$work/refused.log")"
[ ! -e "$GATEHOUSE_KEY_FILE" ] || fail 'a key file was made for a database that has one'
say 'without the key file the start is refused'

mkdir "$work/key"
cp "$KEY_COPY" "$GATEHOUSE_KEY_FILE"
chmod 600 "$GATEHOUSE_KEY_FILE"
secret=$(od -An -N 20 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$secret" | gatehouse client add --name restore-drill --address 127.0.0.1 --secret-stdin >/dev/null
node "$here/src/main.ts" serve >"$work/serve.log" 2>&1 &
server=$!
waited=0
until grep -q 'gatehouse is serving' "$work/serve.log"; do
  kill -0 "$server" 2>/dev/null || fail "it ends at its start: $(cat "$work/serve.log")"
  waited=$((waited + 1))
  [ "$waited" -le 600 ] || fail "it does not serve within a minute: $(cat "$work/serve.log")"
  sleep 0.1
done
say 'with the copy of the key file it serves'

printf 'username,password\n%s,%s\n' "$DRILL_USERNAME" "$(head -n 1 "$DRILL_PASSWORD_FILE")" >"$work/subscribers.csv"
printf '%s\n' "$secret" |
  gatehouse simulate --nas 127.0.0.1 --vendor mikrotik --secret-stdin --subscribers "$work/subscribers.csv" --method pap \
    --rounds 2 --pace 200 --churn 0 --json >"$work/login.json"
grep -q '"online": 1' "$work/login.json" || fail "the login failed: $(cat "$work/login.json")"
if grep -q 'shared secret cannot be opened' "$work/serve.log"; then fail 'a shared secret cannot be opened'; fi
say "$DRILL_USERNAME logs in, and its accounting is answered"

kill "$server"
wait "$server" || fail "it did not end well: $(tail -n 5 "$work/serve.log")"
server=
took=$(($(date +%s) - began))
[ "$took" -le "${DRILL_SECONDS:-120}" ] || fail "the drill took $took s"
say 'the backup is good'
