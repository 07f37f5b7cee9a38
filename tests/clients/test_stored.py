"""Stored pickles, joblib dumps, torch files and npy answer tree, meta, attrs, data and stats as HDF5 files do: every part of
what Python has in them is in the tree, and at its path are its type, its values and slices of them."""

import base64
import bz2
import collections
import gzip
import io
import json
import lzma
import pickle
import shutil
import types
import unittest
import warnings
import zipfile

import h5py
import joblib
import numpy
import pandas

try:
    import scipy.sparse as sparse
except ImportError:
    sparse = None
try:
    import torch
except ImportError:
    torch = None

from mandoline import PROJECT, Server, quote
from same import difference

warnings.simplefilter("ignore")
RNG = numpy.random.default_rng(12)
SLICES = {0: ["..."], 1: ["0", "-1", "::2", "::-1", "1:1", "[1,0]"],
          2: ["0", "...,1", "::-1,::2", "1:,[1,0]", "0,0"], 3: ["1", ":,0", "...,::-2", "0,[1,0],1:", "-1,-1,-1"]}


class Model:
    """With attributes, as an estimator has them."""

    def __init__(self):
        self.coef_ = RNG.normal(size=(4, 3))
        self.classes_ = numpy.array(["a", "bc"])
        self.params = {"alpha": 0.5, "deep": {"layers": [numpy.arange(3), numpy.ones((2, 2), "f4")]}}


class Slotted:
    __slots__ = ("weights", "name")


class Reduced:
    """Made by a call: what it is made of has no names."""

    def __reduce__(self):
        return Reduced, (numpy.arange(5.0), "x"), {"later": numpy.arange(2)}

    def __init__(self, *args):
        self.args = args


class Odd:
    """With a state that is no attributes."""

    def __reduce__(self):
        return Odd, (), [numpy.arange(4), 7]

    def __setstate__(self, state):
        self.state = state


Point = collections.namedtuple("Point", "x y")


def value():
    slotted = Slotted()
    slotted.weights, slotted.name = numpy.arange(6, dtype="i2").reshape(2, 3), "s"
    arrays = {kind: (RNG.normal(size=(3, 4)) * 50).astype(kind) for kind in "b1 i1 >i2 i4 >i8 u1 u2 u4 u8 f2 >f4 f8 c8 >c16".split()}
    return {
        "arrays": arrays,
        "fortran": numpy.asfortranarray(RNG.normal(size=(2, 3, 4))), "view": RNG.normal(size=(6, 8))[::2, ::-3],
        "zero": numpy.array(3.5), "empty": numpy.zeros((0, 4)), "scalar": numpy.float32(0.1), "texts": numpy.array(["é", "abc"]),
        "bytes": numpy.array([b"x", b"yz"]), "days": numpy.array(["2026-11-25", "NaT"], "M8[D]"),
        "records": numpy.array([(1, 2.5, b"x"), (2, 3.5, b"yz")], dtype=[("i", "<i4"), ("f", ">f8"), ("s", "S3")]),
        "objects": numpy.array([1, "a", None], dtype=object),
        "n": 5, "big": 2**70, "f": 2.5, "t": True, "none": None, "s": "text é", "b": b"\0\1",
        "list": [1, "a", None, numpy.arange(3), [numpy.arange(2), {"x": numpy.ones(3)}]], "tuple": (numpy.zeros(2), "b"),
        "ordered": collections.OrderedDict(a=numpy.arange(2)), "deque": collections.deque([numpy.arange(2), 1]),
        "counted": collections.Counter("abca"), "point": Point(1, numpy.arange(7)), "namespace": types.SimpleNamespace(x=numpy.arange(3)),
        "model": Model(), "slotted": slotted, "reduced": Reduced(), "odd": Odd(),
        "frame": pandas.DataFrame({"a": [1, 2, 3], "b": [0.5, numpy.nan, 2.5], "c": ["x", "y", "z"]}),
        "dated": pandas.DataFrame({"v": [1.5, 2.5]}, index=pandas.date_range("2026-11-25", periods=2, name="day")),
        "series": pandas.Series([1.0, 2.0], name="q"),
        "a/b": {"~x": numpy.arange(2), "": 1}, 3: {"k": numpy.arange(4)},
    }


