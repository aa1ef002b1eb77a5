# shellcheck shell=bash
# Shared by deploy/up and deploy/check; sourced from the repository's root.

# How many compilers at once: one per core, but no more than one per 1.5 GB of memory.
build_jobs() {
  local cores memory_mb by_memory
  cores=$(nproc)
  memory_mb=$(awk '/MemAvailable/ {print int($2 / 1024)}' /proc/meminfo)
  by_memory=$((memory_mb / 1500))
  ((by_memory < 1)) && by_memory=1
  echo $((cores < by_memory ? cores : by_memory))
}

# configure PRESET: makes build/PRESET, or looks again: a package may have come since.
configure() {
  cmake --preset "$1"
}

# build PRESET TARGET...
build() {
  local preset=$1
  shift
  configure "$preset"
  ninja -C "build/$preset" -j "$(build_jobs)" "$@"
}

# compiler_cache: keeps the cache in the build folder unless the user has one of his own.
compiler_cache() {
  export CCACHE_DIR=${CCACHE_DIR:-$PWD/build/ccache}
  export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-3G}
}

# sandbox_daemon BIN_DIR: a fresh daemon with its sandbox on a free port, gone with this script; sets first_link to the one-time link
# of its first admin. Its pages are those of build/console.
sandbox_daemon() {
  local data port daemon tries
  data=$(mktemp -d)
  port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  LEADBRIDGE_SERVER__LISTEN=127.0.0.1:$port LEADBRIDGE_SERVER__DATA_DIR=$data/data \
    "$1/leadbridge" serve --sandbox --ui-dir build/console >"$data/log" 2>&1 &
  daemon=$!
  # shellcheck disable=SC2064  # of now
  trap "kill $daemon 2>/dev/null || true; wait $daemon 2>/dev/null || true; rm -rf '$data'" EXIT
  for ((tries = 0; tries < 120; tries++)); do
    first_link=$(grep -o -m 1 'http://[^ ]*/console/first?code=[^ ]*' "$data/log" || true)
    [[ -n "$first_link" ]] && return
    sleep 0.5
  done
  cat "$data/log" >&2
  echo "the daemon printed no first link" >&2
  exit 1
}
