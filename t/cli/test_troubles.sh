#!/bin/sh
# What an operator meets on the second day: output that goes nowhere, ports and sockets that are taken, files
# that cannot be written, a node file that is of another node.  Each is said with its cause, and costs
# nothing else.  No device, no neighbour: nothing here needs rights.

. "${srcdir:-.}/t/lib/program.sh"
needs curl jq
unset COLUMNS NO_COLOR JOURNAL_STREAM
own_folder troubles

# begin NAME: a node in the background; $node is its process.
begin() {
	start "$1.log" "$millrace" run -c "$1.json"
	node=$started
	await 20 curl -sS --unix-socket "$dir/$1.sock" http://localhost/live || die "node $1 does not start: $(cat "$1.log")"
}

at=127.79.$(($$ / 250 % 250)).$(($$ % 250)) # of all that is loopback, a place of our own
for name in a b; do
	"$millrace" keygen --out $name.key >$name.id || exit 99
	cat >$name.json <<END
{ "node": { "identity": { "key_file": "$name.key" }, "control": { "socket_path": "$dir/$name.control" } },
  "transports": { "udp": { "bind_addr": "$at:2121" } }, "dns": { "enabled": false },
  "graph": "fused", "http": { "listen": "unix:$dir/$name.sock" } }
END
done
npub() { sed -n 's/^npub *//p' "$1.id"; }
jq ".peers = [ { \"npub\": \"$(npub b)\", \"addresses\": [ { \"transport\": \"udp\", \"addr\": \"$at:9\" } ] } ]" \
	a.json >c.json && mv c.json a.json || exit 99
begin a
a=$node

# ---- output that goes nowhere ----
full() {
	count=$((count + 1))
	what="$* on a full disk"
	"$millrace" "$@" 2>said >/dev/full
	code=$?
	[ $code = 1 ] || fail "$what: exit code $code"
	says 'millrace: standard output: No space left on device'
	[ "$(grep -c . said)" = 1 ] || fail "$what: says more"
	what="$* without an output"
	"$millrace" "$@" 2>said >&-
	code=$?
	[ $code = 1 ] || fail "$what: exit code $code"
	says 'millrace: standard output: Bad file descriptor'
}
if [ -c /dev/full ]; then
	full keygen
	full version
	full kinds
	full schema node
	full check -c a.json
	full graph fused -c a.json
	full stats -c a.json
	full stats -c a.json --json
	full show -c a.json status
	full top -c a.json --once -i 0.1
fi

# ---- what is taken ----
expect 1 run -c b.json
says "transports.udp: udp: $at:2121 cannot be bound: Address already in use; another program has it: ss -lnptu names it"
if grep -v '^20[0-9-]*T[0-9:.]*Z [a-z]* ' said | grep -q .; then
	fail "$what: lines without a time"
fi
jq ".transports.udp.bind_addr = \"192.0.2.1:2121\"" b.json >c.json
expect 1 run -c c.json
says "192.0.2.1:2121 cannot be bound: Cannot assign requested address; no device of this machine has that address"
jq ".transports.udp.bind_addr = \"$at:2122\" | .node.control.socket_path = \"$dir/a.control\"" b.json >c.json
expect 1 run -c c.json
says "node.control.socket_path: $dir/a.control is in use by another process"
jq ".transports.udp.bind_addr = \"$at:2122\" | .http.listen = \"unix:$dir/a.sock\"" b.json >c.json
expect 1 run -c c.json
says "c.json:$(sed -n '/"listen"/=' c.json):5: http.listen: unix:$dir/a.sock is in use by another process, perhaps another node"
expect 2 run -c none.json
says 'none.json: cannot read it: No such file or directory'

# ---- a capture that cannot be opened: its place in the graph ----
sed "s|\"file\": *\"[^\"]*\"|\"file\": \"$dir/none/x.pcapng\"|" "$top/graphs/tap.json" >tap.json
jq ".transports.udp.bind_addr = \"$at:2122\"" b.json >c.json
expect 1 run -c c.json -g ./tap.json
says "./tap.json:$(sed -n '/"pcapng": *{/=' tap.json):"
says "stages.pcapng: file: cannot open $dir/none/x.pcapng: No such file or directory"

