#!/bin/sh
# `millrace top' and `millrace graph' at a running node: plain frames, and on a terminal (where python3
# lends one) keys, sizes, a node that goes and comes back, and the terminal as it was whatever ends it.
# No device, no neighbour: nothing here needs rights.

. "${srcdir:-.}/t/lib/program.sh"
unset COLUMNS NO_COLOR
own_folder top

"$millrace" keygen --out n.key >/dev/null || exit 99
cat >n.json <<END
{ "node": { "identity": { "key_file": "n.key" }, "control": { "enabled": false } },
  "transports": { "udp": { "bind_addr": "127.0.0.1:0" } },
  "dns": { "enabled": false },
  "peers": [ { "npub": "npub1sjlh2c3x9w7kjsqg2ay080n2lff2uvt325vpan33ke34rn8l5jcqawh57m", "alias": "nobody",
               "addresses": [ { "transport": "udp", "addr": "127.0.0.1:9" } ] } ],
  "graph": "two-core",
  "http": { "listen": "unix:$dir/sock" } }
END

# ---- without a node ----
expect 1 top --once --unix "$dir/sock"
says "nobody answers at unix:$dir/sock"
expect 1 graph --live --unix "$dir/sock"
says "nobody answers"
expect 2 top --url a --unix b
says "exclude one another"
for i in 0 -1 0.05 x 1x 86401 nan; do
	expect 2 top --interval "$i"
	says "--interval: $i is not a number of seconds in [0.1, 86400]"
done
expect 2 top now
says '"now" is one word too many'

# ---- a graph file ----
expect 0 graph two-core
says 'graph two-core: '
says '+- in -----'
says '| fsp-seal      '
lacks '| tcp '
expect 0 graph two-core --json
grep -q '"graph": "two-core"' said || fail "graph --json: no JSON"
expect 0 graph staged --dot --set fsp-seal.threads=4
says 'label="fsp-seal x 4"'
if command -v dot >/dev/null; then
	for graph in dealt fused router staged two-core; do
		"$millrace" graph "$graph" --dot >graph.dot 2>said && dot -Tsvg graph.dot >graph.svg 2>said ||
			fail "graph $graph --dot: not what graphviz reads"
		grep -q '</svg>' graph.svg || fail "graph $graph --dot: no picture"
	done
fi
# Texts of a file are data, whatever is in them.
sed 's/"summary": *"/&\\"];\\\\ \\n\\u001b[2J{\\u009b/' "$top/graphs/fused.json" >odd.json
grep -q u001b odd.json || fail "no odd graph"
for form in "" --dot --json; do
	# shellcheck disable=SC2086 # no word is none
	expect 0 graph ./odd.json $form
	if grep -q "$(printf '\033\\|\302\233')" said; then fail "graph $form: an escape"; fi
done
if command -v dot >/dev/null; then
	"$millrace" graph ./odd.json --dot >graph.dot && dot -Tsvg graph.dot >graph.svg 2>said ||
		fail "graph with odd texts: not what graphviz reads"
fi
expect 2 graph fusde
says 'there is no graph "fusde"; did you mean "fused"?'
expect 2 graph two-core --set rx.threads=4
says '--set: stages.rx.threads: 4 are too many'
expect 2 graph two-core --live
says 'are of a running node'
expect 2 graph --dot --json
says 'exclude one another'
expect 2 graph --set rx.threads=4
says '--set changes what a GRAPH says'
expect 2 graph one two
says '"two" is one word too many'

# ---- a node, plain ----
start_node -c n.json
expect 0 top --interval 0.1 --unix "$dir/sock"
says 'millrace '
says 'graph two-core'
says '0 peers up, 1 down, 0 sessions'
says 'every packet accounted for'
says 'tx-gso'
says 'rx.handshakes > control'
says 'nobody  '
lacks nan
if grep -q "$(printf '\033')" said; then fail "top: an escape in plain text"; fi
[ "$(awk 'length > 100' said)" = "" ] || fail "top: wider than 100"
COLUMNS=80 expect 0 top --once -i 0.1 -c n.json
[ "$(awk 'length > 80' said)" = "" ] || fail "top: wider than COLUMNS"
expect 0 graph -i 0.1 --unix "$dir/sock"
says '+- out ----'
says ' idle '
expect 0 graph --json --unix "$dir/sock"
says '"graph": "two-core"'
expect 0 graph --dot --unix "$dir/sock"
says 'digraph "two-core"'

