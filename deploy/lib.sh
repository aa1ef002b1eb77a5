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
