#!/bin/sh
# readme.sh - a first mesh in five minutes, as README has it: each of its commands is run as it stands, in the order
# in which they stand, and so are those that look into a running node, and all others of README that no other test
# runs.

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/lib/lines.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
begin_wire readme fused
mkdir "$work/bin" && ln -s "$millrace" "$work/bin/millrace" || die "no folder for the program"
PATH=$work/bin:$PATH
XDG_RUNTIME_DIR=$work # the control socket, apart from those of other nodes here
export XDG_RUNTIME_DIR
read_only_machine
cd "$work" || exit 1
ran=0

# section TITLE: what stands below that heading.
section()
{
	awk -v title="$1" '
		/^=+$/ { inside = last == title; last = ""; next }
		{ if (inside && NR > 1) print last; last = $0 }
		END { if (inside) print last }' "$top/README"
}

# commands TITLE: the commands below that heading.
commands()
{
	section "$1" >below
	page_lines below
}

run()
{
	ran=$((ran + 1))
	eval "$1" >said 2>&1 </dev/null || die "README: $1: exit code $?: $(cat said)"
}

# ---- the set-up ----

commands "A first mesh in five minutes" >lines
grep -n 'millrace run' lines >/dev/null || die "README has no node to run"
: >rest
while read -r line; do
	case $line in
	*"millrace run"*)
		case $line in *"exec a "*) name=a other=b ;; *) name=b other=a ;; esac
		npub=$(cat $other.key.pub) || die "keygen wrote no $other.key.pub"
		# the file that README shows is a.json; "b.json is the same with a and b, and the addresses, changed over"
		section "A first mesh in five minutes" | sed -n '/^    { "node"/,/] }$/p' >shown
		[ -s shown ] || die "README shows no a.json"
		if [ $name = b ]; then
			sed -i 's/10\.77\.0\.1:/10.77.0.x:/; s/10\.77\.0\.2:/10.77.0.1:/; s/10\.77\.0\.x:/10.77.0.2:/; s/"a\.key"/"b.key"/; s/"b",$/"a",/' shown
		fi
		sed "s/npub1\\.\\.\\./$npub/" shown >$name.json
		run "millrace check -c $name.json"
		start "$work/$name.log" $line
		eval "pid_$name=\$started"
		# the control socket is that of the one that comes first
		await 20 ip netns exec $name millrace stats || die "$name does not answer: $(cat $name.log)"
		ran=$((ran + 1))
		;;
	*"ping fd.."*) break ;;
	*) run "$line" ;;
	esac
done <lines

far=$(millrace pubkey -f b.key | sed -n 's|^mesh address *||p')
tries=40
until ip netns exec a ping -c 1 -W 1 "$far" >/dev/null 2>&1; do
	tries=$((tries - 1))
	[ $tries -gt 0 ] || die "b is not reached: $(cat a.log b.log)"
	sleep 0.25
done
run "$(grep 'ping fd' lines | sed "s/fd\\.\\./-c 3 $far/")"

# ---- a configuration of the reference daemon ----

cp a.json fips.yaml # JSON is YAML
run "$(commands "Joining one that exists" | grep 'millrace check' | sed 's|/etc/fips/||')"
grep -q 'are fine' said || die "fips.yaml is not right: $(cat said)"

# ---- looking into it ----

# inside LINE: as in namespace a, with what a reader puts for the words in capitals; ten seconds where it goes on and on.
inside()
{
	case $1 in
	*connect*) who=$(cat c.key.pub) ;; # "add a peer": one that is none yet
	*) who=$(cat b.key.pub) ;;
	esac
	line=$(printf '%s\n' "$1" | sed "s/^ip netns exec a //; s/NPUB\|npub1\.\.\./$who/; s/NAME/b/")
	case $line in
	*" reload"* | *" run "* | *probe* | *connect*) ;;
	*--watch* | "millrace top"* | *--live*) line="timeout -s INT 10 $line" ;;
	esac
	printf '%s\n' "$line"
}

# something to look at: packets that arrive, and packets to nobody
start pings ip netns exec a ping -i 0.2 "$far"
start pings-lost ip netns exec a ping -i 0.2 fd00::1
{
	grep 'millrace stats' lines
	commands "A mesh"
	commands "Joining one that exists" | grep 'millrace \(show\|probe\)'
	commands "Where to look" | grep -v 'millrace run'
} >looks
millrace keygen --out c.key >said || die "no key for c"
cp looks looks.all
command -v dig >/dev/null || say "there is no dig: not run"
command -v dig >/dev/null || sed -i '/exec a dig /d' looks
while read -r line <&3; do
	line=$(inside "$line")
	ran=$((ran + 1))
	# what is told to stop has been told by its time
	ip netns exec a sh -c "$line" >said 2>&1 </dev/null
	code=$?
	case $line in
	timeout*) [ $code -eq 124 ] || [ $code -eq 0 ] || [ $code -eq 130 ] ;;
	*) [ $code -eq 0 ] ;;
	esac || die "README: $line: exit code $code: $(cat said)"
	[ -s said ] || die "README: $line says nothing"
	case $line in
	dig*) grep -qi "AAAA.$far\$" said || die "README: $line: $(cat said)" ;;
	esac
done 3<looks
run "ip netns exec a millrace reload -c a.json"

for name in a b; do
	eval "pid=\$pid_$name"
	end "$pid" || die "$name ended with $?: $(cat $name.log)"
done

# ---- further ways to run it ----

cp a.json millrace.json
{
	commands "Joining one that exists" | grep 'millrace run' | sed 's|/etc/fips/||'
	commands "Where to look" | grep 'millrace run'
} >runs
while read -r line <&3; do
	ran=$((ran + 1))
	start run.log ip netns exec a $line 3<&-
	await 20 ip netns exec a millrace stats || die "README: $line: no node: $(cat run.log)"
	case $line in
	*--report*) await 20 grep -q '^ *fmp-open ' run.log || die "README: $line: no report: $(cat run.log)" ;;
	esac
	end "$started" || die "README: $line: ended with $?: $(cat run.log)"
done 3<runs

# ---- each is somebody's ----

millrace --help | sed -n 's/^  \([a-z]*\) .*/millrace \1/p' | sort >known
commands "The program" | sort | diff known - >said || die "README, The program: $(cat said)"

{
	sed '/ping fd/q' lines && grep 'millrace stats' lines
	cat known
	page_lines "$top/README" | grep -E '^(contrib/|\./|\.\./|mkdir|make)' # t/builds.sh
	commands "As a service" | sed -n '/^systemd-sysusers/,/^systemctl.*enable/p' # service.sh, and the next two
	commands "Rights and keys" | grep '^setcap'
	commands "Joining one that exists" | grep '^systemctl stop\|fips\.yaml'
	cat looks.all runs
} >tried
page_lines "$top/README" | grep -vxF -f tried >rest
[ ! -s rest ] || die "README: nobody runs: $(cat rest)"
[ $ran -gt 25 ] || die "README has $ran commands only"
say "$ran commands of README"
