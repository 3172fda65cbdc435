#!/bin/sh
# What the tests on a local Spark need beyond the others': pyspark and a Java runtime, once.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$here/scripts/setup.sh"
set_up dev
"$venv/bin/python" -c 'import pyspark' 2>/dev/null || {
    say "installing pyspark (half a gigabyte)"
    take_lock
    pip_install --group spark || stop "pyspark could not be installed (all of it in .venv/setup.log)"
    release_lock
}
command -v java >/dev/null 2>&1 && exit
may_apt || stop "Spark needs a Java runtime of version 17 or later: install one, then call this again"
say "installing a Java runtime"
apt_install default-jre-headless >>"$venv/setup.log" 2>&1 || stop "apt-get could not install default-jre-headless (see .venv/setup.log)"
