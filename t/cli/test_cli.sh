#!/bin/sh
# The program from outside: exit codes, what goes where, keys, and the shipped graphs.

. "${srcdir:-.}/t/lib/program.sh"
own_folder cli

fail() {
	echo "FAIL: $*"
	echo "  out: $(cat out)"
	echo "  err: $(cat err)"
	failed=$((failed + 1))
}

# expect CODE ARGUMENT... : run, keep its output in out and err, compare the exit code.
expect() {
	want=$1
	shift
	count=$((count + 1))
	what="millrace $*"
	"$millrace" "$@" >out 2>err </dev/null
	code=$?
	[ $code = "$want" ] || fail "$what: exit code $code, not $want"
}

out_has() { grep -qF -e "$1" out || fail "$what: output lacks: $1"; }
err_has() { grep -qF -e "$1" err || fail "$what: errors lack: $1"; }
out_empty() { [ ! -s out ] || fail "$what: unexpected output"; }
err_empty() { [ ! -s err ] || fail "$what: unexpected errors"; }

# ---- usage ----
expect 2
err_has "usage: millrace COMMAND"
out_empty
expect 0 --help
out_has "usage: millrace COMMAND"
err_empty
expect 2 chek
err_has 'there is no command "chek"; did you mean "check"?'
for c in run check doctor reload stats show connect disconnect probe keygen pubkey kinds schema version; do
	expect 0 $c --help
	out_has "usage: millrace $c"
	out_has "--help"
	err_empty
	expect 0 $c -h
	expect 2 $c --no-such-option
	err_has "there is no option --no-such-option"
	err_has "Try \`millrace $c --help\`"
	out_empty
	case $c in show | connect | disconnect | probe | kinds | schema) continue ;; esac
	expect 2 $c stray
	err_has '"stray" is one word too many'
done
expect 2 show
err_has "show what?"
expect 2 show peer
err_has 'there is no "peer" to show; did you mean "peers"?'
expect 2 show stats-history bytes_in
err_has '"bytes_in" is not NAME=VALUE'
expect 2 connect npub1
err_has "a peer, its address and perhaps a transport are wanted"
expect 2 disconnect
err_has "one peer is wanted"
expect 2 probe a b
err_has "one node is wanted"
expect 1 show peers -s ./nobody.sock
err_has "nobody answers at unix:./nobody.sock"
expect 1 disconnect -s ./nobody.sock npub1
err_has "nobody answers"
expect 2 check -g
err_has "-g needs a value"
expect 2 check --help=5
err_has "takes no value"

# ---- kinds and schemas ----
expect 0 kinds
out_has "rx           read datagrams from the UDP sockets"
out_has "(plugin tap)"
err_empty
expect 0 kinds rx
out_has "batch: whole number from 1 to 64, in messages; default 64."
out_has "socket-overflow: "
expect 0 kinds rx --mdoc
out_has '.It Cm batch Pq whole number from 1 to 64, in messages; default 64'
out_has 'Outputs: frames, handshakes.'
expect 0 kinds tcp --json
out_has '"when": "transports.tcp"'
expect 2 kinds rxx
err_has 'there is no kind "rxx"; did you mean "rx"?'
expect 2 kinds rx tcp
err_has '"tcp" is one word too many'
expect 2 schema
err_has "the schema of what?"
expect 2 schema nod
err_has 'there is no file "nod"; did you mean "node"?'
expect 2 schema node transports.upd
err_has 'there is no setting "upd" in transports; did you mean "udp"?'
expect 2 schema graph edges..full
err_has '"edges..full" is not a path such as transports.udp'
expect 0 schema node transports.udp.mtu
out_has '"minimum": 576'
expect 0 schema graph workers --text
out_has "  threads: whole number from 1 to 16; default 1."
expect 0 schema node tun --markdown
out_has '| `mtu` | whole number from 1280 to 64000, in bytes | 1280 |'

