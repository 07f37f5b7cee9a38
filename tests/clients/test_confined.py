"""What the running server has given up, and the process that starts workers for it."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import unittest

from mandoline import PROGRAM, PROJECT, Server, has_ended, kill, supervisor, wait_until, workers

WITHOUT = os.environ.get("WITHOUT", str(PROJECT / "build/dev/tests/support/without"))


def status(pid, thread=None):
    path = f"/proc/{pid}/status" if thread is None else f"/proc/{pid}/task/{thread}/status"
    return dict(re.findall(r"^(\w+):\s*(.*)$", pathlib.Path(path).read_text(), re.MULTILINE))


class Started:
    """A server whose log is read to its end."""

    def __init__(self, *flags, prefix=(), environment=None):
        self.process = subprocess.Popen([*prefix, PROGRAM, "serve", "--listen", "127.0.0.1:0", "--data",
                                         str(PROJECT / "samples"), *flags],
                                        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                                        env={**os.environ, **(environment or {})})

    def wait(self):
        log = self.process.stderr.read()
        self.process.stderr.close()
        return self.process.wait(timeout=60), log

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def address(self):
        found = re.search(r"http://([^:/]+):(\d+)", self.process.stderr.readline())
        return found[1], int(found[2])


def gaps(log):
    """The names in the events of a log."""
    events = [json.loads(line).get("event", "") for line in log.splitlines() if line.startswith("{")]
    return [event.split(": ")[1] for event in events if event.startswith("sandbox: ")]


def gaps_here():
    server = Started()
    server.address()
    return gaps(server.stop()[1])


HERE = gaps_here()
VITAL = {"no-new-privs", "landlock", "landlock-truncate", "seccomp", "workers", "sanitizers"}
whole = unittest.skipIf(VITAL & set(HERE), f"not all can be given up here: {HERE}")


class Rights(unittest.TestCase):
    @whole
    def test_every_thread_has_given_up(self):
        server = Server(str(PROJECT / "samples"))
        self.addCleanup(server.stop)
        self.assertEqual(200, server.get("/v1/data/weather.h5", path="/temperature").status)
        pid = server.process.pid
        threads = os.listdir(f"/proc/{pid}/task")
        self.assertGreater(len(threads), 1)
        for thread in threads:
            self.assertEqual(("2", "1"), (status(pid, thread)["Seccomp"], status(pid, thread)["NoNewPrivs"]))
        self.assertTrue(workers(pid))
        for other in (supervisor(pid), *workers(pid)):
            self.assertEqual(("2", "1"), (status(other)["Seccomp"], status(other)["NoNewPrivs"]))

    def test_off_keeps_all(self):
        server = Server(str(PROJECT / "samples"), "--sandbox", "off")
        self.addCleanup(server.stop)
        self.assertEqual("0", status(server.process.pid)["Seccomp"])
        self.assertEqual(200, server.get("/v1/data/weather.h5", path="/temperature").status)

    def test_what_is_served_is_still_served(self):
        """Big bodies are spooled, HDF5 files written, in the folder that TMPDIR names."""
        os.environ["TMPDIR"] = "/var/tmp"
        self.addCleanup(os.environ.pop, "TMPDIR")
        server = Server(str(PROJECT / "samples"), "--limit-body-memory=1k")
        self.addCleanup(server.stop)
        numbers = list(range(10000))
        body = json.dumps(numbers).encode()
        back = server.request("POST", "/v1/convert", body, {"Content-Type": "application/json"}, to="hdf5")
        self.assertEqual(200, back.status, back)
        again = server.request("POST", "/v1/convert", back.body, {"Content-Type": "application/x-hdf5"}, to="json")
        self.assertEqual((200, numbers), (again.status, json.loads(again.body)))
        self.assertEqual(200, server.get("/v1/files").status)

    def test_an_unknown_mode_is_refused(self):
        done = subprocess.run([PROGRAM, "serve", "--sandbox=maybe"], capture_output=True, text=True, timeout=60)
        self.assertEqual(2, done.returncode)
        self.assertIn("auto|require|off", done.stderr)


class OtherKernels(unittest.TestCase):
    def test_what_could_not_be_given_up_is_said(self):
        for part in ("landlock", "seccomp"):
            with self.subTest(part):
                server = Started(prefix=(WITHOUT, part))
                server.address()
                code, log = server.stop()
                self.assertEqual(0, code)
                self.assertIn("sanitizers" if "sanitizers" in HERE else part, gaps(log))

    def test_require_refuses_to_start(self):
        for part in ("landlock", "seccomp"):
            with self.subTest(part):
                code, log = Started("--sandbox=require", prefix=(WITHOUT, part)).wait()
                self.assertEqual(1, code)
                self.assertNotIn("listening", log)
                self.assertIn("sanitizers" if "sanitizers" in HERE else part, gaps(log))
                self.assertIn("what is required does not hold", log)

    @whole
    def test_require_starts_where_all_is_there(self):
        server = Started("--sandbox=require")
        server.address()
        self.assertEqual(0, server.stop()[0])


class Supervisor(unittest.TestCase):
    def start(self):
        server = Started("--limit-drain-time=30", "--hdf5-path=library") # what is known of a file needs no worker
        self.addCleanup(server.process.kill) # when something failed
        host, port = server.address()
        return server, host, port

    def ask(self, host, port, path):
        with socket.create_connection((host, port), timeout=60) as s:
            s.sendall(f"GET {path} HTTP/1.0\r\nHost: a\r\n\r\n".encode())
            return b"".join(iter(lambda: s.recv(65536), b""))

    def test_a_server_without_it_finishes_and_fails(self):
        """Its manager starts another: this one could never read HDF5 again."""
        server, host, port = self.start()
        slow = socket.create_connection((host, port), timeout=60)
        slow.sendall(b"POST /v1/convert?from=json&to=json HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                     b"Content-Length: 7\r\n\r\n")
        self.assertIn(b" 100 ", slow.recv(65536)) # it has begun
        slow.sendall(b"[1,")
        os.kill(supervisor(server.process.pid), signal.SIGKILL)
        time.sleep(0.5)
        slow.sendall(b"2,3]")
        answer = slow.recv(65536)
        slow.close()
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer)
        code, log = server.wait()
        self.assertEqual(1, code)
        self.assertIn("the supervisor of the workers ended", log)

    def test_signals_to_the_group_leave_it_alone(self):
        server, host, port = self.start()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(supervisor(server.process.pid), number)
        self.assertIn(b"200 OK", self.ask(host, port, "/v1/data/weather.h5?path=/temperature&format=json")[:20])
        self.assertEqual(0, server.stop()[0])

    def test_a_killed_worker_is_replaced_by_it(self):
        server, host, port = self.start()
        path = "/v1/data/weather.h5?path=/temperature&format=json&slice="
        self.assertIn(b"200 OK", self.ask(host, port, path + "0:3")[:20])
        before = workers(server.process.pid)
        kill(before)
        self.assertIn(b"200 OK", self.ask(host, port, path + "1:3")[:20])
        after = workers(server.process.pid)
        self.assertTrue(before and after)
        self.assertFalse(set(before) & set(after))
        self.assertEqual(0, server.stop()[0])

    def test_all_end_with_the_server(self):
        server, host, port = self.start()
        self.ask(host, port, "/v1/data/weather.h5?path=/temperature&format=json")
        family = [supervisor(server.process.pid), *workers(server.process.pid)]
        for pid in family[1:]:
            os.kill(pid, signal.SIGSTOP) # not even one that cannot listen
        server.process.kill()
        server.wait()
        self.assertTrue(wait_until(lambda: all(map(has_ended, family))), "they live on")


if __name__ == "__main__":
    unittest.main()
