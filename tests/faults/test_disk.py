"""No room: where bodies are kept is full."""

import contextlib
import json
import os
import pickle
import resource
import subprocess
import tempfile
import unittest

import faults
from mandoline import Server

MB = 1 << 20


@contextlib.contextmanager
def small_disk():
    """A file system of 4 MB, where this user may mount one; else None."""
    with tempfile.TemporaryDirectory() as folder:
        mounted = os.getuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True).returncode == 0
        try:
            yield folder if mounted else None
        finally:
            if mounted:
                subprocess.run(["umount", folder], check=True)


class Disk(unittest.TestCase):
    def check(self, server):
        body = pickle.dumps(b"x" * (20 * MB))
        for headers in ({}, {"Expect": "100-continue"}):
            status, headers, answer = faults.ask(server, "POST", "/v1/convert?from=pickle&to=json", body, headers)
            if status:  # 0: the client was still sending, and saw that nobody listens
                self.assertEqual(status, 503)
                self.assertEqual(json.loads(answer)["type"], "/problems/no-room")
                self.assertGreaterEqual(int(headers["Retry-After"]), 1)
        for _ in range(3):  # what has room is served, and what had none left nothing behind
            small = pickle.dumps(b"x" * (2 * MB))
            status, _, answer = faults.ask(server, "POST", "/v1/convert?from=pickle&to=json", small)
            self.assertEqual(status, 200, answer)
        self.assertEqual(faults.ask(server, "GET", "/healthz")[0], 200)

    def test_a_full_file_system_is_a_503(self):
        with small_disk() as folder:
            if folder is None:
                self.skipTest("only root may mount")
            server = Server(None, "--limit-idle-memory=0", env=dict(os.environ, TMPDIR=folder))
            try:
                self.check(server)
                self.assertEqual(os.listdir(folder), [])
            finally:
                server.stop()

    def test_a_limit_of_the_system_is_one_too(self):
        server = Server(None, "--limit-idle-memory=0",
                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4 * MB, 4 * MB)))
        try:
            self.check(server)
        finally:
            server.stop()


if __name__ == "__main__":
    unittest.main()
