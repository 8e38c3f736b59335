#!/bin/sh
# A running node reads its files again: what it takes, what it refuses and says of it, and how the
# outcome is seen.  No device, no neighbour: nothing here needs rights.

. "${srcdir:-.}/t/lib/program.sh"
needs curl jq
own_folder reload

stats() {
	curl -sS --unix-socket "$dir/sock" "http://localhost${2-/stats}" | jq -r "$1"
}

# reload CODE [ARGUMENT]...
reload() {
	want=$1
	shift
	count=$((count + 1))
	what="reload $*"
	"$millrace" reload -c n.json "$@" >said 2>&1 </dev/null
	code=$?
	[ $code = "$want" ] || fail "$what: exit code $code, not $want"
}

# refuses FILTER SAYS...: a node file changed by jq is refused with these words, and nothing changes.
refuses() {
	graph=$(stats .graph.name) refused=$(stats .reload.refused) done=$(stats .reload.done)
	cp n.json good.json
	jq "$1" good.json >n.json || fail "no file: $1"
	shift
	reload 1 --unix "$dir/sock"
	says 'reload refused, nothing has changed'
	for text; do
		says "$text"
		grep -qF -e "$text" log || fail "the log does not say: $text"
	done
	[ "$(stats .graph.name)" = "$graph" ] || fail "the graph has changed"
	[ "$(stats .reload.refused)" = $((refused + 1)) ] || fail "the refusal is not counted"
	[ "$(stats .reload.done)" = "$done" ] || fail "it counts as done"
	[ "$(stats .reload.last)" = refused ] || fail "the last is not refused"
	cp good.json n.json
}

takes() {
	jq "$1" n.json >new.json && mv new.json n.json || fail "no file: $1"
	reload 0
	says "$2"
}

npub=npub1sjlh2c3x9w7kjsqg2ay080n2lff2uvt325vpan33ke34rn8l5jcqawh57m
"$millrace" keygen --out n.key >/dev/null || exit 99
"$millrace" keygen --out other.key >/dev/null || exit 99
cat >n.json <<END
{ "node": { "identity": { "key_file": "n.key" }, "control": { "enabled": false } },
  "transports": { "udp": { "bind_addr": "127.0.0.1:0", "mtu": 1472 } },
  "graph": "fused",
  "http": { "listen": "unix:$dir/sock" } }
END
jq '.graph = "mine"' "$top/graphs/two-core.json" >mine.json

# ---- nobody there ----
reload 1
says 'nobody answers'
reload 1 --url http://127.0.0.1:1
[ "$(grep -c . said)" = 1 ] || fail "who has said where is told to say where"
reload 2 --pid x
says '--pid: x is not the number of a process'
reload 2 --unix a --url b

# A node that is still reading its file is told to read it again: it does, when it runs.
mkfifo early.json
start log "$millrace" run -c early.json
node=$started
exec 3>early.json # open when the node reads it
kill -HUP "$node"
cp n.json early.new && mv early.new early.json
cat n.json >&3
exec 3>&-
await 20 grep -q 'reload: nothing changed' log || { cp log said; fail "an early SIGHUP"; }
end "$node" || fail "an early SIGHUP ends the node"

start_node -c n.json --set fsp-seal.threads=2
[ "$(stats .reload.last)" = null ] || fail "there was a reload"

# ---- what is taken ----
reload 0
says 'nothing changed'
rm n.key # is not read again
takes '.graph = "staged"' 'reloaded: graph staged: sources rested for'
[ "$(stats '.stages."fsp-seal".threads' /graph)" = 2 ] || fail "--set is forgotten"
takes '.graph = "./mine.json"' 'reloaded: graph mine'
takes '.node.heartbeat_interval_secs = 7' 'reloaded: new settings, the workers ran on'
takes ".node.control = { enabled: true, socket_path: \"$dir/one\" }" 'reloaded: new settings, the workers ran on'
[ "$("$millrace" show -c n.json status | jq -r .control_socket)" = "$dir/one" ] || fail "no control socket"
takes ".node.control.socket_path = \"$dir/two\"" 'reloaded: new settings, the workers ran on'
[ -e one ] && fail "the control socket is at its old place"
"$millrace" show -s "$dir/two" status >/dev/null || fail "the control socket has not moved"
takes '.node.control.enabled = false' 'reloaded: new settings, the workers ran on'
[ -e two ] && fail "the control socket is still there"
names_at() { grep -qi "^ *[0-9]*: *0100007F:$1 " /proc/net/udp; }
takes '.dns = { bind_addr: "127.0.0.1", port: 15399 }' 'reloaded: new settings'
await 20 names_at 3C27 || fail "names are not answered there"
takes '.dns.bind_addr = "192.0.2.1"' 'reloaded: new settings' # no address of ours
await 20 grep -q 'names in .fips are not answered there but where they were: 192.0.2.1' log || fail "names are"
names_at 3C27 || fail "names are not answered any more"
takes '.dns.bind_addr = "127.0.0.1" | .dns.port = 15400' 'reloaded: new settings'
await 20 names_at 3C28 || fail "names are not answered at another port"
names_at 3C27 && fail "names are answered where they were too"
takes '.dns.ttl = 7' 'reloaded: new settings'
await 20 names_at 3C28 || fail "names are not answered at the same port"
takes '.dns = { enabled: false }' 'reloaded: new settings'
names_at 3C28 && fail "names are answered still"
takes '.tun.queue = 2000 | .tun.enabled = false' 'nothing changed' # the defaults
takes '.log.level = "debug"' 'reloaded: new settings'
takes ".peers = [{ \"npub\": \"$npub\", \"alias\": \"x\",
	\"addresses\": [{ \"transport\": \"udp\", \"addr\": \"127.0.0.1:9\" }] }]" 'reloaded: new settings'