# ---- stats: the table, and what came since ----
expect 0 stats --unix "$dir/sock"
says 'stage               in     out'
says 'every packet accounted for'
lacks 'in the last'
expect 0 stats --json -c n.json
says '"conservation": true'
count=$((count + 1))
start said "$millrace" stats --watch --interval 1 --unix "$dir/sock"
await 20 grep -q '^in the last [0-9]*\.[0-9] s' said || fail "stats --watch: the time is not told"
end "$started"
grep -q '^stage  .*in/s' said || fail "stats --watch: no table of rates"

# ---- a node, on a terminal ----
if ! python3 -c 'import pty, termios, fcntl' 2>/dev/null; then
	end "$node"
	echo "$count runs, $failed failures; there is no python3: nothing was tried on a terminal"
	[ $failed = 0 ] && exit 77
	exit 1
fi

cat >terminal.py <<'END'
# drive.py MILLRACE SOCKET: each act is a run of the program on a terminal of its own.
import fcntl, os, pty, re, select, signal, struct, subprocess, sys, termios, time

millrace, sock, start = sys.argv[1:4]
failed = 0

class Screen:
    """As much of a terminal as the program uses."""
    def __init__(self, rows, cols):
        self.rows, self.cols = rows, cols
        self.cell = [[' '] * cols for _ in range(rows)]
        self.y = self.x = 0
        self.alternate = self.hidden = False
        self.odd = []
        self.red = ''
        self.style = '0'
        self.rest = ''
    def text(self):
        return '\n'.join(''.join(r).rstrip() for r in self.cell)
    def feed(self, data):
        data = self.rest + data
        self.rest = ''
        at = 0
        while at < len(data):
            c = data[at]
            if c == '\033':
                m = re.compile(r'\033\[(\??[0-9;]*)([A-Za-z])').match(data, at)
                if not m:
                    self.rest = data[at:]
                    return
                at = m.end()
                self.obey(m.group(1), m.group(2))
                continue
            at += 1
            if c == '\r': self.x = 0
            elif c == '\n': self.y = min(self.y + 1, self.rows - 1)
            elif ' ' <= c <= '~':
                if self.x >= self.cols:
                    self.odd.append('a row that is too long')
                    continue
                self.cell[self.y][self.x] = c
                self.red += c if '31' in self.style else ''
                self.x += 1
            else: self.odd.append(repr(c))
    def obey(self, arg, what):
        if what == 'H': self.y = self.x = 0; self.red = ''
        elif what == 'K': self.cell[self.y][self.x:] = [' '] * (self.cols - self.x)
        elif what == 'J':
            if arg == '2': self.cell = [[' '] * self.cols for _ in range(self.rows)]
            else:
                self.cell[self.y][self.x:] = [' '] * (self.cols - self.x)
                for i in range(self.y + 1, self.rows): self.cell[i] = [' '] * self.cols
        elif what == 'm': self.style = arg
        elif (arg, what) in (('?1049', 'h'), ('?1049', 'l')): self.alternate = what == 'h'
        elif (arg, what) in (('?25', 'h'), ('?25', 'l')): self.hidden = what == 'l'
        else: self.odd.append(arg + what)

class Run:
    def __init__(self, *args, rows=24, cols=80, term='xterm'):
        self.master, slave = pty.openpty()
        self.size(rows, cols)
        self.before = termios.tcgetattr(slave)
        env = dict(os.environ, TERM=term)
        def own():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        self.slave = slave
        self.p = subprocess.Popen([millrace, *args, '--unix', sock], stdin=slave, stdout=slave,
                                  stderr=slave, env=env, preexec_fn=own)
        self.screen = Screen(rows, cols)
    def size(self, rows, cols):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack('HHHH', rows, cols, 0, 0))
    def resize(self, rows, cols):
        self.screen = Screen(rows, cols)
        self.size(rows, cols)
    def read(self, wait):
        ready, _, _ = select.select([self.master], [], [], wait)
        if ready:
            try: self.screen.feed(os.read(self.master, 65536).decode('latin-1'))
            except OSError: return False
        return bool(ready)
    def key(self, keys):
        os.write(self.master, keys.encode())
    def until(self, what, seen, patience=30):
        end = time.monotonic() + patience
        while not seen(self.screen):
            if time.monotonic() > end:
                return fail(what, self.screen)
            self.read(0.05)
        if self.screen.odd: fail(what + ': ' + str(self.screen.odd[:3]), self.screen)
    def shows(self, *texts):
        self.until('shows ' + ' and '.join(texts), lambda s: all(t in s.text() for t in texts))
    def ends(self, how, code):
        end = time.monotonic() + 30
        while self.p.poll() is None and time.monotonic() < end: self.read(0.05)
        while self.read(0): pass
        if self.p.poll() is None:
            fail(how + ' does not end it', self.screen)
            self.p.kill()
            self.p.wait()
        elif self.p.returncode != code: fail('%s: it ends with %s' % (how, self.p.returncode), self.screen)
        if self.screen.alternate or self.screen.hidden: fail(how + ': the screen is not given back', self.screen)
        if termios.tcgetattr(self.slave) != self.before: fail(how + ': the terminal is another', self.screen)
        os.close(self.master)
        os.close(self.slave)

