#!/bin/sh
# service.sh - a node as a service, as README and doc/service.md have it: each of their commands is run as it stands, in
# the order in which they stand, and what they set up reaches its neighbour.
#
#     a: the service, 10.77.0.1  veth-a ---- veth-b  10.77.0.2: b
#
# /usr/local and /etc are folders of the test. There is no systemd here and no user millrace: in their place are
# programs that do what the unit and its lists say, for what these commands ask.

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/lib/lines.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
begin_wire service fused
units=${millrace%/*}/contrib/systemd
[ -f "$units/millrace.service" ] || skip "no unit was built"
lay_veth
new_pair
write_node b 10.77.0.2 a 10.77.0.1
mkdir -p "$work/bin" "$work/usr/local/bin" "$work/etc/fips" "$work/run" || die "no folders"
ln -s "$millrace" "$work/usr/local/bin/millrace" && ln -s "$millrace" "$work/bin/millrace" || die "no program"
read_only_machine
PATH=$work/bin:$PATH EDITOR=edit XDG_RUNTIME_DIR=$work/run
export PATH EDITOR XDG_RUNTIME_DIR
cd "$work" || exit 1
bad=0 ran=0 service=
doc=$top/doc/service.md

# ---- the machine's programs ----

# here TEXT...: paths of a machine as those of the test; where the unit has another prefix, as if it had not.
conf=$(sed -n 's/^ExecStart=.* -c //p' "$units/millrace.service")
folder=${conf%/*}
here()
{
	printf '%s\n' "$*" | sed "s|$folder|/usr/local/etc/millrace|g; s|/usr/local/|$work/usr/local/|g; s|/etc/fips|$work/etc/fips|g"
}

stand_in()
{
	{ printf '#!/bin/sh\n' && cat; } >"$work/bin/$1" && chmod +x "$work/bin/$1" || die "no stand-in for $1"
}

stand_in systemd-sysusers <<END
[ \$# -eq 0 ] && grep -q '^u millrace ' "$units/sysusers.d/millrace.conf" && echo user >>done
END
here "$(cat "$units/tmpfiles.d/millrace.conf")" >tmpfiles
stand_in systemd-tmpfiles <<END
[ "\$*" = --create ] || exit 1
while read -r kind path mode user group rest; do
	case \$kind in
	d) mkdir -p "\$path" && chmod "\$mode" "\$path" ;;
	z) for each in \$path; do [ ! -e "\$each" ] || { chmod "\$mode" "\$each" && echo "\$user \${each##*/}" >>done; }; done ;;
	esac || exit 1
done <tmpfiles
END
stand_in systemctl <<END
echo "\$*" >>done
END
# The editor of somebody who copies the page's node file, with the npub and the address that he has.
stand_in edit <<END
sed -n '/^    { "node"/,/] }\$/p' "$doc" | sed 's/npub1\.\.\./$(npub b)/; s/192\.0\.2\.7/10.77.0.2/' >"\$1"
END
stand_in install <<END
# the node file is read by the group, the key by its owner alone
case "\$*" in
"-m 640 -g millrace "*.yaml" "* | "-m 600 -o millrace "*.key" "*) mode=\$2 ;;
*) exit 1 ;;
esac
while getopts m:g:o: option; do
	:
done
shift \$((OPTIND - 1))
cp "\$@" && chmod "\$mode" "\$2\${1##*/}"
END

# run_lines PAGE RANGE: the lines that sed prints of it.
run_lines()
{
	page_lines "$1" | sed -n "${2}p" >lines
	[ -s lines ] || wrong "$1: there is no $2"
	cat lines >>tried
	while read -r line <&3; do
		ran=$((ran + 1))
		eval "$(here "$line")" >said 2>&1 </dev/null || wrong "$1: $line: exit code $?: $(cat said)"
	done 3<lines
}

# run_service COMMAND...: what systemd would start, until b is reached; then reload and the end, as it would.
run_service()
{
	start a.log ip netns exec a "$@"
	service=$started
	await 20 ip netns exec a ping -6 -c 1 -W 1 "$b6" || { cp a.log said; wrong "the service does not reach b: $(cat said)"; }
}

# ---- the first start ----

start b.log ip netns exec b "$millrace" run -c b.json
node_b=$started
await 20 "$millrace" stats --unix b.sock || die "b does not answer: $(cat b.log)"

# b knows the service by the key that the page has made; $a6 follows it.
meet()
{
	npub=$("$millrace" pubkey -f "$1" | sed -n 's/^npub *//p')
	jq --arg npub "$npub" '.peers[0].npub = $npub' b.json >b.new && mv b.new b.json || die "no file for b"
	ip netns exec b "$millrace" reload --unix b.sock >said 2>&1 || die "b does not reload: $(cat said)"
}

