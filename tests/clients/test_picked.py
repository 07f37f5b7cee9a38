"""points=, masks, index arrays and where=: whatever NumPy's indexing gives, for every format that is stored."""

import io
import json
import pickle
import unittest
import warnings

import h5py
import numpy
import pandas

from mandoline import Server

warnings.simplefilter("ignore")
RNG = numpy.random.default_rng(23)
FILES = ("a.h5", "a.pickle")


class Picked(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.a = RNG.integers(0, 10000, (60, 70, 4)).astype(">i4")
        cls.line = RNG.normal(size=100_000).astype("f4")
        cls.line[::17] = numpy.nan
        cls.text = numpy.array([f"täxt {i}" for i in range(500)], object)
        n = 20_000
        r = cls.records = numpy.zeros(n, [("i", "<i8"), ("u", ">u8"), ("f", "<f8"), ("g", ">f4"), ("h", "<f2"), ("b", "?"), ("s", "S3"),
                                          ("odd name", "i1"), ("in", [("x", "i2"), ("y", "f4")])])
        r["i"] = RNG.integers(-2**63, 2**63 - 1, n)
        r["i"][:50] = RNG.integers(-3, 3, 50) + 2**53
        r["u"] = RNG.integers(0, 2**64 - 1, n, dtype="u8")
        r["f"], r["g"], r["h"] = RNG.normal(size=(3, n)).round(2)
        r["f"][::13] = numpy.nan
        r["g"][3] = numpy.inf
        r["b"] = RNG.integers(0, 2, n)
        r["s"] = RNG.choice([b"", b"a", b"ab", b"abc", b"\xff"], n)
        r["odd name"] = RNG.integers(-9, 9, n)
        r["in"]["x"] = RNG.integers(-9, 9, n)
        r["in"]["y"] = RNG.normal(size=n)
        with h5py.File(cls.server.data / "a.h5", "w") as f:
            f.create_dataset("a", data=cls.a, chunks=(7, 9, 4), compression="gzip")
            f["line"] = cls.line
            f.create_dataset("endless", (2**50,), "f4", chunks=(1024,))
            f["text"] = cls.text
            f.create_dataset("records", data=r, chunks=(999,), shuffle=True, compression="gzip")
        cls.frame = pandas.DataFrame({"n": [3, 1, 2], "x": [0.5, numpy.nan, 7], "name": ["a", "ü", "b"]})
        with open(cls.server.data / "a.pickle", "wb") as f:
            pickle.dump({"a": cls.a, "line": cls.line, "records": r, "F": numpy.asfortranarray(cls.a), "l": [5, 6, 7], "df": cls.frame,
                         "U": numpy.array(["x", "yy", "", "ü"], ">U2")}, f)
        numpy.save(cls.server.data / "a.npy", cls.a)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def npy(self, answer):
        self.assertEqual(200, answer.status, answer)
        return numpy.load(io.BytesIO(answer.body))

    def get(self, name="a.h5", **query):
        return self.npy(self.server.get("/v1/data/" + name, format="npy", **query))

    def post(self, body, name="a.h5", status=200, **query):
        answer = self.server.request("POST", "/v1/data/" + name, body, {}, format="npy", **query)
        if status == 200:
            return self.npy(answer)
        self.assertEqual(status, answer.status, answer)
        return json.loads(answer.body)

    def same(self, want, got, message=None):
        self.assertEqual(want.shape, got.shape, message)
        if want.dtype.names:
            for field in want.dtype.names:
                self.same(want[field], got[field], message)
            return
        numpy.testing.assert_array_equal(want, got, message)

    @staticmethod
    def saved(array):
        out = io.BytesIO()
        numpy.save(out, array)
        return out.getvalue()

    def test_points(self):
        a = self.a
        for text, index in (("(0,1,2),(59,69,3),(-1,-70,0),(0,1,2)", ([0, 59, -1, 0], [1, 69, -70, 1], [2, 3, 0, 2])),
                            ("[[3,4],[3,5],[59,0]]", ([3, 3, 59], [4, 5, 0])), ("[ 3, 4 ] ,( 1 ,2)", ([3, 1], [4, 2])),
                            ("5,-1,5", [5, -1, 5]), ("[7]", [7]), ("[7,8]", [7, 8]), ("[[7],[8]]", ([7, 8],)), ("[]", numpy.zeros(0, int)),
                            ("[(2,2)]", ([2], [2]))):
            for name, path in (("a.h5", "/a"), ("a.pickle", "/a"), ("a.pickle", "/F"), ("a.npy", "/")):
                self.same(a[index], self.get(name, path=path, points=text), (name, text))
        self.same(a[[5, 3]][1:, ::-2].astype("f8"), self.get(path="/a", points="5,3", slice="1:,::-2", dtype="f8"))
        self.same(self.records[["f", "i"]][[9, 2]], self.get(path="/records", points="9,2", fields="f,i"))
        self.assertEqual([self.text[5], self.text[2]], json.loads(self.server.get("/v1/data/a.h5", path="/text", points="5,2").body))
        self.same(numpy.array([7, 5]), self.get("a.pickle", path="/l", points="2,0"))

    def test_random_points(self):
        for n in (1, 100, 5000):
            for spread in (4, 60):
                i, j, k = RNG.integers(-spread, spread, n), RNG.integers(-spread, spread, n), RNG.integers(0, 4, n)
                for name in FILES:
                    self.same(self.a[i, j], self.post(pickle.dumps((i, j)), name, path="/a"))
                    self.same(self.a[i, j, k], self.post(pickle.dumps((i, j, k)), name, path="/a"))
                    self.same(self.a[i][:, ::-1, [2, 0]], self.post(self.saved(i), name, path="/a", slice=":,::-1,[2,0]"))
        i = RNG.integers(0, 100_000, 200_000)
        self.same(self.line[i], self.post(self.saved(i), path="/line"))
        i = RNG.integers(0, 500, 300)
        answer = self.server.request("POST", "/v1/data/a.h5", json.dumps(i.tolist()), {}, path="/text")
        self.assertEqual(self.text[i].tolist(), json.loads(answer.body))

    def test_masks_and_index_arrays(self):
        a = self.a
        for name in FILES:
            for mask in (a > 9000, a[..., 0] > 5000, a[:, 0, 0] % 2 == 0, numpy.zeros(a.shape, bool), numpy.ones(60, bool)):
                self.same(a[mask], self.post(self.saved(mask), name, path="/a"))
            self.same(a[numpy.array([[1, 2], [3, 4]])], self.post("[[1,2],[3,4]]", name, path="/a"))
            self.same(a[numpy.ix_([1, 5], [2, 0, 9])], self.post(pickle.dumps(numpy.ix_([1, 5], [2, 0, 9])), name, path="/a"))
            self.same(a[[1, 5], [2, 0]], self.post('{"0": [1, 5], "1": [2, 0]}', name, path="/a"))
            self.same(a[[1, 5], 2], self.post('{"0": [1, 5], "1": 2}', name, path="/a"))
            npz = io.BytesIO()
            numpy.savez(npz, [1, 5], numpy.array([[2], [0]], "u1"))
            self.same(a[[1, 5], [[2], [0]]], self.post(npz.getvalue(), name, path="/a"))
            self.same(a[numpy.zeros(0, int)], self.post("[]", name, path="/a"))
            self.same(a[numpy.int64(3)], self.post("3", name, path="/a"))
        self.same(self.line[self.line > 1], self.post(self.saved(self.line > 1), path="/line"))
        mask = json.dumps([i % 3 == 0 for i in range(500)])
        answer = self.server.request("POST", "/v1/data/a.h5", mask, {}, path="/text", slice=":2")
        self.assertEqual([self.text[0], self.text[3]], json.loads(answer.body))

    def test_where(self):
        r = self.records
        i, u, f, g, h, b, s, odd = (r[name] for name in ("i", "u", "f", "g", "h", "b", "s", "odd name"))
        x, y = r["in"]["x"], r["in"]["y"]
        for text, want in (
                ("f > 0.5", f > 0.5), ("f>0.5 and f<1", (f > 0.5) & (f < 1)), ("0.5 < f < 1", (f > 0.5) & (f < 1)),
                ("not f > 0", ~(f > 0)), ("f != f", f != f), ("f == 0.25", f == 0.25), ("g == 0.1", g == numpy.float32(0.1)),
                ("g <= 0.1", g <= numpy.float32(0.1)), ("0.1 > h", h < numpy.float16(0.1)), ("h = 0.3", h == numpy.float16(0.3)),
                ("g > 1e300", g > 1e300), ("i > 9007199254740992", i > 2**53), ("i == 9007199254740993", i == 2**53 + 1),
                ("i >= -5", i >= -5), ("u > 9223372036854775807", u > numpy.uint64(2**63 - 1)), ("u > -1", u >= 0), ("u < -1", numpy.zeros(len(u), bool)),
                ("b", b), ("~b", ~b), ("not not b", b), ("!b && f > 0", ~b & (f > 0)), ("b == true", b),
                ("s == 'ab'", s == b"ab"), ("s < \"b\"", s < b"b"), ("'a' < s <= 'abc'", (s > b"a") & (s <= b"abc")), ("s == ''", s == b""),
                ("`odd name` > 3", odd > 3), ("in.x == 3 or in.y > 1", (x == 3) | (y > 1)), ("in.x > in.y", x > y), ("f > g", f > g),
                ("f > 0 or g > 0 and h > 0", (f > 0) | (g > 0) & (h > 0)), ("(f > 0 or g > 0) and h > 0", ((f > 0) | (g > 0)) & (h > 0)),
                ("not (f > 0 or g > 0) and not(h > 0)", ~((f > 0) | (g > 0)) & ~(h > 0)), ("not f > 0 and g > 0", ~(f > 0) & (g > 0)),
                ("f > 0|g > 0&h > 0", (f > 0) | (g > 0) & (h > 0)), ("1 == 1", numpy.ones(len(f), bool)), ("f > 1e9", f > 1e9),
                ("((((f > +.5))))", f > .5), ("true == b", b), ("-1 < f < 1 and -1 < g < 1 and h < 0", (abs(f) < 1) & (abs(g) < 1) & (h < 0))):
            self.same(r[want], self.get(path="/records", where=text), text)
        for text, want in (("f > 0.5", f > 0.5), ("s == 'ab' or in.x == 3", (s == b"ab") | (x == 3))):
            self.same(r[want], self.get("a.pickle", path="/records", where=text), text)
        for name in FILES:
            self.same(self.line[self.line > 2], self.get(name, path="/line", where="value > 2"))
            self.same(r[["i", "s"]][f > 1][5:50:3], self.get(name, path="/records", where="f > 1", fields="i,s", slice="5:50:3"))
            self.same(f[b][-1], self.get(name, path="/records", where="b", fields="f", slice="-1"))
            self.same(f[b].astype("f4"), self.get(name, path="/records", where="b", fields="f", dtype="f4"))
        colours = numpy.array([2, 1, 2, 5])
        with h5py.File(self.server.data / "enum.h5", "w") as f:
            f["e"] = colours.astype(h5py.enum_dtype({"red": 1, "light blue": 2}, "u1"))
            f["r"] = numpy.array([(c, 1) for c in colours], [("colour", f["e"].dtype), ("n", "i4")])
            f["deep"] = numpy.array([(i, (i + 1, (i + 2, [i, 9 - i])), 0) for i in range(5)],
                                    [("a", "i4"), ("in.side", [("x", "<i2"), ("y", [("z", ">f8"), ("v", "u1", (2,))])]), ("a.b", "i1")])
        with h5py.File(self.server.data / "enum.h5") as f:
            deep = f["deep"][()]
        for fields, want in (("in.side.x", deep["in.side"]["x"]), ("in.side.y.z", deep["in.side"]["y"]["z"]), ("in.side.y.v", deep["in.side"]["y"]["v"]), ("a.b", deep["a.b"])):
            self.same(want, self.get("enum.h5", path="/deep", fields=fields), fields)
        two = self.get("enum.h5", path="/deep", fields="in.side.y.z,a")
        self.assertEqual((("in.side.y.z", "a"), [2, 3, 4, 5, 6], [0, 1, 2, 3, 4]), (two.dtype.names, two["in.side.y.z"].tolist(), two["a"].tolist()))
        for fields in ("in.side.q", "in.side.x.x", "in.side.", "a.", ".a", "in", "a.x"):
            self.assertEqual(404, self.server.get("/v1/data/enum.h5", path="/deep", fields=fields).status, fields)
        self.assertEqual(400, self.server.get("/v1/data/enum.h5", path="/deep", fields="in.side.x,in.side.x").status)
        for path, field in (("/e", "value"), ("/r", "colour")):
            for text, want in (("X == 'red'", [1]), ("'light blue' = X", [0, 2]), ("X != 'red' and X < 5", [0, 2]), ("X == 5", [3])):
                answer = self.server.get("/v1/data/enum.h5", path=path, where=text.replace("X", field), **({"fields": "colour"} if path == "/r" else {}))
                self.assertEqual(colours[want].tolist(), json.loads(answer.body), (path, text))
            self.assertEqual(400, self.server.get("/v1/data/enum.h5", path=path, where=field + " == 'green'").status)
        answer = self.server.get("/v1/data/a.h5", path="/text", where="value >= 'täxt 98' and value < 'täxt 99'")
        self.assertEqual([t for t in self.text if "täxt 98" <= t < "täxt 99"], json.loads(answer.body))
        self.assertEqual(["", "ü"], json.loads(self.server.get("/v1/data/a.pickle", path="/U", where="value == '' or value > 'z'").body))
        self.same(numpy.array([6, 7]), self.get("a.pickle", path="/l", where="value>5"))
        stats = json.loads(self.server.get("/v1/stats/a.h5", path="/line", where="value > 0").body)
        self.assertEqual(((self.line > 0).sum(), self.line[self.line > 0].min()), (stats["count"], stats["min"]))

    def test_rows_of_tables(self):
        frame = self.frame
        for text, want in (("n > 1", frame.n > 1), ("x > 1 or name == 'ü'", (frame.x > 1) | (frame.name == "ü")), ("n > 9", frame.n > 9)):
            got = json.loads(self.server.get("/v1/data/a.pickle", path="/df", where=text).body)
            self.assertEqual(json.loads(frame[want].to_json(orient="records")), got)
        self.assertEqual({"n": 2, "x": 7.0, "name": "b"},
                         json.loads(self.server.get("/v1/data/a.pickle", path="/df", where="x > 1", slice="0").body))

    def test_query_and_convert(self):
        query = {"p": {"path": "/a", "points": "(1,2),(3,4)"}, "i": {"path": "/a", "points": [1, 2]}, "m": {"path": "/text", "points": [True] + [False] * 499},
                 "x": {"path": "/a", "points": {"a": [1], "b": [2]}}, "w": {"path": "/records", "where": "f > 2", "fields": "f"}}
        got = json.loads(self.server.request("POST", "/v1/query/a.h5", json.dumps(query)).body)
        self.assertEqual({"p": self.a[[1, 3], [2, 4]].tolist(), "i": self.a[[1, 2]].tolist(), "m": [self.text[0]],
                          "x": self.a[[1], [2]].tolist(), "w": self.records["f"][self.records["f"] > 2].tolist()}, got)
        self.assertEqual([3, 4], json.loads(self.server.convert(b"[1,2,3,4]", "json", where="value > 2")))
        self.assertEqual([4, 1], json.loads(self.server.convert(b"[[1,2],[3,4]]", "json", points="(1,1),(0,0)")))

    def test_what_is_wrong(self):
        def check(status, offset=None, **query):
            answer = self.server.get("/v1/data/a.h5", **query)
            self.assertEqual(status, answer.status, (query, answer))
            if offset is not None:
                self.assertEqual(offset, json.loads(answer.body).get("offset"), (query, answer))
        for text, offset in (("f >", 3), ("> 1", 0), ("f > 1 and", 9), ("f > 1 g < 2", 6), ("(f > 1", 6), ("f > 1)", 5), ("f", 0), ("nothing > 1", 0),
                             ("f > 1 or no.thing == 2", 9), ("f > 'a'", 4), ("s == 1", 5), ("f > 'a", 4), ("`f > 1", 0), ("f ~ 1", 2), ("in > 1", None),
                             ("1", 1), ("f > and", 4), ("not", 3), ("f > 1 not b", 6), ("f == -", 5), ("()", 1), ("f > 1e", 5)):
            check(422 if text == "in > 1" else 400, offset, path="/records", where=text)
        check(400, path="/records", where="f > 1", points="1")
        check(400, path="/a", where="value > 1")
        check(422, path="/", where="value > 1")
        check(413, path="/endless", where="value > 1")
        self.same(numpy.zeros(2, "f4"), self.get(path="/endless", points=f"5,{2**50 - 1}"))
        check(413, path="/records", where="b or (" * 300 + "b" + ")" * 300)
        check(200, path="/records", where="(" * 1000 + "b" + ")" * 1000)
        check(200, path="/records", where="not " * 1000 + "b")
        for text, offset in (("(0,1", 4), ("x", 0), ("(0,70)", 3), ("0,60", 2), ("(0,1),2", 6), ("(0,1)(2,3)", 5), ("(0,0,0,0)", 7), ("(0,1]", 4), ("[[1]", 4),
                             ("1,-61", 2), ("(1.5)", 2), ("99999999999999999999", 0), ("[1],2]", 5), ("(", 1), ("(1,)", 3)):
            check(400, offset, path="/a", points=text)
        for body in ("[1.5]", "[true]", "[[true]]", "{}", '{"a": [1,2], "b": [1,2,3]}', '{"a":1,"b":1,"c":1,"d":1}', "[60]", '["a"]', "[[1],[2,3]]", "null",
                     '{"a": [true]}'):
            answer = self.server.request("POST", "/v1/data/a.h5", body, {}, path="/a")
            self.assertIn(answer.status, (400, 422), (body, answer))
        self.assertEqual(404, self.server.request("POST", "/v1/data/b.h5", "[1]", {}, path="/a").status)
        self.assertEqual(400, self.server.request("POST", "/v1/data/a.h5", "", {}, path="/a").status)
        self.assertEqual(400, self.server.request("POST", "/v1/data/a.h5", "[1]", {}, path="/a", where="b").status)


if __name__ == "__main__":
    unittest.main()
