"""What Python writes, mandoline converts and converts back, and Python reads: equal values, types and sharing.

The measure is what Python itself reads back: NumPy, for one, turns big-endian arrays native below protocol 5.
"""

import decimal
import json
import pickle
import random
import unittest

import numpy

from mandoline import Server
from same import difference


class Set:
    """One whose state a function sets, as those of cloudpickle are."""

    def __reduce__(self):
        return Set, (), (vars(self), 7), None, None, set_state


def set_state(value, state):
    vars(value).update(state[0])


def with_setters():
    one, two = Set(), Set()
    one.n, one.other, two.back, two.me = 1, two, one, [two]
    yield one
    yield [one, two, one, Set(), {"a": Set()}]


def arrays():
    rng = numpy.random.default_rng(7)
    yield from (numpy.arange(12, dtype=t).reshape(3, 4) for t in "i1 i2 i4 i8 u1 u2 u4 u8 >i4 >u2 f2 f4 f8 >f8 c8 c16".split())
    yield numpy.array([[True, False], [False, True]])
    yield numpy.asfortranarray(rng.normal(size=(4, 5)))
    yield numpy.array(3.5)
    yield numpy.zeros((0, 3), "f4")
    yield numpy.array(["a", "bcd", "é"])
    yield numpy.array([b"a", b"bcd"])
    yield numpy.array([(1, 2.5, b"x"), (3, 4.5, b"yz")], dtype=[("i", "<i4"), ("f", ">f8"), ("s", "S3")])
    yield numpy.array(["2026-11-23T01:02:03", "NaT"], dtype="M8[s]")
    yield numpy.array([1, -5], dtype="m8[ns]")
    yield rng.normal(size=(100, 200))[::3, ::-2]


def plain():
    yield from (None, True, False, 0, 1, -1, 255, 256, 65535, 65536, 2**31 - 1, 2**31, -2**31, 2**63 - 1, -2**63, 2**64, -2**100)
    yield from (0.0, -0.0, 1.5, 1e308, 5e-324, 0.1, 123456789.123456789)
    yield from ("", "a", "é", "日本", "\U0001f600", "line\nbreak", "nul\0inside", "x" * 300, "y" * 70000)
    yield [1, [2, [3, []]], {"a": {"b": [None, True]}}, "x"]
    yield {"b": 1, "a": 2, "": 3, "with/slash": 4, "dot.ted": 5, ".": 6}
    yield list(range(2500))
    yield {f"key{i}": i for i in range(2500)}
    yield [[]] * 3


def builtins():
    yield from plain()
    yield from (float("inf"), float("-inf"), 1 + 2j, b"", b"\x00\xff", b"z" * 70000, bytearray(b"abc"), bytearray())
    yield from ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((), ((),)))
    yield from (set(), {1, 2, 3}, frozenset(), frozenset({"a", "b"}), range(5), range(10, 0, -3), slice(1, None, 2))
    yield {1: "int", 2.5: "float", None: "none", (1, 2): "tuple", b"b": "bytes", "1": "text"}
    yield int, len, ValueError, Ellipsis, NotImplemented
    yield ValueError("what", 1)
    shared = [1, 2]
    yield [shared, shared, {"again": shared}]
    loop = [1]
    loop.append(loop)
    yield loop
    tangle = {}
    tangle["me"] = (tangle, [tangle])
    yield tangle
    inner = []
    knot = (inner, "knot")
    inner.append(knot)
    yield knot
    yield decimal.Decimal("1.50")
    yield numpy.float64(1.5), numpy.int8(-3), numpy.bool_(True), numpy.dtype("f4"), numpy.dtype([("a", "i4")])
    yield from arrays()
    yield numpy.array([1, "two", [3]], dtype=object)


