#!/usr/bin/env bash
# After a suite that failed: up to three failed tests are run once more, each told by name. Broken stays broken; what
# passes alone is unstable, which is a fault of the test or of the product, to be found and mended.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
MOST=3  # more than this is no accident

failed() { .venv/bin/python -c 'import json; print("\n".join(json.load(open(".pytest_cache/v/cache/lastfailed"))))'; }
mapfile -t names < <(failed)
if [ "${#names[@]}" -eq 0 ] || [ -z "${names[0]}" ] || [ "${#names[@]}" -gt "$MOST" ]; then
  echo "again: ${#names[@]} failed, at most $MOST are looked at twice" >&2
  exit 1
fi
printf 'again: UNSTABLE unless it fails again: %s\n' "${names[@]}"
.venv/bin/python -m pytest -n 0 --timeout 300 "${names[@]}"