# ---- a node file that is of another node ----
jq ".node.control.socket_path = \"$dir/a.control\"" b.json >c.json
expect 0 show -c c.json status
says "warning: c.json is of $(npub b), and at $dir/a.control another node answers, $(npub a)"
expect 1 disconnect -c c.json "$(npub b)"
says "c.json is of $(npub b), and at $dir/a.control another node answers, $(npub a); --socket PATH tells that one"
expect 0 show -c a.json status
lacks warning
expect 0 disconnect -c a.json "$(npub b)"
lacks warning
jq ".http.listen = \"unix:$dir/a.sock\"" b.json >c.json
expect 1 reload -c c.json
says "c.json is of $(npub b), and the node that answers at unix:$dir/a.sock is $(npub a): another one"
for asks in stats "stats --json" "top --once -i 0.1" "graph --json"; do
	expect 0 $asks -c c.json
	says "warning: c.json is of $(npub b), and at unix:$dir/a.sock another node answers, $(npub a)"
	expect 0 $asks -c a.json
	lacks warning
done
jq '.node.control = { "enabled": false }' b.json >c.json
expect 2 show -c c.json status
says 'c.json: node.control.enabled is false: the node answers nobody'
long=$dir/$(printf '%0120d' 0)
expect 2 show -s "$long" status
says "$long is too long for a socket's path"
expect 1 show -s "$dir/none" status
says "nobody answers at unix:$dir/none: No such file or directory; no node runs with its socket there"

# ---- the same in YAML ----
cat >a.yaml <<END
node: { identity: { key_file: a.key }, control: { socket_path: $dir/a.control } }
transports: { udp: { bind_addr: "$at:2121" } }
http: { listen: "unix:$dir/a.sock" }
END
expect 0 stats -c a.yaml
expect 0 show -c a.yaml status
expect 0 reload -c a.yaml
says 'nothing changed'

# ---- counters ----
expect 0 stats -c a.json
lacks 'counted since the start'
expect 0 stats -c a.json --counters
says 'counted since the start:'
says '  tx-gso: send-calls'

# ---- a node that was killed leaves its sockets, and they are no trouble ----
kill -KILL "$a"
wait "$a" 2>/dev/null
[ -S a.control ] && [ -S a.sock ] || fail "no sockets were left"
expect 1 show -c a.json status
says "nobody answers at unix:$dir/a.control: Connection refused; the node that made it has ended"
begin a
expect 0 show -c a.json status
end "$node" || fail "the node ended with $?: $(cat a.log)"

# ---- without descriptors, none of its own takes the place of the log ----
"$millrace" run -c a.json 2>&- >&- <&- &
node=$!
pids="$pids $node"
tries=200
until curl -sS --unix-socket "$dir/a.sock" http://localhost/live >/dev/null 2>&1; do
	tries=$((tries - 1))
	[ $tries -gt 0 ] || { fail "a node without descriptors does not start"; break; }
	sleep 0.05
done
for fd in 0 1 2; do
	# a process that closes itself to others shows these to root alone
	there=$(readlink "/proc/$node/fd/$fd") || continue
	[ "$there" = /dev/null ] || fail "descriptor $fd is $there"
done
end "$node" || fail "the node ended with $?"

# ---- a node that is somewhere else: the process of its number here is another ----
if command -v python3 >/dev/null; then
	sleep 60 &
	other=$!
	pids="$pids $other"
	cat >elsewhere.py <<'END'
import socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(1)
while True:
    client, _ = server.accept()
    client.recv(65536)
    body = '{"pid": %s, "reload": {"done": 0}}' % sys.argv[2]
    client.sendall(('HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' % (len(body), body)).encode())
    client.close()
END
	python3 elsewhere.py "$dir/else" $other &
	pids="$pids $!"
	tries=100
	until [ -S else ]; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || break
		sleep 0.05
	done
	expect 1 reload --unix "$dir/else" -c none.json
	says "the node that answers says it is process $other, and here that is sleep: it runs elsewhere"
	kill -0 $other || fail "another process was told"
fi

# ---- a probe: what its exit code makes of the answer ----
if command -v python3 >/dev/null; then
	cat >probed.py <<'END'
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind("probed")
server.listen(1)
while True:
    client, _ = server.accept()
    data = {"probe_id": 1, "state": "done", "report": json.load(open("report"))}
    client.recv(4096)
    client.sendall((json.dumps({"status": "ok", "data": data}) + "\n").encode())
    client.close()
END
	python3 probed.py &
	pids="$pids $!"
	await 5 test -S probed || fail "nobody to probe"
	while read -r code overall reason; do
		echo "{\"overall\": \"$overall\", \"rtt\": {\"reason\": \"$reason\"}}" >report
		expect "$code" probe -s "$dir/probed" bob
	done <<-END
		0 ok
		0 partial sub_millisecond
		1 partial no_report
		1 partial
		1 failed sub_millisecond
		1 cancelled
	END
fi

echo "$count commands, $failed failures"
[ $failed = 0 ]
