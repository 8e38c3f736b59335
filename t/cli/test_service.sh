#!/bin/sh
# The unit of the service: systemd reads it, it is closed as far as it can be, it calls the program as the
# program wants to be called, and user and folders are those it names.
#
# What systemd-analyze says is compared with the unit as it was built, its program in place of the one
# that is not installed yet.

. "${srcdir:-.}/t/lib/program.sh"
built=${millrace%/*}/contrib/systemd
[ -f "$built/millrace.service" ] || { echo "no unit was built"; exit 77; }
own_folder service
# value KEY: what the unit says
value() {
	sed -n "s/^$1=//p" "$built/millrace.service"
}

# ---- what is there without systemd ----
grep -l '@[a-z]*@' "$built"/* "$built"/*/* 2>/dev/null && fail "something was not filled in"
sed "s|^\(Exec[A-Za-z]*\)=[^ ]*|\1=$millrace|" "$built/millrace.service" >"$dir/millrace.service"
for key in ExecStart ExecReload; do
	set -- $(value $key)
	shift
	command=$1
	"$millrace" "$command" --help >"$dir/help" 2>&1 || fail "$key: there is no command $command"
	shift
	for word; do
		case $word in
		--*) grep -q -e "$word" "$dir/help" || fail "$key: $command has no option $word" ;;
		-?) grep -q -e "^ *$word" "$dir/help" || fail "$key: $command has no option $word" ;;
		esac
	done
done
conf=$(value ExecStart | sed 's/.* -c //')
folder=${conf%/*}
[ -n "$(value User)" ] || fail "the unit names no user"
grep -q "^u $(value User) " "$built/sysusers.d/millrace.conf" || fail "sysusers makes another user"
grep -q "^d $folder .* $(value Group) " "$built/tmpfiles.d/millrace.conf" ||
	fail "tmpfiles makes another folder than $folder"
[ "$(value Type)" = notify ] && [ "$(value WatchdogSec)" -gt 0 ] || fail "nobody watches it"

# ---- what systemd says ----
if ! command -v systemd-analyze >/dev/null || ! systemd-analyze security --help 2>&1 | grep -q -e --offline; then
	echo "there is no systemd-analyze that looks at files: $failed failures without it"
	[ $failed -eq 0 ] || exit 1
	exit 77
fi
systemd-analyze verify --man=no "$dir/millrace.service" >"$dir/said" 2>&1
! grep -q millrace "$dir/said" || fail "systemd does not like the unit"
systemd-analyze security --offline=true --threshold=20 --no-pager "$dir/millrace.service" >"$dir/said" 2>&1 ||
	fail "exposure is above 2.0"
score=$(sed -n 's/.*Overall exposure level for millrace.service: \([0-9.]*\).*/\1/p' "$dir/said")
[ -n "$score" ] || fail "no exposure was said"
awk -v score="$score" 'BEGIN { exit !(score + 0 <= 2.0) }' || fail "exposure is $score, above 2.0"
for file in sysusers tmpfiles; do
	command -v systemd-$file >/dev/null || continue
	mkdir -p "$dir/root/etc"
	: >"$dir/root/etc/passwd"
	: >"$dir/root/etc/group"
done
if command -v systemd-sysusers >/dev/null; then
	systemd-sysusers --dry-run --root="$dir/root" "$(cd "$built" && pwd)/sysusers.d/millrace.conf" \
		>"$dir/said" 2>&1 || fail "sysusers does not like its file"
fi
echo "exposure $score, $failed failures"
[ $failed -eq 0 ]