# first_start PAGE: its lines up to the start, which systemctl was told of.
first_start()
{
	page=$1
	rm -rf done "$work/usr/local/etc"
	run_lines "$page" '/^systemd-sysusers/,/^systemctl.*enable/'
	for sign in user daemon-reload "enable --now millrace" "millrace node.key" "root millrace.json"; do
		grep -qx "$sign" done || wrong "$page: nothing came of $sign: $(cat done)"
	done
	meet "$work/usr/local/etc/millrace/node.key"
	# shellcheck disable=SC2046 # the unit's words
	run_service $(here "$(sed -n 's|^ExecStart=[^ ]*|millrace|p' "$units/millrace.service")")
	MAINPID=$service
	eval "ip netns exec a $(here "$(sed -n 's|^ExecReload=[^ ]*|millrace|p' "$units/millrace.service")")" >said 2>&1 ||
		wrong "reload: $(cat said)"
	end "$service" || wrong "the service ended with $?: $(cat a.log)"
}
first_start "$top/README"
first_start "$doc"

# ---- a fips.yaml ----

jq -n --arg npub "$(npub b)" '{ transports: { udp: { bind_addr: "0.0.0.0:2121", mtu: 1472 } },
	node: { identity: { persistent: true } }, tun: { enabled: true },
	peers: [{ npub: $npub, alias: "b", addresses: [{ transport: "udp", addr: "10.77.0.2:2121" }] }] }' \
	>"$work/etc/fips/fips.yaml" || die "no fips.yaml" # JSON is YAML
"$millrace" keygen --out "$work/etc/fips/fips.key" >said || die "no fips.key"
meet "$work/etc/fips/fips.key"
rm done
run_lines "$top/README" '/^systemctl stop/'
run_lines "$doc" '/^systemctl disable/,$'
grep -qx "disable --now fips" done || wrong "nothing came of: disable --now fips"
[ "$(grep -c '^    Exec[A-Za-z]*=$' "$doc")" -eq 2 ] || wrong "the drop-in does not take away what the unit has"
# drop_in KEY: what the page's drop-in has in its place
drop_in()
{
	here "$(sed -n "s/^    $1=\\(.\\)/\\1/p" "$doc")"
}
# shellcheck disable=SC2046 # the page's words
run_service $(drop_in ExecStart)
MAINPID=$service
eval "ip netns exec a $(drop_in ExecReload)" >said 2>&1 || wrong "reload: $(cat said)"
grep -q "nothing changed" said || wrong "reload says $(cat said)"

# ---- the firewall ----

# what nft is given by the page; a ping from b is let in, and a connection to another port than that of ssh is not
awk '/^```/ { inside = !inside; next } inside' "$doc" >mesh.nft
if command -v nft >said; then
	ip netns exec a nft -f mesh.nft >said 2>&1 || wrong "the rules of doc/service.md: $(cat said)"
	npub=$("$millrace" pubkey -f "$work/usr/local/etc/millrace/fips.key" 2>/dev/null | sed -n 's/^mesh address *//p')
	finish ip netns exec b ping -6 -c 1 -W 5 "$npub" >said 2>&1 || wrong "the rules keep a ping out: $(cat said)"
	ip netns exec b curl -sS -m 2 "http://[$npub]:80/" >said 2>&1
	grep -q "refused" said && wrong "the rules let in whoever asks"
	ip netns exec a nft list ruleset | grep -q 'counter packets [1-9]' || wrong "the rules of doc/service.md keep nobody out"
fi
end "$service" || wrong "the service ended with $?: $(cat a.log)"

# ---- not as a service, and not as root ----

if command -v setcap >said && command -v setpriv >said && grep -q "^ *0 *0 *4294967295$" /proc/self/uid_map; then
	# /run is the test's own; a /tmp may be nosuid, where rights that files have do not count
	mkdir /run/bin && rm -r usr/local/bin && ln -s /run/bin usr/local/bin && cp "$millrace" usr/local/bin/ &&
		chmod 755 /run/bin /run/bin/millrace || die "no program"
	# the device as udev leaves it; the kernel makes it for root alone
	setpriv --reuid=65534 --regid=65534 --clear-groups test -w /dev/net/tun ||
		{ mknod -m 666 /run/tun c 10 200 && mount --bind /run/tun /dev/net/tun; } || die "no device for all"
	run_lines "$top/README" '/^setcap/'
	meet a.key
	jq '.node.control.enabled = false | .http.listen = "off"' a.json >nobody.json || die "no file for a"
	cp -r "$top/graphs" graphs && chown 65534 a.key nobody.json graphs/* && chmod 711 "$work" && chmod -R a+rX usr graphs ||
		die "no file for somebody else"
	MILLRACE_GRAPHS=$work/graphs
	run_service setpriv --reuid=65534 --regid=65534 --clear-groups usr/local/bin/millrace run -c nobody.json
	end "$service" || wrong "with one right, the node ended with $?: $(cat a.log)"
fi

page_lines "$doc" | grep -vxF -f tried >rest
[ ! -s rest ] || wrong "doc/service.md: nobody runs: $(cat rest)"

await 20 adds_up b || wrong "packets of b do not add up"
end "$node_b" || wrong "b ended with $?: $(cat b.log)"
say "$ran command lines"
[ "$bad" -eq 0 ] && [ $ran -gt 12 ]