def parts(v):
    """The names that Python would use, and what is there."""
    if isinstance(v, pandas.DataFrame):
        named = v.reset_index() if v.index.name else v
        for column in named:
            yield column, named[column].to_numpy()
    elif isinstance(v, pandas.Series):
        yield v.name, v.to_numpy()
    elif isinstance(v, dict):
        yield from v.items()
    elif isinstance(v, (list, tuple, collections.deque)):
        yield from enumerate(v)
    elif isinstance(v, Slotted):
        yield from (("weights", v.weights), ("name", v.name))
    elif isinstance(v, Reduced):
        yield from (("later", numpy.arange(2)), ("$args", (numpy.arange(5.0), "x")))
    elif isinstance(v, Odd):
        yield "$state", [numpy.arange(4), 7]
    elif hasattr(v, "__dict__") and not isinstance(v, numpy.ndarray):
        yield from vars(v).items()


def walk(v, path=""):
    yield path or "/", v
    for name, part in parts(v):
        if name != "":
            yield from walk(part, path + "/" + str(name).replace("~", "~0").replace("/", "~1"))


def nodes(tree, path=""):
    yield path or "/", tree
    for child in tree.get("children", []):
        if child["name"] != "":
            yield from nodes(child, path + "/" + child["name"].replace("~", "~0").replace("/", "~1"))
    for i in range(tree["length"] if "items" in tree else 0):  # summed up by their types
        yield f"{path}/{i}", None


