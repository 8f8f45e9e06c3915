#!/bin/sh
# Builds and runs the image where no container engine runs: Debian with `buildah` and `debootstrap`, as root.
#
#   docker/buildah.sh base            a base image from Debian's packages alone: localhost/python:3.11-bookworm
#   docker/buildah.sh build [ARG...]  localhost/hubgauge:0.1.0 on it; ARG goes to buildah (--build-arg EXTRAS=all)
#   docker/buildah.sh run COMMAND...  a command in it, as its user: run hubgauge "llama-3.1-8b on 1xH100"
#
# buildah keeps its images under CONTAINERS_STORAGE_CONF's folder. Every `run` starts from a clean container.
set -eu
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
base=localhost/python:3.11-bookworm
image=localhost/hubgauge:0.1.0
cd "$(dirname "$0")/.."

make_base() {
    root=$(mktemp -d)
    trap 'rm -rf "$root"' EXIT
    debootstrap --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates bookworm "$root"
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$root" /
    buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
    buildah commit --quiet --rm "$container" "$base"
}

# --format docker: the OCI format has no place for HEALTHCHECK. The certificates are this machine's, at build time only.
build() {
    buildah build --format docker --build-arg "BASE_IMAGE=$base" --volume /etc/ssl/certs:/etc/ssl/certs:ro \
        --file docker/Dockerfile --tag "$image" "$@" .
}

# `buildah run` takes the image's user and environment, but neither its entry point nor its health check.
run() {
    container=$(buildah from "$image")
    trap 'buildah rm "$container" >/dev/null' EXIT
    buildah run "$container" -- "$@"
}

case ${1:-} in
base) make_base ;;
build) shift && build "$@" ;;
run) shift && run "$@" ;;
*) sed -n '2,8s/^# \{0,1\}//p' "$0" && exit 2 ;;
esac
