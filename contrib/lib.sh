# lib.sh - what the scripts of contrib/ share: packages, building, plain messages.
# Sourced by a POSIX shell, with $top set to the top of the tree.

say()
{
	printf '%s\n' "$*"
}

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Debian packages that building and testing need.
build_packages()
{
	echo autoconf automake make gcc libc6-dev pkg-config check libevent-dev libck-dev \
		libmbedtls-dev libjansson-dev libyaml-dev libsecp256k1-dev libssl-dev
	case $(uname -m) in
	x86_64) echo libipsec-mb-dev ;;
	esac
}

# Debian packages that network namespaces and traffic need.
net_packages()
{
	echo iproute2 iputils-ping iperf3 curl jq util-linux
}

# need_packages NAME...: make them be there.  Root installs what is missing, anybody else is told;
# on a system without dpkg, configure and the commands themselves will say what they miss.
need_packages()
{
	command -v dpkg-query >/dev/null || return 0
	missing=
	for package; do
		dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed$' ||
			missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	[ "$(id -u)" -eq 0 ] || die "packages are missing; as root: apt-get install$missing"
	say "installing$missing"
	DEBIAN_FRONTEND=noninteractive
	export DEBIAN_FRONTEND
	# Package lists may be missing or old: then the first try fails.
	# shellcheck disable=SC2086 # the names are words
	apt-get -qq -y --no-install-recommends install $missing >/dev/null 2>&1 ||
		{ quietly apt-get -q update &&
			quietly apt-get -q -y --no-install-recommends install $missing; } ||
		die "apt-get could not install$missing"
}

# build DIR [configure option]...: configure (once, or again when the options changed) and make.
build()
{
	build_dir=$1
	shift
	[ ! -e "$top/config.status" ] ||
		die "this tree is configured in place: run make distclean in it first, and build in a directory of its own (see README)"
	[ -x "$top/configure" ] && [ -e "$top/stages/kinds.mk" ] || quietly "$top/autogen.sh" ||
		die "autogen.sh failed"
	mkdir -p "$build_dir"
	if [ ! -e "$build_dir/Makefile" ] || [ "$(cat "$build_dir/options" 2>/dev/null)" != "$*" ]; then
		(cd "$build_dir" && quietly "$top/configure" "$@") || die "configure failed"
		printf '%s\n' "$*" >"$build_dir/options"
	fi
	make -C "$build_dir" -j"$(nproc)" all || die "make failed"
}

# quietly COMMAND...: its output only when it fails.
quietly()
{
	if quiet_text=$("$@" 2>&1); then
		return 0
	fi
	printf '%s\n' "$quiet_text" >&2
	return 1
}

# enter_namespaces SCRIPT [ARG]...: run the script again with a network and mount namespace of its
# own, as root or as the root of a user namespace; returns only there.  What is named or mounted
# inside ends with the last process that is in it.
enter_namespaces()
{
	if [ "${MILLRACE_INSIDE-}" = "$$" ]; then
		mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up ||
			die "could not set up the namespaces"
		return 0
	fi
	flags=-nm
	[ "$(id -u)" -eq 0 ] || flags=-Urnm
	unshare $flags true 2>/dev/null ||
		die "this system lends no network namespaces to $(id -un); run as root"
	[ -c /dev/net/tun ] || die "there is no /dev/net/tun (modprobe tun)"
	MILLRACE_INSIDE=$$
	export MILLRACE_INSIDE
	exec unshare $flags /bin/sh "$@"
}

# lay_veth: namespaces a and b, joined by one veth pair: 10.77.0.1 -- 10.77.0.2.
lay_veth()
{
	ip netns add a && ip netns add b &&
		ip link add veth-a netns a type veth peer name veth-b netns b &&
		ip -n a address add 10.77.0.1/24 dev veth-a && ip -n b address add 10.77.0.2/24 dev veth-b &&
		ip -n a link set lo up && ip -n b link set lo up &&
		ip -n a link set veth-a up && ip -n b link set veth-b up ||
		die "could not lay the veth pair"
}

# work_in NAME: $work, a directory that is gone when the script ends, as are the processes it started.
pids="" work=""
work_in()
{
	umask 077
	trap clean_up EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 141' PIPE # whoever read what we say is gone
	trap 'exit 143' TERM
	work=$(mktemp -d "/tmp/millrace-$1.XXXXXX") || die "no temporary directory"
}

clean_up()
{
	end_all
	[ -z "$work" ] || rm -rf "$work"
}

# start LOG COMMAND...: in the background, its output in LOG; $started is its id.
start()
{
	log=$1
	shift
	"$@" >"$log" 2>&1 &
	started=$!
	pids="$pids $started"
}

# await SECONDS COMMAND...: until it succeeds; fails when it has not by then.
await()
{
	patience=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$patience" -gt 0 ] || return 1
		patience=$((patience - 1))
		sleep 0.05
	done
}

forget()
{
	rest=
	for pid in $pids; do
		[ "$pid" = "$1" ] || rest="$rest $pid"
	done
	pids=$rest
}

