#!/bin/sh
# Whatever ends a script that has begun processes (contrib/lib.sh), they end with it and its folder goes: a
# signal, somebody who reads what it says no further, or a command that fails.

. "${srcdir:-.}/t/lib/program.sh"
own_folder ends

cat >script <<'END'
top=$1
. "$top/contrib/lib.sh"
work_in ended
start "$work/log" sleep 600
echo "$started $work" >begun.new && mv begun.new begun
case $2 in
dies) die "says why" ;;
esac
tries=400 # for whom signals to a pipe are ignored
while [ $tries -gt 0 ]; do
	say "goes on"
	sleep 0.05
	tries=$((tries - 1))
done
END

# begun: what it has begun, and where
begun()
{
	await 20 test -s begun || die "the script does not begin"
	read -r sleeper folder <begun
	rm begun
}

# ended HOW
ended()
{
	count=$((count + 1))
	gone() { ! kill -0 "$sleeper" && [ ! -e "$folder" ]; }
	await 20 gone || { fail "$1: process or folder is left"; kill "$sleeper"; rm -rf "$folder"; }
}

for how in TERM HUP; do
	start said sh script "$top" signal
	begun
	kill -$how "$started"
	wait "$started"
	forget "$started"
	ended $how
done
sh script "$top" pipe 2>said | head -n 1 >first
begun
ended PIPE
sh script "$top" dies >said 2>&1
begun
ended die
echo "$count ends, $failed failures"
[ $failed -eq 0 ]
