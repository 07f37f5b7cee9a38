"""Answers compressed by Accept-Encoding, undone by the libraries that clients have."""

import gzip
import pickle
import subprocess
import time
import unittest

import numpy
import zstandard

from mandoline import Server

UNDO = {"gzip": gzip.decompress, "zstd": lambda b: zstandard.ZstdDecompressor().decompressobj().decompress(b)}


class Compressed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        numpy.save(cls.server.data / "a.npy", numpy.arange(100000, dtype="i4"))
        numpy.save(cls.server.data / "few.npy", numpy.arange(1000, dtype="i4"))
        numpy.save(cls.server.data / "two.npy", numpy.arange(2, dtype="i4"))
        time.sleep(4)  # a file that is settled may be answered from memory

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def get(self, path, accepts, **headers):
        return self.server.get(path, {"Accept-Encoding": accepts, **{k.replace("_", "-"): v for k, v in headers.items()}})

    def test_a_coded_answer_holds_the_same(self):
        for path in ("/v1/data/a.npy?format=json", "/v1/data/a.npy?format=csv", "/v1/data/few.npy?format=json",
                     "/openapi.json"):
            plain = self.get(path, "identity")
            self.assertEqual(plain.headers["Content-Encoding"], None)
            for coding, undo in UNDO.items():
                for again in range(3):
                    with self.subTest(path=path, coding=coding, again=again):
                        answer = self.get(path, coding)
                        self.assertEqual(answer.status, 200)
                        self.assertEqual(answer.headers["Content-Encoding"], coding)
                        self.assertIn("Accept-Encoding", answer.headers["Vary"])
                        self.assertLess(len(answer.body), len(plain.body) * 0.7)
                        self.assertEqual(undo(answer.body), plain.body)
                        self.assertIn("Accept-Encoding", plain.headers["Vary"])

    def test_entity_tags_differ_and_lead_to_304(self):
        path = "/v1/data/few.npy?format=json"
        tags = {c: self.get(path, c).headers["ETag"] for c in ("identity", "gzip", "zstd")}
        self.assertEqual(len(set(tags.values())), 3)
        for coding in tags:
            for tag in tags.values():
                with self.subTest(coding=coding, tag=tag):
                    answer = self.get(path, coding, If_None_Match=tag)
                    self.assertEqual(answer.status, 304)
                    self.assertEqual(answer.headers["ETag"], tag)
                    self.assertEqual(answer.headers["Content-Encoding"], None)
        numpy.save(self.server.data / "few.npy", numpy.arange(1001, dtype="i4"))
        for coding, tag in tags.items():
            self.assertEqual(self.get(path, coding, If_None_Match=tag).status, 200)

    def test_what_does_not_pay_goes_as_it_is(self):
        rows = {"short": ("GET", "/v1/data/two.npy?format=json"), "binary": ("GET", "/v1/data/a.npy?format=npy"),
                "a file": ("GET", "/v1/files/a.npy"), "HEAD": ("HEAD", "/v1/data/a.npy?format=json"),
                "a problem": ("GET", "/v1/data/none.npy"), "a picture": ("GET", "/v1/preview/a.npy")}
        for name, (method, path) in rows.items():
            with self.subTest(name):
                answer = self.server.request(method, path, None, {"Accept-Encoding": "gzip, zstd"})
                self.assertEqual(answer.headers["Content-Encoding"], None)
        answer = self.get("/v1/files/a.npy", "gzip", Range="bytes=0-9")
        self.assertEqual((answer.status, answer.headers["Content-Encoding"], len(answer.body)), (206, None, 10))

    def test_identity_may_be_refused(self):
        answer = self.get("/v1/data/two.npy?format=json", "gzip, identity;q=0")
        self.assertEqual(gzip.decompress(answer.body), b"[0,1]")
        answer = self.get("/v1/data/two.npy?format=npy", "zstd, *;q=0")
        self.assertEqual(UNDO["zstd"](answer.body)[:6], b"\x93NUMPY")
        answer = self.get("/v1/data/two.npy?format=json", "br, *;q=0")
        self.assertEqual(answer.status, 406)
        self.assertIn(b"/problems/not-acceptable", answer.body)

    def test_conversions_too(self):
        body = pickle.dumps([{"name": "x" * 20, "number": i} for i in range(10000)])
        plain = self.server.request("POST", "/v1/convert?from=pickle&to=json", body)
        for coding, undo in UNDO.items():
            answer = self.server.request("POST", "/v1/convert?from=pickle&to=json", body, {"Accept-Encoding": coding})
            self.assertEqual(undo(answer.body), plain.body)

    def test_an_answer_of_any_length_takes_no_more_memory(self):
        """400 MB of JSON from a pickle of a few bytes."""
        body = b"c__builtin__\nxrange\n(I0\nI40000000\ntR."
        for coding in UNDO:
            run = subprocess.run(["curl", "-sf", "--limit-rate", "1G", "-H", f"Accept-Encoding: {coding}", "--data-binary",
                                  "@-", "-o", "/dev/null", "-w", "%{size_download}",
                                  f"http://{self.server.host}:{self.server.port}/v1/convert?from=pickle&to=json"],
                                 input=body, capture_output=True, timeout=100)
            self.assertEqual(run.returncode, 0)
            self.assertGreater(int(run.stdout), 1 << 20)
        with open(f"/proc/{self.server.process.pid}/status") as f:
            peak = int(next(line for line in f if line.startswith("VmHWM")).split()[1])
        self.assertLess(peak, 400 << 10)  # kB; with a sanitizer too

    def test_it_can_be_turned_off(self):
        server = Server(self.server.data, "--compression", "0", "--cache-control", "private, max-age=60")
        try:
            answer = server.get("/v1/data/a.npy?format=json", {"Accept-Encoding": "gzip"})
            self.assertEqual(answer.headers["Content-Encoding"], None)
            self.assertEqual(answer.headers["Cache-Control"], "private, max-age=60")
        finally:
            server.stop()


if __name__ == "__main__":
    unittest.main()
