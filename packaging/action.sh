#!/usr/bin/env bash
# The step of action.yml: run $COMMAND on $ATOMS in $CHECKOUT, show the result in the log and in the run's
# summary, keep the JSON document, and end with the command's exit status.
set -euo pipefail
: "${COMMAND:=verify}" "${ATOMS:=}" "${BASE:=}" "${CHECKOUT:?}" "${GITHUB_OUTPUT:?}" "${GITHUB_STEP_SUMMARY:?}"
report=${RUNNER_TEMP:-/tmp}/overlaytool-$COMMAND.json
read -ra atoms <<<"$ATOMS"

case $COMMAND in
  plan) [ "${#atoms[@]}" -gt 0 ] || { echo "plan needs atoms" >&2; exit 2; }
        [ -d "${OVERLAYTOOL_GENTOO:-}" ] || overlaytool -C "$CHECKOUT" sync
        command=(overlaytool -C "$CHECKOUT" plan) ;;
  verify) command=(overlaytool -C "$CHECKOUT" verify ${BASE:+--base "$BASE"}) ;;
  *) echo "no command $COMMAND: plan or verify" >&2; exit 2 ;;
esac

status=0
"${command[@]}" --format json "${atoms[@]}" >"$report" || status=$?
echo "report=$report" >>"$GITHUB_OUTPUT"
text=$("${command[@]}" --format text --color never "${atoms[@]}" 2>&1) || true
printf '%s\n' "$text"
{ echo "### overlaytool $COMMAND $ATOMS"; echo '```'; printf '%s\n' "$text"; echo '```'; } >>"$GITHUB_STEP_SUMMARY"
exit "$status"
