# candidates.sh - what bench tunnel compares, and how each is started.
# Sourced by tunnel; namespaces a and b and the veth pair are there (lib.sh).
#
# A candidate is NAME[@MTU][,KEY=VALUE]...: settings only for millrace, whose graphs are names of their
# own.  begin NAME MTU [--set KEY=VALUE]... starts both ends and returns when a reaches b; then
#
#   $far, $near   addresses of b and a inside the tunnel
#   $device       the tunnel's device in namespace a
#
# Binaries: wireguard-go, boringtun-cli, nebula and nebula-cert from the PATH; WIREGUARD_GO names
# another wireguard-go, FIPS the reference daemon; each of both has to be a path.

# binary NAME: the program of a candidate, or nothing when it is not there.
binary()
{
	case $1 in
	veth) echo true ;;
	ceiling) echo "$folder/contrib/bench/ceiling" ;;
	wireguard-go) command -v wireguard-go ;;
	wireguard-go-new) [ ! -x "${WIREGUARD_GO-}" ] || echo "$WIREGUARD_GO" ;;
	boringtun) command -v boringtun-cli ;;
	nebula) command -v nebula-cert >/dev/null && command -v nebula ;;
	fips) [ ! -x "${FIPS-}" ] || echo "$FIPS" ;;
	*) echo "$millrace" ;;
	esac
}

# What a candidate says of its version.
version()
{
	case $1 in
	veth) echo "kernel $(uname -r)" ;;
	ceiling) "$(binary ceiling)" version ;;
	wireguard-go*) "$(binary "$1")" --version ;;
	boringtun) boringtun-cli --version ;;
	nebula) nebula -version | sed 's/^Version: */nebula /' ;;
	fips) "$FIPS" --version ;;
	*) "$millrace" version ;;
	esac 2>/dev/null | head -n 1
}

# MTU inside, as each has it by default.
default_mtu()
{
	case $1 in
	veth) echo 1500 ;;
	wireguard-go* | boringtun) echo 1420 ;;
	nebula) echo 1300 ;;
	*) echo 1280 ;;
	esac
}

begin()
{
	candidate=$1 mtu=$2
	shift 2
	near=10.78.0.1 far=10.78.0.2
	case $candidate in
	veth) begin_veth ;;
	ceiling) begin_ceiling ;;
	wireguard-go*) begin_wireguard "$(binary "$candidate")" -f ;;
	boringtun) begin_wireguard boringtun-cli -f --disable-drop-privileges --log "$work/boringtun" ;;
	nebula) begin_nebula ;;
	fips) begin_fips ;;
	*)
		device=fips0
		start_nodes "$candidate" --set "tun.mtu=$mtu" "$@"
		near=$a6 far=$b6
		return
		;;
	esac
	for node in a b; do
		[ -e "$work/$node.log" ] || : >"$work/$node.log"
	done
	patience=100
	until finish ip netns exec a ping -c 1 -W 1 "$far" >/dev/null 2>&1; do
		for pid in $pids; do
			kill -0 "$pid" 2>/dev/null || lament "$candidate ended by itself"
		done
		[ "$patience" -gt 0 ] || lament "no answer through $candidate"
		patience=$((patience - 1))
		sleep 0.2
	done
}

# In the two namespaces only the last bytes of addresses differ.
last_byte()
{
	case $1 in
	a) echo 1 ;;
	b) echo 2 ;;
	esac
}

other()
{
	case $1 in
	a) echo b ;;
	b) echo a ;;
	esac
}

begin_veth()
{
	near=10.77.0.1 far=10.77.0.2 device=veth-a
	for node in a b; do
		ip -n $node link set veth-$node mtu "$mtu" || die "the veth pair takes no MTU of $mtu"
	done
}

