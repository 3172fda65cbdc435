# Makes .venv from constraints.txt, once; sourced by ./run and ./test, which set $here. POSIX sh, no make,
# no uv, no venv module needed. A second call with nothing changed installs nothing and needs no network.

venv=${here:?}/.venv
lock=$here/.venv.lock

say() { printf 'setup: %s\n' "$*" >&2; }
stop() {
    say "$*"
    exit 3
}

# set_up run|dev: what `cutover` needs, or what its developers and tests need as well.
set_up() {
    is_set_up "$1" && return
    take_lock
    if ! is_set_up "$1"; then
        find_python
        is_usable || add_pip || make_venv
        install_packages "$1"
        wanted_stamp >"$venv/.stamp-$1"
    fi
    release_lock
}

# A stamp is written last and says what was installed and where: a venv cannot be moved.
wanted_stamp() {
    cat "$here/pyproject.toml" "$here/constraints.txt" | cksum
    printf '%s\n' "$here"
}

is_set_up() {
    is_usable || return 1
    for kind in "$1" dev; do
        [ -f "$venv/.stamp-$kind" ] && [ "$(wanted_stamp)" = "$(cat "$venv/.stamp-$kind")" ] && return
    done
    return 1
}

# Half-made ones, and those whose Python has gone from the machine, are made again.
is_usable() {
    [ ! -e "$venv/.half-made" ] && [ -x "$venv/bin/python" ] && "$venv/bin/python" -c 'import pip' 2>/dev/null
}

# A developer's own venv without pip, made by another tool, is completed and not replaced.
add_pip() {
    [ ! -e "$venv/.half-made" ] && [ -x "$venv/bin/python" ] && "$venv/bin/python" -m ensurepip >/dev/null 2>&1
}

find_python() {
    fits='import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))'
    for python in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if command -v "$python" >/dev/null 2>&1 && "$python" -c "$fits" 2>/dev/null; then
            version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
            return
        fi
    done
    stop "no Python 3.11 to 3.14 found; on Debian or Ubuntu: apt-get install python3, then call this again"
}

make_venv() {
    say "making .venv with Python $version"
    rm -rf "$venv"
    mkdir "$venv"
    : >"$venv/.half-made"
    make_with_venv || make_after_apt || make_with_virtualenv || {
        tail -n 5 "$venv/setup.log" >&2
        stop "cannot make a virtual environment; install one of: python$version-venv (apt-get), pip, and call this again"
    }
}

make_with_venv() { "$python" -m venv "$venv" >>"$venv/setup.log" 2>&1; }

make_after_apt() {
    may_apt || return 1
    say "this Python lacks its venv module: installing python$version-venv"
    apt_install "python$version-venv" >>"$venv/setup.log" 2>&1 && make_with_venv
}

make_with_virtualenv() {
    "$python" -m pip --version >/dev/null 2>&1 || return 1
    say "this Python lacks its venv module: fetching virtualenv with pip"
    "$python" -m pip install --quiet --target "$venv/tools" virtualenv >>"$venv/setup.log" 2>&1 &&
        PYTHONPATH="$venv/tools" "$python" -m virtualenv "$venv" >>"$venv/setup.log" 2>&1
}

install_packages() {
    rm -f "$venv/.stamp-run" "$venv/.stamp-dev"
    : >"$venv/.half-made"
    say "installing the packages of constraints.txt ($1); once, a minute or two"
    case $1 in
    run) pip_install ;;
    dev) pip_install 'pip>=25.1' && pip_install --group dev ;; # older ones do not know groups
    esac || {
        rm -f "$venv/.half-made" # pip gave up in good order: the venv is whole, the next call goes on
        tail -n 12 "$venv/setup.log" >&2
        stop "the packages could not be installed (all of it in .venv/setup.log)"
    }
    rm -f "$venv/.half-made"
}

pip_install() {
    case ${1:-} in
    pip*) set -- --upgrade "$@" ;;
    *) set -- "$@" --editable . ;;
    esac
    (cd "$here" && "$venv/bin/python" -m pip --disable-pip-version-check install --constraint constraints.txt "$@") \
        >>"$venv/setup.log" 2>&1
}

# The Debian packages of the real parts that this machine lacks; where it may not install, the tests say so.
install_real_parts() {
    lacking=$(missing_packages)
    [ -n "$lacking" ] || return 0
    if ! may_apt; then
        say "not installed, and apt-get is not ours to use here: $lacking"
        return 0
    fi
    say "installing $lacking"
    # shellcheck disable=SC2086 # a list of names
    apt_install $lacking >>"$venv/setup.log" 2>&1 || say "apt-get could not install all of: $lacking (see .venv/setup.log)"
}

missing_packages() {
    grep -v '^#' "$here/scripts/real_parts" | while read -r _ package programs; do
        has_one_of "$programs" || printf '%s ' "$package"
    done
}

has_one_of() {
    for program in $(printf '%s' "$1" | tr ',' ' '); do # a path pattern is spread by the shell
        command -v "$program" >/dev/null 2>&1 && return
    done
    return 1
}

may_apt() { command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y "$@"; }
apt_install() {
    apt_get install --no-install-recommends "$@" || { apt_get update && apt_get install --no-install-recommends "$@"; }
}

# One set-up at a time: the lock is a file with the pid of whoever holds it, made with O_EXCL.
take_lock() {
    [ -w "$here" ] || stop "$here is not writable for $(id -un): .venv cannot be made"
    until (set -C && echo "$$" >"$lock") 2>/dev/null; do
        holder=$(cat "$lock" 2>/dev/null) || continue
        if [ "$holder" = "${nameless:-none}" ] || { [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; }; then
            break_lock "$holder"
            continue
        fi
        [ -n "$holder" ] || nameless='' # killed before it wrote its pid, unless it does so within a second
        [ -n "${waiting:-}" ] || say "another set-up (process $holder) is under way: waiting"
        waiting=yes
        sleep 1
    done
    trap release_lock EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

# Moved aside first: of two that find the same dead holder, only one may take its lock away.
break_lock() {
    mv "$lock" "$lock.$$" 2>/dev/null || return 0
    if [ "$(cat "$lock.$$")" != "$1" ]; then ln "$lock.$$" "$lock" 2>/dev/null || :; fi
    rm -f "$lock.$$"
}

release_lock() {
    rm -f "$lock"
    trap - EXIT INT TERM HUP
}