[ "$(stats '.peers[0].alias' /peers)" = x ] || fail "no new peer"
takes '.peers[0].alias = "y" | .graph = "fused"' 'reloaded: graph fused'
[ "$(stats '.peers[0].alias' /peers)" = y ] || fail "no new alias"
takes '.peers = []' 'reloaded: new settings'
alone() { [ "$(stats '.peers | length' /peers)" = 0 ]; }
await 20 alone || fail "the peer stays"
sed -i 's/"depth": 256/"depth": 512/' mine.json
takes '.graph = "./mine.json"' 'reloaded: graph mine'
sed -i 's/"depth": 512/"depth": 128/' mine.json
reload 0
says 'reloaded: graph mine'

# ---- what is refused ----
refuses '.transports.udp.mtu = 1400' 'n.json:' 'transports.udp.mtu: a change here needs a restart'
refuses '.transports.udp.mtu = 1400 | .tun.mtu = 1300' 'transports.udp.mtu: a change here' \
	'tun.mtu: a change here needs a restart'
refuses '.transports.udp.mtu = 70 | .node.hartbeat = 1' 'transports.udp.mtu: 70 is below' \
	'node.hartbeat: there is no such key'
refuses '.node.identity.key_file = "other.key"' 'node.identity: a change here needs a restart'
refuses '.node.identity.key_file = "none.key"' 'none.key'
refuses '.node.identity = {}' 'node.identity: a change here needs a restart'
refuses '.node.identity.nsec = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"' \
	'node.identity: a change here needs a restart'
refuses '.user = "nobody"' 'user: a change here needs a restart'
refuses '.aead.refuse = "libcrypto"' 'aead.refuse: a change here needs a restart'
refuses '.graph = "fusde"' 'there is no graph "fusde"; did you mean "fused"?'
refuses '.graph = "./none.json"' 'none.json'
refuses '.node.link_dead_timeout_secs = 5' 'are not longer than a heartbeat, which is 7 s'
refuses '.peers = [{ "npub": "npub1x", "addresses": [] }]' 'peers[0].npub'
refuses ".peers = [{ \"npub\": \"$npub\", \"addresses\": [] }]" 'peers[0]: has no address'
refuses '.http.listen = "unix:/nowhere/at/all"' '/nowhere/at/all'
refuses '.http.listen = "0.0.0.0:0"' 'http.listen'
cp mine.json whole.json
sed -i 's/"wait"/"wiat"/' mine.json
refuses . 'mine.json:' 'did you mean "wait"?'
jq '.stages |= del(.["tun-write"])' whole.json >mine.json
refuses . 'tun-write'
echo '{' >mine.json
refuses . 'mine.json:'
cp whole.json mine.json
cp n.json good.json
echo '{ "node": ' >n.json
reload 1 --unix "$dir/sock"
says 'n.json:2:1'
rm n.json
reload 1 --unix "$dir/sock"
says 'n.json: cannot read it'
cp good.json n.json
reload 0
says 'nothing changed'

# ---- how it is seen ----
metrics=$(curl -sS --unix-socket "$dir/sock" http://localhost/metrics)
for line in 'millrace_reloads_total{result="unchanged"} 3' 'millrace_reload_last_refused 0'; do
	printf '%s\n' "$metrics" | grep -qxF "$line" || fail "/metrics lacks: $line"
done
[ "$(stats .conservation)" = true ] || fail "packets are not conserved"

# ---- HTTP moves, and goes ----
reload 2 --pid $$
says "the node there is process $node"
jq ".http.listen = \"unix:$dir/moved\"" n.json >new.json && mv new.json n.json
reload 1 # nobody is at the new place yet
says 'If http.listen was changed, say where the node listens until then'
reload 0 --unix "$dir/sock"
says 'reloaded: new settings'
[ ! -e sock ] && [ -e moved ] || fail "HTTP has not moved"
reload 0 --pid "$node"
says 'nothing changed'
jq '.http.listen = "off"' n.json >new.json && mv new.json n.json
reload 2
says 'http.listen is off: name the process with --pid'
reload 0 --pid "$node"
says "process $node was told to reload; its log says how it went"
await 20 grep -q 'statistics are off' log || fail "HTTP goes on"

end "$node" || fail "the node ended with $?: $(cat log)"
grep -q 'did not come home' log && fail "packets are missing"
echo "$count reloads, $failed failures"
[ $failed = 0 ]
