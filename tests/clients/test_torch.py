"""What torch.save writes, and pickles of tensors: mandoline finds the arrays. torch itself is not needed: its
files, and the arrays it says are in them, were made by tests/golden/torch/make.py."""

import io
import json
import pickle
import struct
import sys
import tarfile
import types
import unittest
import unittest.mock
import zipfile

import h5py
import numpy

from mandoline import PROJECT, Server

FOLDER = PROJECT / "tests/golden/torch"
EXPECTED = {}
for key, array in numpy.load(FOLDER / "expected.npz").items():
    name, *path = key.split("|")
    EXPECTED.setdefault(name, {})["".join("/" + step for step in path)] = array


def read(name):
    return (FOLDER / name).read_bytes()


def rebuilt(body, change, compression=zipfile.ZIP_STORED):
    """The archive with other members: change takes a name and the bytes, and gives the bytes or None."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(out, "w", compression) as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return out.getvalue()


def by_hand(dtype, count, data, metadata=b""):
    """A tensor of _rebuild_tensor_v3, which torch 1.13 does not write; metadata: opcodes of one more argument."""
    pickled = (b"\x80\x02ctorch._utils\n_rebuild_tensor_v3\n((X\x07\0\0\0storagectorch.storage\nUntypedStorage\n"
               b"X\x01\0\0\x000X\x03\0\0\0cpuJ" + struct.pack("<i", len(data)) + b"tQK\0J" + struct.pack("<i", count)
               + b"\x85K\x01\x85\x89ccollections\nOrderedDict\n)Rctorch\n" + dtype + b"\n" + metadata + b"tR.")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("x/data.pkl", pickled)
        z.writestr("x/data/0", data)
    return out.getvalue()


class WithoutTorch(pickle.Unpickler):
    """What stays torch's own (torch.Size, torch.device) is told by its name and arguments."""

    def find_class(self, module, name):
        if module.partition(".")[0] == "torch":
            return lambda *arguments: (name, *arguments)
        return super().find_class(module, name)