class RoundTrips(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def same(self, value, back, what, sharing=True):
        problem = difference(value, back, sharing)
        self.assertIsNone(problem, f"{what}: {value!r:.100}: {problem}")

    def test_pickle_to_pickle_at_every_protocol(self):
        for value in builtins():
            for protocol in range(6):
                body = pickle.dumps(value, protocol)
                back = self.server.convert(body, "pickle", "pickle", protocol=protocol)
                self.same(pickle.loads(body), pickle.loads(back), f"protocol {protocol}")

    def test_pickle_through_typed_json_at_every_protocol(self):
        for value in builtins():
            for protocol in range(6):
                body = pickle.dumps(value, protocol)
                typed = self.server.convert(body, "typed", "pickle")
                json.loads(typed)
                back = self.server.convert(typed, "pickle", "typed", protocol=protocol)
                self.same(pickle.loads(body), pickle.loads(back), f"protocol {protocol}: {typed[:200]}")

    def test_functions_that_set_a_state_are_kept(self):
        for value in with_setters():
            for protocol in range(6):
                body = pickle.dumps(value, protocol)
                typed = self.server.convert(body, "typed", "pickle")
                hdf5 = self.server.convert(body, "hdf5", "pickle")
                for again in range(6):
                    for optimize in ("false", "true"):
                        for document, format in ((body, "pickle"), (typed, "typed"), (hdf5, "hdf5")):
                            back = self.server.convert(document, "pickle", format, protocol=again, optimize=optimize)
                            self.same(pickle.loads(body), pickle.loads(back), f"{format}, protocols {protocol} and {again}")
        value = Set()
        value.n = 1
        said = {"$class": f"{__name__}.Set", "$state": {"$class": f"{__name__}.set_state", "$args": [[{"n": 1}, 7]]}}
        self.assertEqual(said, json.loads(self.server.convert(pickle.dumps(value), "json", "pickle")))
        self.assertEqual(b"1", self.server.convert(pickle.dumps(value), "json", "pickle", path="/$state/$args/0/0/n"))

    def test_what_is_made_of_itself_goes_through_hdf5(self):
        """A bound method is getattr(object, name): here one of the object that has it."""
        value = Set()
        value.method, value.others = value.__reduce__, [value.__reduce__]
        body = pickle.dumps(value)
        back = pickle.loads(self.server.convert(self.server.convert(body, "hdf5", "pickle"), "pickle", "hdf5"))
        self.assertIs(back, back.method.__self__)
        self.assertIs(back, back.others[0].__self__)

    def test_surrogates_stay_what_they_are(self):
        """Half a character, and two halves that are none: the latter only protocol 0 and what encodes itself have."""
        halves = ["\ud800", "a\udfffb", "\ud83d\ude00", "\ude00\ud83d", "x\ud83d\ud83d\ude00\ude00"]
        value = halves + [{text: text for text in halves}, {("\ud83d\ude00",): {"\ud800": 1}}]
        for protocol in range(6):
            body = pickle.dumps(value, protocol)
            typed = self.server.convert(body, "typed", "pickle")
            json.loads(typed.decode())
            for again in range(6):
                self.same(pickle.loads(body), pickle.loads(self.server.convert(typed, "pickle", "typed", protocol=again)), f"{protocol} {again}")
            self.assertEqual(typed, self.server.convert(typed, "typed", "typed"))
        refused = self.server.request("POST", "/v1/convert", b'{"$utf8": "/w=="}', from_="typed", to="pickle")
        self.assertEqual(400, refused.status, refused)

    def test_names_with_surrogates_give_json_all_the_same(self):
        half, other = b"\x8c\x03\xed\xa0\x80", b"\x8c\x04x\xed\xb0\x80"
        name = b"\x8c\x05numpy\x8c\x05dtype\x93"
        record = name + b"\x8c\x02V4\x89\x88\x87R(K\x03\x8c\x01|N" + half + b"\x85}" + half + name + b"\x8c\x02i4\x89\x88\x87RK\x00\x86sK\x04K\x01K\x10tb"
        array = b"\x8c\x16numpy.core.multiarray\x8c\x06scalar\x93".replace(b"\x16", b"\x15") + record + b"C\x04\1\0\0\0\x86R"
        for body in (half + other + b"\x93", half + other + b"\x93)R", b"}" + half + b"K\x01s", half + b"Q", record, array,
                     b"\x8c\x01m\x8c\x01C\x93)\x81}" + half + b"K\x01sb",
                     b"\x8c\x08builtins\x8c\x07getattr\x93\x8c\x01m" + half + b"\x93" + half + b"\x86R)R"):
            body = b"\x80\x04" + body + b"."
            (self.server.data / "names.pickle").write_bytes(body)
            for target in ("json", "typed"):
                for pretty in ("false", "true"):
                    text = self.server.convert(body, target, "pickle", pretty=pretty)
                    json.loads(text.decode())
            self.assertEqual(self.server.convert(body, "typed", "pickle"), self.server.convert(text, "typed", "typed"))
            for method, path in (("POST", "inspect?from=pickle"), ("POST", "scan"), ("POST", "disassemble?format=json"), ("GET", "tree/names.pickle"),
                                 ("GET", "meta/names.pickle"), ("GET", "data/names.pickle")):
                answer = self.server.request(method, f"/v1/{path}", body if method == "POST" else None)
                self.assertEqual(200, answer.status, answer)
                json.loads(answer.body.decode())

    def test_a_setter_stands_among_states_only(self):
        setter = {"$object": {"made": "setter", "callable": {"$global": ["m", "f"]}, "args": {"$tuple": [1]}}}
        owner = {"$object": {"made": "reduce", "callable": {"$global": ["m", "C"]}, "args": {"$tuple": []}, "states": [setter]}}
        loop = {"$id": [1, {"$object": {**setter["$object"], "args": {"$tuple": [{"$ref": 1}]}}}]}
        twice = {"$object": {**owner["$object"], "states": [{"$id": [1, setter]}, {"$ref": 1}]}}
        for document, expected in ((setter, 422), ([setter], 422), (owner, 200), (twice, 200), (loop, 422),
                                   ({"$object": {**owner["$object"], "states": [loop]}}, 422)):
            answer = self.server.request("POST", "/v1/convert", json.dumps(document).encode(), from_="typed", to="pickle")
            self.assertEqual(expected, answer.status, (document, answer))

    def test_records_with_objects_through_typed_json(self):
        """What HDF5's records with text, sequences or references become."""
        descr = [["n", "<i4"], ["t", "|T"], ["o", "|O"], ["r", [["x", ">f8"], ["y", "|O"]]], ["a", "<u2", [2]], ["b", "|O", [2]],
                 ["g", "<f16"], ["m", "<M8[ns]"], ["u", "<U2"], ["s", "|S3"], ["v", "|V2"], ["c", "<c8"], ["q", "|b1"]]
        one = numpy.longdouble(1) / 3
        raw = __import__("base64").b64encode(one.tobytes()).decode()
        def row(n):
            return {"$tuple": [n, "té", [n, {"$ref": 1}], {"$tuple": [0.5, None]},
                {"$ndarray": {"dtype": "<u2", "shape": [2], "data": "AQACAA=="}}, {"$ndarray": {"dtype": "|O", "shape": [2], "data": [1, "x"]}},
                {"$scalar": {"dtype": "<f16", "data": raw}}, {"$scalar": {"dtype": "<M8[ns]", "data": "AQAAAAAAAAA="}},
                "é", {"$bytes": "YQ=="}, {"$bytes": "YQA="}, {"$complex": [1.5, -2.0]}, True]}
        document = [{"$id": [1, ["shared"]]}, {"$ndarray": {"dtype": descr, "shape": [2], "data": [row(1), row(-2)]}},
                    {"$scalar": {"dtype": descr, "data": [row(3)]}}]
        for protocol in range(6):
            shared, array, scalar = pickle.loads(self.server.convert(json.dumps(document).encode(), "pickle", "typed", protocol=protocol))
            dtype = numpy.dtype([("n", "<i4"), ("t", "O"), ("o", "O"), ("r", [("x", ">f8"), ("y", "O")]), ("a", "<u2", (2,)), ("b", "O", (2,)), ("g", "<f16"),
                                 ("m", "<M8[ns]"), ("u", "<U2"), ("s", "S3"), ("v", "V2"), ("c", "<c8"), ("q", "?")])
            self.assertEqual((dtype, numpy.ndarray, dtype, numpy.void), (array.dtype, type(array), scalar.dtype, type(scalar)))
            for n, record in ((1, array[0]), (-2, array[1]), (3, scalar)):
                self.assertIs(shared, record["o"][1])
                self.assertEqual((n, "té", n, 0.5, None, [1, 2], [1, "x"], one), (
                    record["n"], record["t"], record["o"][0], record["r"]["x"], record["r"]["y"], record["a"].tolist(), record["b"].tolist(), record["g"]))
                self.assertEqual((numpy.datetime64(1, "ns"), "é", b"a", b"a\0", 1.5 - 2j, True), (
                    record["m"], record["u"], record["s"], record["v"].tobytes(), record["c"], record["q"]))
        again = json.loads(self.server.convert(json.dumps(document).encode(), "typed", "typed"))
        self.assertEqual(document, again)

    def test_records_whose_objects_share_bytes_are_refused(self):
        for offsets in ([0, 0], [0, 7], [4, 0], [0, 8]):
            descr = {"names": ["o", "i"], "formats": ["|O", "<i8"], "offsets": offsets, "itemsize": 16}
            document = {"$ndarray": {"dtype": descr, "shape": [1], "data": [{"$tuple": [None, 305419896]}]}}
            answer = self.server.request("POST", "/v1/convert", json.dumps(document).encode(), {"Content-Type": "application/json"}, from_="typed", to="json")
            self.assertEqual(200 if offsets == [0, 8] else 400, answer.status, answer)

    def test_pickle_through_hdf5(self):
        for value in builtins():
            body = pickle.dumps(value)
            hdf5 = self.server.convert(body, "hdf5", "pickle")
            back = self.server.convert(hdf5, "pickle", "hdf5")
            self.same(pickle.loads(body), pickle.loads(back), "hdf5")

    def test_json_is_what_python_reads(self):
        for value in plain():
            text = self.server.convert(pickle.dumps(value), "json", "pickle")
            self.same(value, json.loads(text), text[:100], sharing=False)

    def test_rows_with_all_kinds_of_names(self):
        names = ["id", "", '"', "back\\slash", "line\n", "é", "日本", "x" * 27, "x" * 28, "x" * 29, "x" * 31, "y" * 300, *(f"name{i}" for i in range(200))]
        rng = random.Random(9)
        rows = [{name: i for name in rng.sample(names, rng.choice([1, 2, 3, 5, 8, 9, 20]))} for i in range(20000)]
        rows += [{name: i for name in names[:6]} for i in range(20000)]
        for value in (rows, {f"{i}": row for i, row in enumerate(rows)}, [[row, {"in": row}] for row in rows]):
            text = self.server.convert(pickle.dumps(value), "json", "pickle")
            self.assertEqual(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), text)

    def test_equal_keys_of_many_dicts(self):
        a, b, c, again = (b"\x8c\x01a\x94", b"\x8c\x01b\x94", b"\x8c\x01c\x94", b"\x8c\x01a")
        memo = {"a": b"h\x00", "b": b"h\x01", "c": b"h\x02"}
        body = b"\x80\x04(" + a + b + c + b"](}(" + memo["a"] + b"K\x01" + memo["b"] + b"K\x02u"
        rng = random.Random(10)
        for i in range(500):
            keys = [rng.choice([memo["a"], memo["b"], memo["c"], again]) for _ in range(rng.choice([1, 2, 2, 2, 3, 4, 8, 9]))]
            body += b"}(" + b"".join(key + b"K" + bytes([i % 256]) for key in keys) + b"u"
        body += b"et."
        self.assertEqual(pickle.loads(body), pickle.loads(self.server.convert(body, "pickle", "pickle")))
        self.assertEqual(list(pickle.loads(body)), json.loads(self.server.convert(body, "json", "pickle")))

    def test_json_through_pickle_and_hdf5(self):
        for value in plain():
            text = json.dumps(value).encode()
            value = json.loads(text)
            self.same(value, pickle.loads(self.server.convert(text, "pickle", "json")), "pickle")
            hdf5 = self.server.convert(text, "hdf5", "json")
            self.same(value, json.loads(self.server.convert(hdf5, "json", "hdf5")), "hdf5")

    def test_json_to_pickle_is_byte_for_byte_pickle_dumps(self):
        for value in plain():
            text = json.dumps(value)
            for protocol in range(6):
                ours = self.server.convert(text.encode(), "pickle", "json", protocol=protocol)
                self.assertEqual(pickle.dumps(json.loads(text), protocol), ours, f"{protocol}: {text[:80]}")

    def test_arrays_through_npy_hdf5_and_pickle(self):
        for value in arrays():
            body = pickle.dumps(value)
            npy = self.server.convert(body, "npy", "pickle")
            hdf5 = self.server.convert(npy, "hdf5", "npy")
            back = pickle.loads(self.server.convert(hdf5, "pickle", "hdf5"))
            self.same(pickle.loads(body), back, f"{value.dtype} {value.shape}")


if __name__ == "__main__":
    unittest.main()
