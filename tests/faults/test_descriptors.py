"""File descriptors run out."""

import resource
import socket
import time
import unittest

import numpy

import faults
from mandoline import Server

FEW = 64


class Descriptors(unittest.TestCase):
    def test_with_no_descriptor_left_for_others_those_who_are_in_are_served(self):
        server = Server(None, "--limit-idle-time=5",
                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, FEW)))
        numpy.save(server.data / "a.npy", numpy.arange(3))
        try:
            held = server.get("/healthz")  # on a connection that is kept
            self.assertEqual(held.status, 200)
            crowd = []
            for _ in range(2 * FEW):  # those for which there is none are closed at once
                s = socket.socket()
                s.settimeout(10)
                s.connect((server.host, server.port))
                crowd.append(s)
            time.sleep(1)
            before = faults.cpu_seconds(server.process.pid)
            time.sleep(1)
            spent = faults.cpu_seconds(server.process.pid) - before
            answer = server.get("/v1/data/a.npy?format=json")  # needs one more, which was kept
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(server.get("/healthz").status, 200)
            print(f"{spent:.2f} s of processor time in a second of waiting")
            if not faults.sanitized(server.process.pid):
                self.assertLess(spent, 0.2, "it spins while it waits")
            for s in crowd:
                s.close()
            self.assertTrue(faults.wait_until(
                lambda: faults.ask(server, "GET", "/v1/data/a.npy?format=json")[0] == 200))
        finally:
            server.stop()

    def test_others_get_their_turn_when_idle_ones_are_closed(self):
        server = Server(None, "--limit-idle-time=1",
                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, FEW)))
        try:
            crowd = [faults.dial(server) for _ in range(FEW)]
            self.assertTrue(faults.wait_until(lambda: faults.ask(server, "GET", "/healthz", timeout=30)[0] == 200))
            for s in crowd:
                s.close()
        finally:
            server.stop()


if __name__ == "__main__":
    unittest.main()
