"""kill -9: of the processes that read HDF5, and of the server."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import threading
import unittest

import h5py
import numpy

import faults
from mandoline import PROGRAM, Server, has_ended, kill, wait_until, workers


class Workers(unittest.TestCase):
    row = 0

    @classmethod
    def setUpClass(cls):
        cls.server = Server(None, "--hdf5-path=library")
        with h5py.File(cls.server.data / "a.h5", "w") as f:
            cls.data = data = numpy.random.RandomState(1).randint(0, 1000, (4000, 10000)).astype("i4")
            f.create_dataset("big", data=data, chunks=(100, 1000), compression="gzip", compression_opts=1)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def small(self):
        """Another part each time: what is remembered needs no worker."""
        type(self).row += 1
        status, _, body = faults.ask(self.server, "GET", f"/v1/data/a.h5?path=/big&slice={self.row},:3&format=json")
        return status == 200 and json.loads(body) == self.data[self.row, :3].tolist()

    def kill(self):
        found = workers(self.server.process.pid)
        kill(found)
        return len(found)

    def at_work(self):
        text = faults.ask(self.server, "GET", "/metrics")[2].decode()
        return int(re.search(r'^mandoline_workers\{role="read",state="busy"\} (\d+)', text, re.MULTILINE)[1])

    def test_idle_workers_are_replaced_without_a_word(self):
        self.assertTrue(self.small())
        for _ in range(3):
            self.assertGreater(self.kill(), 0)
            self.assertTrue(self.small())

    def test_a_worker_at_work_costs_its_request_alone(self):
        answer = []
        self.assertTrue(self.small())
        thread = threading.Thread(target=lambda: answer.append(faults.ask(self.server, "GET", "/v1/stats/a.h5?path=/big")))
        thread.start()
        self.assertTrue(wait_until(lambda: answer or self.at_work() > 0))
        self.kill()
        thread.join()
        status, headers, body = answer[0]
        self.assertIn(status, (200, 503), body)  # 200: it was between two reads
        if status == 503:
            self.assertEqual(json.loads(body)["type"], "/problems/worker-died")
            self.assertGreaterEqual(int(headers["Retry-After"]), 1)
        self.assertTrue(self.small())


class TheServer(unittest.TestCase):
    def start(self, data, port, folder):
        process = subprocess.Popen([PROGRAM, "serve", "--listen", f"127.0.0.1:{port}", "--data", data, "--log", "off"],
                                   stderr=subprocess.PIPE, text=True, env=dict(os.environ, TMPDIR=folder))
        found = re.search(r"http://[^:]+:(\d+)", process.stderr.readline())
        self.assertTrue(found, "it did not start")
        return process, int(found[1])

    def test_after_kill_9_it_starts_again_as_if_nothing_had_been(self):
        with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as folder:
            with h5py.File(pathlib.Path(data) / "a.h5", "w") as f:
                f["x"] = numpy.arange(10)
            before = sorted(os.listdir(data))
            process, port = self.start(data, 0, folder)
            for turn in range(3):
                where = type("Where", (), {"host": "127.0.0.1", "port": port})
                status, _, body = faults.ask(where, "GET", "/v1/data/a.h5?path=/x&format=json")
                self.assertEqual((status, json.loads(body)), (200, list(range(10))))
                found = workers(process.pid)
                self.assertGreater(len(found), 0)
                upload = faults.dial(where)  # a body that is half there, in the spool
                upload.sendall(b"POST /v1/convert?to=json HTTP/1.1\r\nHost: a\r\nContent-Length: 90000000\r\n\r\n"
                               + b"x" * 4_000_000)
                process.kill()
                process.wait()
                process.stderr.close()
                upload.close()
                self.assertTrue(wait_until(lambda: all(map(has_ended, found))), "workers outlive their server")
                self.assertEqual(os.listdir(folder), [])  # what it kept had no name
                self.assertEqual(sorted(os.listdir(data)), before)
                process, again = self.start(data, port, folder)  # the same address, at once
                self.assertEqual(again, port)
            process.terminate()
            self.assertEqual(process.wait(60), 0)
            process.stderr.close()


if __name__ == "__main__":
    unittest.main()
