"""/v1/stats against NumPy: every number type in every stored format, whole and in parts."""

import gzip
import io
import json
import pathlib
import pickle
import re
import socket
import time
import unittest
import warnings

import h5py
import joblib
import numpy
import pandas

from mandoline import Server, quote

warnings.simplefilter("ignore")
RNG = numpy.random.default_rng(41)
KINDS = "b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16".split()
SLICES = ["", "3", "-1", "::2,1", "1:30:7", "::-3", "...,2", "[39,0,7,7],:,1", "5,[2,1],::2", "40:50"]


def numbers(kind, shape):
    """With what a kind has of extremes, NaN and infinities among them."""
    dtype = numpy.dtype(kind)
    if dtype.kind == "b":
        return RNG.integers(0, 2, shape).astype(bool)
    if dtype.kind in "iu":
        info = numpy.iinfo(dtype)
        a = RNG.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
        a.flat[:2] = info.min, info.max
        return a
    a = RNG.normal(3, 10, shape) + (1j * RNG.normal(size=shape) if dtype.kind == "c" else 0)
    a = a.astype(dtype)
    a.flat[RNG.integers(0, a.size, a.size // 10)] = numpy.nan
    a.flat[RNG.integers(0, a.size, a.size // 20)] = numpy.inf
    a.flat[RNG.integers(0, a.size, a.size // 20)] = -numpy.inf
    return a


def expected(a):
    """NumPy's answer for the finite elements, promoted to float64."""
    a = numpy.asarray(a)
    finite, nan = numpy.isfinite(a), numpy.isnan(a)
    wide = a if a.dtype.kind in "biu" else a.astype("c16" if a.dtype.kind == "c" else "f8")
    kept = wide[finite]
    out = {"count": a.size, "finite": kept.size, "nan": int(nan.sum()), "inf": int((~finite & ~nan).sum())}
    for name in ("min", "max", "positive_min", "strict_positive_min", "mean", "std"):
        out[name] = None
    if kept.size == 0:
        return out
    if a.dtype.kind == "c":
        mean = kept.mean()
        return out | {"mean": [mean.real, mean.imag], "std": kept.std()}
    plain = wide if a.dtype.kind in "biu" else numpy.where(finite, wide, numpy.nan)
    out |= {"min": numpy.nanmin(plain), "max": numpy.nanmax(plain), "mean": numpy.nanmean(plain), "std": numpy.nanstd(plain)}
    for name, some in (("positive_min", kept[kept >= 0]), ("strict_positive_min", kept[kept > 0])):
        out[name] = some.min() if some.size else None
    return out


class Stats(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.arrays = {kind: numbers(kind, (40, 50, 6)) for kind in KINDS}
        with h5py.File(cls.server.data / "a.h5", "w") as f:
            for kind, a in cls.arrays.items():
                f[f"little/{kind}"] = a
                f.create_dataset(f"big/{kind}", data=a.astype(a.dtype.newbyteorder(">")), chunks=(7, 11, 6),
                                 compression="gzip", shuffle=True)
            f["long"] = cls.arrays["f8"].astype("g")
            f["null"] = h5py.Empty("f8")
            f["scalar"] = 2.5
            f["text"] = ["a", "b"]
            f["records"] = numpy.array([(1, 2.5), (3, 4.5)], dtype=[("i", "<i4"), ("f", ">f8")])

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def stats(self, name, status=200, **query):
        answer = self.server.get(f"/v1/stats/{quote(name)}", **query)
        self.assertEqual(status, answer.status, answer)
        return json.loads(answer.body)

    def check(self, a, got, message=None):
        a = numpy.asarray(a)
        self.assertEqual(list(a.shape), got["shape"], message)
        for name, value in expected(a).items():
            where = f"{message} {name}: {value!r} and {got[name]!r}"
            if value is None or name in ("count", "finite", "nan", "inf"):
                self.assertEqual(value, got[name], where)
            elif name in ("mean", "std"):
                # What is small beside the numbers themselves has fewer digits, in NumPy as well.
                scale = numpy.abs(a[numpy.isfinite(a)].astype("c16")).max()
                numpy.testing.assert_allclose(got[name], value, 1e-12, 1e-15 * scale, err_msg=where)
            else:
                self.assertEqual(value, got[name], where)
                self.assertIsInstance(got[name], int if a.dtype.kind in "biu" else float, where)

    def test_every_kind_in_both_orders_and_every_selection(self):
        for order in ("little", "big"):
            for kind, a in self.arrays.items():
                for text in SLICES:
                    part = eval(f"a[{text}]") if text else a
                    if text == "5,[2,1],::2":
                        part = a[5][[2, 1]][:, ::2]
                    self.check(part, self.stats("a.h5", path=f"/{order}/{kind}", slice=text), f"{order} {kind} [{text}]")
        self.check(self.arrays["f8"].astype("g"), self.stats("a.h5", path="/long"))

    def test_many(self):
        """More than one window of them; integers exactly."""
        n = 1_500_007
        values = {"f4": RNG.normal(1e6, 1, n).astype("f4"), "f8": RNG.normal(1e9, 1e-3, n), "i8": RNG.integers(-2**62, 2**62, n),
                  "u8": 2**64 - 1 - RNG.integers(0, 1000, n, dtype="u8"), "i2": RNG.integers(-2**15, 2**15, n).astype("i2"),
                  "f2": RNG.normal(size=n).astype("f2"), "c8": (RNG.normal(size=n) + 1j).astype("c8")}
        values["f8"][::1000] = numpy.nan
        with h5py.File(self.server.data / "many.h5", "w") as f:
            for name, a in values.items():
                f.create_dataset(name, data=a, chunks=(100_000,))
        for name, a in values.items():
            got = self.stats("many.h5", path=name)
            if name != "u8":
                self.check(a, got, name)
                continue
            far = (2**64 - 1 - a).astype("f8")
            self.assertEqual((int(a.min()), int(a.max())), (got["min"], got["max"]))
            self.assertAlmostEqual(got["std"] / far.std(), 1, delta=1e-12)
            self.assertEqual(float(2**64 - 1 - far.mean()), got["mean"])
        np8 = values["f8"][~numpy.isnan(values["f8"])]
        self.assertAlmostEqual(self.stats("many.h5", path="f8")["std"] / (np8 - 1e9).std(), 1, delta=1e-12)

    def test_the_same_arrays_in_other_formats(self):
        a = {kind: self.arrays[kind][:9, :7] for kind in KINDS}
        nested = {"a": a, "f": {kind: numpy.asfortranarray(v) for kind, v in a.items()}, "v": {kind: v[::-2, 3:] for kind, v in a.items()}}
        (self.server.data / "n.pickle").write_bytes(pickle.dumps(nested))
        (self.server.data / "n.pickle.gz").write_bytes(gzip.compress(pickle.dumps(nested), 1))
        joblib.dump(nested, self.server.data / "n.joblib")
        joblib.dump(nested, self.server.data / "packed.joblib", compress=1)
        for name in ("n.pickle", "n.pickle.gz", "n.joblib", "packed.joblib"):
            for group, arrays in nested.items():
                for kind, v in arrays.items():
                    self.check(v, self.stats(name, path=f"/{group}/{kind}"), f"{name} {group}/{kind}")
                    self.check(v[4, ::2], self.stats(name, path=f"/{group}/{kind}", slice="4,::2"), f"{name} {group}/{kind}")
        for kind, v in a.items():
            numpy.save(self.server.data / f"{kind}.npy", v.astype(v.dtype.newbyteorder(">")))
            self.check(v, self.stats(f"{kind}.npy"), kind)

    def test_lists_of_numbers(self):
        value = {"ints": [3, -4, 2**62], "unsigned": [2**64 - 1, 2**63], "floats": [1.5, 2, float("nan")], "rows": [[1, 2], [3, 4.5]],
                 "truths": [True, False, True], "tuple": (1, 2), "complex": [1j, 2], "one": 7, "half": 0.5, "none": []}
        (self.server.data / "lists.pickle").write_bytes(pickle.dumps(value))
        for name, v in value.items():
            self.check(numpy.asarray(v), self.stats("lists.pickle", path=name), name)
        (self.server.data / "lists.json").write_text(json.dumps({k: value[k] for k in ("ints", "rows", "one", "none")}))
        for name in ("ints", "rows", "one", "none"):
            self.check(numpy.asarray(value[name]), self.stats("lists.json", path=name), name)
        self.check(numpy.asarray(value["rows"])[:, 1], self.stats("lists.json", path="rows", slice=":,1"))

    def test_tables_column_by_column(self):
        frame = pandas.DataFrame({"price": [1.5, numpy.nan, 3], "count": [1, 2, 3], "name": ["a", "b", "c"], 5: [True, False, True]},
                                 index=["x", "y", "z"])
        (self.server.data / "t.pickle").write_bytes(pickle.dumps({"df": frame, "s": frame["price"], "i": frame["price"].reset_index(drop=True)}))
        got = self.stats("t.pickle", path="/df")
        self.assertEqual(3, got["rows"])
        self.assertEqual([str(c) for c in frame.columns], list(got["columns"]))
        for name in ("price", "count", 5):
            self.check(frame[name].to_numpy(), got["columns"][str(name)], name)
            self.check(frame[name].to_numpy(), self.stats("t.pickle", path=f"/df/{name}"), name)
        self.assertIn("no statistics", got["columns"]["name"]["problem"])
        self.assertNotIn("count", got["columns"]["name"])
        self.check(frame["price"].to_numpy(), self.stats("t.pickle", path="/s"))
        self.check(frame["price"].to_numpy(), self.stats("t.pickle", path="/i"))
        got = self.stats("t.pickle", path="/df", slice="1:", fields="count")
        self.assertEqual(["count"], list(got["columns"]))
        self.check(frame["count"].to_numpy()[1:], got["columns"]["count"])
        (self.server.data / "t.csv").write_text("city,rain\nOslo,1.5\nLima,\n")
        self.check([1.5, numpy.nan], self.stats("t.csv")["columns"]["rain"])

    def test_what_is_missing_counts_as_nan(self):
        masked = numpy.ma.array(numpy.arange(12.0).reshape(3, 4), mask=numpy.arange(12).reshape(3, 4) % 5 == 1)
        frame = pandas.DataFrame({"i": pandas.array([2**62, None, -5], "Int64"), "f": pandas.array([1.5, None, 0.25], "Float64"),
                                  "b": pandas.array([True, None, True], "boolean"), "o": [1, None, 2.5], "none": [None] * 3, "s": ["x", None, 1]})
        (self.server.data / "missing.pickle").write_bytes(pickle.dumps({"m": masked, "df": frame}))
        got = self.stats("missing.pickle", path="/m")
        self.assertEqual((12, int(masked.mask.sum()), masked.min(), masked.max(), [3, 4]), tuple(got[k] for k in ("count", "nan", "min", "max", "shape")))
        numpy.testing.assert_allclose([got["mean"], got["std"]], [masked.mean(), masked.std()], 1e-12)
        columns = self.stats("missing.pickle", path="/df")["columns"]
        self.assertEqual((3, 2, 1, -5, 2**62, (2**62 - 5) / 2), tuple(columns["i"][k] for k in ("count", "finite", "nan", "min", "max", "mean")))
        self.assertEqual((1, 0.25, 1.5, 0.875, 0.625), tuple(columns["f"][k] for k in ("nan", "min", "max", "mean", "std")))
        self.assertEqual((1, 1, 1, 1.0), tuple(columns["b"][k] for k in ("nan", "min", "max", "mean")))
        self.assertEqual((1, 1.0, 2.5, 0.75), tuple(columns["o"][k] for k in ("nan", "min", "max", "std")))
        self.assertEqual((3, 3, None), tuple(columns["none"][k] for k in ("count", "nan", "mean")))
        self.assertIn("unless they are numbers", columns["s"]["problem"])
        self.check(frame["f"].to_numpy("f8", na_value=numpy.nan)[1:], self.stats("missing.pickle", path="/df/f", slice="1:"))

    def test_records_by_field(self):
        with h5py.File(self.server.data / "a.h5") as f:
            records = f["records"][()]
        for field in ("i", "f"):
            self.check(records[field], self.stats("a.h5", path="/records", fields=field))
            self.check(records[field][1:], self.stats("a.h5", path="/records", fields=field, slice="1:"))
        self.check(records["f"].astype("i4"), self.stats("a.h5", path="/records", fields="f", dtype="i4"))

    def test_times(self):
        """Without NaT as NumPy does without NaN; a mean is cut to the unit, as NumPy's of timedelta64."""
        days = numpy.array(["2020-02-28", "NaT", "1969-12-30", "2020-03-01", "1969-12-31"], "M8[D]")
        spans = numpy.array([-7, "NaT", 3, 0, 2**62, 2**62], "m8[ns]")
        arrays = {"days": days, "big": days.astype(">M8[s]"), "early": days[2:3], "none": days[1:2], "nothing": days[:0], "spans": spans,
                  "months": days.astype("M8[M]"), "many": numpy.arange(100_003).astype("M8[ms]"), "plain": numpy.array([5, -8], "m8")}
        (self.server.data / "times.pickle").write_bytes(pickle.dumps(arrays | {"df": pandas.DataFrame({"t": days.astype("M8[ns]")})}))
        for name, a in arrays.items():
            got = self.stats("times.pickle", path="/" + name)
            kept = a[~numpy.isnat(a)]
            self.assertEqual((a.size, kept.size, a.size - kept.size, 0, None), tuple(got[k] for k in ("count", "finite", "nan", "inf", "std")), name)
            if kept.size == 0:
                self.assertEqual((None, None, None), (got["min"], got["max"], got["mean"]), name)
                continue
            total = sum(int(x) for x in kept.astype("i8"))
            mean = numpy.array(abs(total) // kept.size * (-1 if total < 0 else 1)).astype(a.dtype)
            if a.dtype.kind == "m" and name != "spans": # whose sum NumPy cannot hold
                self.assertEqual(kept.mean(), mean)
            numpy.save(self.server.data / "three.npy", numpy.array([kept.min(), kept.max(), mean], a.dtype))
            said = json.loads(self.server.get("/v1/data/three.npy", format="json").body)
            self.assertEqual(said, [got["min"], got["max"], got["mean"]], name)
            if a.dtype.kind == "M":
                self.assertEqual([str(kept.min()), str(kept.max()), None, None],
                                 [got["min"], got["max"], got["positive_min"], got["strict_positive_min"]], name)
        column = self.stats("times.pickle", path="/df")["columns"]["t"]
        self.assertEqual((5, 1, "2020-03-01T00:00:00.000000000"), tuple(column[k] for k in ("count", "nan", "max")))

    def test_nothing(self):
        got = self.stats("a.h5", path="/null")
        self.assertEqual((0, 0, None, None), tuple(got[k] for k in ("count", "finite", "min", "mean")))
        self.check(numpy.zeros((0, 50, 6)), self.stats("a.h5", path="/little/f8", slice="5:5"))
        self.check(numpy.float64(2.5), self.stats("a.h5", path="/scalar"))

    def test_what_has_none(self):
        (self.server.data / "other.pickle").write_bytes(pickle.dumps(
            {"text": "abc", "none": None, "mixed": [1, "a"], "objects": numpy.array([1, "x"], object),
             "ragged": [[1], [2, 3]], "big": [2**70], "records": numpy.zeros(2, "i4,f8")}))
        for name, path, words in [("a.h5", "/", "group"), ("a.h5", "/little", "group"), ("a.h5", "/text", "bool, integers"),
                                  ("a.h5", "/records", "name a field")] + \
                [("other.pickle", "/" + key, "") for key in ("", "text", "none", "mixed", "objects", "ragged", "big", "records")]:
            problem = self.stats(name, 422, path=path)
            self.assertIn(words, problem["detail"], f"{name} {path}")
        self.stats("a.h5", 404, path="/nowhere")
        self.stats("none.h5", 404)
        for query in ({"slice": "x"}, {"slice": "40"}, {"nan": "null"}, {"fields": ""}, {"dtype": "x"}):
            self.stats("a.h5", 400, path="/little/f8", **query)

    def test_conditions_and_head(self):
        target = "/v1/stats/a.h5?path=/little/f8"
        answer = self.server.get(target)
        tag = answer.headers["ETag"]
        self.assertRegex(tag, '^"')
        self.assertEqual(304, self.server.get(target, {"If-None-Match": tag}).status)
        self.assertEqual(412, self.server.get(target, {"If-Match": '"other"'}).status)
        self.assertNotEqual(tag, self.server.get(target + "&slice=1").headers["ETag"])
        head = self.server.request("HEAD", target)
        self.assertEqual((200, b"", answer.headers["Content-Length"]), (head.status, head.body, head.headers["Content-Length"]))
        self.assertEqual(405, self.server.request("POST", target).status)


class Long(unittest.TestCase):
    """Datasets of which nothing was written: as long as one likes, and no disk."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server(None)
        with h5py.File(cls.server.data / "long.h5", "w") as f:
            f.create_dataset("half", (1 << 26,), "f8", fillvalue=0.5)
            f.create_dataset("hours", (1 << 32,), "f8", chunks=(1 << 16,), fillvalue=0.5)
            f.create_dataset("days", (1 << 40,), "f8", chunks=(1 << 20,))

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def test_memory_is_that_of_a_window(self):
        answer = self.server.get("/v1/stats/long.h5", path="/half")
        self.assertEqual(200, answer.status, answer)
        got = json.loads(answer.body)
        self.assertEqual((1 << 26, 0.5, 0.5, 0.5, 0.0), tuple(got[k] for k in ("finite", "min", "max", "mean", "std")))
        status = pathlib.Path(f"/proc/{self.server.process.pid}/status").read_text()
        self.assertLess(int(re.search(r"VmHWM:\s+(\d+)", status)[1]), 64 << 10)

    def test_over_the_limit_of_elements(self):
        answer = self.server.get("/v1/stats/long.h5", path="/days")
        self.assertEqual((413, "elements"), (answer.status, json.loads(answer.body)["limit"]))

    def test_it_stops_when_the_client_is_gone(self):
        with socket.create_connection((self.server.host, self.server.port)) as s:
            s.sendall(b"GET /v1/stats/long.h5?path=/hours HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(1)
            self.assertGreater(self.processor_seconds(), 0.1)
        time.sleep(0.5)
        before = self.processor_seconds()
        time.sleep(1)
        self.assertLess(self.processor_seconds() - before, 0.2)


if __name__ == "__main__":
    unittest.main()
