"""Many connections: that say nothing, and that take their answers slowly."""

import resource
import select
import signal
import tempfile
import time
import unittest

import numpy

import faults
from mandoline import Server

IDLE, SLOW, RELOADS = 2000, 500, 10
MB = 1 << 20


def more_descriptors():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Crowds(unittest.TestCase):
    def setUp(self):
        if more_descriptors() < IDLE + 200:
            self.skipTest("too few descriptors for this test")
        self.server = Server(None, "--limit-connections=3000", "--limit-peer-connections=3000", "--limit-answer-time=15",
                             "--limit-idle-time=20")

    def tearDown(self):
        self.server.stop()

    def probe(self):
        began = time.monotonic()
        status = faults.ask(self.server, "GET", "/healthz")[0]
        self.assertEqual(status, 200)
        return time.monotonic() - began

    def is_at_rest(self):
        before = faults.cpu_seconds(self.server.process.pid)
        time.sleep(0.3)
        return faults.cpu_seconds(self.server.process.pid) - before < 0.03

    def test_idle_connections_cost_little_and_are_closed_in_time(self):
        pid = self.server.process.pid
        before = faults.status_of(pid, "VmRSS")
        began = time.monotonic()
        crowd = [faults.dial(self.server) for _ in range(IDLE)]
        took = max(self.probe() for _ in range(20))
        cost = (faults.status_of(pid, "VmRSS") - before) / IDLE
        print(f"{IDLE} idle connections: {cost / 1024:.0f} kB each, a probe takes {took * 1000:.1f} ms at most")
        self.assertLess(took, 5)
        if not faults.sanitized(pid):
            self.assertLess(cost, 128 << 10)
        poll = select.poll()
        for s in crowd:
            poll.register(s, select.POLLIN)
        self.assertTrue(faults.wait_until(lambda: len(poll.poll(0)) == IDLE, 60), "they stay open")
        self.assertGreater(time.monotonic() - began, 15)
        for s in crowd:
            self.assertEqual(s.recv(1), b"")
            s.close()
        self.assertEqual(self.probe() < 5, True)

    def test_slow_readers_hold_up_nobody_and_are_cut(self):
        pid = self.server.process.pid
        numpy.save(self.server.data / "a.npy", numpy.random.RandomState(1).rand(2_000_000))
        kinds = ("/v1/data/a.npy?format=json", "/v1/data/a.npy?format=bin", "/v1/files/a.npy",
                 "/v1/data/a.npy?format=json&slice=:100000")
        before = faults.status_of(pid, "VmRSS")
        crowd = []
        for i in range(SLOW):
            s = faults.dial(self.server, 4096)
            s.sendall(f"GET {kinds[i % len(kinds)]} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            crowd.append(s)
        faults.wait_until(self.is_at_rest, 10) # nobody takes any more of what is there
        took = max(self.probe() for _ in range(20))
        cost = faults.status_of(pid, "VmRSS") - before
        print(f"{SLOW} slow readers: {cost / SLOW / 1024:.0f} kB each, a probe takes {took * 1000:.1f} ms at most")
        self.assertLess(took, 5)
        if not faults.sanitized(pid):
            self.assertLess(cost, SLOW * 3 * MB)
        self.assertTrue(faults.wait_until(lambda: faults.status_of(pid, "Threads") < 50, 60), "they are never cut")
        for s in crowd:
            s.close()
        self.assertEqual(faults.ask(self.server, "GET", kinds[0])[0], 200)


class SettingsReadAgain(unittest.TestCase):
    def test_idle_connections_do_not_pile_up_what_was_read(self):
        """Each holds what was true at its last request; what a file says as before is there once."""
        with tempfile.NamedTemporaryFile("w", suffix=".tokens") as tokens:
            for i in range(10000):
                tokens.write(f"user{i} read a{i}/b,c{i} - {i:032x} {i:064x}\n")
            tokens.flush()
            server = Server(None, "--tokens", tokens.name)
            self.addCleanup(server.stop)
            pid = server.process.pid
            crowd, sizes = [], []
            for _ in range(RELOADS):
                crowd.append(faults.dial(server))
                crowd[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertIn(b" 200 ", crowd[-1].recv(65536))
                server.process.send_signal(signal.SIGHUP)
                while "were read again" not in server.process.stderr.readline():
                    pass
                sizes.append(faults.status_of(pid, "VmRSS"))
            for s in crowd:
                s.close()
        print(f"{RELOADS} times read again: {(sizes[-1] - sizes[0]) / MB:.0f} MB more")
        if not faults.sanitized(pid):
            self.assertLess(sizes[-1] - sizes[0], 50 * MB) # one takes 16


if __name__ == "__main__":
    unittest.main()
