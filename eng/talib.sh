#!/usr/bin/env bash
# Builds TA-Lib's C library from the sources in the npm package talib, as a rival for bench/Rivals: artifacts/talib/libta_lib.so.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
folder=artifacts/talib
[ -e "$folder/libta_lib.so" ] && exit 0
mkdir -p "$folder"
npm install talib@1.1.6 --ignore-scripts --no-audit --no-fund --prefix "$folder" >"$folder/npm.log" 2>&1
source=$folder/node_modules/talib/src/lib
gcc -O3 -march=native -shared -fPIC -w -I "$source/include" -I "$source/src/ta_common" -I "$source/src/ta_func" \
    "$source"/src/ta_common/*.c "$source"/src/ta_func/*.c -lm -o "$folder/libta_lib.so"