# A key for editors is accepted in both files, and is a string.
echo '{ "$schema": "node.schema.json", "transports": { "udp": {} } }' >s.json
sed 's/{/{ "$schema": "graph.schema.json",/;q' "$top/graphs/fused.json" >g.json
sed 1d "$top/graphs/fused.json" >>g.json
expect 0 check -c s.json -g ./g.json
err_empty
echo '{ "$schema": 5 }' >s.json
expect 2 check -c s.json
err_has 's.json:1:3: ["$schema"]: 5 is not a string'

# ---- what can be reached, seen before anything is opened ----
npub=npub1sjlh2c3x9w7kjsqg2ay080n2lff2uvt325vpan33ke34rn8l5jcqawh57m
# reach TRANSPORTS TRANSPORT ADDRESS: check a node file with one peer.
reach()
{
	printf '{ "transports": { %s },\n"peers": [ { "npub": "%s", "addresses": [\n{ "transport": "%s", "addr": "%s" } ] } ] }\n' \
		"$1" $npub "$2" "$3" >reach.json
	expect "$4" check -c reach.json -g fused
}
reach '"udp": {}' udp 192.0.2.7:2121 0
reach '"udp": {}' udp/udp 192.0.2.7:2121 0
reach '"udp": {}' udp node.example:2121 0
reach '"udp": { "lan": {}, "six": { "bind_addr": "[::]:2122" } }' udp '[2001:db8::7]:2121' 0
reach '"udp": {}, "tcp": {}' tcp '[2001:db8::7]:2121' 0
reach '"udp": {}' udp/lan 192.0.2.7:2121 2
err_has 'reach.json:3:3: peers[0].addresses[0].transport: "udp/lan" names an instance that the transport has not'
reach '"udp": {}' udp '[2001:db8::7]:2121' 2
err_has 'reach.json:3:23: peers[0].addresses[0].addr: "[2001:db8::7]:2121" is of another address family than its transport'
reach '"udp": { "bind_addr": "127.0.0.1:2121" }' udp 127.0.0.9:2122 0
reach '"udp": { "bind_addr": "127.0.0.1:2121" }' udp localhost:2122 0
reach '"udp": { "bind_addr": "[::1]:2121" }' udp '[::1]:2122' 0
reach '"udp": { "bind_addr": "127.0.0.1:2121" }' udp 192.0.2.7:2121 2
err_has 'reach.json:3:23: peers[0].addresses[0].addr: "192.0.2.7:2121" is not to be reached from the loopback address'
reach '"udp": { "bind_addr": "[::1]:2121" }' udp '[2001:db8::7]:2121' 2
reach '"udp": { "bind_addr": "[::1]:2121" }' udp node.example:2121 2
reach '"udp": { "lo": { "bind_addr": "127.0.0.1:2121" }, "lan": {} }' udp 192.0.2.7:2121 0
# Aliases: as long as a label of DNS; of other letters they are no names to ask for.
alias()
{
	printf '{ "transports": { "udp": {} },\n"peers": [ { "npub": "%s", "alias": "%s",\n"addresses": [ { "transport": "udp", "addr": "192.0.2.7:1" } ] } ] }\n' \
		$npub "$2" >alias.json
	expect "$1" check -c alias.json -g fused
}
long=raspberry-pi-in-the-attic-of-the-old-house-behind-the-orchard-1
alias 0 $long
err_empty
alias 2 ${long}x
err_has 'alias.json:2:89: peers[0].alias: '
err_has 'is longer than 63 bytes'
for odd in 'attic pi' attic.pi 'Häuschen'; do
	alias 0 "$odd"
	err_has "warning: alias.json:2:89: peers[0].alias: \"$odd\" can be shown and not asked for"
done
reach '"udp": {}' udp eth0/02:00:00:00:00:01 2
err_has 'addr: "eth0/02:00:00:00:00:01" is not a host:port'
reach '"udp": {}' tcp 192.0.2.7:8443 0
err_has 'warning: reach.json:3:3: peers[0].addresses[0].transport: transports.tcp is not configured; this address is left out'
"$millrace" keygen --out self.key >/dev/null
printf '{ "node": { "identity": { "key_file": "self.key" } }, "transports": { "udp": {} },\n"peers": [ { "npub": "%s", "addresses": [ { "transport": "udp", "addr": "192.0.2.7:1" } ] } ] }\n' \
	"$(cat self.key.pub)" >self.json
