"""The clock of the machine jumps by a day, forwards and back. Durations come from the other clock, so nothing ends."""

import email.utils
import glob
import os
import tempfile
import time
import unittest

import h5py
import numpy

import faults
from mandoline import Server

LIBRARY = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")


@unittest.skipUnless(LIBRARY, "libfaketime is not there")
class Clock(unittest.TestCase):
    def setUp(self):
        self.file = tempfile.NamedTemporaryFile("w")
        self.set("+0d")
        environment = dict(os.environ, LD_PRELOAD=LIBRARY[0], FAKETIME_TIMESTAMP_FILE=self.file.name, FAKETIME_NO_CACHE="1",
                           FAKETIME_DONT_FAKE_MONOTONIC="1")
        try:
            self.server = Server(None, "--limit-idle-time=3", env=environment)
        except RuntimeError as e:
            self.skipTest(f"it does not start with libfaketime: {e}")  # a sanitizer wants to be first
        if faults.sanitized(self.server.process.pid):
            self.server.stop()
            self.skipTest("a sanitizer and libfaketime replace the same functions")
        with h5py.File(self.server.data / "a.h5", "w") as f:
            f["x"] = numpy.arange(10)

    def tearDown(self):
        self.server.stop()
        self.file.close()

    def set(self, offset):
        with open(self.file.name, "w") as f:
            f.write(offset)

    def test_jumps_end_nothing(self):
        open_one = faults.dial(self.server)
        dates = []
        for offset in ("+0d", "+1d", "-1d", "+400d", "+0d"):
            self.set(offset)
            with self.subTest(offset):
                began = time.monotonic()
                for path in ("/healthz", "/v1/data/a.h5?path=/x&format=json", "/v1/stats/a.h5?path=/x"):
                    status, headers, body = faults.ask(self.server, "GET", path)
                    self.assertEqual(status, 200, body)
                self.assertLess(time.monotonic() - began, 20)
                dates.append(email.utils.parsedate_to_datetime(headers["Date"]))
                # A connection stays as long as it may, and no longer.
                open_one.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertIn(b"200 OK", open_one.recv(10000))
        self.assertGreater((max(dates) - min(dates)).days, 300)  # the jump was there
        self.set("-30d")
        self.assertEqual(open_one.recv(1), b"")  # idle: closed after 3 s, not after a month
        open_one.close()


if __name__ == "__main__":
    unittest.main()
