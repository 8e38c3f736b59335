#!/usr/bin/env python3
"""browse.py - open a page in a headless Chromium and do to it what standard input says, a step a line.

    browse.py CHROMIUM URL <steps

    wait JS         until the expression is true, for half a minute at most
    check JS        it is true now
    print JS        its value, as JSON
    press SELECTOR  with the mouse, in the middle of the element
    touch SELECTOR  with a finger
    key KEY         on the keyboard, to whatever has the focus
    size W H [phone]
    dark, light     what the reader likes
    shot FILE       PNG of the window; `shot FILE whole' of all of the page
    shows #rrggbb N at least N dots of the window have exactly this colour
    gone            from here on the server may be away

The end is a failure if a step failed, the console showed an error, or anything was asked for that is
not below URL.  Talks to the browser over two pipes (--remote-debugging-pipe); Python's own library only.
"""
import base64, fcntl, json, os, select, shutil, signal, struct, sys, tempfile, time, zlib

FLAGS = ("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
         "--disable-component-update --disable-sync --disable-dev-shm-usage --disable-extensions "
         "--force-color-profile=srgb --hide-scrollbars --mute-audio --remote-debugging-pipe").split()
PATIENCE = 30


def dots(png):
    """The rows of a PNG of 8 bits a sample as bytes, and the samples of a dot (3 or 4)."""
    at, data, wide, samples = 8, b"", 0, 0
    while at < len(png):
        n, kind = struct.unpack(">I4s", png[at:at + 8])
        if kind == b"IHDR":
            wide, _, depth, colour = struct.unpack(">IIBB", png[at + 8:at + 18])
            samples = {2: 3, 6: 4}[colour]
            assert depth == 8
        elif kind == b"IDAT":
            data += png[at + 8:at + 8 + n]
        at += 12 + n
    data, rows, before = zlib.decompress(data), [], bytes(wide * samples)
    for r in range(0, len(data), 1 + wide * samples):
        how, row = data[r], bytearray(data[r + 1:r + 1 + wide * samples])
        for i in range(len(row)):
            left = row[i - samples] if i >= samples else 0
            up, corner = before[i], before[i - samples] if i >= samples else 0
            if how == 1:
                row[i] = row[i] + left & 255
            elif how == 2:
                row[i] = row[i] + up & 255
            elif how == 3:
                row[i] = row[i] + (left + up) // 2 & 255
            elif how == 4:
                near = min((abs(up - corner), 0, left), (abs(left - corner), 1, up),
                           (abs(left + up - 2 * corner), 2, corner))[2]
                row[i] = row[i] + near & 255
        rows.append(before := bytes(row))
    return rows, samples


