#!/bin/sh
# names.sh - a peer that the node file gives by name, and a resolver that loses a question, says that there is no such
# name, and then another address than before.
#
#     a: dials b.example   veth-a ---- veth-b   b: 10.77.0.2, later 10.77.0.22, dials nobody
#     127.0.0.1:53, the resolver

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
command -v python3 >/dev/null || skip "there is no python3"
[ -f /etc/resolv.conf ] || skip "there is no /etc/resolv.conf"
enter_or_skip "$0" "$@"
begin_wire names two-core
lay_veth
ip -n b address add 10.77.0.22/24 dev veth-b || die "no second address for b"
new_pair
cd "$work" || exit 1
bad=0

# ---- the resolver ----

# Answers A of b.example with what the file `answer` says, "none" for no such name; the first question is lost.  AAAA:
# there is none.  Writes a line for each question.
cat >resolver.py <<'END'
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
lost = False
while True:
    q, who = s.recvfrom(512)
    end = q.index(b"\0", 12) + 5
    kind = struct.unpack(">H", q[end - 4:end - 2])[0]
    answer = open("answer").read().strip()
    print(kind, answer if lost else "lost", flush=True)
    if not lost:
        lost = True
        continue
    head = struct.pack(">2sHHHHH", q[:2], 0x8183 if answer == "none" else 0x8180, 1, int(kind == 1 and answer != "none"), 0, 0)
    body = b"" if kind != 1 or answer == "none" else b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 1, 4) + socket.inet_aton(answer)
    s.sendto(head + q[12:end] + body, who)
END
echo "10.77.0.2" >answer
printf 'nameserver 127.0.0.1\noptions timeout:1\n' >resolv.conf
mount --bind resolv.conf /etc/resolv.conf || skip "resolv.conf cannot be another one here"
start questions ip netns exec a python3 resolver.py
resolver=$started

# ---- two nodes ----

# start_b ADDRESS: it listens there
start_b()
{
	jq --arg at "$1:2121" '.peers = [] | .transports.udp.bind_addr = $at' b.json >b.new && mv b.new b.json || die "no file for b"
	start_node b
}
jq '.peers[0].addresses[0].addr = "b.example:2121" | .node.rate_limit = { handshake_timeout_secs: 2 } | .node.retry = { base_interval_secs: 1, max_backoff_secs: 2 }' \
	a.json >a.new && mv a.new a.json || die "no file for a"
"$millrace" check -c a.json >said 2>&1 || die "a.json is not right: $(cat said)"
start_b 10.77.0.2
start_node a
await_reach a b
grep -q lost questions || wrong "no question was lost: $(cat questions)"

# away, and with no name; then at another address
echo none >answer
end "$node_b" || wrong "b ended with $?"
await 40 grep -q 'b.example: no address found' a.log || wrong "a does not say that the name is gone: $(tail -n 5 a.log)"
echo "10.77.0.22" >answer
start_b 10.77.0.22
await 60 ip netns exec a ping -6 -c 1 -W 1 "$b6" || lament "a does not find where b has gone"
grep -q 'b.example: an address is found again' a.log || wrong "a does not say that the name is there again"
curl -sS --unix-socket a.sock http://localhost/peers >peers
grep -q '10\.77\.0\.22' peers || wrong "a has b elsewhere: $(cat peers)"

nodes="a b"
end_all_nodes
end "$resolver"
say "$(wc -l <questions) questions"
[ "$bad" -eq 0 ]
