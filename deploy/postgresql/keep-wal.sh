#!/bin/sh
# Keep every commit of a PostgreSQL on a second disk, best on a second machine: keep-wal.sh FOLDER
# Which server: PGHOST, PGPORT, PGUSER (superuser, or REPLICATION and pg_monitor), PGPASSFILE. Runs until it is stopped.
# Makes a base backup the first time, then receives what is written, as it is written. Once it has said `kept`, the server
# tells nobody of a commit that is not on both disks; while this is stopped, commits wait for it. To go on without it:
#   psql -d postgres -c 'ALTER SYSTEM RESET synchronous_standby_names' -c 'SELECT pg_reload_conf()'
set -eu
to=${1:?a folder on another disk}
name=cutover_wal
export PGDATABASE=postgres
ask() { psql -XAtq -v ON_ERROR_STOP=1 -c "$1"; }

mkdir -p "$to/wal"
chmod 700 "$to" "$to/wal"
[ -n "$(ask "SELECT 1 FROM pg_replication_slots WHERE slot_name = '$name'")" ] ||
    ask "SELECT pg_create_physical_replication_slot('$name', true)" >/dev/null

PGAPPNAME=$name pg_receivewal --directory "$to/wal" --slot "$name" --synchronous --no-password &
receiver=$!
trap 'kill "$receiver" 2>/dev/null; wait "$receiver" || :' EXIT
trap 'exit 0' INT TERM
until [ -n "$(ask "SELECT 1 FROM pg_stat_replication WHERE application_name = '$name' AND state = 'streaming'")" ]; do
    kill -0 "$receiver"
    sleep 1
done
if [ ! -d "$to/base" ]; then
    rm -rf "$to/base.partial"
    pg_basebackup --pgdata "$to/base.partial" --checkpoint fast --wal-method stream --no-password
    mv "$to/base.partial" "$to/base"
fi
ask "ALTER SYSTEM SET synchronous_standby_names = '$name'"
ask 'SELECT pg_reload_conf()' >/dev/null
echo "kept in $to"
wait "$receiver"
