"""Objects of well-known classes: plain JSON says what Python says of them, and they come back as they were."""

import array
import collections
import datetime
import decimal
import enum
import fractions
import io
import json
import pathlib
import pickle
import sys
import types
import typing
import unittest
import uuid
import zoneinfo

import h5py
import numpy

try:
    import dateutil.tz
    import pytz
except ImportError:
    dateutil = pytz = None
try:
    import scipy.sparse as sparse
except ImportError:
    sparse = None

from mandoline import Server
from same import difference

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def duration(value):
    """ISO 8601, as pydantic and JavaScript's Temporal write it."""
    sign, value = ("-", -value) if value < datetime.timedelta() else ("", value)
    text = f"{value.days}D" if value.days else ""
    hours, minutes, seconds = value.seconds // 3600, value.seconds // 60 % 60, value.seconds % 60
    time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if value.microseconds:
        time += f"{seconds}.{value.microseconds:06}".rstrip("0") + "S"
    elif seconds or not (text or time):
        time += f"{seconds}S"
    return f"{sign}P{text}" + (f"T{time}" if time else "")


def times():
    """Pairs of a value and what plain JSON says."""
    hour, utc = datetime.timedelta(hours=1), datetime.timezone.utc
    zones = [None, utc, datetime.timezone(-5.5 * hour), datetime.timezone(hour, "named"),
             datetime.timezone(datetime.timedelta(seconds=-3723, microseconds=4))]
    for zone in zones:
        for moment in (datetime.datetime(2020, 2, 29, 1, 2, 3), datetime.datetime(1, 1, 1), datetime.datetime.max,
                       datetime.datetime(1999, 12, 31, 23, 59, 59, 7, fold=1)):
            yield (value := moment.replace(tzinfo=zone)), value.isoformat()
            yield (value := moment.timetz().replace(tzinfo=zone)), value.isoformat()
        if zone is not None:
            yield zone, str(zone)
    for day in (datetime.date.min, datetime.date(2024, 2, 29), datetime.date.max):
        yield day, day.isoformat()
    for delta in (datetime.timedelta(), 26 * hour, -26 * hour, -hour / 7, datetime.timedelta(microseconds=-1),
                  datetime.timedelta.max, datetime.timedelta.min, datetime.timedelta(days=3),
                  datetime.timedelta(seconds=61, microseconds=500000)):
        yield delta, duration(delta)
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    yield berlin, "Europe/Berlin"
    yield datetime.datetime(2020, 7, 1, 12, tzinfo=berlin), "2020-07-01T12:00:00[Europe/Berlin]"
    yield datetime.time(12, 30, tzinfo=berlin), "12:30:00"
    if pytz:
        berlin = pytz.timezone("Europe/Berlin")
        for value in (berlin.localize(datetime.datetime(2020, 7, 1)), berlin.localize(datetime.datetime(2020, 1, 1)),
                      pytz.utc.localize(datetime.datetime(2020, 7, 1)),
                      datetime.datetime(2020, 7, 1, tzinfo=pytz.FixedOffset(-90)),
                      datetime.datetime(2020, 7, 1, tzinfo=dateutil.tz.tzoffset("X", 3600))):
            yield value, value.isoformat()
    shared = datetime.timezone(2 * hour)
    yield [datetime.datetime(2020, 1, n, tzinfo=shared) for n in (1, 2)], ["2020-01-01T00:00:00+02:00", "2020-01-02T00:00:00+02:00"]
    yield {datetime.date(2020, 1, 1): 1}, {"2020-01-01": 1}


class Color(enum.Enum):
    RED = 1


class Color(enum.Enum):
    RED = 1


class Way(enum.Flag):
    UP, DOWN, LEFT = 1, 2, 4


class Bits(enum.IntFlag):
    ONE, TWO = 1, 2


class Old(enum.Enum):
    """As other versions of Python than 3.11 pickle it."""
    RED, PAIR = 1, (1, "x")

    def __reduce_ex__(self, protocol):
        return type(self), (self._value_,)


class Typed(typing.NamedTuple):
    a: int
    b: str


class Listed(list):
    pass


class Mapped(dict):
    pass


class Text(str):
    pass


class Whole(int):
    pass


class Real(float):
    pass


class Point(collections.namedtuple("Point", "x y")):
    __slots__ = ()


class Attributed(collections.OrderedDict):
    pass


class Fields(collections.namedtuple("Fields", "x y")):
    """One that takes attributes."""


