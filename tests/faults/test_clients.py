"""Clients that leave, and gateways that try again."""

import json
import os
import tempfile
import time
import unittest

import numpy

import faults
from mandoline import Server

LONG = "/v1/stats/zeros.npy"


def put_zeros(path, count):
    """int8 zeros that take no room on disk."""
    numpy.lib.format.open_memmap(path, "w+", "i1", (count,)).flush()


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.spool = tempfile.TemporaryDirectory()
        cls.server = Server(None, "--limit-heavy=1", "--limit-queue=2", "--limit-elements=1T", "--limit-output=1T",
                            env=dict(os.environ, TMPDIR=cls.spool.name))
        put_zeros(cls.server.data / "zeros.npy", 200 << 30)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.spool.cleanup()

    def is_free(self):
        return faults.ask(self.server, "POST", "/v1/convert?from=pickle&to=json", b"N.", timeout=30)[0] == 200

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.server.process.pid}/fd"))

    def test_one_that_leaves_in_the_middle_of_an_answer(self):
        for _ in range(5):
            with faults.dial(self.server) as s:
                s.sendall(b"POST /v1/convert?from=pickle&to=json HTTP/1.1\r\nHost: a\r\nContent-Length: 39\r\n\r\n"
                          b"c__builtin__\nxrange\n(I0\nI1000000000\ntR.")
                s.recv(1 << 20)
            began = time.monotonic()
            self.assertTrue(self.is_free())
            self.assertLess(time.monotonic() - began, 10)

    def test_one_that_leaves_in_the_middle_of_an_upload(self):
        self.assertTrue(self.is_free())
        before = self.descriptors()
        for _ in range(10):
            with faults.dial(self.server) as s:
                s.sendall(b"POST /v1/convert?to=json HTTP/1.1\r\nHost: a\r\nContent-Length: 90000000\r\n\r\n"
                          + b"x" * 3_000_000)
        self.assertTrue(faults.wait_until(lambda: self.descriptors() <= before + 1), "their bodies stay")
        self.assertTrue(self.is_free())

    def test_work_for_one_who_left_stops(self):
        took = []
        for _ in range(5):
            s = faults.dial(self.server)
            s.sendall(f"GET {LONG} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            time.sleep(0.3)
            s.close()
            began = time.monotonic()
            self.assertTrue(self.is_free())  # it waits in the queue until the place is free
            took.append(time.monotonic() - began)
        print(f"work stopped within {max(took) * 1000:.0f} ms")
        self.assertLess(sorted(took)[2], 1)

    def test_a_gateway_that_tries_again_does_not_pile_up_work(self):
        """It gives up after half a second and asks again, ten times; each try makes room for the next."""
        for _ in range(10):
            s = faults.dial(self.server)
            s.sendall(f"GET {LONG} HTTP/1.1\r\nHost: a\r\nX-Request-Id: the-same\r\n\r\n".encode())
            s.settimeout(0.5)
            try:
                answer = s.recv(1000)
                self.fail(f"an answer: {answer}")
            except TimeoutError:
                s.close()
        began = time.monotonic()
        self.assertTrue(self.is_free())
        self.assertLess(time.monotonic() - began, 10)

    def test_who_is_refused_is_told_when_to_come_back_and_then_served(self):
        busy = [faults.dial(self.server) for _ in range(3)]
        for s in busy:
            s.sendall(f"GET {LONG} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            time.sleep(0.1)
        status, headers, body = faults.ask(self.server, "POST", "/v1/convert?from=pickle&to=json", b"N.")
        self.assertEqual((status, json.loads(body)["type"]), (429, "/problems/busy"))
        self.assertIn(int(headers["Retry-After"]), range(1, 61))
        for s in busy:
            s.close()
        self.assertTrue(faults.wait_until(self.is_free))


if __name__ == "__main__":
    unittest.main()
