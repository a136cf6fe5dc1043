#!/bin/sh
# The start script in the form of alpha-3665.0.0: fewer options, the disk by its bare name.

SCRIPT_DIR="$(dirname "$0")"
VM_BOARD='amd64-usr'
VM_NAME='flatcar_production_qemu-3665.0.0'
VM_IMAGE='flatcar_production_qemu_image.img'
VM_MEMORY='1024'
VM_NCPUS="$(getconf _NPROCESSORS_ONLN)"
SSH_PORT=2222
IGNITION_CONFIG_FILE=""
SAFE_ARGS=0

while [ $# -ge 1 ]; do
    case "$1" in
        -i) IGNITION_CONFIG_FILE=$2; shift 2 ;;
        -p) SSH_PORT=$2; shift 2 ;;
        -s) SAFE_ARGS=1; shift ;;
        --) shift; break ;;
        *) break ;;
    esac
done

CONFIG_DRIVE=$(mktemp -d)
trap 'rm -rf "$CONFIG_DRIVE"' EXIT

if [ "${SAFE_ARGS}" -eq 1 ]; then
    set -- -machine accel=tcg "$@"
else
    case "${VM_BOARD}+$(uname -m)" in
        amd64-usr+x86_64)
            set -- -machine accel=kvm:hvf:tcg -cpu host -smp "${VM_NCPUS}" "$@" ;;
        amd64-usr+*)
            set -- -machine pc-q35-2.8 -cpu kvm64 -smp 1 -nographic "$@" ;;
    esac
fi
set -- -fsdev local,id=conf,security_model=none,readonly=on,path="${CONFIG_DRIVE}" \
    -device virtio-9p-pci,fsdev=conf,mount_tag=config-2 "$@"
set -- -drive if=virtio,file="${SCRIPT_DIR}/${VM_IMAGE}" "$@"
if [ -n "${IGNITION_CONFIG_FILE}" ]; then
    set -- -fw_cfg name=opt/org.flatcar-linux/config,file="${IGNITION_CONFIG_FILE}" "$@"
fi
qemu-system-x86_64 \
    -name "$VM_NAME" \
    -m ${VM_MEMORY} \
    -netdev user,id=eth0,hostfwd=tcp::"${SSH_PORT}"-:22,hostname="${VM_NAME}" \
    -device virtio-net-pci,netdev=eth0 \
    -object rng-random,filename=/dev/urandom,id=rng0 -device virtio-rng-pci,rng=rng0 \
    "$@"
exit $?