class Browser:
    def __init__(self, program, profile):
        for_it, to_it = os.pipe()
        from_it, by_it = os.pipe()
        child = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20) for fd in (for_it, by_it)]
        quiet = os.open(os.devnull, os.O_RDWR)
        argv = [program, *FLAGS, "--user-data-dir=" + profile, "about:blank"]
        self.pid = os.posix_spawn(program, argv, dict(os.environ, HOME=profile), setpgroup=0, file_actions=[
            (os.POSIX_SPAWN_DUP2, quiet, 1), (os.POSIX_SPAWN_DUP2, quiet, 2),
            (os.POSIX_SPAWN_DUP2, child[0], 3), (os.POSIX_SPAWN_DUP2, child[1], 4)])
        for fd in (for_it, by_it, quiet, *child):
            os.close(fd)
        self.to, self.at = to_it, from_it
        self.buffer, self.next, self.session = b"", 0, None
        self.asked, self.errors, self.origin, self.may_be_gone = [], [], "", False

    def end(self):
        os.close(self.to)
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self.pid, 0)

    def message(self, until):
        while b"\0" not in self.buffer:
            if not select.select([self.at], [], [], max(0, until - time.monotonic()))[0]:
                return None
            some = os.read(self.at, 1 << 16)
            if not some:
                raise SystemExit("browse: the browser ended")
            self.buffer += some
        one, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(one)

    def note(self, m):
        method, p = m.get("method"), m.get("params", {})
        if method == "Network.requestWillBeSent":
            self.asked.append(p["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(p["exceptionDetails"])[:600])
        elif method == "Runtime.consoleAPICalled" and p["type"] in ("error", "assert"):
            self.errors.append(json.dumps(p["args"])[:600])
        elif method == "Log.entryAdded" and p["entry"]["level"] == "error":
            if not (self.may_be_gone and p["entry"]["source"] == "network"):
                self.errors.append(p["entry"]["text"] + " " + p["entry"].get("url", ""))

    def call(self, method, **params):
        self.next += 1
        m = {"id": self.next, "method": method, "params": params}
        if self.session:
            m["sessionId"] = self.session
        os.write(self.to, json.dumps(m).encode() + b"\0")
        until = time.monotonic() + PATIENCE
        while True:
            got = self.message(until)
            if got is None:
                raise SystemExit("browse: no answer to " + method)
            if got.get("id") == self.next:
                if "error" in got:
                    raise SystemExit("browse: %s: %s" % (method, got["error"]))
                return got["result"]
            self.note(got)

    def drain(self, for_s):
        until = time.monotonic() + for_s
        while (got := self.message(until)) is not None:
            self.note(got)

    def value(self, js):
        r = self.call("Runtime.evaluate", expression=js, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in r:
            return "thrown: " + r["exceptionDetails"].get("exception", {}).get("description", "?")
        return r["result"].get("value")

    def open(self, url):
        self.origin = url
        page = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.size("1280", "900")
        self.call("Page.navigate", url=url)

    # ---- steps ----

    def size(self, w, h, phone=""):
        self.call("Emulation.setDeviceMetricsOverride", width=int(w), height=int(h), deviceScaleFactor=1,
                  mobile=bool(phone))

    def likes(self, how):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": how}])

    def wait(self, js):
        until = time.monotonic() + PATIENCE
        while self.value(js) is not True:
            if time.monotonic() > until:
                raise SystemExit("browse: not so in %d s: %s (%s)" % (PATIENCE, js, self.value(js)))
            self.drain(0.1)

    def middle(self, selector):
        at = self.value("(e => { if (!e) return null; e.scrollIntoView({ block: 'center' });"
                        "const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })"
                        "(document.querySelector(%s))" % json.dumps(selector))
        if not isinstance(at, list):
            raise SystemExit("browse: there is no %s (%s)" % (selector, at))
        return at

    def press(self, selector):
        x, y = self.middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def touch(self, selector):
        x, y = self.middle(selector)
        self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def key(self, name):
        text = "\r" if name == "Enter" else ""
        code = {"Enter": 13, "Tab": 9}.get(name, 0)
        self.call("Input.dispatchKeyEvent", type="keyDown", key=name, code=name, text=text,
                  windowsVirtualKeyCode=code)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=name, code=name, windowsVirtualKeyCode=code)

    def picture(self, whole=False):
        clip = {}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"clip": dict(x=0, y=0, width=size["width"], height=size["height"], scale=1)}
        return base64.b64decode(self.call("Page.captureScreenshot", format="png",
                                          captureBeyondViewport=whole, **clip)["data"])

    def shot(self, file, whole=""):
        with open(file, "wb") as f:
            f.write(self.picture(bool(whole)))

    def shows(self, colour, least):
        rows, samples = dots(self.picture())
        wanted, n = bytes.fromhex(colour[1:]), 0
        for row in rows:
            n += sum(row[i:i + 3] == wanted for i in range(0, len(row), samples))
        if n < int(least):
            raise SystemExit("browse: %d dots are %s" % (n, colour))

    def step(self, line):
        word, _, rest = line.partition(" ")
        if word == "wait":
            self.wait(rest)
        elif word == "check":
            got = self.value(rest)
            if got is not True:
                raise SystemExit("browse: not so: %s (%s)" % (rest, got))
        elif word == "print":
            print(json.dumps(self.value(rest), ensure_ascii=False), flush=True)
        elif word in ("press", "touch", "key"):
            getattr(self, word)(rest)
        elif word in ("size", "shot", "shows"):
            getattr(self, word)(*rest.split())
        elif word in ("dark", "light"):
            self.likes(word)
        elif word == "gone":
            self.may_be_gone = True
        else:
            raise SystemExit("browse: what is " + line)


def main():
    program, url = sys.argv[1:]
    profile = tempfile.mkdtemp(prefix="browse-")
    browser = Browser(program, profile)
    try:
        browser.open(url)
        for line in sys.stdin:
            if line.strip() and not line.startswith("#"):
                browser.step(line.strip())
        browser.drain(0.2)
        others = [a for a in browser.asked if not a.startswith((url, "data:", "about:"))]
        if browser.errors or others or not browser.asked:
            raise SystemExit("browse: errors %s, asked elsewhere %s" % (browser.errors, others))
    finally:
        browser.end()
        shutil.rmtree(profile, ignore_errors=True)


main()