expect 0 check -c self.json -g fused
err_has 'warning: self.json:2:14: peers[0].npub: this is the node itself; it is left out'
reach '"ethernet": { "interface": "eth0" }' ethernet eth0/02:00:00:00:00:01 0
reach '"ethernet": { "interface": "eth0" }' ethernet eth1/02:00:00:00:00:01 2
err_has 'addr: "eth1/02:00:00:00:00:01" is on an interface that no transport has'
reach '"ethernet": { "interface": "eth0" }' ethernet 192.0.2.7:2121 2
err_has 'addr: "192.0.2.7:2121" is not an interface/aa:bb:cc:dd:ee:ff'

echo '{ "tun": { "enabled": true } }' >nowhere.json
expect 2 check -c nowhere.json
err_has 'nowhere.json:1:1: transports: no transport is configured: udp, tcp or ethernet is missing'

# ---- what stages wait for ----
# waits WHEN: the shipped graph, with a stage that waits for this.
waits()
{
	sed "s|\"when\": \"transports.tcp\"|\"when\": \"$1\"|" "$top/graphs/fused.json" >waits.json
	expect "$2" check -g ./waits.json
}
waits transports.tcp.lan 0
waits 'peers[0].via' 0
waits transports.tpc 2
err_has 'stages.tcp.when: "transports.tpc" is no key that a node file may have; did you mean "tcp"?'
waits transports..tcp 2
err_has 'stages.tcp.when: "transports..tcp" is no key that a node file may have'
waits '' 2
err_has 'stages.tcp.when: "" is no key that a node file may have'

# ---- version ----
expect 0 version
out_has "millrace $(sed -n 's/^AC_INIT(\[millrace\], \[\([^]]*\)\].*/\1/p' "$top/configure.ac")"
out_has "compiler "
out_has "mbedtls"
out_has "known answers hold"
err_empty
expect 0 --version

# ---- keys ----
expect 0 keygen
out_has "nsec  nsec1"
out_has "npub  npub1"
nsec=$(sed -n 's/^nsec  //p' out) npub=$(sed -n 's/^npub  //p' out)
expect 0 keygen
[ "$nsec" != "$(sed -n 's/^nsec  //p' out)" ] || fail "keygen: the same key twice"

echo "$nsec" >stdin
"$millrace" pubkey <stdin >out 2>err || fail "pubkey from standard input"
out_has "$npub"
expect 2 pubkey
err_has "standard input: holds no key"

# The example of the specification: secret, public key, addresses.
echo 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20 >hex
chmod 600 hex
expect 0 pubkey --nsec-file hex
err_empty
out_has "npub          npub1sjlh2c3x9w7kjsqg2ay080n2lff2uvt325vpan33ke34rn8l5jcqawh57m"
out_has "node address  69e08d65cc3a6b9c2c2ac4bd405e4b0e"
out_has "mesh address  fd69:e08d:65cc:3a6b:9c2c:2ac4:bd40:5e4b"

umask 0
expect 0 keygen --out k
[ "$(stat -c %a k)" = 600 ] || fail "keygen: mode of the secret key"
[ "$(stat -c %a k.pub)" = 644 ] || fail "keygen: mode of the public key"
grep -q '^nsec1' k || fail "keygen: no nsec in the file"
grep -q '^npub1' k.pub || fail "keygen: no npub in the file"
cp k before
expect 1 keygen --out k
err_has "keys are never overwritten"
cmp -s k before || fail "keygen: overwrote a key"
umask 022
expect 0 pubkey -f k
out_has "$(cat k.pub)"
chmod 644 k
expect 0 pubkey -f k
err_has "warning: k: mode 644"
ln -s k link
expect 2 pubkey -f link
err_has "is a symbolic link"
expect 2 pubkey -f gone
err_has "gone: "

