"""Files that somebody else writes while they are read: a 503 that is worth another try, never what lies between two states."""

import http.client
import io
import json
import multiprocessing
import os
import sys
import time
import unittest
import unittest.mock

import h5py
import numpy

from mandoline import Server

FORK = multiprocessing.get_context("fork")


def write(path, ready, go, how):
    """A writer of another process, which closes its file when it is told to, or dies."""
    with h5py.File(path, "w", libver="earliest" if how == "old" else "latest") as f:
        d = f.create_dataset("x", (0,), "f8", maxshape=(None,), chunks=(100,))
        if how == "swmr":
            f.swmr_mode = True
        d.resize((1000,))
        d[:] = 7
        f.flush()
        ready.set()
        go.wait(60)
        if how == "crash":
            os._exit(0)


def write_in_steps(path, libver, steps):
    """A writer that locks nothing, and halts after each step; what it did not flush is nowhere."""
    with h5py.File(path, "w", libver=libver) as f:
        f.create_dataset("c", data=numpy.zeros(100000, "i8"), chunks=(1000,), maxshape=(None,), compression="gzip")
    f = h5py.File(path, "r+", libver=libver)
    f["c"][:] = numpy.random.default_rng(1).integers(0, 1 << 60, 100000)
    steps.send("half-way")
    steps.recv()
    f.close()
    steps.send("closed")


def change(path, over):
    """One state after the other: all elements are the same in each."""
    state = 0
    while not over.is_set():
        state += 1
        with h5py.File(path, "r+") as f:
            f["plain"][...] = state
            f["packed"][...] = state
        time.sleep(0.07)


