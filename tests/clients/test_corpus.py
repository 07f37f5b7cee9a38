"""Real files that others wrote: every object of every HDF5 file, every pickle. Skipped where they are absent."""

import io
import json
import pickle
import subprocess
import sys
import unittest

import h5py
import numpy

from hdf5 import judge, plain, shapes
from mandoline import CORPUS, Server, quote
from same import difference

# What a 422 may say: that what is asked for lies outside of the file.
OUTSIDE = ("lie in another file", "lie in other files")


@unittest.skipUnless(CORPUS.is_dir(), "the corpus of real files is not here")
class Hdf5(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = CORPUS / "hdf5-json/hdf5"
        cls.server = Server(cls.folder)
        cls.refused = {}

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        for what, where in sorted(cls.refused.items()):
            print(f"refused ({len(where)}): {what}: {', '.join(where[:4])}")

    def refuse(self, answer, where):
        detail = json.loads(answer.body)["detail"]
        self.assertTrue(any(word in detail for word in OUTSIDE), f"{where}: {detail}")
        self.refused.setdefault(next(word for word in OUTSIDE if word in detail), []).append(where)

    def check(self, name, path, obj):
        where = f"{name}{path}"
        for key in obj.attrs:
            answer = self.server.get(f"/v1/attrs/{quote(name)}", path=path, name_=key)
            try:
                expected = plain(obj.attrs[key], obj.file)
            except (TypeError, OSError, ValueError) as problem:
                expected = problem
            if answer.status == 422:
                self.refuse(answer, f"{where}@{key}")
            else:
                self.assertEqual(200, answer.status, f"{where}@{key}: {answer}")
                if not isinstance(expected, Exception):
                    self.assertEqual(expected, judge(json.loads(answer.body)[key], obj.file), f"{where}@{key}")
        if isinstance(obj, h5py.Group):
            meta = json.loads(self.server.get(f"/v1/meta/{quote(name)}", path=path).body)
            self.assertEqual(list(obj), [child["name"] for child in meta["children"]], where)
        if isinstance(obj, h5py.Dataset):
            self.check_dataset(name, path, obj, where)

    def check_dataset(self, name, path, dataset, where):
        answer = self.server.get(f"/v1/data/{quote(name)}", path=path, format="json")
        if answer.status == 422:
            return self.refuse(answer, where)
        self.assertEqual(200, answer.status, f"{where}: {answer}")
        try:
            expected = dataset[()]
        except (TypeError, OSError, ValueError):
            return  # h5py cannot read it; we can
        self.assertEqual(plain(expected, dataset.file), judge(json.loads(answer.body), dataset.file), where)
        self.check_python(name, path, dataset, expected, where)
        if isinstance(expected, numpy.ndarray) and expected.dtype.kind in "biufcSV" and not expected.dtype.hasobject:
            answer = self.server.get(f"/v1/data/{quote(name)}", path=path, format="npy")
            if answer.status == 422 and "out of order" in json.loads(answer.body)["detail"]:
                return  # numpy.save would write such a record as a pickle
            npy = numpy.load(io.BytesIO(answer.body))
            self.assertIsNone(difference(expected, npy), where)

    def check_python(self, name, path, dataset, expected, where):
        """The same as a pickle, straight and through typed JSON."""
        for how in ("pickle", "typed"):
            body = self.server.get(f"/v1/data/{quote(name)}", path=path, format=how).body
            got = pickle.loads(self.server.convert(body, "pickle", "typed") if how == "typed" else body)
            self.assertEqual(plain(expected, dataset.file), judge(plain(got, dataset.file), dataset.file), f"{where} {how}")
            if isinstance(expected, (numpy.ndarray, numpy.void)):
                self.assertEqual((expected.shape, shapes(expected.dtype)), (got.shape, shapes(got.dtype)), f"{where} {how}")

    def test_every_object_of_every_file(self):
        files = sorted(p for p in self.folder.glob("*.h5") if p.name != "notahdf5file.h5")
        self.assertGreater(len(files), 75)
        for file in files:
            with self.subTest(file.name), h5py.File(file) as f:
                tree = self.server.get(f"/v1/tree/{quote(file.name)}")
                self.assertEqual(200, tree.status, tree)
                json.loads(tree.body)
                self.check(file.name, "/", f)
                found = []
                f.visit(found.append)
                for path in found:
                    self.check(file.name, "/" + path, f[path])

    def test_what_is_no_hdf5_file_says_so(self):
        answer = self.server.get("/v1/tree/notahdf5file.h5")
        self.assertEqual(400, answer.status, answer)


@unittest.skipUnless(CORPUS.is_dir(), "the corpus of real files is not here")
class Keras(unittest.TestCase):
    def test_tree_configuration_and_a_kernel(self):
        server = Server(CORPUS / "keras")
        try:
            for file in sorted((CORPUS / "keras").glob("*.hdf5")):
                with self.subTest(file.name), h5py.File(file) as f:
                    self.assertEqual(200, server.get(f"/v1/tree/{quote(file.name)}").status)
                    attrs = json.loads(server.get(f"/v1/attrs/{quote(file.name)}", path="/").body)
                    self.assertEqual(json.loads(f.attrs["model_config"]), json.loads(attrs["model_config"]))
                    kernels = []
                    f.visititems(lambda path, o: kernels.append(path) if isinstance(o, h5py.Dataset) and o.ndim == 4 else None)
                    answer = server.get(f"/v1/data/{quote(file.name)}", path="/" + kernels[0], slice="0,...,-1", format="npy")
                    self.assertTrue(numpy.array_equal(f[kernels[0]][0, ..., -1], numpy.load(io.BytesIO(answer.body))))
        finally:
            server.stop()


# Loads two pickles of strangers in a process of its own and says where they differ.
JUDGE = """
import pickle, sys, warnings
warnings.simplefilter("ignore")
from same import difference
class NamedTuple(tuple): # of a __main__ that is gone, as the pickles say
    def __new__(cls, *fields):
        return tuple.__new__(cls, fields)
def make(cls, *args):
    made = object.__new__(cls)
    made.args = args
    return made
def __getattr__(name):
    globals()[name] = type(name, (), {"__new__": make})
    return globals()[name]
def load(path):
    with open(path, "rb") as f:
        try:
            return pickle.load(f)
        except UnicodeDecodeError:
            f.seek(0)
            return pickle.load(f, encoding="latin1")
sys.exit(difference(load(sys.argv[1]), load(sys.argv[2])))
"""

# The same of many dumps of joblib's. What Python 2 wrote, joblib refuses unless Latin-1 is forced upon its unpickler.
JOBLIB_JUDGE = """
import pickle, sys, warnings
warnings.simplefilter("ignore")
import joblib
from same import difference
plain = pickle._Unpickler.__init__
def latin1(self, file, **how):
    plain(self, file, encoding="latin1")
for dump, back in zip(sys.argv[1::2], sys.argv[2::2]):
    pickle._Unpickler.__init__ = latin1 if "_py27_" in dump else plain
    with open(back, "rb") as f:
        found = difference(joblib.load(dump), pickle.load(f, encoding="latin1"))
    if found:
        print(back, found)
"""


@unittest.skipUnless(CORPUS.is_dir(), "the corpus of real files is not here")
class Pickles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def files(self):
        yield from sorted((CORPUS / "pickle/serde-pickle").glob("*.pickle"))
        # joblib's plain ones, whose arrays are in files beside them
        yield from sorted(p for p in (CORPUS / "pickle/joblib").glob("joblib_0.9*pickle*.pkl"))

    def test_every_plain_pickle_comes_back_through_typed_json(self):
        count = 0
        for file in self.files():
            count += 1
            with self.subTest(file.name):
                body = file.read_bytes()
                for to in ("typed", "pickle"):
                    back = self.server.data / "back.pickle"
                    step = self.server.convert(body, to, "pickle")
                    back.write_bytes(step if to == "pickle" else self.server.convert(step, "pickle", "typed"))
                    if "unresolvable" in file.name:
                        continue  # Python itself cannot load it
                    judged = subprocess.run([sys.executable, "-c", JUDGE, str(file), str(back)], capture_output=True, text=True)
                    self.assertEqual((0, ""), (judged.returncode, judged.stderr), to)
        self.assertGreater(count, 20)

    def test_inspect_and_plain_json_answer(self):
        for file in self.files():
            with self.subTest(file.name):
                body = file.read_bytes()
                answer = self.server.request("POST", "/v1/inspect", body)
                self.assertEqual(200, answer.status, answer)
                answer = self.server.request("POST", "/v1/convert", body, to="json")
                self.assertIn(answer.status, (200, 422), answer)

    def test_joblib_dumps_hold_what_joblib_loads(self):
        pairs = []
        for file in sorted((CORPUS / "pickle/joblib").iterdir()):
            if ".npy" in file.name or "_0.9.2_pickle" in file.name or "cache_size" in file.name:
                continue  # arrays in files beside the pickle, and such pickles
            body, old = file.read_bytes(), "_py27_" in file.name
            for encoding in ("auto", "latin1") if old else ("auto",):
                for to in ("typed", "pickle"):
                    back = self.server.data / f"{file.name}-{encoding}-{to}"
                    step = self.server.convert(body, to, "pickle", encoding=encoding)
                    back.write_bytes(step if to == "pickle" else self.server.convert(step, "pickle", "typed"))
                    pairs += [str(file), str(back)]
        self.assertGreater(len(pairs), 120)
        judged = subprocess.run([sys.executable, "-c", JOBLIB_JUDGE, *pairs], capture_output=True, text=True)
        self.assertEqual((0, "", ""), (judged.returncode, judged.stdout, judged.stderr))

    def test_arrays_in_files_beside_the_dump_are_described(self):
        for file in sorted((CORPUS / "pickle/joblib").glob("*0.9.[24]*")):
            if ".npy" in file.name or "_compressed_pickle" in file.name:
                continue
            with self.subTest(file.name):
                answer = self.server.request("POST", "/v1/convert", file.read_bytes(), to="json", from_="pickle")
                self.assertIn(b"NDArrayWrapper", answer.body)


if __name__ == "__main__":
    unittest.main()