# ---- doctor: exit code 1 where there is a problem, and the same said as JSON ----
cat >d.json <<'END'
{ "transports": { "udp": { "bind_addr": "127.0.0.1:0" } }, "dns": { "enabled": false }, "http": { "listen": "off" } }
END
"$millrace" doctor -c d.json >out 2>err
hurts=$?
[ $hurts -le 1 ] || fail "doctor: exit code $hurts"
grep -q ' things looked at' out || fail "doctor does not say what it has looked at"
expect $hurts doctor -c d.json --json
if command -v jq >/dev/null; then
	[ "$(jq '.problems > 0' out)" = "$([ $hurts = 1 ] && echo true || echo false)" ] ||
		fail "doctor: exit code $hurts and another number of problems"
	sed 's/{/{ "tun": { "enabled": true, "offload": false },/' d.json >t.json
	"$millrace" doctor -c t.json --json >out 2>err
	keep=$(jq -r '.findings[] | select(.probe == "tun-offload").keep' out)
	chmod 640 t.json
	sh -c "$keep" || fail "doctor: its command fails: $keep"
	[ "$(stat -c %a t.json)" = 640 ] || fail "doctor: its command changes the file's mode"
	"$millrace" doctor -c t.json --json >out 2>err
	[ -z "$(jq -r '.findings[] | select(.probe == "tun-offload" and .severity == "advice" and
		(.what | startswith("tun.offload"))).what' out)" ] || fail "doctor: its command does not mend"
	"$millrace" doctor -c d.json --json >out 2>err
	[ "$(jq '(.findings | length) == .problems + .advice and (.looked_at | length) > 15' out)" = true ] ||
		fail "doctor: findings do not add up"
fi
cp d.json wrong.json
echo ']' >>wrong.json
expect 2 doctor -c wrong.json
err_has "wrong.json:2:1"
chmod 644 d.json
sed 's/{/{ "node": { "identity": { "key_file": "open.key" } },/' d.json >k.json
"$millrace" keygen --out open.key >/dev/null
expect $hurts doctor -c k.json
chmod 644 open.key
expect 1 doctor -c k.json
out_has "chmod 600 open.key"
chmod 600 open.key
expect $hurts doctor -c k.json

# ---- check ----
for g in dealt fused router staged two-core; do
	expect 0 check -g $g
	out_has "graph $g ("
	err_empty
	expect 0 check -g $g --print json
	cp out again.json
	expect 0 check -g ./again.json --print json
	cmp -s out again.json || fail "check: $g printed and read back differs"
	expect 0 check -g $g --print dot
	out_has "digraph \"$g\""
done
# Buffers of a wide graph are bounded, and told.
expect 0 check -g staged --set fmp-open.threads=4 --set fsp-open.threads=4 --set route.threads=4 \
	--set fsp-seal.threads=4 --set fmp-seal.threads=4 --set tx-gso.threads=4
mib=$(sed -n 's/^pools of \([0-9]*\)\.[0-9] MiB in all$/\1/p' out)
[ "$mib" -gt 50 ] && [ "$mib" -lt 400 ] || fail "check: pools of $mib MiB for 4 threads a stage"
# The edges that see both lanes are found from the descriptors (R19): where control's packets and
# bulk meet before the numbering.
expect 0 check -g staged
out_has 'ring route.seal -> fsp-seal.bodies: 256 packets, full: wait, lane control'
out_has 'ring route.seal -> fsp-seal.bodies: 1024 packets, full: wait, lane bulk'
out_has 'ring control.link -> fmp-seal.control: 256 packets, full: drop, lane control'
[ "$(grep -c 'lane bulk' out)" = 1 ] || fail "lanes: another edge has two"
if grep -q 'fmp-seal.out.*lane\|fsp-seal.out.*lane' out; then fail "lanes behind the numbering"; fi
# Several replicas may number one key while half a receive window holds all that is on the way.
expect 2 check -g staged --set fmp-seal.threads=4 --set fmp-seal.affinity=any
err_has 'stages.fmp-seal.affinity: "any" lets 4 replicas number'
err_has 'a depth of at most 112 on the edges behind fmp-seal'
expect 0 check -g staged --set fmp-seal.threads=4 --set fmp-seal.affinity=any --set 'edges[13].depth=112'
out_has '4 rings fmp-seal.out -> tx-gso.frames: 112 packets each, full: wait'
expect 2 check -g staged --set fmp-seal.affinity=deal
err_has '"deal" is not for fmp-seal, which takes any, peer'
expect 0 check -g auto
out_has "picked for"
expect 2 check
err_has "there is no millrace.json here"

