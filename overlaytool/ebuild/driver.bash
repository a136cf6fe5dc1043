# Sources ebuilds for overlaytool, each in a process of its own that is forked from this one.
#
# This shell runs no code of a tree, but for defining as functions the eclasses of trees that are trusted. What
# is to be done comes on a socket; the process that sources closes it first and has only its own output:
#
#   eclass NAME PATH        keep an eclass as a function
#   forget                  keep none
#   source SIZE ENVIRONMENT source an ebuild; "ended STATUS" says that nothing of it is left
#
# It is a PID namespace's first process where there is one, so that nothing that an ebuild started survives it.

declare -r __CONTROL=60 PKGCORE_EBD_WRITE_FD=61 PKGCORE_EBD_READ_FD=0
declare -r __DEEPEST=32  # how deep eclasses inherit each other; Gentoo's less than ten
declare -rx NO_COLOR=1

source "$1/ebuild-daemon.bash" || exit 1
source "${PKGCORE_EBD_PATH}/ebuild-daemon-lib.bash" || exit 1
source "${PKGCORE_EBD_PATH}/exit-handling.bash" || exit 1
source "${PKGCORE_EBD_PATH}/isolated-functions.bash" || exit 1
source "${PKGCORE_EBD_PATH}/ebuild.bash" || exit 1

# Says what is inherited before any of it runs, so that no eclass can keep itself out of what is remembered.
__internal_inherit() {
	local __place __number __file=${OVERLAYTOOL_ECLASSES[$1]} __depth=$(( ${__depth:-0} + 1 ))
	[[ $# -eq 1 && $1 != */* && $1 != *$'\n'* ]] || die "inherit takes the name of an eclass, got: $*"
	__ebd_write_line "inherit $1"
	if (( __depth > __DEEPEST )); then
		for __number in "${!BASH_SOURCE[@]}"; do
			if [[ ${BASH_SOURCE[__number]} == *.@(eclass|ebuild) ]]; then
				__place="${BASH_SOURCE[__number]}, line ${BASH_LINENO[__number - 1]}"
				break
			fi
		done
		die "inherit $1 is more than ${__DEEPEST} deep, so it goes round: ${__place}"
	fi
	if [[ -n ${PKGCORE_PRELOADED_ECLASSES[$1]} ]]; then
		__qa_invoke "${PKGCORE_PRELOADED_ECLASSES[$1]}"
		return
	fi
	if [[ -z ${__file} ]]; then
		for __place in "${OVERLAYTOOL_ECLASS_DIRS[@]}"; do
			__file=${__place}/$1.eclass
			[[ -e ${__file} ]] && break
		done
	fi
	if [[ ! -f ${__file} ]]; then
		__ebd_write_line "unknown $1"
		exit 1
	fi
	__qa_invoke source "${__file}" >&2 || die "failed eclass inherit: $1"
}

# In the process that sources. Nothing here comes back to the shell that it was forked from.
__source() {
	exec 60>&-
	declare -r PKGCORE_QA_SUPPRESSED=false
	local IFS=$'\0'
	eval "$1" || exit 1
	ulimit -t "${OVERLAYTOOL_SECONDS}"
	IFS=$' \t\n'
	set --
	command_not_found_handle() {
		die "external commands disallowed during metadata regen: '${*}'"
	}
	__execute_phases depend && exit 0
	exit 1
}

__keep() {
	"${BASH}" -n "$2" || return
	__make_preloaded_eclass_func "$1" "$(< "$2")"
}

# Nothing that an ebuild has started or written outlives it: not even for the blink in which it could speak up.
__clean() {
	if [[ $$ == 1 ]]; then
		while kill -KILL -1; do :; done 2> /dev/null
	fi
	! compgen -G "${TMPDIR}/*" && ! compgen -G "${TMPDIR}/.[!.]*" && ! compgen -G "${TMPDIR}/..?*"
}

__serve() {
	local __what __first __second
	while IFS=' ' read -r -u 60 __what __first __second; do
		case ${__what} in
			eclass) __keep "${__first}" "${__second}" ;;
			forget)
				unset -v PKGCORE_PRELOADED_ECLASSES
				declare -gA PKGCORE_PRELOADED_ECLASSES
				;;
			source)
				LC_ALL=C IFS= read -r -u 60 -N "${__first}" __second || return
				( __source "${__second}" )
				__first=$?
				__clean || return
				echo "ended ${__first}" >&60
				;;
		esac
	done
}

declare -A PKGCORE_PRELOADED_ECLASSES
PKGCORE_BLACKLIST_FUNCS+=( $(< "${PKGCORE_EBD_PATH}/.generated/funcs/global") )
for __name in "${PKGCORE_BLACKLIST_FUNCS[@]}" __source __keep __clean __serve; do
	if __is_function "${__name}" && ! __safe_has "${__name}" "${PKGCORE_RUNTIME_FUNCS[@]}"; then
		declare -fr "${__name}"
	fi
done
unset -v __name
declare -rx PKGCORE_EBD_PATH
source "${PKGCORE_EBD_PATH}/eapi/depend.bash" || exit 1
__serve
exit
