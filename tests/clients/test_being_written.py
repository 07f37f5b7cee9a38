"""Files that somebody else writes while they are read: a 503 that is worth another try, never what lies between two states."""

import http.client
import json
import multiprocessing
import os
import sys
import time
import unittest

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
