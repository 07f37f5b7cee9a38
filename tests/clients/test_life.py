"""The life of a server as those see it who run it: probes, draining, systemd's protocols, the lines of the log."""

import http.client
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from mandoline import PROGRAM, PROJECT

SAMPLES = PROJECT / "samples"
PATIENCE = 60


class Life:
    """mandoline serve with an admin listener; what it says is kept line by line."""

    def __init__(self, *flags, environment=None, command=None, listen="127.0.0.1:0"):
        flags = [*(["--listen", listen, "--admin-listen", listen] if listen else []), "--data", str(SAMPLES), *flags]
        self.process = subprocess.Popen([*(command or []), PROGRAM, "serve", *flags], stderr=subprocess.PIPE, text=True,
                                        env=dict(os.environ, **(environment or {})))
        self.lines, self.changed = [], threading.Condition()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        self.port = int(self.says(r"mandoline \S+ listening on https?://[^:]+:(\d+)")[1])
        self.admin = int(self.says(r"for probes and metrics, listening on http://[^:]+:(\d+)")[1])

    def read(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line)
                self.changed.notify_all()

    def says(self, pattern, seconds=PATIENCE):
        """The first line that has the pattern, once there is one."""
        def find():
            return next((m for m in (re.search(pattern, line) for line in self.lines) if m), None)
        with self.changed:
            found = self.changed.wait_for(find, seconds)
        if not found:
            raise AssertionError(f"it never said {pattern}: {''.join(self.lines)[-3000:]}")
        return found

    def get(self, path, port=None, method="GET", headers=None, seconds=PATIENCE):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=seconds)
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()

    def json(self, path, port=None):
        status, body, _ = self.get(path, port)
        return status, json.loads(body)

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def end(self):
        status = self.process.wait(PATIENCE)
        self.reader.join()
        self.process.stderr.close()
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.signal()
        assert self.end() == 0, self.lines[-5:]