class BeingWritten(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.stop)

    def writer(self, how):
        ready, go = FORK.Event(), FORK.Event()
        process = FORK.Process(target=write, args=(self.server.data / f"{how}.h5", ready, go, how))
        process.start()
        self.assertTrue(ready.wait(60))

        def end():
            go.set()
            process.join(60)
            self.assertFalse(process.is_alive())
        self.addCleanup(end)
        return end

    def ask(self, how, **query):
        return self.server.get(f"/v1/data/{how}.h5", path="x", format="json", **query)

    def check_refused(self, answer):
        self.assertEqual(503, answer.status, answer)
        self.assertEqual("/problems/being-written", json.loads(answer.body)["type"])
        self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)

    def test_a_file_that_is_open_for_writing(self):
        for how in ("new", "swmr"):
            with self.subTest(how):
                end = self.writer(how)
                self.check_refused(self.ask(how))
                self.check_refused(self.server.get(f"/v1/tree/{how}.h5"))
                end()
                answer = self.ask(how, slice="0:2")
                self.assertEqual((200, [7, 7]), (answer.status, json.loads(answer.body)), answer)

    def test_a_file_whose_writer_crashed_is_read_when_it_has_been_left_alone(self):
        self.writer("crash")()
        self.check_refused(self.ask("crash"))
        path = self.server.data / "crash.h5"
        os.utime(path, (time.time() - 60,) * 2)
        answer = self.ask("crash", slice="0:2")
        self.assertEqual((200, [7, 7]), (answer.status, json.loads(answer.body)), answer)

    def test_an_old_file_that_is_open_for_writing(self):
        """Nothing in them says that they are open, but their writer's lock does."""
        end = self.writer("old")
        self.check_refused(self.ask("old"))
        end()
        self.assertEqual(200, self.ask("old").status)

    def test_a_file_that_nobody_locks(self):
        """It does not end where it says that it does."""
        for libver in ("earliest", "v108", "latest"):
            with self.subTest(libver):
                path = self.server.data / f"{libver}.h5"
                ours, theirs = multiprocessing.Pipe()
                process = multiprocessing.get_context("spawn").Process(target=write_in_steps, args=(path, libver, theirs))
                with unittest.mock.patch.dict(os.environ, HDF5_USE_FILE_LOCKING="FALSE"):  # the library asks once
                    process.start()
                self.assertEqual("half-way", ours.recv())
                url = f"/v1/data/{libver}.h5"
                self.check_refused(self.server.get(url, path="c"))
                self.check_refused(self.server.get(f"/v1/tree/{libver}.h5"))
                ours.send("go on")
                self.assertEqual("closed", ours.recv())
                process.join(60)
                answer = self.server.get(url, path="c", format="npy")
                self.assertEqual(200, answer.status, answer)
                with h5py.File(path) as f:
                    numpy.testing.assert_array_equal(f["c"][()], numpy.load(io.BytesIO(answer.body)))

    def test_a_file_that_is_being_copied(self):
        with h5py.File(self.server.data / "whole.h5", "w", userblock_size=512) as f:
            f["x"] = numpy.arange(100000)
        content = (self.server.data / "whole.h5").read_bytes()
        path = self.server.data / "copy.h5"
        path.write_bytes(content[:-5000])
        self.check_refused(self.ask("copy"))
        path.write_bytes(content)
        self.assertEqual(200, self.ask("copy", slice="-1").status)
        path.write_bytes(content + b"something of somebody's")
        self.check_refused(self.ask("copy"))
        os.utime(path, (time.time() - 60,) * 2)
        self.assertEqual(b"99999", self.ask("copy", slice="-1").body)
        path.write_bytes(content[:-5000])
        os.utime(path, (time.time() - 60,) * 2)
        self.assertEqual(400, self.ask("copy").status)

    def test_what_is_written_while_it_is_sent_is_cut(self):
        count = 16 << 20  # more than sockets hold
        path = self.server.data / "big.h5"
        with h5py.File(path, "w") as f:
            f["x"] = numpy.ones(count, "<i4")
        time.sleep(0.1)
        for url in ("/v1/data/big.h5?path=x&format=bin", "/v1/files/big.h5"):
            with self.subTest(url):
                connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=60)
                self.addCleanup(connection.close)
                connection.request("GET", url)
                answer = connection.getresponse()
                self.assertEqual((200, os.path.getsize(path) if "files" in url else count * 4), (answer.status, int(answer.headers["Content-Length"])))
                answer.read(100)
                with h5py.File(path, "r+") as f:
                    f["x"][...] = 2
                with self.assertRaises(http.client.IncompleteRead) as cut:
                    answer.read()
                self.assertNotIn(b"\x02\0\0\0", cut.exception.partial[10000:])
                with h5py.File(path, "r+") as f:
                    f["x"][...] = 1
                time.sleep(0.1)

    def test_what_is_replaced_while_it_is_sent_is_sent(self):
        for name in ("old.h5", "new.h5"):
            with h5py.File(self.server.data / name, "w") as f:
                f["x"] = numpy.full(16 << 20, ord(name[0]), "<i4")
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=60)
        self.addCleanup(connection.close)
        connection.request("GET", "/v1/data/old.h5?path=x&format=bin")
        answer = connection.getresponse()
        os.rename(self.server.data / "new.h5", self.server.data / "old.h5")
        self.assertTrue((numpy.frombuffer(answer.read(), "<i4") == ord("o")).all())
        self.assertEqual(ord("n"), json.loads(self.ask("old", slice="0").body))

    def test_answers_are_of_one_state(self):
        path = self.server.data / "changing.h5"
        with h5py.File(path, "w") as f:
            f["plain"] = numpy.zeros(100000, "<i4")
            f.create_dataset("packed", data=numpy.zeros(100000, "<i4"), chunks=(1000,), compression="gzip", shuffle=True)
        over = FORK.Event()
        process = FORK.Process(target=change, args=(path, over))
        process.start()
        seen, until = {200: 0, 503: 0, "cut": 0}, time.monotonic() + 5
        try:
            while time.monotonic() < until:
                for name in ("plain", "packed"):
                    for query in ({}, {"slice": "::2"}):
                        try:
                            answer = self.server.get("/v1/data/changing.h5", path=name, format="json", **query)
                        except http.client.IncompleteRead:  # what had begun is cut
                            seen["cut"] += 1
                            continue
                        self.assertIn(answer.status, seen, answer)
                        seen[answer.status] += 1
                        if answer.status == 200:
                            self.assertEqual(1, len(set(json.loads(answer.body))), name)
        finally:
            over.set()
            process.join(60)
        self.assertGreater(seen[200], 0, seen)
        print(seen, file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
