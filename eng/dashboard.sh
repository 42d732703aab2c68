#!/usr/bin/env bash
# Builds the dashboard into src/AspNetCore/wwwroot when its sources changed. Without npm it says so in one line and succeeds:
# a service built without the page answers everything else.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
web=$root/web
output=$root/src/AspNetCore/wwwroot
stamp=$root/artifacts/dashboard.stamp
log=$root/artifacts/dashboard.log

if [ -e "$stamp" ] && [ -e "$output/index.html" ] && [ -z "$(find "$web" -path "$web/node_modules" -prune -o -type f -newer "$stamp" -print -quit)" ]; then
    exit 0
fi

if ! command -v npm >/dev/null; then
    [ -e "$output/index.html" ] || echo "dashboard: not built, npm is not on PATH (Node.js 20 or newer); everything else works" >&2
    exit 0
fi

mkdir -p "$root/artifacts"
started=$(mktemp "$root/artifacts/dashboard.XXXXXX")
echo "dashboard: building (once; half a minute the first time) …" >&2
if (cd "$web" && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts --no-audit --no-fund; } && npm run build) >"$log" 2>&1; then
    mv "$started" "$stamp"
    sed -n 's/^first view: /dashboard: first view /p' "$log" >&2
else
    rm -f "$started"
    echo "dashboard: the build failed, see $log; the service runs without the page" >&2
    exit "${FETTLE_DASHBOARD_REQUIRED:-0}"
fi
