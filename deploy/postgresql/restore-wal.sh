#!/bin/sh
# Make a PostgreSQL's files from what keep-wal.sh kept, to its last commit: restore-wal.sh FOLDER NEW_DATA_FOLDER
# The new folder must not exist. Run it as the user who will run the server, then start the server on it: it replays
# everything before it lets anybody in. FOLDER is only read; keep it until the new server is kept in its turn.
set -eu
from=$(cd "${1:?the folder that keep-wal.sh was given}" && pwd)
to=${2:?a new data folder}
[ ! -e "$to" ] || { echo "$to is there already: name a new folder" >&2; exit 2; }

cp -R "$from/base" "$to"
chmod 700 "$to"
# The last file is still called .partial; what is in it counts as well.
cat >>"$to/postgresql.auto.conf" <<CONF
restore_command = 'cp "$from/wal/%f" "%p" 2>/dev/null || cp "$from/wal/%f.partial" "%p"'
synchronous_standby_names = ''
CONF
touch "$to/recovery.signal"
echo "$to is ready to be started"
