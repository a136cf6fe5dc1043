"""Functions with the known faults of Flatcar's scripts, in our own words."""

OEM_FUNCTION = """\
VALID_IMG_TYPES=(
    ami
    qemu
    qemu_uefi
)
install_oem_sysext() {
    local build_sysext_flags=(
        --board="${BOARD}"
    )
    sudo "${SCRIPT_ROOT}/build_sysext" "${build_sysext_flags[@]}" "${oem_sysext}"
}
"""
PULL_FUNCTION = """\
function docker_image_from_registry_or_buildcache() {
    local image="$1"

    if $docker pull "${CONTAINER_REGISTRY}/${image}:${version}" ; then
        return
    fi
}
"""