def eventually(what, seconds=PATIENCE):
    """What comes true in time."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)


class Probes(unittest.TestCase):
    def test_both_listeners_answer_probes(self):
        with Life() as life:
            for port in (life.port, life.admin):
                self.assertEqual((200, "ok"), (life.json("/healthz", port)[0], life.json("/healthz", port)[1]["status"]))
                self.assertEqual((200, {"status": "started"}), life.json("/startupz", port))
                status, document = life.json("/readyz", port)
                self.assertEqual((200, "ready"), (status, document["status"]))
                self.assertEqual(dict.fromkeys(["accepting", "data", "spool", "workers"], "ok"), document["checks"])
                status, body, headers = life.get("/readyz", port, "HEAD")
                self.assertEqual((200, b""), (status, body))

    def test_nothing_else_is_on_the_admin_listener(self):
        with Life() as life:
            for path in ("/v1/formats", "/v1/files", "/openapi.json", "/", "/healthz/x", "/readyz?x=1"):
                status, problem = life.json(path, life.admin)
                self.assertEqual((400 if "?" in path else 404, status), (status, problem["status"]), path)
            self.assertEqual(405, life.get("/healthz", life.admin, "POST")[0])
            self.assertEqual(200, life.get("/v1/formats")[0])

    def test_readiness_names_what_fails(self):
        """Without descriptors neither the folder nor the spool can be opened."""
        with Life() as life:
            kept = http.client.HTTPConnection("127.0.0.1", life.admin, timeout=PATIENCE)

            def ask(path):
                kept.request("GET", path)
                answer = kept.getresponse()
                return answer.status, json.loads(answer.read())

            self.assertEqual(200, ask("/readyz")[0])
            _, hard = resource.prlimit(life.process.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(life.process.pid, resource.RLIMIT_NOFILE, (3, hard))
            status, document = ask("/readyz")
            self.assertEqual((503, "not ready"), (status, document["status"]))
            self.assertEqual({"accepting": "ok", "data": "failed", "spool": "failed", "workers": "ok"},
                             document["checks"])
            self.assertIn("folder", document["reason"])
            self.assertEqual(200, ask("/healthz")[0])
            resource.prlimit(life.process.pid, resource.RLIMIT_NOFILE, (hard, hard))
            self.assertEqual(200, ask("/readyz")[0])
            kept.close()

    def test_probes_are_answered_under_load(self):
        """Every place for heavy work is taken, and every connection."""
        with Life("--limit-heavy", "1", "--limit-queue", "0", "--limit-connections", "4") as life:
            body = b"c__builtin__\nxrange\n(I0\nI1000000000\ntR."
            held = []
            for _ in range(60):
                s = socket.create_connection(("127.0.0.1", life.port))
                s.sendall(b"POST /v1/convert?from=pickle&to=json HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"
                          % (len(body), body))
                held.append(s)
            for port in (life.admin, life.port):
                for path in ("/healthz", "/readyz", "/startupz"):
                    self.assertEqual(200, life.get(path, port, seconds=20)[0], (port, path))
            while len(held) < 200:  # more than the main listener takes at all
                held.append(socket.create_connection(("127.0.0.1", life.port)))
            for path in ("/healthz", "/readyz", "/startupz"):
                self.assertEqual(200, life.get(path, life.admin, seconds=20)[0], path)
            for s in held:
                s.close()

    def test_health_command_asks_either(self):
        with Life() as life:
            done = subprocess.run([PROGRAM, "health", "--listen", f"127.0.0.1:{life.port}"], timeout=PATIENCE)
            self.assertEqual(0, done.returncode)


class Draining(unittest.TestCase):
    def test_readiness_ends_first(self):
        with Life("--drain-delay", "3") as life:
            kept = http.client.HTTPConnection("127.0.0.1", life.port, timeout=PATIENCE)
            kept.request("GET", "/v1/formats")
            kept.getresponse().read()
            life.signal()
            eventually(lambda: life.get("/readyz", life.admin)[0] == 503)
            status, document = life.json("/readyz", life.admin)
            self.assertEqual(("not ready", "draining", "failed"),
                             (document["status"], document["reason"], document["checks"]["accepting"]))
            self.assertEqual(200, life.get("/healthz", life.admin)[0])
            self.assertEqual(200, life.get("/startupz", life.admin)[0])
            self.assertEqual(200, life.get("/v1/formats")[0])  # a new connection is still taken
            kept.request("GET", "/v1/formats")  # one that is kept ends with its next answer
            answer = kept.getresponse()
            self.assertEqual((200, "close"), (answer.status, answer.headers["Connection"]))
            kept.close()
            self.assertEqual(0, life.end())
            with self.assertRaises(OSError):
                life.get("/healthz", seconds=2)

    def test_a_second_signal_ends_the_delay(self):
        with Life("--drain-delay", "3000") as life:
            life.signal()
            eventually(lambda: life.get("/readyz", life.admin)[0] == 503)
            life.signal()
            self.assertEqual(0, life.end())

    def test_a_rolling_restart_loses_nothing(self):
        """Clients that take whichever instance is ready, with connections they keep, while one after the other goes."""
        instances = [Life("--drain-delay", "1", "--log", "errors") for _ in range(2)]
        ready, failures, done, over = {}, [], [0], threading.Event()

        def watch():
            while not over.is_set():
                for life in list(instances):
                    try:
                        ready[life.port] = life.get("/readyz", life.admin, seconds=5)[0] == 200
                    except OSError:
                        ready[life.port] = False
                time.sleep(0.02)

        def work(number):
            connections = {}
            while not over.is_set():
                ports = sorted(port for port, ok in ready.items() if ok)
                if not ports:
                    continue
                port = ports[(number + done[0]) % len(ports)]
                connection = connections.setdefault(port, http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE))
                try:
                    connection.request("GET", "/v1/data/weather.h5?path=/temperature&slice=0:3&format=json")
                    answer = connection.getresponse()
                    answer.read()
                    assert answer.status == 200, answer.status
                    done[0] += 1
                except Exception as failure:
                    failures.append((port, repr(failure)))
                    connections.pop(port).close()
            for connection in connections.values():
                connection.close()

        threads = [threading.Thread(target=watch), *(threading.Thread(target=work, args=(i,)) for i in range(4))]
        for thread in threads:
            thread.start()
        try:
            for _ in range(2):
                eventually(lambda: sum(ready.values()) == 2)
                before = done[0]
                old = instances[0]
                old.signal()
                self.assertEqual(0, old.end())
                instances.remove(old)
                ready.pop(old.port, None)
                instances.append(Life("--drain-delay", "1", "--log", "errors"))
                self.assertGreater(done[0], before)
            self.assertEqual([], failures)
        finally:
            over.set()
            for thread in threads:
                thread.join()
            for life in instances:
                life.signal()
                self.assertEqual(0, life.end())


class Systemd(unittest.TestCase):
    def listen_for_notices(self, abstract):
        notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notices.settimeout(PATIENCE)
        if abstract:
            name = f"mandoline-test-{os.getpid()}-{id(notices)}"
            notices.bind("\0" + name)
            return notices, "@" + name
        folder = tempfile.mkdtemp()
        self.addCleanup(lambda: (os.unlink(f"{folder}/notify"), os.rmdir(folder)))
        notices.bind(f"{folder}/notify")
        return notices, f"{folder}/notify"

    def test_notices(self):
        for abstract in (False, True):
            notices, name = self.listen_for_notices(abstract)
            with notices, Life(environment={"NOTIFY_SOCKET": name}) as life:
                self.assertEqual(b"READY=1", notices.recv(1000))
                life.signal(signal.SIGHUP)
                before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000 - PATIENCE * 1000000
                word, when = notices.recv(1000).decode().split("\n")
                self.assertEqual("RELOADING=1", word)
                self.assertGreater(int(when.removeprefix("MONOTONIC_USEC=")), before)
                self.assertEqual(b"READY=1", notices.recv(1000))
                self.assertEqual(200, life.get("/healthz")[0])
                life.signal()
                self.assertEqual(b"STOPPING=1", notices.recv(1000))

    def test_watchdog(self):
        notices, name = self.listen_for_notices(True)
        with notices, Life(environment={"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "200000"}) as life:
            self.assertEqual(b"READY=1", notices.recv(1000))
            for _ in range(5):
                self.assertEqual(b"WATCHDOG=1", notices.recv(1000))
            life.signal()
            eventually(lambda: notices.recv(1000) == b"STOPPING=1")

    def test_variables_that_are_no_setting_are_told(self):
        environment = {"MANDOLINE_TOKEN": "/a", "MANDOLINE_TRUST-PROXY": "b", "MANDOLINE_": "c", "MANDOLINE_CONFIG": "",
                       "MANDOLINE_HSTS": "5", "MANDOLINE_PORT_8080_TCP": "tcp://a", "MANDOLINE_SERVICE_HOST": "a"}
        with Life(environment=environment) as life:
            life.says("MANDOLINE_TOKEN in the environment is no setting")
            self.assertEqual(200, life.get("/healthz")[0])
        told = [line for line in life.lines if "is no setting" in line]
        self.assertEqual(3, len(told), told)
        self.assertFalse([line for line in told if "/a" in line]) # it may be a secret

    def test_nobody_listens_for_notices(self):
        for name in ("/nonexistent/notify", "@", "relative", "/" + "x" * 200):
            with Life(environment={"NOTIFY_SOCKET": name}) as life:
                self.assertEqual(200, life.get("/healthz")[0])

    ACTIVATE = """
