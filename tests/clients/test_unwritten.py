"""Chunks that were never written, of elements of variable length: they hold the fill value, which h5py itself can read only in files that it may write."""

import ctypes
import io
import json
import pickle
import unittest

import h5py
import numpy

from mandoline import Server

RNG = numpy.random.default_rng(7)


class Sequence(ctypes.Structure):
    """hvl_t"""
    _fields_ = [("length", ctypes.c_size_t), ("items", ctypes.c_void_p)]


def with_sequences_for_fill(file, name, fill, shape, chunks):
    """h5py hands the library pointers to Python objects for such a fill value; so the library is asked itself."""
    library = ctypes.CDLL("libhdf5_serial.so.103")
    items = (ctypes.c_int32 * len(fill))(*fill)
    plist, kind = h5py.h5p.create(h5py.h5p.DATASET_CREATE), h5py.h5t.py_create(h5py.vlen_dtype("<i4"), logical=True)
    plist.set_chunk(chunks)
    value = Sequence(len(fill), ctypes.cast(items, ctypes.c_void_p))
    assert library.H5Pset_fill_value(ctypes.c_int64(plist.id), ctypes.c_int64(kind.id), ctypes.byref(value)) == 0
    return h5py.Dataset(h5py.h5d.create(file.id, name.encode(), kind, h5py.h5s.create_simple(shape), plist))


class Unwritten(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.text = numpy.full((9, 7), "none", object)
        cls.text[3:5, 6] = "written ü"
        cls.text[8, 0] = ""
        with h5py.File(cls.server.data / "a.h5", "w") as f:
            d = f.create_dataset("text", (9, 7), h5py.string_dtype(), chunks=(2, 3), maxshape=(None, None), fillvalue="none")
            d[3:5, 6] = "written ü"
            d[8, 0] = ""
            f.create_dataset("nothing", (5,), h5py.string_dtype(), chunks=(2,), fillvalue="none")
            f.create_dataset("default", (5,), h5py.string_dtype(), chunks=(2,))[3] = "x"
            with_sequences_for_fill(f, "sequences", [1, 2, 3], (6,), (2,))[3] = [7]
            with_sequences_for_fill(f, "empty", [], (6,), (2,))[3] = [7]

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def data(self, path, **query):
        answer = self.server.get("/v1/data/a.h5", path=path, **query)
        self.assertEqual(200, answer.status, answer)
        return answer.body

    def test_text(self):
        self.assertEqual(self.text.tolist(), json.loads(self.data("text")))
        for _ in range(60):
            axes = [slice(*sorted(RNG.integers(0, n + 1, 2)), RNG.integers(1, 5)) for n in self.text.shape]
            text = ",".join(f"{a.start}:{a.stop}:{a.step}" for a in axes)
            self.assertEqual(self.text[tuple(axes)].tolist(), json.loads(self.data("text", slice=text)), text)
        self.assertEqual("none", json.loads(self.data("text", slice="0,0")))
        self.assertEqual(["none"] * 5, json.loads(self.data("nothing")))
        self.assertEqual(["", "", "", "x", ""], json.loads(self.data("default")))

    def test_sequences(self):
        self.assertEqual([[1, 2, 3]] * 3 + [[7]] + [[1, 2, 3]] * 2, json.loads(self.data("sequences")))
        self.assertEqual([[], [], [], [7], [], []], json.loads(self.data("empty")))
        got = pickle.loads(self.data("sequences", format="pickle", slice="2:4"))
        self.assertEqual([[1, 2, 3], [7]], [x.tolist() for x in got])

    def test_the_whole_file(self):
        with h5py.File(io.BytesIO(self.server.get("/v1/data/a.h5", format="hdf5").body), "r+") as f:
            self.assertEqual(self.text.tolist(), f["text"].asstr()[()].tolist())
            self.assertEqual(b"none", f["text"].fillvalue)
            self.assertEqual([1, 2, 3], f["sequences"][0].tolist())


if __name__ == "__main__":
    unittest.main()