class Outer:
    class Inner:
        class Deep:
            def __init__(self, n):
                self.n = n

        class Kind(enum.Enum):
            ONE = 1

    class Pair(collections.namedtuple("Pair", "a b")):
        __slots__ = ()


def with_attributes(value, **attributes):
    vars(value).update(attributes)
    return value


def standard():
    for text in ("0", "-1.50", "1E+30", "NaN", "-sNaN12", "-Infinity", "1" * 60 + ".5"):
        yield (value := decimal.Decimal(text)), str(value)
    for value in (fractions.Fraction(3, 4), fractions.Fraction(-2**70, 3), fractions.Fraction(5), fractions.Fraction(0)):
        yield value, str(value)
    for n in (0, 5, 2**63, 2**127 + 1, 2**128 - 1):
        yield (value := uuid.UUID(int=n)), str(value)
    yield (value := uuid.uuid4()), str(value)
    for kind in (pathlib.PurePosixPath, pathlib.PosixPath, pathlib.PureWindowsPath):
        for parts in ((), ("a",), ("/",), ("/a/b", "c"), ("a/./b//c", "d"), ("//net/x",), ("/a", "/b")):
            if kind is pathlib.PureWindowsPath and parts and parts[0][:2] == "//":
                continue  # a share: stays as it is
            yield (value := kind(*parts)), str(value)
    for parts in (("C:/x", "y"), ("C:", "x"), ("C:/",), ("a\\b",), ("C:",)):
        yield (value := pathlib.PureWindowsPath(*parts)), str(value)
    yield Color.RED, str(Color.RED)
    yield types.SimpleNamespace(), {}
    yield types.SimpleNamespace(a=1, day=datetime.date(2020, 1, 1)), {"a": 1, "day": "2020-01-01"}
    yield 1 + 2j, [1, 2]


def containers():
    yield collections.OrderedDict(), {}
    yield collections.OrderedDict(b=1, a=[2, uuid.UUID(int=1)]), {"b": 1, "a": [2, str(uuid.UUID(int=1))]}
    yield collections.defaultdict(list, {"a": [1]}), {"a": [1]}
    yield collections.defaultdict(None, {1: 2}), {"1": 2}
    yield collections.Counter("abca"), {"a": 2, "b": 1, "c": 1}
    for most in (None, 0, 2, 5):
        yield (value := collections.deque([1, "x"], most)), list(value)
    yield collections.deque([collections.deque()]), [[]]
    day = datetime.date(2020, 1, 1)
    shared = collections.OrderedDict(day=day, again=day)
    yield [shared, shared], [{"day": "2020-01-01", "again": "2020-01-01"}] * 2
    many = collections.OrderedDict((f"k{n}", n) for n in range(2500))
    yield many, dict(many)
    for code in "bBhHiIlLqQ":
        yield (value := array.array(code, [0, 1, 100])), list(value)
    for code in "fd":
        yield (value := array.array(code, [0.5, -1.25])), list(value)
    yield array.array("u", "aé\u20ac"), list("aé\u20ac")
    yield array.array("i"), []


def arrays():
    masked = numpy.ma.array([[1, 2, 3], [4, 5, 6]], mask=[[0, 1, 0], [0, 0, 1]])
    yield masked, masked.tolist()
    yield masked[0], masked[0].tolist()
    yield numpy.ma.array(numpy.asfortranarray(masked.data), mask=masked.mask), masked.tolist()
    yield numpy.ma.array([1.5, 2.5]), [1.5, 2.5]
    yield numpy.ma.array(["a", "b"], mask=[1, 0]), [None, "b"]
    yield numpy.ma.array(numpy.array(["2020-01-01", "2020-01-02"], "M8[D]"), mask=[0, 1]), ["2020-01-01", None]
    yield numpy.matrix([[1, 2], [3, 4]]), [[1, 2], [3, 4]]
    yield numpy.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), [{"a": 1, "b": 2.0}]
    yield numpy.char.array(["x", "yz"]), ["x", "yz"]
    named = numpy.array([[(1, "x", [2, "y"]), (3, None, [4.5, [5]])], [(6, [7], [8, 9]), (0, "", [None, {}])]],
                        dtype=[("n", "i2"), ("o", "O"), ("two", "O", (2,))])
    said = [[{"n": 1, "o": "x", "two": [2, "y"]}, {"n": 3, "o": None, "two": [4.5, [5]]}],
            [{"n": 6, "o": [7], "two": [8, 9]}, {"n": 0, "o": "", "two": [None, {}]}]]
    yield named, said
    yield numpy.asfortranarray(named), said
    yield named[0, 1], said[0][1]
    yield numpy.zeros(0, named.dtype), []
    records = numpy.rec.array([(1, "x", 0.5), (2, None, 1.5)], dtype=[("n", ">i4"), ("o", "O"), ("f", "f4")])
    yield records, [{"n": 1, "o": "x", "f": 0.5}, {"n": 2, "o": None, "f": 1.5}]
    yield records[1], {"n": 2, "o": None, "f": 1.5}
    yield numpy.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])[0], {"a": 1, "b": 2.0}
    yield numpy.asfortranarray(numpy.array([[1, "x"], [None, [3]], [{}, 0.5]], dtype=object)), [[1, "x"], [None, [3]], [{}, 0.5]]
    labelled = numpy.dtype("O", metadata={"vlen": str})
    yield numpy.array(["a", "bc"], labelled), ["a", "bc"]
    yield numpy.array([1, 2], numpy.dtype("i4", metadata={"unit": "m"})), [1, 2]
    yield numpy.array([5], numpy.dtype("M8[D]", metadata={"unit": "m"})), ["1970-01-06"]
    yield numpy.array([("a", 1)], [("text", labelled), ("n", "u1")]), [{"text": "a", "n": 1}]
    yield numpy.ma.array(numpy.array([1, "x", [2]], dtype=object), mask=[0, 1, 0]), [1, None, [2]]
    yield numpy.ma.masked, None