def fail(what, screen):
    global failed
    failed += 1
    print('FAIL: terminal:', what)
    print('\n'.join('  | ' + line for line in screen.text().split('\n')))

FAST = ('top', '-i', '0.1')

r = Run(*FAST)
r.shows('millrace ', 'graph two-core', 'every packet accounted for', 'stage', 'q quit', '1-21 of ')
if not (r.screen.alternate and r.screen.hidden): fail('a screen of its own', r.screen)
r.until('1 down is red', lambda s: ', 1 down' in s.red)
r.until('rates of the interval', lambda s: re.search(r' in 0\.\ds', s.text()))
r.key('s'); r.shows('stage by pkt/s')
r.key('ss'); r.shows('stage by busy')
r.key('d'); r.shows('dropped because')
r.key('d'); r.shows('stage by busy')
r.key('\033[B'); r.shows('2-22 of ')
r.key('\033[6~'); r.until('a page down', lambda s: not re.search(r' [12]-2', s.text()))
r.key('G'); r.until('the end', lambda s: re.search(r'-(\d+) of \1$', s.text()) and 'nobody' in s.text())
r.key('\033[H'); r.shows('1-21 of ')
r.key(' '); r.shows('PAUSED')
r.key(' '); r.until('goes on', lambda s: 'PAUSED' not in s.text())
r.resize(40, 120); r.shows('1-30 of 30')
r.resize(8, 40); r.shows('1-5 of ')
r.resize(2, 9); r.until('tiny', lambda s: 'q quit' in s.text())
r.key('q'); r.ends('q', 0)

for signo in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
    r = Run(*FAST)
    r.shows('q quit')
    r.p.send_signal(signo)
    r.ends(signo.name, -signo)
r = Run(*FAST)
r.shows('q quit')
r.key('\003'); r.ends('Ctrl-C', -signal.SIGINT)

# Stopped, the terminal is given back; going on takes it again.
r = Run(*FAST)
r.shows('q quit')
r.p.send_signal(signal.SIGTSTP)
r.until('gives it back to stop', lambda s: not s.alternate and not s.hidden)
os.waitpid(r.p.pid, os.WUNTRACED)
r.p.send_signal(signal.SIGCONT)
r.until('takes it again', lambda s: s.alternate and 'q quit' in s.text())
r.key('q'); r.ends('q after a stop', 0)

r = Run('graph', '--live', '-i', '0.1')
r.shows('+- in --', ' busy ', 'q quit')
r.key('q'); r.ends('q in a graph', 0)

# No terminal that knows the sequences: one frame.
r = Run(*FAST, term='dumb')
r.until('plain', lambda s: 'nobody' in s.text() or r.p.poll() is not None)
r.ends('dumb', 0)

# A node that goes, and comes back as another.
r = Run(*FAST)
r.until('rates of the interval', lambda s: re.search(r' in 0\.\ds', s.text()))
os.kill(int(open('node.pid').read()), signal.SIGTERM)
r.until('tells of the absence', lambda s: 'GONE for ' in s.red and 'tx-gso' in s.text())
node = subprocess.Popen([millrace, 'run', '-c', 'n.json'], stdout=open('log', 'a'), stderr=subprocess.STDOUT)
r.until('tells of the restart', lambda s: 'restarted ' in s.red and 'GONE' not in s.text())
r.until('and goes on', lambda s: re.search(r' in 0\.\ds', s.text()) and 'nan' not in s.text())
node.terminate()
if node.wait() != 0: fail('the node ends badly', r.screen)
r.shows('GONE for ')
r.key('q'); r.ends('q without a node', 0)

sys.exit(failed > 0)
END
echo "$node" >node.pid
count=$((count + 1))
python3 terminal.py "$millrace" "$dir/sock" start || failed=$((failed + 1))
wait "$node" || fail "the node ends with $?"
forget "$node"

echo "$count runs, $failed failures"
[ $failed = 0 ]