# Super-packets no larger than what one send takes.
begin_ceiling()
{
	device=ceiling near=fd78::1 far=fd78::2
	for node in a b; do
		start "$work/$node.log" ip netns exec $node "$(binary ceiling)" $node ceiling \
			"10.77.0.$(last_byte $node)" "10.77.0.$(last_byte "$(other $node)")"
		await 5 ip -n $node link show ceiling || lament "the model tunnel does not start"
		ip -n $node link set ceiling mtu "$mtu" \
			gso_max_size $((65507 / (mtu + 77) * (mtu - 72) + 72)) &&
			ip -n $node address add "fd78::$(last_byte $node)/64" dev ceiling nodad &&
			ip -n $node link set ceiling up || lament "the model tunnel could not be set up"
	done
}

# begin_wireguard COMMAND...: to which the name of the device is added.
begin_wireguard()
{
	device=wg-a
	for node in a b; do
		wg genkey >"$work/wg-$node.key" || die "there is no wg (wireguard-tools)"
		start "$work/$node.log" ip netns exec $node "$@" wg-$node
		await 5 test -S /run/wireguard/wg-$node.sock || lament "$candidate does not start"
	done
	for node in a b; do
		wireguard_end $node "$(last_byte $node)" "$(other $node)" "$(last_byte "$(other $node)")" ||
			lament "$candidate could not be set up"
	done
}

# wireguard_end NODE LAST-BYTE OTHER-NODE OTHER-LAST-BYTE
wireguard_end()
{
	ip netns exec "$1" wg set "wg-$1" listen-port 51820 private-key "$work/wg-$1.key" \
		peer "$(wg pubkey <"$work/wg-$3.key")" \
		endpoint "10.77.0.$4:51820" allowed-ips "10.78.0.$4/32" &&
		ip -n "$1" address add "10.78.0.$2/24" dev "wg-$1" &&
		ip -n "$1" link set "wg-$1" mtu "$mtu" up
}

begin_nebula()
{
	device=nebula
	(cd "$work" && rm -f ca.crt ca.key && nebula-cert ca -name bench) || die "nebula-cert made no authority"
	for node in a b; do
		rm -f "$work/$node.crt" "$work/$node.key"
		(cd "$work" && nebula-cert sign -name $node -ip "10.78.0.$(last_byte $node)/24" -out-crt $node.crt \
			-out-key $node.key) >/dev/null 2>&1 || die "nebula-cert made no certificate"
		cat >"$work/$node.yml" <<END
pki: { ca: $work/ca.crt, cert: $work/$node.crt, key: $work/$node.key }
static_host_map: { "10.78.0.$(last_byte "$(other $node)")": ["10.77.0.$(last_byte "$(other $node)"):4242"] }
lighthouse: { am_lighthouse: false, interval: 60, hosts: [] }
listen: { host: 0.0.0.0, port: 4242 }
tun: { dev: nebula, mtu: $mtu }
firewall:
  outbound: [ { port: any, proto: any, host: any } ]
  inbound: [ { port: any, proto: any, host: any } ]
END
		start "$work/$node.log" ip netns exec $node nebula -config "$work/$node.yml"
	done
}

# The reference daemon, with keys that millrace makes.
begin_fips()
{
	device=fips0
	for node in a b; do
		rm -f "$work/$node.key" "$work/$node.key.pub"
		"$millrace" keygen --out "$work/$node.key" >"$work/$node.id" || die "millrace made no key"
	done
	near=$(sed -n 's/^mesh address *//p' "$work/a.id")
	far=$(sed -n 's/^mesh address *//p' "$work/b.id")
	for node in a b; do
		cat >"$work/$node.yaml" <<END
node:
  identity: { nsec: "$(cat "$work/$node.key")" }
  control: { enabled: true, socket_path: "$work/$node.control" }
tun: { enabled: true, name: fips0, mtu: $mtu }
dns: { enabled: false }
transports:
  udp: { bind_addr: "0.0.0.0:2121", mtu: 1472 }
peers:
  - npub: "$(sed -n 's/^npub *//p' "$work/$(other $node).id")"
    alias: "$(other $node)"
    addresses: [ { transport: udp, addr: "10.77.0.$(last_byte "$(other $node)"):2121" } ]
    connect_policy: auto_connect
END
		start "$work/$node.log" env NO_COLOR=1 RUST_LOG=info HOME="$work" \
			ip netns exec $node "$FIPS" -c "$work/$node.yaml"
	done
}