class Known(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def check(self, value, said):
        for protocol in PROTOCOLS:
            with self.subTest(repr(value)[:100], protocol=protocol):
                body = pickle.dumps(value, protocol)
                measure = pickle.loads(body)  # protocols below 4 forget fold
                self.assertEqual(said, json.loads(self.server.convert(body, "json", "pickle")))
                for format in ("pickle", "typed", "hdf5"):
                    back = self.server.convert(self.server.convert(body, format, "pickle"), "pickle", format, protocol=protocol)
                    self.assertEqual(said, json.loads(self.server.convert(back, "json", "pickle")))
                    if repr(measure).count("NaN") == 0:
                        self.assertIsNone(difference(measure, pickle.loads(back)))
                    self.assertEqual(repr(measure), repr(pickle.loads(back)))

    def test_standard(self):
        for value, said in standard():
            self.check(value, said)

    def test_containers(self):
        for value, said in containers():
            self.check(value, said)

    def test_arrays(self):
        for value, said in arrays():
            self.check(value, said)

    @unittest.skipUnless(sparse, "scipy is not here")
    def test_sparse(self):
        dense = numpy.array([[0, 1.5, 0], [2, 0, 0], [0, 0, 0], [0, 0, 3]])
        for name in "csr csc coo bsr dia lil dok".split():
            for kind in ("matrix", "array"):
                value = getattr(sparse, f"{name}_{kind}")(dense)
                for protocol in PROTOCOLS:
                    with self.subTest(f"{name}_{kind}", protocol=protocol):
                        body = pickle.dumps(value, protocol)
                        said = json.loads(self.server.convert(body, "json", "pickle"))
                        self.assertEqual((name, [4, 3]), (said.pop("format"), said.pop("shape")))
                        parts = vars(value)
                        for part, what in said.items():
                            if part == "entries":
                                what = {tuple(json.loads(key)): v for key, v in what.items()}
                                self.assertEqual(dict(value.items()), what)
                            else:
                                self.assertEqual(parts[part].tolist(), what, part)
                                npy = self.server.convert(body, "json", "pickle", path=f"/{part}")
                                self.assertEqual(parts[part].tolist(), json.loads(npy))
                        self.assertTrue(said)
                        for back in (self.server.convert(body, "pickle", "pickle", protocol=protocol),
                                     self.server.convert(self.server.convert(body, "typed", "pickle"), "pickle", "typed", protocol=protocol)):
                            back = pickle.loads(back)
                            self.assertIs(type(value), type(back))
                            self.assertEqual(dense.tolist(), back.toarray().tolist())

    def test_arrays_and_tables_in_their_own_formats(self):
        for value in (array.array("d", [1.5, 2.5, 3.5]), numpy.matrix([[1, 2], [3, 4]]), collections.deque([1, 2, 3])):
            body = pickle.dumps(value)
            npy = numpy.load(io.BytesIO(self.server.convert(body, "npy", "pickle")))
            self.assertEqual(numpy.array(value).tolist(), npy.tolist())
            part = self.server.convert(body, "json", "pickle", slice="1:")
            self.assertEqual(numpy.array(value)[1:].tolist(), json.loads(part))
            self.assertEqual(numpy.array(value).tobytes(), self.server.convert(body, "bin", "pickle"))
        table = pickle.dumps(collections.OrderedDict(a=array.array("i", [1, 2]), b=["x", "y"]))
        self.assertEqual(b"a,b\n1,x\n2,y\n", self.server.convert(table, "csv", "pickle"))

    def test_tags_make_what_python_makes(self):
        """What a client in another language sends."""
        utc, hour = datetime.timezone.utc, datetime.timedelta(hours=1)
        for tag, text, value in (
                ("datetime", "2020-01-31T12:30:00.250Z", datetime.datetime(2020, 1, 31, 12, 30, 0, 250000, utc)),
                ("datetime", "2020-01-31 12:30", datetime.datetime(2020, 1, 31, 12, 30)),
                ("datetime", "2020-01-31T12:30:00-05:30", datetime.datetime(2020, 1, 31, 12, 30, tzinfo=datetime.timezone(-5.5 * hour))),
                ("date", "2020-01-31", datetime.date(2020, 1, 31)), ("time", "12:30", datetime.time(12, 30)),
                ("timedelta", "PT26H", 26 * hour), ("timedelta", "-P1DT1M0.5S", -datetime.timedelta(days=1, seconds=60.5)),
                ("decimal", "1.50", decimal.Decimal("1.50")), ("fraction", "3/4", fractions.Fraction(3, 4)),
                ("uuid", "12345678-9ABC-def0-1234-56789abcdef0", uuid.UUID("12345678-9abc-def0-1234-56789abcdef0")),
                ("path", "/a//b/./c/", pathlib.PosixPath("/a/b/c")), ("path", "", pathlib.PosixPath()),
                ("ordereddict", [["b", 1], ["a", [2]]], collections.OrderedDict(b=1, a=[2])),
                ("deque", [1, "x"], collections.deque([1, "x"]))):
            for protocol in PROTOCOLS:
                with self.subTest(tag, text=text, protocol=protocol):
                    made = pickle.loads(self.server.convert(json.dumps({"$" + tag: text}).encode(), "pickle", "typed", protocol=protocol))
                    self.assertEqual((type(value), value, repr(value)), (type(made), made, repr(made)))

    def test_tags_are_written_where_nothing_is_lost(self):
        tagged = [datetime.datetime(2020, 1, 1), datetime.date(2020, 1, 1), datetime.timedelta(1), decimal.Decimal("1.5"),
                  fractions.Fraction(1, 2), uuid.UUID(int=1), pathlib.PosixPath("/a"), collections.OrderedDict(a=1), collections.deque([1])]
        zone = datetime.timezone(datetime.timedelta(hours=1))
        generic = [datetime.datetime(2020, 1, 1, fold=1), datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=1), "x")),
                   [datetime.datetime(2020, 1, 1, tzinfo=zone), datetime.datetime(2020, 1, 2, tzinfo=zone)],
                   pathlib.PurePosixPath("/a"), collections.deque([1], 2), Attributed(a=1)]
        for value in tagged + generic:
            with self.subTest(repr(value)):
                typed = self.server.convert(pickle.dumps(value, 4), "typed", "pickle")
                self.assertEqual(any(value is t for t in tagged), b"$object" not in typed, typed)
                back = pickle.loads(self.server.convert(typed, "pickle", "typed"))
                self.assertEqual((repr(value), getattr(value, "fold", 0)), (repr(back), getattr(back, "fold", 0)))

    def test_hdf5_holds_what_h5py_can_show(self):
        value = {"when": datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc), "price": decimal.Decimal("1.50"),
                 "ordered": collections.OrderedDict(b=[1, 2], a=uuid.UUID(int=1)), "queue": collections.deque([1, "x"])}
        body = self.server.convert(pickle.dumps(value), "hdf5", "pickle")
        with h5py.File(io.BytesIO(body)) as f:
            self.assertEqual([b"2020-01-02T00:00:00+00:00", b"1.50"], [f["when"][()], f["price"][()]])
            self.assertEqual((["b", "a"], str(uuid.UUID(int=1)).encode()), (list(f["ordered"]), f["ordered/a"][()]))
            self.assertEqual([1, b"x"], [f["queue/0"][()], f["queue/1"][()]])
        twice = b"\x80\3ccollections\nOrderedDict\n)R(X\1\0\0\0aK\1X\1\0\0\0aK\3u."
        back = self.server.convert(self.server.convert(twice, "hdf5", "pickle"), "pickle", "hdf5")
        self.assertEqual(collections.OrderedDict(a=3), pickle.loads(back))

    def test_paths_lead_inside_and_inspect_says_what_is_there(self):
        day = datetime.date(2020, 1, 2)
        value = {"ordered": collections.OrderedDict(day=day, deque=collections.deque(["x", numpy.arange(6)])),
                 "ints": array.array("i", [1, 2])}
        body = pickle.dumps(value)
        self.assertEqual("2020-01-02", json.loads(self.server.convert(body, "json", "pickle", path="/ordered/day")))
        self.assertEqual([3, 5], json.loads(self.server.convert(body, "json", "pickle", path="/ordered/deque/1", slice="3::2")))
        self.assertEqual(day, pickle.loads(self.server.convert(body, "pickle", "pickle", path="/ordered/day")))
        answer = self.server.request("POST", "/v1/inspect", body, {"Content-Type": "application/x-pickle"})
        ordered, ints = json.loads(answer.body)["tree"]["children"]
        self.assertEqual(("group", "collections.OrderedDict", 2), (ordered["kind"], ordered["type"], len(ordered["children"])))
        self.assertEqual(("dataset", "datetime.date"), (ordered["children"][0]["kind"], ordered["children"][0]["type"]))
        self.assertEqual(("dataset", "array.array", "<i4", [2]), tuple(ints[k] for k in ("kind", "type", "dtype", "shape")))

    def test_namedtuples_are_reached_by_number(self):
        for protocol in range(6):
            body = pickle.dumps({"p": Point(1, [2, Point("a", None)])}, protocol)
            self.assertEqual(b"2", self.server.convert(body, "json", "pickle", path="/p/1/0"))
            self.assertEqual(b'"a"', self.server.convert(body, "json", "pickle", path="/p/1/1/0"))
            self.assertEqual([{"$class": f"{__name__}.Point", "$args": ["a", None]}],
                             [json.loads(self.server.convert(body, "json", "pickle", path="/p/1/1"))])
            again = pickle.loads(self.server.convert(self.server.convert(body, "typed", "pickle"), "pickle", "typed", protocol=protocol))
            self.assertEqual((again, type(again["p"])), (pickle.loads(body), Point))
            tree = json.loads(self.server.request("POST", "/v1/inspect", body).body)["tree"]
            self.assertEqual(2, tree["children"][0]["child_count"], tree)

    def test_members_of_enumerations_read_naturally(self):
        here = __name__
        for protocol in range(6):
            for value, said in ((Color.RED, "Color.RED"), (Way.UP, "Way.UP"), (Way.UP | Way.DOWN, "Way.UP|DOWN"), (Way(7), "Way.UP|DOWN|LEFT"),
                                (Bits(9), "Bits.ONE|8"), (Old.RED, {"$class": f"{here}.Old", "$args": [1]}),
                                (Old.PAIR, {"$class": f"{here}.Old", "$args": [[1, "x"]]})):
                body = pickle.dumps([value, value], protocol)
                self.assertEqual([said, said], json.loads(self.server.convert(body, "json", "pickle")), (value, protocol))
                for pretty in ("false", "true"):
                    again = self.server.convert(self.server.convert(body, "typed", "pickle", pretty=pretty), "pickle", "typed", protocol=protocol)
                    self.assertEqual([value, value], pickle.loads(again))

    def test_subclasses_of_builtin_types_read_alike_at_every_protocol(self):
        for value, said in ((Point(1, [2]), {"$args": [1, [2]]}), (Typed(1, "a"), {"$args": [1, "a"]}), (Listed([1, [2]]), {"$items": [1, [2]]}),
                            (Mapped({"a": 1, 2: None}), {"$pairs": {"a": 1, "2": None}}), (Text("x"), {"$args": ["x"]}), (Whole(2**70), {"$args": [2**70]}),
                            (Real(1.5), {"$args": [1.5]}), (Listed(), {})):
            said = {"$class": f"{__name__}.{type(value).__name__}", **said}
            for protocol in range(6):
                body = pickle.dumps({"a": [value, value]}, protocol)
                for pretty in ("false", "true"):
                    found = json.loads(self.server.convert(body, "json", "pickle", pretty=pretty))
                    self.assertEqual({"a": [said, said]}, found, (value, protocol))
                again = pickle.loads(self.server.convert(self.server.convert(body, "typed", "pickle"), "pickle", "typed", protocol=protocol))
                self.assertEqual((value, type(value)), (again["a"][1], type(again["a"][1])))
                self.assertIs(again["a"][0], again["a"][1])
                tree = json.loads(self.server.request("POST", "/v1/inspect", body).body)["tree"]["children"][0]["children"]
                self.assertEqual(type(value).__name__, tree[0]["type"], tree)

    def inside(self, body):
        """Names in the tree of a pickle, each of which is an address."""
        tree = json.loads(self.server.request("POST", "/v1/inspect", body).body)["tree"]
        names = [child["name"] for child in tree["children"]]
        for name in names:
            self.server.convert(body, "json", "pickle", path=f"/{name}")
        return names

    def test_what_has_attributes_keeps_what_it_is_made_of(self):
        """A text, a message, fields or items beside attributes: plain JSON has both, at every protocol."""
        failed = with_attributes(ValueError("no such", 7), __notes__=["while reading"])
        for value, said, names in (
                (failed, {"$args": ["no such", 7], "__notes__": ["while reading"]}, ["__notes__", "$args"]),
                (with_attributes(Fields(1, [2]), more=3), {"$args": [1, [2]], "more": 3}, None),
                (with_attributes(Listed([1, [2]]), more=3), {"$items": [1, [2]], "more": 3}, ["more", "0", "1"]),
                (with_attributes(Mapped({"a": 1, 2: None}), more=3), {"$pairs": {"a": 1, "2": None}, "more": 3}, ["more", "a", "2"]),
                (with_attributes(Text("x"), more=3), {"$args": ["x"], "more": 3}, ["more", "$args"]),
                (with_attributes(Whole(7), more=3), {"$args": [7], "more": 3}, ["more", "$args"]),
                (with_attributes(Real(1.5), more=3), {"$args": [1.5], "more": 3}, ["more", "$args"])):
            for protocol in PROTOCOLS:
                body = pickle.dumps(value, protocol)
                found = json.loads(self.server.convert(body, "json", "pickle"))
                found.pop("$class")
                self.assertEqual(said, found, protocol)
                if names:
                    self.assertEqual(names, self.inside(body), (value, protocol))

    def test_attributes_may_have_numbers_for_names(self):
        value = Outer.Inner.Deep(1)
        vars(value)[5] = 2
        body = pickle.dumps(value)
        self.assertEqual(["n", "5"], self.inside(body))

    def test_classes_inside_of_classes_read_alike_at_every_protocol(self):
        here = __name__
        for value, said in ((Outer.Inner.Deep(1), {"$class": f"{here}.Outer.Inner.Deep", "n": 1}),
                            (Outer.Pair(1, "x"), {"$class": f"{here}.Outer.Pair", "$args": [1, "x"]}),
                            (Outer.Inner.Kind.ONE, "Outer.Inner.Kind.ONE")):
            for protocol in PROTOCOLS:
                body = pickle.dumps([value, value], protocol)
                self.assertEqual([said, said], json.loads(self.server.convert(body, "json", "pickle")), protocol)
                typed = self.server.convert(body, "typed", "pickle")
                for again in PROTOCOLS:
                    back = pickle.loads(self.server.convert(typed, "pickle", "typed", protocol=again))
                    self.assertIsNone(difference(pickle.loads(body), back))
                tree = json.loads(self.server.request("POST", "/v1/inspect", pickle.dumps({"a": value}, protocol)).body)["tree"]
                if isinstance(said, dict):
                    self.assertEqual(said["$class"], tree["children"][0]["class"])

    def test_keys_of_subclasses_of_dict_are_reached(self):
        for protocol in range(6):
            body = pickle.dumps([Mapped({"a": [1, 2]}), Listed(["x", {"y": 3}])], protocol)
            for path, said in (("/0/a/1", 2), ("/1/1/y", 3), ("/1/0", "x")):
                self.assertEqual(said, json.loads(self.server.convert(body, "json", "pickle", path=path)), (protocol, path))

    def test_what_has_more_to_it_stays_an_object(self):
        attributed = Attributed(a=1)
        attributed.more = 2
        for value in (attributed, Attributed(a=1)):
            said = json.loads(self.server.convert(pickle.dumps(value), "json", "pickle"))
            self.assertEqual("test_known.Attributed" if __name__ != "__main__" else "__main__.Attributed", said["$class"])

    def test_times(self):
        for value, said in times():
            self.check(value, said)


if __name__ == "__main__":
    unittest.main()