cat >millrace.json <<'END'
{ "node": { "identity": { "key_file": "hex" } },
  "transports": { "udp": { "bind_addr": "127.0.0.1:2121", "mtu": 1472 } },
  "tun": { "enabled": true, "name": "fips0", "mtu": 1280 },
  "graph": "fused" }
END
expect 0 check
out_has "graph fused"
out_has "are fine"
err_empty
expect 0 check --graph two-core --set tun.mtu=1400 --set http.listen=off
out_has "graph two-core"
expect 0 pubkey -c millrace.json
out_has "npub1sjlh2c3x9w7kjsqg2ay080n2lff2uvt325vpan33ke34rn8l5jcqawh57m"

# A transport's stage is there with the transport, and a graph without it is refused.
cat >tcp.json <<'END'
{ "node": { "identity": { "key_file": "hex" } },
  "transports": { "tcp": { "bind_addr": "127.0.0.1:8443" } } }
END
for g in auto dealt fused router staged two-core; do
	expect 0 check -c tcp.json --graph $g
	out_has "ring tx-gso.tcp -> tcp.frames"
	err_empty
done
expect 2 check -c tcp.json --graph ./again.json
err_has "tcp.json:2:19: transports.tcp: graph two-core has no stage of kind tcp to serve it"
expect 0 check -g two-core
if grep -q 'tcp.frames\|worker tcp' out; then fail "check: a stage without its transport"; fi
printf '{ "transports": { "tcp": { "bind": "1.2.3.4:1", "mtu": 100 } } }' >tcp.json
expect 2 check -c tcp.json
err_has 'transports.tcp.bind: there is no such key; did you mean "bind_addr"?'
err_has "transports.tcp.mtu: 100 is below 576"

# Every mistake at once, in both files.
cat >bad.json <<'END'
{ "node": { "identitty": {} },
  "transports": { "udp": { "mtu": 70 } },
  "tun": { "enabled": "yes" },
  "gateway": { "enabled": true },
  "graph": "./graph.json" }
END
cat >graph.json <<'END'
{ "stages": { "rx": {}, "fmp-opne": {} },
  "edges": [ { "from": "rx.frames", "to": "fmp-open.frames" },
             { "from": "rx.handshake", "to": "rx", "full": "wait" } ] }
END
expect 2 check -c bad.json
out_empty
err_has 'bad.json:1:13: node.identitty: there is no such key; did you mean "identity"?'
err_has 'bad.json:2:28: transports.udp.mtu: 70 is below'
err_has 'bad.json:3:12: tun.enabled: "yes" is not true or false'
err_has 'warning: bad.json:4:3: gateway: the LAN gateway is not part of this version'
err_has './graph.json:1:25: stages.fmp-opne: there is no kind "fmp-opne"; did you mean "fmp-open"?'
err_has './graph.json:2:37: edges[0].to: there is no stage "fmp-open"; did you mean "fmp-opne"?'
err_has './graph.json:3:16: edges[1].from: rx has no output "handshake"; did you mean "handshakes"?'
err_has './graph.json:3:40: edges[1].to: rx has no input'
printf '{"stages":{"brand-new":{}},"edges":[]}\n' >new.json
expect 2 check --graph ./new.json
err_has 'there is no kind "brand-new"; plugins bring more, and are loaded at the start alone'
expect 2 run -c bad.json
err_has 'bad.json:2:28: transports.udp.mtu: 70 is below'
# A wrong value of a setting is named by file, line, column and path, in the node file and in a graph.
cat >types.json <<'END'
{ "transports": { "udp": { "connected": "yes" } },
  "tun": { "queue": "long", "offload": 1,
           "uso": "off" },
  "capture": { "plaintext": 1 },
  "aead": { "refuse": [ "lanes" ] } }
