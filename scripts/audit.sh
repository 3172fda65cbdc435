#!/usr/bin/env bash
# Are there known weaknesses in what we pin? Says plainly when the database of them cannot be reached: then nothing is known.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
audit=.venv/bin/pip-audit
[ -x "$audit" ] || { echo "NOT AUDITED: pip-audit is not installed (pip install --group audit)"; exit 0; }
pins=$(mktemp)
trap 'rm -f "$pins"' EXIT
.venv/bin/python -m pip freeze --exclude-editable | grep '==' >"$pins"  # what is installed here, by its version
if said=$(timeout 120 "$audit" --disable-pip --no-deps --progress-spinner off --requirement "$pins" 2>&1); then
  # An index that knows no weaknesses answers for nothing: each package is then one that it has not found.
  missed=$(grep -c 'could not be audited' <<<"$said" || true)
  if [ "$missed" -gt 5 ]; then
    echo "NOT AUDITED: the database of weaknesses cannot be reached ($missed of $(wc -l <"$pins") packages unknown to it)"
  else
    echo "no known weakness in $(wc -l <"$pins") packages"
  fi
elif grep -qE 'ConnectionError|Max retries|timed out|Name or service|HTTPError|ServiceError|Traceback' <<<"$said"; then
  echo "NOT AUDITED: the database of weaknesses cannot be reached"
else
  echo "$said"
  exit 1
fi
