"""HDF5: what we write, h5py reads as a person expects; what h5py writes, we read."""

import io
import json
import os
import pathlib
import pickle
import re
import time
import unittest

import h5py
import numpy

from mandoline import Server


class H5py(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.rng = numpy.random.default_rng(3)
        with h5py.File(cls.server.data / "big.h5", "w") as f:
            cls.grid = cls.rng.normal(size=(40, 50, 6)).astype("f4")
            f.create_dataset("grid", data=cls.grid, chunks=(7, 11, 6), compression="gzip", shuffle=True)
            f.create_dataset("plain", data=cls.grid)
            f["big_endian"] = cls.grid.astype(">f8")
            f["names"] = numpy.array(["a", "é", ""], dtype=object)
            f["scalar"] = 5
            f["empty"] = h5py.Empty("f8")
            f["table"] = numpy.array([(1, 2.5, b"x"), (3, 4.5, b"yz")], dtype=[("i", "<i4"), ("f", ">f8"), ("s", "S3")])
            f["a/b/c"] = [1, 2, 3]
            f["soft"] = h5py.SoftLink("/a/b")
            f["dangling"] = h5py.SoftLink("/nowhere")
            f["external"] = h5py.ExternalLink("other.h5", "/x")
            f["a"].attrs["units"] = "K"
            f["a"].attrs["scale"] = numpy.float32(0.1)
            f["grid"].attrs["list"] = [1, 2, 3]
            f["a/b/up"] = f["a"]

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def data(self, path, **query):
        answer = self.server.get("/v1/data/big.h5", path=path, **query)
        self.assertEqual(answer.status, 200, answer)
        return answer

    def test_selections_of_every_layout_are_numpys(self):
        for path in ["/grid", "/plain", "/big_endian"]:
            with h5py.File(self.server.data / "big.h5") as f:
                whole = f[path][()]
            for text in ["", "3", "-1", "1:30:7", "::-3,5", "...,2", ":,::-1", "[39,0,7,7],:,1", "5,[2,1],::2", "40:50"]:
                expected = eval(f"whole[{text}]") if text else whole
                if text == "5,[2,1],::2":
                    expected = whole[5][[2, 1]][:, ::2]
                got = numpy.load(io.BytesIO(self.data(path, slice=text, format="npy").body))
                self.assertEqual(expected.dtype, got.dtype)
                self.assertTrue(numpy.array_equal(expected, got), f"{path} {text}")
                raw = self.data(path, slice=text, format="bin").body
                little = numpy.ascontiguousarray(expected.astype(expected.dtype.newbyteorder("<")))
                self.assertEqual(little.tobytes(), raw, f"{path} {text}")

    def test_kinds_of_values_as_json(self):
        for path, expected in [("/names", ["a", "é", ""]), ("/scalar", 5), ("/empty", None), ("/a/b/c", [1, 2, 3]),
                               ("/soft/c", [1, 2, 3]), ("/table", [{"i": 1, "f": 2.5, "s": "x"}, {"i": 3, "f": 4.5, "s": "yz"}])]:
            self.assertEqual(expected, json.loads(self.data(path, format="json").body), path)

    def test_safe_numbers_are_those_of_typed_arrays(self):
        kinds = {"b1": "|b1", ">i2": "<i2", "u1": "|u1", ">u8": "<u8", "f2": "<f4", ">f4": "<f4", ">f8": "<f8", "g": "<f8",
                 ">c8": "<c8", "G": "<c16", "i8": "<i8"}
        with h5py.File(self.server.data / "safe.h5", "w") as f:
            for i, kind in enumerate(kinds):
                f[str(i)] = (self.grid[:3, 0] * 100).astype(kind)
        for i, (kind, expected) in enumerate(kinds.items()):
            a = (self.grid[:3, 0] * 100).astype(kind).astype(expected)
            for name, path in (("safe.h5", f"/{i}"), ("safe.pickle", f"/{i}")):
                if name == "safe.pickle":
                    (self.server.data / name).write_bytes(pickle.dumps({str(i): (self.grid[:3, 0] * 100).astype(kind)}))
                answer = self.server.get(f"/v1/data/{name}", path=path, format="bin", dtype="safe")
                self.assertEqual((200, expected, "3,6"), (answer.status, answer.headers["X-Mandoline-Dtype"], answer.headers["X-Mandoline-Shape"]))
                self.assertEqual(a.tobytes(), answer.body, kind)
                npy = numpy.load(io.BytesIO(self.server.get(f"/v1/data/{name}", path=path, format="npy", dtype="safe").body))
                self.assertEqual((numpy.dtype(expected), a.tobytes()), (npy.dtype, npy.tobytes()), kind)
        for path in ("/names", "/table"):
            self.assertEqual(422, self.server.get("/v1/data/big.h5", path=path, format="bin", dtype="safe").status)

    def test_csv_reads_back(self):
        text = self.data("/grid", slice=":,:,0", format="csv").body
        self.assertTrue(numpy.array_equal(self.grid[:, :, 0], numpy.loadtxt(io.BytesIO(text), delimiter=",", dtype="f4")))

    def test_pickle_of_a_dataset_is_an_array(self):
        self.assertTrue(numpy.array_equal(self.grid, pickle.loads(self.data("/grid", format="pickle").body)))

    def test_attributes(self):
        answer = self.server.get("/v1/attrs/big.h5", path="/a")
        self.assertEqual({"units": "K", "scale": 0.1}, json.loads(answer.body))

    def test_meta_of_a_dataset(self):
        meta = json.loads(self.server.get("/v1/meta/big.h5", path="/grid").body)
        self.assertEqual(("dataset", "<f4", [40, 50, 6], [7, 11, 6]), tuple(meta[k] for k in ("kind", "dtype", "shape", "chunks")))
        self.assertEqual(["shuffle", "deflate"], [f["name"] for f in meta["filters"]])

    def test_a_wrong_path_is_a_404_and_a_wrong_slice_a_400(self):
        self.assertEqual(404, self.server.get("/v1/data/big.h5", path="/nothing").status)
        self.assertEqual(404, self.server.get("/v1/meta/big.h5", path="/dangling/x").status)
        self.assertEqual(404, self.server.get("/v1/meta/none.h5", path="/").status)
        for text in ["x", "1:2:0", "40", "-41", "1,2,3,4", "[1", "1,,2", "..,1", "[1],[2]"]:
            answer = self.server.get("/v1/data/big.h5", path="/grid", slice=text)
            self.assertEqual(400, answer.status, text)
            self.assertEqual("application/problem+json", answer.headers["Content-Type"])

    def test_a_file_that_changes_is_opened_again(self):
        path = self.server.data / "changing.h5"
        for n in range(5):
            with h5py.File(self.server.data / "new.h5", "w") as f:
                f["x"] = numpy.arange(n)
            if n % 2:
                os.replace(self.server.data / "new.h5", path)
            else:
                path.write_bytes((self.server.data / "new.h5").read_bytes())
            time.sleep(0.02)
            answer = self.server.get("/v1/data/changing.h5", path="/x", format="json")
            self.assertEqual(list(range(n)), json.loads(answer.body))

    def test_a_chunk_that_memory_does_not_hold_is_refused(self):
        with h5py.File(self.server.data / "chunk.h5", "w") as f:
            f.create_dataset("x", (1 << 24,), "f4", chunks=(1 << 24,), compression="gzip")[:4] = 1  # a chunk of 64 MB
        self.assertEqual(200, self.server.get("/v1/data/chunk.h5", path="/x", slice="0:2", format="json").status)
        small = Server(self.server.data, "--limit-memory=32M")
        try:
            answer = small.get("/v1/data/chunk.h5", path="/x", slice="0:2", format="json")
            self.assertEqual(413, answer.status, answer)
            self.assertEqual(("memory", 32 << 20), tuple(json.loads(answer.body)[k] for k in ("limit", "limit_value")))
            status = pathlib.Path(f"/proc/{small.process.pid}/status").read_text()
            self.assertLess(int(re.search(r"VmHWM:\s+(\d+)", status)[1]), 40 << 10)
        finally:
            small.stop()

    def test_what_we_write_h5py_reads(self):
        value = {"name": "é", "n": 5, "f": 2.5, "yes": True, "none": None, "list": [1, 2, 3], "rows": [[1.5, 2], [3, 4]],
                 "words": ["a", "bc"], "mixed": [1, "a", None], "group": {"deep": {"x": 1}}, "blob": b"\0\1",
                 "array": numpy.arange(6, dtype=">i2").reshape(2, 3), "flags": numpy.array([True, False]),
                 "table": numpy.array([(1, 2.5)], dtype=[("i", "<i4"), ("f", "<f8")]), "z": 1 + 2j}
        body = self.server.convert(pickle.dumps(value), "hdf5", "pickle")
        with h5py.File(io.BytesIO(body)) as f:
            self.assertEqual(list(value), list(f["/"]))
            self.assertEqual("é", f["name"].asstr()[()])
            self.assertEqual((5, 2.5, True, 1 + 2j), (f["n"][()], f["f"][()], f["yes"][()], f["z"][()]))
            self.assertEqual(numpy.dtype(bool), f["yes"].dtype)
            self.assertIsInstance(f["none"][()], h5py.Empty)
            self.assertEqual([1, 2, 3], f["list"][()].tolist())
            self.assertEqual([[1.5, 2], [3, 4]], f["rows"][()].tolist())
            self.assertEqual(["a", "bc"], f["words"].asstr()[()].tolist())
            self.assertEqual(1, f["group/deep/x"][()])
            self.assertEqual((numpy.dtype(">i2"), [[0, 1, 2], [3, 4, 5]]), (f["array"].dtype, f["array"][()].tolist()))
            self.assertEqual([True, False], f["flags"][()].tolist())
            self.assertEqual([(1, 2.5)], f["table"][()].tolist())


if __name__ == "__main__":
    unittest.main()
