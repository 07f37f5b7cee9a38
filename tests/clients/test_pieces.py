"""HDF5 files of a part of a dataset: they keep its type, chunks, filters, fill value and attributes; h5py and NumPy are the judges."""

import io
import json
import random
import unittest

import h5py
import numpy

from mandoline import Server

RNG = numpy.random.default_rng(5)


def sequences(kind, n):
    made = numpy.empty(n, object)
    for i in range(n):
        made[i] = numpy.arange(i % 4, dtype=kind)
    return made


class Pieces(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        record = numpy.dtype([("a", "<i4"), ("s", h5py.string_dtype()), ("v", h5py.vlen_dtype("<f8")), ("m", ">f4", (2, 2))])
        records = numpy.zeros(20, record)
        for i in range(20):
            records[i] = (i, f"t{i}", numpy.arange(i % 3 + 1.), numpy.full((2, 2), i))
        with h5py.File(cls.server.data / "a.h5", "w") as f:
            d = f.create_dataset("grid", data=RNG.integers(0, 99, (40, 30, 5)), chunks=(8, 7, 5), maxshape=(None, 30, 5), compression="gzip",
                                 compression_opts=7, shuffle=True, fletcher32=True, fillvalue=3)
            d.attrs["units"] = "m"
            d.dims[0].label = "time"
            f.create_dataset("vlen", (20,), h5py.vlen_dtype("<i4"), chunks=(6,))[:] = sequences("<i4", 20)
            f.create_dataset("plain vlen", (20,), h5py.vlen_dtype("<i4"))[:] = sequences("<i4", 20)
            f["records"] = records
            f["text"] = numpy.array([f"t{i}" for i in range(20)], h5py.string_dtype())
            f["ascii"] = numpy.array([b"ab", b"c"] * 10)
            f["enum"] = numpy.array([0, 1, 2, 1] * 5, h5py.enum_dtype({"A": 0, "B": 1, "C": 2}, basetype="u1"))
            f["bool"] = RNG.integers(0, 2, 20).astype(bool)
            f["complex"] = RNG.normal(size=20) + 1j
            f["half"] = RNG.normal(size=20).astype(">f2")
            f["opaque"] = numpy.array([b"abcd", b"efgh"] * 10, "V4")
            f["dates"] = numpy.arange(20).astype("M8[s]").astype(h5py.opaque_dtype("M8[s]"))
            f.create_dataset("matrices", (20,), numpy.dtype(("<i2", (3, 2))), chunks=(7,), compression="lzf")[:] = RNG.integers(0, 99, (20, 3, 2))
            f.create_dataset("scaled", data=RNG.integers(0, 99, 20), chunks=(5,), scaleoffset=0)
            f.create_dataset("rounded", data=RNG.normal(size=20), chunks=(5,), scaleoffset=3)
            f.create_dataset("szip", data=RNG.integers(0, 99, (40, 40)), chunks=(20, 20), compression="szip")
            f["committed type"] = numpy.dtype([("x", "<f4"), ("y", "<u2")])
            f.create_dataset("committed", (20,), f["committed type"])
            f.create_dataset("time", data=numpy.arange(40.)).make_scale("time")
            f["scaled by time"] = numpy.arange(40)
            f["scaled by time"].dims[0].attach_scale(f["time"])

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def piece(self, path, **query):
        answer = self.server.get("/v1/data/a.h5", path=path, format="hdf5", **query)
        self.assertEqual(200, answer.status, (path, query, answer))
        file = h5py.File(io.BytesIO(answer.body))
        self.addCleanup(file.close)
        return file["data"]

    def check(self, want, got, what):
        self.assertEqual(want.shape, got.shape, what)
        self.assertEqual(want.dtype, got.dtype, what)
        for w, g in zip(want.ravel(), got.ravel()):
            if want.dtype.names:
                for name in want.dtype.names:
                    numpy.testing.assert_array_equal(w[name], g[name], str(what))
            else:
                numpy.testing.assert_array_equal(w, g, str(what))

    def test_every_type(self):
        with h5py.File(self.server.data / "a.h5") as f:
            for name, d in f.items():
                if not isinstance(d, h5py.Dataset):
                    continue
                for text, index in (("3:17", numpy.s_[3:17]), ("::-3", numpy.s_[::-3]), ("[4,1,1]", [4, 1, 1]), ("5:5", numpy.s_[5:5])):
                    with self.subTest((name, text)):
                        got = self.piece(name, slice=text)
                        self.check(d[()][index], got[()], (name, text))
                        self.assertTrue(d.id.get_type().equal(got.id.get_type()), (d.id.get_type(), got.id.get_type()))
                        if name == "szip" and len(got) * 20 < 64:
                            continue  # it cannot be in chunks that are so small
                        self.assertEqual((d.compression, d.shuffle, d.fletcher32, None), (got.compression, got.shuffle, got.fletcher32, got.scaleoffset))
                        self.assertEqual(d.chunks is None, got.chunks is None)

    def test_storage_and_attributes(self):
        got = self.piece("grid", slice="5:25,3:7,2")
        self.assertEqual(((8, 4), (None, 4), "gzip", 7, 3, {"units": "m"}),
                         (got.chunks, got.maxshape, got.compression, got.compression_opts, got.fillvalue, dict(got.attrs)))
        got = self.piece("grid", slice="5:25")
        self.assertEqual(((8, 7, 5), (None, 30, 5), "time", "m"), (got.chunks, got.maxshape, got.dims[0].label, got.attrs["units"]))
        got = self.piece("grid", slice="5,3,2")
        self.assertEqual(((), None, "m"), (got.shape, got.chunks, got.attrs["units"]))
        self.assertEqual("szip", self.piece("szip", slice="3:30,1:33").compression)
        self.assertIsNone(self.piece("szip", slice="3:6,1:3").compression)

    def test_all_ways_to_select(self):
        with h5py.File(self.server.data / "a.h5") as f:
            numpy.testing.assert_array_equal(f["scaled by time"][3:8], self.piece("scaled by time", sel="time:3..7")[()])
            half = f["half"][()]
            numpy.testing.assert_array_equal(half[half > 0.5], self.piece("half", where="value>0.5")[()])
            numpy.testing.assert_array_equal(f["grid"][()][[1, 2], [3, 4], [0, 1]], self.piece("grid", points="(1,3,0),(2,4,1)")[()])
            self.check(f["records"][()][f["records"]["a"] > 12], self.piece("records", where="a>12")[()], "records")
            answer = self.server.request("POST", "/v1/data/a.h5?path=/vlen&format=hdf5", "[3,1]", {"Content-Type": "application/json"})
            with h5py.File(io.BytesIO(answer.body)) as got:
                self.check(f["vlen"][()][[3, 1]], got["data"][()], "index")
                self.assertEqual(f["vlen"].dtype, got["data"].dtype)

    def test_random_pieces(self):
        random.seed(3)
        with h5py.File(self.server.data / "a.h5") as f:
            a, size = f["grid"][()], f["matrices"][()]
        for _ in range(40):
            index, texts = [], []
            for n in a.shape:
                start, stop, step = random.randrange(-n, n), random.randrange(-n, n + 1), random.choice([1, 1, 2, 5, -1, -3])
                one = random.random() < .2
                index.append(start if one else slice(start, stop, step))
                texts.append(f"{start}" if one else f"{start}:{stop}:{step}")
            with self.subTest(texts):
                numpy.testing.assert_array_equal(a[tuple(index)], self.piece("grid", slice=",".join(texts))[()])
        for text, index in (("2:5,1", numpy.s_[2:5, 1]), ("2:5,:,0", numpy.s_[2:5, :, 0]), ("3,::-1", numpy.s_[3, ::-1])):
            numpy.testing.assert_array_equal(size[index], self.piece("matrices", slice=text)[()], text)

    def test_words(self):
        answer = self.server.get("/v1/data/a.h5", path="grid", format="h5json", slice="1:3,0:2,0")
        dataset, = json.loads(answer.body)["datasets"].values()
        self.assertEqual({"class": "H5S_SIMPLE", "dims": [2, 2], "maxdims": ["H5S_UNLIMITED", 2]}, dataset["shape"])
        self.assertEqual({"class": "H5D_CHUNKED", "dims": [8, 2]}, dataset["creationProperties"]["layout"])
        back = self.server.convert(answer.body, "hdf5", "h5json")
        with h5py.File(io.BytesIO(back)) as f, h5py.File(self.server.data / "a.h5") as a:
            numpy.testing.assert_array_equal(a["grid"][1:3, 0:2, 0], f["data"][()])


class MuchOfVariableLength(unittest.TestCase):
    def test_more_than_an_exchange_may_take(self):
        server = Server(None, "--limit-memory", "20M")
        self.addCleanup(server.stop)
        record = numpy.dtype([("i", "<i4"), ("v", h5py.vlen_dtype("<f8"))])
        with h5py.File(server.data / "a.h5", "w") as f:
            v = numpy.empty(2000, object)
            for i in range(2000):
                v[i] = numpy.arange(i, i + 3000. - i % 2)
            f.create_dataset("v", (2000,), h5py.vlen_dtype("<f8"), chunks=(100,))[:] = v
            records = numpy.empty(2000, record)
            records["i"], records["v"] = numpy.arange(2000), v
            f["r"] = records
        for query in ({"path": "v"}, {"path": "v", "slice": "::-1"}, {"path": "r"}, {}):
            answer = server.get("/v1/data/a.h5", format="hdf5", **query)
            self.assertEqual(200, answer.status, (query, answer))
            with h5py.File(io.BytesIO(answer.body)) as f:
                d = f["data" if query else "v"]
                self.assertEqual(2000, len(d))
                for i in (0, 1, 999, 1500, 1999):
                    got = d[1999 - i] if "slice" in query else d[i]
                    numpy.testing.assert_array_equal(v[i], got["v"] if got.dtype.names else got)


if __name__ == "__main__":
    unittest.main()