class Torch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def convert(self, body, status=200, **query):
        answer = self.server.request("POST", "/v1/convert", body, {}, **query)
        self.assertEqual(status, answer.status, answer)
        return answer.body

    def array(self, body, path, **query):
        if path:
            query["path"] = path
        return numpy.load(io.BytesIO(self.convert(body, to="npy", **query)))

    def same(self, expected, found, message=None):
        self.assertEqual((expected.dtype, expected.shape), (found.dtype, found.shape), message)
        with numpy.errstate(invalid="ignore"):  # of signaling NaNs
            numpy.testing.assert_array_equal(expected, found, message)

    def test_every_tensor(self):
        seen = 0
        for name, arrays in EXPECTED.items():
            for path, expected in arrays.items():
                if name == "quantized.pt" or path == "/state_dict/norm.num_batches_tracked_":
                    continue
                with self.subTest(name, path=path):
                    self.same(expected, self.array(read(name), path))
                    seen += 1
        self.assertGreater(seen, 60)

    def test_typed_json_keeps_what_a_tensor_is(self):
        for name in EXPECTED:
            typed = self.convert(read(name), to="typed")
            self.assertEqual(typed, self.convert(typed, to="typed", from_="typed"))
            if not name.startswith("plain") and name != "quantized.pt":
                for path, expected in EXPECTED[name].items():
                    with self.subTest(name, path=path):
                        self.same(expected, self.array(typed, path, from_="typed"))

    def test_a_pickle_of_arrays(self):
        for name in ("dtypes.pt", "views.pt", "checkpoint.pt", "views_legacy.pt", "checkpoint_legacy.pt"):
            for protocol in (0, 2, 4, 5):
                value = WithoutTorch(io.BytesIO(self.convert(read(name), to="pickle", protocol=protocol))).load()
                for path, expected in EXPECTED[name].items():
                    part = value
                    for step in path[1:].split("/"):
                        part = part[step]
                    with self.subTest(name, path=path):
                        self.same(expected, part)

    def test_a_plain_pickle_stays_as_it_was(self):
        for name in ("plain2.pickle", "plain4.pickle"):
            typed = self.convert(read(name), to="typed")
            again = self.convert(self.convert(typed, to="pickle", from_="typed"), to="typed")
            self.assertEqual(typed, again)

    def test_hdf5_has_datasets(self):
        for name in ("checkpoint.pt", "checkpoint_legacy.pt", "plain4.pickle", "dtypes.pt"):
            with h5py.File(io.BytesIO(self.convert(read(name), to="hdf5"))) as f:
                for path, expected in EXPECTED[name].items():
                    with self.subTest(name, path=path):
                        self.same(expected, f[path][()] if expected.ndim else numpy.asarray(f[path][()]))

    def test_plain_json(self):
        value = json.loads(self.convert(read("checkpoint.pt"), to="json"))
        self.assertEqual((3, [2, 3], "cpu", [1.5, 2.5], ["a", "b"]),
                         tuple(value[key] for key in ("epoch", "size", "device", "parameter", "names")))
        self.assertEqual(EXPECTED["checkpoint.pt"]["/state_dict/conv1.bias"].tolist(),
                         numpy.array(value["state_dict"]["conv1.bias"], "f4").tolist())

    def test_a_stored_file(self):
        for name in ("checkpoint.pt", "checkpoint_legacy.pt"):
            stored = name.replace("pt", "pth", 1)
            (self.server.data / stored).write_bytes(read(name))
            path = "/state_dict/conv1.weight"
            weight = EXPECTED[name][path]
            answer = self.server.get(f"/v1/data/{stored}", path=path, slice="0,...,1:")
            self.assertEqual(weight[0, ..., 1:].tolist(), numpy.array(json.loads(answer.body), "f4").tolist())
            meta = json.loads(self.server.get(f"/v1/meta/{stored}", path=path).body)
            self.assertEqual([2, 1, 3, 3], meta["shape"] if "shape" in meta else meta["object"]["shape"], meta)
            tree = self.server.get(f"/v1/tree/{stored}")
            self.assertEqual(200, tree.status, tree)
            self.assertIn(b"conv1.weight", tree.body)
            self.assertEqual(200, self.server.get(f"/v1/attrs/{stored}", path=path).status)

    def test_slices_of_views(self):
        for name in ("views.pt", "views_legacy.pt"):
            for path in ("/transposed", "/bfloat16", "/expanded", "/part"):
                expected = EXPECTED[name][path]
                for text, index in (("1", 1), ("::-1", slice(None, None, -1)), ("...,::2", (..., slice(None, None, 2)))):
                    with self.subTest(name, path=path, slice=text):
                        self.same(expected[index], self.array(read(name), path, slice=text))

    def test_quantized_stays_an_object(self):
        value = json.loads(self.convert(read("quantized.pt"), to="json"))
        self.assertIn("_rebuild_qtensor", json.dumps(value))
        self.assertIn(b"storage of torch's", self.convert(read("quantized.pt"), 422, to="pickle"))

    def test_what_is_to_be_conjugated_stays_an_object(self):
        data = numpy.array([1 + 2j]).tobytes()
        for metadata in (b"}", b"N"):
            self.same(numpy.array([1 + 2j]), self.array(by_hand(b"complex128", 1, data, metadata), ""))
        body = by_hand(b"complex128", 1, data, b"}X\x04\0\0\0conj\x88s")
        self.assertEqual("torch._utils._rebuild_tensor_v3", json.loads(self.convert(body, to="json"))["$class"])
        self.convert(body, 422, to="pickle")

    def test_the_tar_of_old_versions_is_named(self):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:", format=tarfile.USTAR_FORMAT) as tar:
            for name in ("sys_info", "pickle", "tensors", "storages"):
                tar.addfile(tarfile.TarInfo(name))
        self.assertIn(b"torch.save", self.convert(out.getvalue(), 422, to="json"))

    def test_many_calls_share_a_file(self):
        """A torch.save that many calls load, or in itself, is no more work than the bytes around it."""
        class Load:
            def __init__(self, body):
                self.body = body

            def __reduce__(self):
                return load, (self.body,)

        modules = {name: types.ModuleType(name) for name in ("torch", "torch.storage")}
        modules["torch.storage"]._load_from_bytes = load = lambda body: None
        load.__module__, load.__qualname__ = "torch.storage", "_load_from_bytes"
        body = read("views_legacy.pt")
        with unittest.mock.patch.dict(sys.modules, modules):
            many = pickle.dumps([Load(body) for _ in range(10000)], 4)
        self.assertLess(len(many), 300000)
        self.convert(many, to="typed")

    def test_small_floats_of_newer_versions(self):
        """float8 and complex32, and storages without a type."""
        def tensor(dtype, count, data):
            return self.array(by_hand(dtype, count, data), "")

        every = bytes(range(256))
        bits = numpy.arange(256)
        sign = numpy.where(bits & 0x80, -1.0, 1.0)

        def value(exponent_bits, bias):
            fraction_bits = 7 - exponent_bits
            e, f = bits >> fraction_bits & (1 << exponent_bits) - 1, bits & (1 << fraction_bits) - 1
            scale = 2.0 ** fraction_bits
            return (sign * numpy.where(e == 0, f / scale * 2.0 ** (1 - bias), (1 + f / scale) * 2.0 ** (e - bias))).astype("f4")
        half = numpy.frombuffer(b"".join(bytes([0, n]) for n in every), "<f2").astype("f4")  # e5m2 is the upper half of it
        self.same(half, tensor(b"float8_e5m2", 256, every))
        e4m3fn = value(4, 7)
        e4m3fn[[0x7f, 0xff]] = numpy.nan
        self.same(e4m3fn, tensor(b"float8_e4m3fn", 256, every))
        for name, e, bias in ((b"float8_e4m3fnuz", 4, 8), (b"float8_e5m2fnuz", 5, 16)):
            expected = value(e, bias)
            expected[0x80] = numpy.nan
            self.same(expected, tensor(name, 256, every))
        halves = numpy.arange(65536, dtype="<u2").view("<f2")[:32768]
        self.same(halves.astype("f4").view("c8"), tensor(b"complex32", 16384, halves.tobytes()))
        words = numpy.arange(5, dtype="<u4")
        for dtype in ("uint16", "uint32", "uint64", "int16", "float64"):
            self.same(words.astype(dtype), tensor(dtype.encode(), 5, words.astype(dtype).tobytes()))

    def test_big_endian(self):
        def swap(name, data):
            return numpy.frombuffer(data, "<f4").astype(">f4").tobytes() if "/data/" in name else data
        body = rebuilt(read("tensor.pt"), swap)
        with zipfile.ZipFile(io.BytesIO(body)) as z:
            folder = z.namelist()[0].split("/")[0]
        out = io.BytesIO(body)
        with zipfile.ZipFile(out, "a") as z:
            z.writestr(f"{folder}/byteorder", "big")
        self.same(EXPECTED["tensor.pt"][""], self.array(out.getvalue(), ""))
        body = io.BytesIO(by_hand(b"uint16", 1, b"\0\1"))
        with zipfile.ZipFile(body, "a") as z:
            z.writestr("x/byteorder", "big")
        self.convert(body.getvalue(), 400, to="npy")

    def test_compressed_members(self):
        body = rebuilt(read("dtypes.pt"), lambda name, data: data, zipfile.ZIP_DEFLATED)
        self.same(EXPECTED["dtypes.pt"]["/int64"], self.array(body, "/int64"))

    def test_cut_anywhere(self):
        for name in ("tiny.pt", "tiny_legacy.pt"):
            body = read(name)
            for cut in range(16, len(body)):
                self.convert(body[:cut], 400, to="typed", from_="pickle")

    def test_views_that_lie(self):
        body = read("tiny.pt")
        tensor = b"K\0K\x02\x85"  # offset, size
        for lie in (b"K\1K\x02\x85", b"K\0K\x03\x85", b"K\0J\xff\xff\xff\xff\x85", b"J\xff\xff\xff\xffK\x02\x85",
                    b"K\0\x8a\x08" + struct.pack("<q", 2**62) + b"\x85", b"\x8a\x08" + struct.pack("<q", 2**63 - 1) + b"K\x02\x85",
                    b"K\0K\x02K\x02\x86", b"K\0X\1\0\0\0a\x85"):
            def change(name, data, lie=lie):
                if not name.endswith("data.pkl"):
                    return data
                parts = data.split(tensor)
                self.assertEqual(2, len(parts), data)
                return parts[0] + lie + parts[1]
            changed = rebuilt(body, change)
            value = json.loads(self.convert(changed, to="json"))
            self.assertIn("_rebuild_tensor_v2", json.dumps(value[0]), lie)
            self.assertEqual([3], value[1])
            self.convert(changed, 422, to="pickle")
            self.convert(changed, to="typed")

    def test_what_is_missing(self):
        body = read("tiny.pt")
        self.convert(rebuilt(body, lambda name, data: None if name.endswith("/data/1") else data), 400, to="json")
        self.convert(rebuilt(body, lambda name, data: None if name.endswith("/data.pkl") else data), 415, to="json")
        short = rebuilt(body, lambda name, data: data[:1] if name.endswith("/data/0") else data)
        self.assertIn("_rebuild_tensor_v2", self.convert(short, to="json").decode())
        npz = io.BytesIO()
        numpy.savez(npz, a=numpy.arange(3))
        self.assertEqual({"a": [0, 1, 2]}, json.loads(self.convert(npz.getvalue(), to="json")))

    def test_the_pickles_of_the_older_layout_one_by_one(self):
        body = read("tiny_legacy.pt")
        self.assertEqual(1001, json.loads(self.convert(body, to="json", index=1)))


if __name__ == "__main__":
    unittest.main()