END
expect 2 check -g fused -c types.json
err_has 'types.json:1:28: transports.udp.connected: "yes" is not true or false'
err_has 'types.json:2:12: tun.queue: "long" is not a whole number'
err_has 'types.json:2:29: tun.offload: 1 is not true or false'
err_has 'types.json:3:12: tun.uso: "off" is not true or false'
err_has 'types.json:5:13: aead.refuse: an array is not a string'
for setting in 'tun.queue=99: 99 is below 100' 'tun.queue=100001: 100001 is above 100000' \
	'tun.queues=0: 0 is below 1' 'tun.queues=17: 17 is above 16' \
	'dns.port=0: 0 is below 1' 'dns.port=65536: 65536 is above 65535' 'dns.bind_addr=here: "here" is no IP address' \
	'dns.ttl=86401: 86401 is above 86400' 'dns.enabled=1: 1 is not true or false' 'aead.refuse=mbedtls: "mbedtls" names the one that is built in' 'aead=lanes: "lanes" is not an object'; do
	expect 2 check -g fused --set "${setting%%: *}"
	err_has "--set: ${setting%%=*}: ${setting#*: }"
done
sed -e 's/"rx": *{}/"rx": { "gro": 1, "sojourn": -1, "interval": 999 }/' \
	-e 's/"tx-gso": *{ /&"gso": 0, "segments": 129, /' \
	-e 's/"from": "rx.frames",/& "sojourn": 10000001,/' "$top/graphs/staged.json" >values.json
line() { sed -n "/$1/=" values.json; }
expect 2 check -g ./values.json
err_has "./values.json:$(line '"gro"'):13: stages.rx.gro: 1 is not true or false"
err_has "./values.json:$(line '"gro"'):23: stages.rx.sojourn: -1 is below 0"
err_has "./values.json:$(line '"gro"'):38: stages.rx.interval: 999 is below 1000"
err_has "./values.json:$(line '"gso"'):17: stages.tx-gso.gso: 0 is not true or false"
err_has "./values.json:$(line '"gso"'):27: stages.tx-gso.segments: 129 is above 128"
err_has "./values.json:$(line 10000001):28: edges[0].sojourn: 10000001 is above 10000000"
[ "$(grep -c . err)" = 6 ] || fail "check: values.json has six mistakes"
expect 2 check --set tnu.mtu=5
err_has '--set: tnu.mtu: "tnu" is neither a key of the node file nor a stage of the graph; did you mean "tun"?'
expect 2 check --set rx.threads=4
err_has '--set: stages.rx.threads: 4 are too many: rx runs on one thread'
expect 0 check -g two-core --set fsp-seal.threads=4
out_has 'worker fsp-seal.3: fsp-seal'
out_has '4 rings route.seal -> fsp-seal.bodies: 1024 packets each, full: wait'
# AEAD providers that there are not, or are.
expect 0 check -g two-core --set aead.refuse=nobody,nought
err_has 'warning: --set: aead.refuse: names nobody, and there is no such provider'
err_has 'warning: --set: aead.refuse: names nought, and there is no such provider'
# A device that the graph has no stage for.
expect 0 check -g router
err_has 'warning: millrace.json:3:12: tun.enabled: is true, but no stage of graph router uses the TUN device: there will be none'
expect 0 check -g router --set tun.enabled=false
err_empty
expect 0 check -g two-core
err_empty

