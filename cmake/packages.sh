# Debian packages by purpose, and how they get in. Sourced by run, test and bench/run.
# shellcheck shell=sh disable=SC2034

packages_build="build-essential cmake ninja-build pkg-config python3 python3-yaml
    libmicrohttpd-dev libcjson-dev libhdf5-dev zlib1g-dev libbz2-dev liblzma-dev libzstd-dev liblz4-dev
    libseccomp-dev libdeflate-dev libaec-dev libblosc-dev libgnutls28-dev libcurl4-openssl-dev"
packages_use="curl"
packages_test="libcmocka-dev python3-numpy python3-h5py python3-pandas python3-joblib python3-lz4 python3-zstandard python3-pil python3-jsonschema python3-jwt python3-cryptography python3-prometheus-client libfaketime clang-format
    bitshuffle hdf5-filter-plugin hdf5-filter-plugin-blosc-serial"
packages_test_all="clang libclang-rt-14-dev clang-tidy cppcheck buildah debootstrap bubblewrap nginx-light openssl systemd chromium"
packages_bench="python3-numpy python3-h5py python3-fastapi uvicorn nginx-light wrk"

# Node's own packages carry npm along; Debian's don't.
command -v npm >/dev/null || packages_test="$packages_test nodejs npm"

as_root()
{
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "This is neither root nor is there sudo. As root: $*" >&2
        return 1
    fi
}

apt_quietly()
{
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" >/dev/null
}

# packages_install NAME...: what is there already is not asked for again.
packages_install()
{
    if ! command -v apt-get >/dev/null; then
        echo "This is not Debian: the following must be there under whatever name: $*" >&2
        return 0
    fi
    missing=
    for package in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        echo "Packages are missing, and this is neither root nor is there sudo. As root:" >&2
        echo "  apt-get update && apt-get install -y --no-install-recommends$missing" >&2
        return 1
    fi

    echo "Installing with apt-get:$missing"
    # shellcheck disable=SC2086
    ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 &&
        apt_quietly install -y --no-install-recommends $missing 2>/dev/null && return 0
    # shellcheck disable=SC2086
    apt_quietly update && apt_quietly install -y --no-install-recommends $missing
}

# build PRESET [TARGET...]: quiet unless it fails.
build()
{
    preset=$1
    shift
    mkdir -p build
    echo "Building build/$preset (log: build/$preset.log)"
    cmake --preset "$preset" >"build/$preset.log" 2>&1 &&
        cmake --build --preset "$preset" ${1:+--target "$@"} >>"build/$preset.log" 2>&1 && return 0
    tail -n 60 "build/$preset.log" >&2
    return 1
}