class Stored(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.value = value()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def get(self, what, name, **query):
        answer = self.server.get(f"/v1/{what}/{quote(name)}", **query)
        self.assertEqual(200, answer.status, f"{what} {name} {query}: {answer}")
        return answer

    def json(self, what, name, **query):
        return json.loads(self.get(what, name, **query).body)

    def same(self, expected, body, message):
        found = numpy.load(io.BytesIO(body))
        self.assertEqual((expected.dtype, expected.shape), (found.dtype, found.shape), message)
        numpy.testing.assert_array_equal(expected, found, message)

    def check_array(self, name, path, a, most=9):
        where = f"{name} {path}"
        meta = self.json("meta", name, path=path)
        self.assertEqual(list(a.shape), meta["shape"], where)
        if a.dtype.hasobject:
            self.assertEqual("|O", meta["dtype"], where)
            self.assertEqual(a.tolist(), self.json("data", name, path=path), where)
            return
        if not a.dtype.names:
            self.assertEqual(a.dtype.str, meta["dtype"], where)
        self.same(a, self.get("data", name, path=path, format="npy").body, where)
        for text in SLICES.get(a.ndim, ["0", "...,::-1"])[:most]:
            if a.size or text == "::2":
                part = eval(f"a[{text}]") if text != "0,[1,0],1:" else a[0][[1, 0]][:, 1:]
                part = numpy.asarray(part, a.dtype)  # scalars of NumPy's own have the machine's order
                self.same(part, self.get("data", name, path=path, slice=text, format="npy").body, f"{where} [{text}]")
        little = numpy.ascontiguousarray(a.astype(a.dtype.newbyteorder("<")))
        self.assertEqual(little.tobytes(), self.get("data", name, path=path, format="bin").body, where)
        for field in a.dtype.names or ():
            self.same(a[field], self.get("data", name, path=path, fields=field, format="npy").body, where)
            self.same(a[field], self.get("data", name, path=f"{path}/{field}", format="npy").body, where)
        if a.dtype.kind in "biufc":
            stats = self.json("stats", name, path=path)
            self.assertEqual((list(a.shape), a.size), (stats["shape"], stats["count"]), where)
            if a.dtype.kind != "c" and a.size:
                wide = a.astype("f8") if a.dtype.kind == "f" else a
                self.assertEqual((numpy.nanmin(wide), numpy.nanmax(wide)), (stats["min"], stats["max"]), where)
                numpy.testing.assert_allclose(stats["mean"], numpy.nanmean(wide), 1e-12, err_msg=where)
                numpy.testing.assert_allclose(stats["std"], numpy.nanstd(wide), 1e-12, err_msg=where)

    def check_plain(self, name, path, v):
        if isinstance(v, bytes):
            v = base64.b64encode(v).decode()
        self.assertEqual(v, self.json("data", name, path=path), f"{name} {path}")

    def check_file(self, name, value, most=9):
        tree = self.json("tree", name)["tree"]
        found, expected = dict(nodes(tree)), dict(walk(value))
        self.assertEqual(list(expected), [path for path in found if path in expected], name)
        self.assertEqual(set(), set(found) - set(expected), name)
        for path, v in expected.items():
            where = f"{name} {path}"
            meta = self.json("meta", name, path=path)
            node = found[path]
            group = any(True for _ in parts(v)) or isinstance(v, dict)
            self.assertEqual("group" if group else "dataset", meta["kind"], where)
            for key in ("kind", "type", "class", "dtype", "shape", "length", "rows", "child_count"):
                if node and key in node and path != "/":
                    self.assertEqual(node[key], meta[key], where)
            if group and "children" in meta:
                names = [c["name"] for c in meta["children"]]
                self.assertEqual([str(n) for n, _ in parts(v)], names, where)
            self.assertEqual({}, self.json("attrs", name, path=path), where)
            if isinstance(v, (numpy.ndarray, numpy.generic)):
                self.check_array(name, path, numpy.asarray(v), most)
            elif isinstance(v, (str, bytes, int, float, bool, type(None))):
                self.check_plain(name, path, v)

    def test_pickles_of_every_protocol(self):
        for protocol in (0, 2, 4, 5):
            name = f"p{protocol}.pickle"
            later = ("slotted", "point")  # which older protocols don't have, or spell differently
            value = {k: v for k, v in self.value.items() if protocol >= 2 or k not in later}
            (self.server.data / name).write_bytes(pickle.dumps(value, protocol))
            with self.subTest(name):
                self.check_file(name, value, 9 if protocol == 4 else 1)

    def test_packed_pickles(self):
        body = pickle.dumps(self.value)
        for name, pack in (("p.pickle.gz", gzip.compress), ("p.pkl.bz2", bz2.compress),
                           ("nameless", lambda b: gzip.compress(lzma.compress(b)))):
            (self.server.data / name).write_bytes(pack(body))
            with self.subTest(name):
                self.check_file(name, self.value, 1)

    def test_joblib_dumps(self):
        for name, how in (("j.joblib", {}), ("j.joblib.z", {"compress": 3})):
            joblib.dump(self.value, self.server.data / name, **how)
            with self.subTest(name):
                self.check_file(name, self.value, 1)

    def test_an_hdf5_file_of_the_same(self):
        """What Python has in HDF5 too is at the same path, and looks the same."""
        keys = ("arrays", "fortran", "view", "texts", "records", "list", "ordered", "frame")
        (self.server.data / "both.pickle").write_bytes(pickle.dumps({k: self.value[k] for k in keys}))
        (self.server.data / "both.h5").write_bytes(self.server.convert((self.server.data / "both.pickle").read_bytes(), "hdf5"))
        seen = 0
        for path, v in walk({k: self.value[k] for k in keys}):
            if not isinstance(v, numpy.ndarray) or v.dtype.hasobject or v.dtype.kind == "U" or path.startswith("/list/4"):
                continue
            seen += 1
            self.same(v, self.get("data", "both.pickle", path=path, format="npy").body, path)
            self.same(v, self.get("data", "both.h5", path=path, format="npy").body, path)
            one, other = (self.json("meta", name, path=path) for name in ("both.pickle", "both.h5"))
            self.assertEqual([one[k] for k in ("kind", "dtype", "shape")], [other[k] for k in ("kind", "dtype", "shape")], path)
            if v.dtype.kind in "biufc":
                one, other = (self.json("stats", name, path=path) for name in ("both.pickle", "both.h5"))
                self.assertEqual({**one, "name": ""}, {**other, "name": ""}, path)
        self.assertGreater(seen, 20)

    def test_arrays_of_npy(self):
        for name, a in {"a": self.value["fortran"], "b": self.value["records"], "c": self.value["arrays"][">c16"], "d": numpy.array(2.5)}.items():
            numpy.save(self.server.data / f"{name}.npy", a)
            self.check_array(f"{name}.npy", "/", a)
            self.assertEqual("dataset", self.json("tree", f"{name}.npy")["tree"]["kind"])
            self.assertEqual({}, self.json("attrs", f"{name}.npy"))

    def test_arrays_of_npz(self):
        arrays = {k.lstrip("<>"): v for k, v in self.value["arrays"].items()} | {
            "é": numpy.arange(3), "in/a/folder": numpy.arange(6).reshape(2, 3), "in": numpy.array(1), "a~b": numpy.zeros(2),
            "records": self.value["records"], "fortran": self.value["fortran"], "days": self.value["days"]}
        for name, save in (("s.npz", numpy.savez), ("c.npz", numpy.savez_compressed)):
            save(self.server.data / name, **arrays)
            with zipfile.ZipFile(self.server.data / name, "a") as z:
                z.writestr("notes.txt", "no array")
            tree = self.json("tree", name)
            self.assertEqual(("npz", "group"), (tree["format"], tree["tree"]["kind"]))
            self.assertEqual([*arrays, "notes.txt"], [c["name"] for c in tree["tree"]["children"]])
            self.assertEqual([str(a.shape) for a in arrays.values()], [str(tuple(c["shape"])) for c in tree["tree"]["children"][:-1]])
            for key, a in arrays.items():
                self.check_array(name, "/" + key.replace("~", "~0"), a)
            self.check_array(name, "/in~1a~1folder", arrays["in/a/folder"])
            self.check_plain(name, "/notes.txt", b"no array")
            self.assertEqual({}, self.json("attrs", name, path="/i4"))
            for path in ("/none", "/in/none", "/i4/x", "/ar"):
                self.assertEqual(404, self.server.get(f"/v1/data/{name}", path=path).status, path)
            body = (self.server.data / name).read_bytes()
            whole = pickle.loads(self.server.convert(body, "pickle"))
            self.assertEqual([*arrays, "notes.txt"], list(whole))
            numpy.testing.assert_array_equal(arrays["in/a/folder"], whole["in/a/folder"])

    def test_damaged_npz(self):
        for save in (numpy.savez, numpy.savez_compressed):
            out = io.BytesIO()
            save(out, a=numpy.arange(3, dtype="u1"), b=numpy.array([1, None], dtype=object))
            body = out.getvalue()
            (self.server.data / "o.npz").write_bytes(body)
            self.assertEqual(["dataset", "other"], [c["kind"] for c in self.json("tree", "o.npz")["tree"]["children"]])
            self.assertEqual([0, 1, 2], self.json("data", "o.npz", path="a"))
            self.assertEqual(422, self.server.get("/v1/data/o.npz", path="b").status)
            out = io.BytesIO()
            save(out, a=numpy.arange(3, dtype="u1"))
            body = out.getvalue()
            for cut in range(1, len(body)):
                answer = self.server.request("POST", "/v1/convert", body[:cut], {}, to="json", from_="npz")
                self.assertIn(answer.status, (400, 422), cut)
            for at in range(len(body)):
                changed = body[:at] + bytes([body[at] ^ 0x55]) + body[at + 1:]
                answer = self.server.request("POST", "/v1/convert", changed, {}, to="json", from_="npz")
                self.assertIn(answer.status, (200, 400, 413, 422), at)
                if answer.status == 200:
                    for v in json.loads(answer.body).values():  # its name may be another one, which is no array's
                        self.assertTrue(v == [0, 1, 2] or isinstance(v, str), f"{at}: {v}")

    def test_torch_files(self):
        expected = {}
        for key, array in numpy.load(PROJECT / "tests/golden/torch/expected.npz").items():
            name, *path = key.split("|")
            expected.setdefault(name, {})["".join("/" + step for step in path)] = array
        seen = 0
        for name in ("checkpoint.pt", "checkpoint_legacy.pt", "dtypes.pt", "views.pt", "views_legacy.pt"):
            shutil.copy(PROJECT / "tests/golden/torch" / name, self.server.data / name)
            found = dict(nodes(self.json("tree", name)["tree"]))
            for path, a in expected[name].items():
                with self.subTest(name, path=path):
                    self.assertEqual("dataset", found[path]["kind"])
                    self.check_array(name, path, a)
                    seen += 1
        self.assertGreaterEqual(seen, 40)

    @unittest.skipUnless(torch, "torch is not installed")
    def test_torch_itself(self):
        state = {"conv": torch.arange(12.0).reshape(3, 4), "epoch": 3}
        torch.save(state, self.server.data / "own.pt")
        self.check_array("own.pt", "/conv", state["conv"].numpy())

    @unittest.skipUnless(sparse, "scipy is not installed")
    def test_sparse_matrices(self):
        m = sparse.random(20, 30, 0.2, "csr", random_state=1)
        (self.server.data / "sparse.pickle").write_bytes(pickle.dumps(m))
        for part in ("data", "indices", "indptr"):
            self.check_array("sparse.pickle", f"/{part}", getattr(m, part))

    def test_depth_and_paths_of_the_tree(self):
        (self.server.data / "d.pickle").write_bytes(pickle.dumps(self.value))
        part = self.json("tree", "d.pickle", path="/model/params")["tree"]
        self.assertEqual(["alpha", "deep"], [c["name"] for c in part["children"]])
        flat = self.json("tree", "d.pickle", depth=0)["tree"]
        self.assertNotIn("children", flat)
        for what in ("meta", "attrs", "data", "stats", "tree"):
            self.assertEqual(404, self.server.get(f"/v1/{what}/d.pickle", path="/model/none").status)
            answer = self.get(what, "d.pickle", path="/model/coef_")
            again = self.server.get(f"/v1/{what}/d.pickle", {"If-None-Match": answer.headers["ETag"]}, path="/model/coef_")
            self.assertEqual(304, again.status)

    def test_one_big_array(self):
        """Its elements stay in the file: it may be bigger than what a request may have, however it lies there."""
        base = numpy.arange(300 * 1000, dtype="f8").reshape(300, 1000) + 0.5
        plain = pickle.dumps(base, protocol=4)
        server = Server(None, "--limit-memory", "1M")
        self.addCleanup(server.stop)

        def ask(name, body, **query):
            (server.data / name).write_bytes(body)
            return server.get(f"/v1/data/{name}", path="/", **query)

        for array in (base, numpy.asfortranarray(base), base.astype(">f8"), base.astype("c16"), base[:, :0:-1].T):
            for protocol in (3, 4, 5):
                body = pickle.dumps(array, protocol=protocol)
                little = array.astype(array.dtype.newbyteorder("<"))
                self.assertEqual(little.tobytes(), ask("a.pickle", body, format="bin").body)
                self.assertIsNone(difference(array, numpy.load(io.BytesIO(ask("a.pickle", body, format="npy").body))))
                self.assertEqual(little[7:200:3, ::-9].tobytes(), ask("a.pickle", body, format="bin", slice="7:200:3,::-9").body)
                self.assertIsNone(difference(pickle.loads(pickle.dumps(array, 4)), pickle.loads(ask("a.pickle", body, format="pickle").body)))
        self.assertEqual(200, server.get("/v1/meta/a.pickle").status)
        for name, body, status in (("row", plain + pickle.dumps(3), 413), ("in", pickle.dumps([base], 4), 413),
                                   ("trailing", plain + b"x", 413), ("cut", plain[:-1], 413), ("bytes", pickle.dumps(base.tobytes(), 4), 413)):
            with self.subTest(name):
                self.assertEqual(status, ask(f"{name}.pickle", body, format="json").status)
                (self.server.data / f"{name}.pickle").write_bytes(body)
                answer = self.server.get(f"/v1/data/{name}.pickle", path="/", format="pickle")
                self.assertEqual(400 if name == "cut" else 200, answer.status, answer)
                if name in ("row", "trailing"):
                    self.assertIsNone(difference(base, pickle.loads(answer.body)))

    def test_several_pickles_in_a_row(self):
        (self.server.data / "row.pickle").write_bytes(b"".join(pickle.dumps({"x": numpy.arange(n)}) for n in (2, 3)) + b"end")
        answer = self.get("stats", "row.pickle", path="/x", index=-1)
        self.assertEqual(3, json.loads(answer.body)["count"])
        self.assertEqual(("2", "3"), (answer.headers["X-Mandoline-Pickles"], answer.headers["X-Mandoline-Trailing-Bytes"]))


if __name__ == "__main__":
    unittest.main()