# Neighbours that others are behind: told before anything is opened.
npub() { "$millrace" keygen | sed -n 's/^npub *//p'; }
twice=$(npub)
cat >via.json <<END
{ "peers": [
  { "npub": "$(npub)", "alias": "a", "via": "g" },
  { "npub": "$(npub)", "alias": "b", "via": "c", "addresses": [ { "transport": "udp", "addr": "10.0.0.1:1" } ] },
  { "npub": "$(npub)", "alias": "c", "via": "a" },
  { "npub": "$(npub)", "alias": "d" },
  { "npub": "$twice", "alias": "e", "via": "f" },
  { "npub": "$(echo "$twice" | tr a-z A-Z)", "alias": "f", "addresses": [ { "transport": "udp", "addr": "10.0.0.1:1" } ] } ],
  "transports": { "udp": {} } }
END
expect 2 check -g fused -c via.json
err_has 'via.json:2:94: peers[0].via: no peer has the alias or npub "g"'
err_has 'via.json:3:94: peers[1].via: a peer is reached by addresses or through another, not both'
err_has 'via.json:4:94: peers[2].via: "a" is no neighbour: it has a via itself'
err_has 'via.json:5:3: peers[3]: has no address'
err_has 'via.json:7:5: peers[5].npub: this peer is listed twice'
[ "$(grep -c . err)" = 5 ] || fail "check: via.json has five mistakes"

# Numbers that do not go together.
cat >numbers.json <<END
{ "node": { "heartbeat_interval_secs": 40, "rekey": { "after_secs": 15 } },
  "transports": { "udp": {} } }
END
expect 2 check -g fused -c numbers.json
err_has 'numbers.json:1:3: node.link_dead_timeout_secs: 30 s are not longer than a heartbeat, which is 40 s'
err_has 'numbers.json:1:55: node.rekey.after_secs: 15 s are not longer than the jitter, which is 15000 ms'
expect 0 check -g fused -c numbers.json --set node.heartbeat_interval_secs=10 --set node.rekey.after_secs=16

# Where workers run and how they idle.
place()
{
	worker=$1
	setting=$2
	expect 0 check -g two-core --set "workers.$worker.$setting"
	out_has "$3"
	[ "$(grep -c '; on core\|; spins' out)" = 1 ] || fail "--set $setting: other workers changed too"
}
misplace()
{
	expect 2 check -g two-core --set "$1"
	out_empty
	err_has "--set: $2"
}
expect 0 check -g two-core
if grep -q '; on core\|; spins' out; then fail "workers run somewhere by themselves"; fi
place in cpu=1 'worker in: rx fmp-open fsp-open tun-write; on core 1; pool'
place out 'cpu=[2,3]' 'worker out: tun-read route fsp-seal fmp-seal tx-gso; on core 2 or 3; pool'
place in cpu=auto 'tun-write; on core auto; pool'
place out 'idle={"spin":50}' 'tx-gso; spins 50 us; pool'
place in idle.spin=7 'tun-write; spins 7 us; pool'
expect 0 check -g two-core --set workers.in.cpu=any --set workers.in.idle=park
if grep -q '; on core\|; spins' out; then fail "--set of what is the default changes the plan"; fi
expect 0 check -g two-core --set workers.in.cpu=1 --set 'workers.in.idle={"spin":50}' --set workers.in.threads=1 --print json
tr -d ' \n' <out >flat
grep -q '"in":{[^}]*"cpu":\[1\]' flat || fail "--set workers.in.cpu is not in the graph printed"
grep -q '"in":{[^}]*"idle":{"spin":50}' flat || fail "--set workers.in.idle is not in the graph printed"
misplace workers.in.cpu=aut 'workers.in.cpu: "aut" is not a core, a list of cores, any or auto; did you mean "auto"?'
misplace workers.in.cpu=-1 'workers.in.cpu: -1 is not the number of a core, 0 to 4095'
misplace workers.in.cpu=4096 'workers.in.cpu: 4096 is not the number of a core'
misplace 'workers.in.cpu=[]' 'workers.in.cpu: an empty list leaves no core to run on'
misplace 'workers.in.cpu=[0,"x"]' 'workers.in.cpu[1]: "x" is not the number of a core'
misplace workers.in.cpu= 'workers.in.cpu: "" is not a core'
misplace workers.in.cup=1 'workers.in.cup: there is no such key; did you mean "cpu"?'
misplace workers.in.idle=sleep 'workers.in.idle: "sleep" is neither "park" nor {"spin": microseconds}'
misplace 'workers.in.idle={"spin":0}' 'workers.in.idle.spin: 0 is below 1'
misplace 'workers.in.idle={"spin":1000001}' 'workers.in.idle.spin: 1000001 is above 1000000'
misplace 'workers.in.idle={"spn":5}' 'workers.in.idle.spn: there is no such key; did you mean "spin"?'
misplace 'workers.in.idle={"spin":5' 'workers.in.idle: {"spin":5 is not JSON'
misplace 'workers.main.idle={"spin":5}' "workers.main.idle: the host's worker cannot spin"
expect 2 check -g two-core --set workers.inn.cpu=1
err_has 'workers.inn.stages: a worker needs an array with at least one stage; did you mean worker "in"?'
# The reference's own file, as operations.md 3.1 has it, with parts that are not here.
cat >fips.yaml <<'END'
node:
  identity:
    nsec: "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
  log_level: debug
