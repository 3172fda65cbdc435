#!/bin/sh
# What a release is made of: wheel and sdist, byte for byte the same when built twice; what stands in them (CycloneDX);
# a licence we may ship beside for every package that comes along. Writes dist/.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
dist=$here/dist
bench=$(mktemp -d)
trap 'rm -rf "$bench"' EXIT
trap 'exit 130' INT TERM
SOURCE_DATE_EPOCH=$(git -C "$here" log -1 --format=%ct)
export SOURCE_DATE_EPOCH
# Weak copyleft only of libraries used as they are: psycopg (LGPL), certifi, pathspec, orjson and others (MPL).
allowed='MIT;BSD;Apache;ISC;PSF;Python Software Foundation;MPL;Mozilla;LGPL;EPL;CNRI;Zlib;CC0;0BSD;Unlicense;Artistic'

mkdir -p "$dist"
rm -f "$dist"/cutover_golive-* "$dist"/sbom.json "$dist"/licences.txt "$dist"/SHA256SUMS
for turn in one two; do # each from a fresh clone: what lies about in a folder must not get in
    git clone --quiet --no-hardlinks "$here" "$bench/$turn"
    "$here/.venv/bin/python" -m build --outdir "$bench/dist-$turn" "$bench/$turn" >"$bench/log" 2>&1 || {
        cat "$bench/log" >&2
        exit 1
    }
    (cd "$bench/dist-$turn" && sha256sum ./*) >"$bench/sums-$turn"
done
diff "$bench/sums-one" "$bench/sums-two" || { echo "not reproducible: the two builds differ" >&2; exit 1; }
cp "$bench/dist-one/"* "$dist/"
cp "$bench/sums-one" "$dist/SHA256SUMS"
echo "reproducible: two builds from two clones are the same"

pip="-m pip --disable-pip-version-check --quiet"
for venv in shipped tools; do "$here/.venv/bin/python" -m venv "$bench/$venv"; done
# shellcheck disable=SC2086
"$bench/shipped/bin/python" $pip install --constraint "$here/constraints.txt" \
    "$(echo "$dist"/cutover_golive-*.whl)[postgres,ssh]"
# shellcheck disable=SC2086
"$bench/tools/bin/python" $pip install --constraint "$here/constraints.txt" cyclonedx-bom pip-licenses
"$bench/tools/bin/cyclonedx-py" environment --output-reproducible --output-file "$dist/sbom.json" \
    --pyproject "$here/pyproject.toml" "$bench/shipped/bin/python"
"$bench/tools/bin/pip-licenses" --python "$bench/shipped/bin/python" --order license --with-urls \
    --allow-only "$allowed" --partial-match >"$dist/licences.txt"
echo "$(($(wc -l <"$dist/licences.txt") - 1)) packages, each under a licence we may ship beside; dist/sbom.json lists them"