import os, socket, sys
names, program = sys.argv[1], sys.argv[2:]
sockets = []
for i, name in enumerate(names.split(":")):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if name == "datagrams" else socket.SOCK_STREAM)
    s.bind(("127.0.0.1", 0))
    if name not in ("datagrams", "deaf"):
        s.listen()
    sockets.append(s)
high = [os.dup2(s.fileno(), 100 + i) for i, s in enumerate(sockets)]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i)
    os.set_inheritable(3 + i, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(high)), LISTEN_FDNAMES=names)
os.execv(program[0], program)
"""

    def test_socket_activation(self):
        with Life(command=[sys.executable, "-c", self.ACTIVATE, "http:admin"], listen=None) as life:
            self.assertEqual(200, life.get("/v1/formats")[0])
            self.assertEqual(200, life.get("/readyz", life.admin)[0])
            self.assertEqual(404, life.get("/v1/formats", life.admin)[0])
            # A worker process is started, whose descriptors have the same numbers.
            self.assertEqual(200, life.get("/v1/tree/weather.h5")[0])

    @unittest.skipUnless(shutil.which("systemd-socket-activate"), "systemd is not there")
    def test_systemd_activates_it(self):
        """The first client makes it start; the second finds it."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        process = subprocess.Popen(["systemd-socket-activate", "-l", f"127.0.0.1:{port}", PROGRAM, "serve", "--data", str(SAMPLES)],
                                   stderr=subprocess.DEVNULL)
        try:
            def answers():
                try:
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
                    connection.request("GET", "/healthz")
                    return connection.getresponse().status == 200
                except ConnectionError:
                    return False
                finally:
                    connection.close()
            eventually(answers)
            self.assertTrue(answers())
        finally:
            process.terminate()
            self.assertEqual(0, process.wait(PATIENCE))

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not there")
    def test_the_units_are_well_formed(self):
        with tempfile.TemporaryDirectory() as folder:
            for unit in (PROJECT / "systemd").iterdir():
                text = unit.read_text()
                pathlib.Path(folder, unit.name).write_text(text.replace("/usr/local/bin/mandoline", PROGRAM))
            units = [str(unit) for unit in pathlib.Path(folder).iterdir()]
            self.assertEqual(3, len(units))
            done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=PATIENCE)
            ours = [line for line in done.stderr.splitlines() if "mandoline" in line]
            self.assertEqual((0, []), (done.returncode, ours), done.stderr)

    def test_what_is_handed_over_may_be_useless(self):
        for names in ("datagrams", "deaf", "http:web", "admin:admin"):
            done = subprocess.run([sys.executable, "-c", self.ACTIVATE, names, PROGRAM, "serve", "--listen", "127.0.0.1:0"],
                                  stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
            self.assertEqual(1, done.returncode, done)
            self.assertIn("LISTEN_FDS", json.loads(done.stderr)["event"])

    def test_sockets_of_another_process_are_left_alone(self):
        with Life(environment={"LISTEN_PID": "1", "LISTEN_FDS": "1"}) as life:
            self.assertEqual(200, life.get("/healthz")[0])


class Log(unittest.TestCase):
    def test_probes_are_not_logged(self):
        for level, logged in (("all", False), ("debug", True)):
            with Life("--log", level) as life:
                life.get("/healthz", headers={"X-Request-Id": "a-probe"})
                life.get("/v1/formats", headers={"X-Request-Id": "a-request"})
                self.assertTrue(life.says("a-request"))
                life.signal()
                life.end()
                self.assertEqual(logged, any("a-probe" in line for line in life.lines))

    def test_every_line_is_json(self):
        with Life() as life:
            life.get("/v1/formats")
            life.get("/%22%0a%00%ff", headers={"X-Request-Id": "hostile"})
            life.signal()
            life.end()
            lines = [json.loads(line) for line in life.lines]
            self.assertTrue(all({"time", "level"} <= line.keys() for line in lines))
            self.assertTrue(all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]) for line in lines))
            seconds = time.mktime(time.strptime(lines[0]["time"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
            self.assertLess(abs(time.time() - seconds), 2 * PATIENCE)
            events = [line["event"] for line in lines if "event" in line]
            self.assertTrue(events[0].startswith("mandoline "), events)
            self.assertEqual("stopping: not ready any more", events[-1])

    def test_lines_for_people(self):
        with Life("--log-format", "text") as life:
            life.get("/v1/formats")
            life.get("/nowhere")
            self.assertTrue(life.says(r"^\S+Z INFO  GET /v1/formats 200 .*ms=\d+\.\d+ .*remote=\"127.0.0.1\""))
            self.assertTrue(life.says(r"^\S+Z WARN  GET /nowhere 404 .*error=\"not-found\""))


if __name__ == "__main__":
    unittest.main()
