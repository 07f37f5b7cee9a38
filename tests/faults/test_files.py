"""Stored files that are replaced or cut while they are read."""

import json
import os
import threading
import time
import unittest

import h5py
import numpy

import faults
from mandoline import Server

ROWS = 400


def write(path, number):
    """By way of another name, as those who replace files should."""
    part = path.with_suffix(".part")
    with h5py.File(part, "w") as f:
        f.create_dataset("x", data=numpy.full((ROWS, 10000), number, "i4"), chunks=(10, 10000), compression="gzip")
    os.rename(part, path)


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def test_a_replaced_file_is_read_to_the_end_as_it_was(self):
        path = self.server.data / "a.h5"
        write(path, 0)
        stop = threading.Event()

        def replace():
            number = 0
            while not stop.is_set():
                number = (number + 1) % 100
                write(path, number)

        thread = threading.Thread(target=replace)
        thread.start()
        tags = set()
        try:
            for _ in range(20):
                status, headers, body = faults.ask(self.server, "GET", "/v1/data/a.h5?path=/x&format=bin")
                self.assertEqual(status, 200)
                values = numpy.frombuffer(body, "<i4")
                self.assertEqual(values.size, ROWS * 10000)
                self.assertTrue((values == values[0]).all(), "one answer is of two files")
                tags.add(headers["ETag"])
        finally:
            stop.set()
            thread.join()
        self.assertGreater(len(tags), 1)

    def cut_while_read(self, name, path, size):
        """Reads a part, has the file cut, and reads on: an answer that is whole, or that ends early."""
        with faults.dial(self.server, 4096) as s:
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            got = s.recv(1000)
            self.assertTrue(got.startswith(b"HTTP/1.1 200"), got)
            os.truncate(self.server.data / name, 4096)
            count = len(got)
            try:
                while piece := s.recv(1 << 20):
                    count += len(piece)
            except ConnectionError:
                pass
            self.assertLess(count, size)
        self.assertEqual(faults.ask(self.server, "GET", "/healthz")[0], 200)
        status, _, body = faults.ask(self.server, "GET", path)
        if status not in (0, 200):  # 200: the raw file is what it is now
            self.assertIn(json.loads(body)["status"], (400, 422, 500, 503))  # 503: somebody may still be copying it

    def test_a_file_that_is_cut_cuts_its_answer_and_nothing_else(self):
        for name, make, path in (
            ("a.npy", lambda f: numpy.save(f, numpy.zeros(20_000_000, "i4")), "/v1/data/a.npy?format=bin"),
            ("raw.npy", lambda f: numpy.save(f, numpy.zeros(20_000_000, "i4")), "/v1/files/raw.npy"),
            ("cut.h5", lambda f: h5py.File(f, "w").create_dataset("x", data=numpy.zeros(20_000_000, "i4")),
             "/v1/data/cut.h5?path=/x&format=bin"),
            ("chunked.h5", lambda f: h5py.File(f, "w").create_dataset(
                "x", data=numpy.random.RandomState(1).randint(0, 1 << 30, 20_000_000), chunks=(100_000,), compression="gzip"),
             "/v1/data/chunked.h5?path=/x&format=bin"),
        ):
            with self.subTest(name):
                made = make(self.server.data / name)
                if made is not None:
                    made.file.close()
                self.cut_while_read(name, path, 80_000_000)

    def test_a_file_that_goes_is_a_404_then(self):
        numpy.save(self.server.data / "b.npy", numpy.arange(3))
        self.assertEqual(faults.ask(self.server, "GET", "/v1/data/b.npy?format=json")[0], 200)
        os.unlink(self.server.data / "b.npy")
        self.assertEqual(faults.ask(self.server, "GET", "/v1/data/b.npy?format=json")[0], 404)

    def test_a_kept_answer_is_not_given_for_a_file_that_changed(self):
        path = self.server.data / "c.npy"
        for number in range(30):
            part = self.server.data / "c.part"
            with open(part, "wb") as f:
                numpy.save(f, numpy.full(3, number))
            os.rename(part, path)
            for _ in range(2):
                body = faults.ask(self.server, "GET", "/v1/data/c.npy?format=json")[2]
                self.assertEqual(json.loads(body), [number] * 3)
        time.sleep(4)  # settled: it is kept from here on
        for _ in range(2):
            self.assertEqual(json.loads(faults.ask(self.server, "GET", "/v1/data/c.npy?format=json")[2]), [29] * 3)
        numpy.save(path, numpy.full(3, 77))
        self.assertEqual(json.loads(faults.ask(self.server, "GET", "/v1/data/c.npy?format=json")[2]), [77] * 3)


if __name__ == "__main__":
    unittest.main()