# end PID: politely, by force after 4 s; its exit code.
end()
{
	kill -TERM "$1" 2>/dev/null
	tries=0
	while kill -0 "$1" 2>/dev/null; do
		[ "$tries" -lt 80 ] || kill -KILL "$1"
		sleep 0.05
		tries=$((tries + 1))
	done
	wait "$1" 2>/dev/null
	code=$?
	forget "$1"
	return "$code"
}

end_all()
{
	for each in $pids; do
		end "$each"
	done
}

# finish COMMAND...: run it so that a signal to this script is obeyed at once; its exit code.
finish()
{
	"$@" &
	finishing=$!
	pids="$pids $finishing"
	wait "$finishing"
	code=$?
	forget "$finishing"
	return "$code"
}

# ---- two nodes ----

# use_millrace: $millrace, and the graphs that lie beside it rather than installed ones.
use_millrace()
{
	millrace="$top/build-demo/millrace"
	MILLRACE_GRAPHS="$top/graphs"
	export MILLRACE_GRAPHS
}

# start_nodes GRAPH [--set KEY=VALUE]...: a in namespace a, b in namespace b, each the other's peer.
# Sets $node_a, $node_b (process ids), $a6 and $b6 (mesh addresses); returns when a reaches b.
start_nodes()
{
	nodes_graph=$1
	shift
	for node in a b; do
		rm -f "$work/$node.key" "$work/$node.key.pub"
		"$millrace" keygen --out "$work/$node.key" >"$work/$node.id" || die "millrace made no key"
	done
	a6=$(sed -n 's/^mesh address *//p' "$work/a.id")
	b6=$(sed -n 's/^mesh address *//p' "$work/b.id")
	write_node a 10.77.0.1 b 10.77.0.2
	write_node b 10.77.0.2 a 10.77.0.1
	start "$work/a.log" ip netns exec a "$millrace" run -c "$work/a.json" "$@"
	node_a=$started
	start "$work/b.log" ip netns exec b "$millrace" run -c "$work/b.json" "$@"
	node_b=$started
	patience=20
	until finish ip netns exec a ping -6 -c 1 -W 1 "$b6" >/dev/null 2>&1; do
		{ kill -0 "$node_a" && kill -0 "$node_b"; } 2>/dev/null || lament "a node ended by itself"
		[ "$patience" -gt 0 ] || lament "no answer through the mesh"
		patience=$((patience - 1))
		sleep 0.2
	done
}

# write_node NAME ADDRESS OTHER-NAME OTHER-ADDRESS: $work/NAME.json
write_node()
{
	cat >"$work/$1.json" <<END
{ "node": { "identity": { "key_file": "$work/$1.key" },
            "control": { "socket_path": "$work/$1.control" } },
  "transports": { "udp": { "bind_addr": "$2:2121", "mtu": 1472 } },
  "tun": { "enabled": true, "name": "fips0", "mtu": 1280 },
  "peers": [ { "npub": "$(sed -n 's/^npub *//p' "$work/$3.id")", "alias": "$3",
               "addresses": [ { "transport": "udp", "addr": "$4:2121" } ] } ],
  "graph": "$nodes_graph",
  "http": { "listen": "unix:$work/$1.sock" } }
END
}

# end_nodes: fails, and says so, when one did not end with 0.
end_nodes()
{
	nodes_code=0
	for node in "$node_a" "$node_b"; do
		end "$node" || {
			say "a node ended with $?" >&2
			nodes_code=1
		}
	done
	return $nodes_code
}

# lament TEXT...: die with what the nodes last said.
lament()
{
	for node in ${nodes:-a b}; do
		say "--- the last lines of node $node ---"
		tail -n 15 "$work/$node.log"
	done >&2
	die "$*"
}

# ---- one stream ----

# serve_streams ADDRESS: iperf3's server in namespace b; $server is its id.
serve_streams()
{
	start "$work/iperf3.log" ip netns exec b iperf3 -s -B "$1"
	server=$started
	await 20 listening || die "iperf3 does not listen: $(cat "$work/iperf3.log")"
}

listening()
{
	ip netns exec "${to:-b}" ss -Hltn 'sport = :5201' | grep -q .
}

# stream ADDRESS SECONDS|BYTES [iperf3 option]...: $mbits and $retransmits of TCP from a; bytes end in K, M or G.
stream()
{
	stream_to=$1 stream_for=-t
	case $2 in
	*[KMG]) stream_for=-n ;;
	esac
	stream_for="$stream_for $2"
	shift 2
	# shellcheck disable=SC2086 # two words
	finish ip netns exec a iperf3 -J -c "$stream_to" $stream_for "$@" >"$work/iperf3.json" ||
		die "iperf3: $(jq -r '.error // "failed"' "$work/iperf3.json")"
	mbits=$(jq '.end.sum_received.bits_per_second / 1e4 | round / 100' "$work/iperf3.json")
	retransmits=$(jq '.end.sum_sent.retransmits' "$work/iperf3.json")
}