tun: { enabled: true, name: fips0, mtu: 1280 }
dns: { enabled: true }
transports:
  udp: { bind_addr: "0.0.0.0:2121", mtu: 1472 }
  tor: { mode: socks5 }
peers:
  - npub: "npub1n9lpnv0592cc2ps6nm0ca3qls642vx7yjsv35rkxqzj2vgds52sqgpverl"
    alias: "node-d"
    addresses:
      - { transport: udp, addr: "node-d:2121" }
    connect_policy: auto_connect
END
expect 0 check -c fips.yaml
err_has 'warning: fips.yaml:9:3: transports.tor'
[ "$(grep -c warning err)" = 1 ] || fail "check: more than one warning about fips.yaml"
expect 2 check -c fips.yaml --set node.log_level=loud
err_has '--set: node.log_level: "loud" is not one of error, warn, info, debug, trace'
sed 's/mtu: 1472/mtu: 70/; s/alias:/alais:/' fips.yaml >wrong.yaml
expect 2 check -c wrong.yaml
err_has 'wrong.yaml:8:37: transports.udp.mtu: 70 is below 576'
err_has 'wrong.yaml:12:5: peers[0].alais: there is no such key; did you mean "alias"?'
# What it has under node and nobody knows is no mistake to its own daemon, as little as what is only newer than we are.
cat >other.yaml <<'END'
node:
  discovery: { ttl: 5, nostr: { enabled: false }, lan: { enabled: false } }
  heartbeat_intervall_secs: 3
  lookup: { tll: 5 }
newer: 1
transports:
  udp: { bind_addr: "0.0.0.0:2121", mtu: 1472 }
END
expect 0 check -c other.yaml
err_has 'warning: other.yaml:2:24: node.discovery.nostr: rendezvous by mDNS and Nostr is not part of this version yet'
err_has 'warning: other.yaml:2:51: node.discovery.lan: rendezvous by mDNS and Nostr is not part of this version yet'
err_has 'warning: other.yaml:3:3: node.heartbeat_intervall_secs: there is no such key; did you mean "heartbeat_interval_secs"? It has no effect'
err_has 'warning: other.yaml:4:13: node.lookup.tll: there is no such key; did you mean "ttl"? It has no effect'
err_has 'warning: other.yaml:5:1: newer: there is no such key'
[ "$(grep -c 'warning\|error' err)" = 5 ] || fail "check: not five warnings about other.yaml"
expect 2 check -c other.yaml --set node.heartbeat_intervall_secs=4
err_has 'node.heartbeat_intervall_secs: there is no such key'
expect 2 check -g fused --print tree
err_has 'there is no form "tree"'
expect 2 check -g fused --print jpeg
err_has 'there is no form "jpeg"'
expect 2 check -g fusde
err_has 'there is no graph "fusde"; did you mean "fused"?'

echo "$count runs, $failed failures"
[ $failed = 0 ]
