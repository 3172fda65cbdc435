#!/bin/sh
# Does what we ship work on its own? Build the wheel, install it in a fresh venv, ask the doctor, rehearse briefly.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
bench=$(mktemp -d)
trap 'rm -rf "$bench"' EXIT
trap 'exit 130' INT TERM

quietly() {
    "$@" >"$bench/log" 2>&1 || {
        cat "$bench/log" >&2
        exit 1
    }
}

quietly "$here/.venv/bin/python" -m build --wheel --outdir "$bench/dist" "$here"
quietly "$here/.venv/bin/python" -m venv "$bench/venv"
quietly "$bench/venv/bin/python" -m pip --disable-pip-version-check install \
    --constraint "$here/constraints.txt" "$bench"/dist/*.whl

PATH=$bench/venv/bin:$PATH
cd "$bench"
cutover doctor
cutover init my-go-live
cd my-go-live
cutover run start --type rehearsal --auto
echo "wheel: installed in a fresh venv, doctor well, rehearsal done"
