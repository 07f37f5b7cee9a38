#!/usr/bin/python3
"""Makes the pickles beside it, with CPython, NumPy, pandas and joblib: whole ones, for a test that damages them."""
import collections
import datetime
import decimal
import enum
import fractions
import gzip
import io
import json
import pathlib
import pickle
import uuid
import zipfile

import joblib
import numpy
import pandas

HERE = pathlib.Path(__file__).parent
UTC = datetime.timezone.utc


class Plain:
    pass


class Keyword(tuple):
    def __new__(cls, *args, **kwargs):
        return super().__new__(cls, args)

    def __getnewargs_ex__(self):
        return (1, 2), {"x": 3}


class Bag(list):
    pass


class Table(dict):
    pass


class Colour(enum.Enum):
    RED = 1


class Way(enum.Flag):
    UP, DOWN = 1, 2


class Word(str):
    pass


Point = collections.namedtuple("Point", "x y")


def made(cls, **attributes):
    value = cls()
    for name, item in attributes.items():
        setattr(value, name, item)
    return value


def loop():
    value = [1]
    value.append((value, {"me": value}))
    return value


def bag():
    value = Bag([1, 2, 3])
    value.name = "bag"
    return value


def outside(value):
    class Pickler(pickle.Pickler):
        def persistent_id(self, o):
            return ("storage", "float", o.name) if isinstance(o, Plain) else None

    out = io.BytesIO()
    Pickler(out, 2).dump(value)
    return out.getvalue()


def dumped(value, **options):
    out = io.BytesIO()
    joblib.dump(value, out, **options)
    return out.getvalue()


shared = ["shared", {}]
records = numpy.array([(1, 2.5, b"x"), (2, 3.5, b"yz")], dtype=[("i", "<i4"), ("f", ">f8"), ("s", "S3")])
frame = pandas.DataFrame({"n": [1, 2, 3], "x": [0.5, None, 2.5], "s": ["a", "b", None]})

VALUES = {  # one pickle each, of the protocols named
    "scalars": ([None, True, False, 0, 255, 256, 65536, -1, 2**31, 2**70, -2**3000, 1.5, float("nan")], "0124"),
    "texts": (["", "a", "é", "日本", "\U0001f600", "x" * 300, "back\\slash\n"], "0145"),
    "bytes": ([b"", b"\0\xff", b"y" * 300, bytearray(b"abc")], "0345"),
    "containers": ({"list": [1, [2, []]], "tuple": ((), (1,), (1, 2), (1, 2, 3, 4)), 3: {4, 5}, (6,): frozenset([7])}, "024"),
    "sharing": ([shared, shared, (shared, shared), {"again": shared}], "24"),
    "loop": (loop(), "14"),
    "batches": ([list(range(1003)), dict.fromkeys(range(1001))], "2"),
    "builtins": ([1 + 2j, range(1, 9, 2), slice(1, None), int, len, Ellipsis, ValueError("what", 1)], "024"),
    "objects": ([made(Plain, a=1, b=[2]), Keyword(1), bag(), Table(a=1), Colour.RED, Point(1, 2)], "0124"),
    "subclasses": ([Way.UP | Way.DOWN, Bag([1, [2]]), Table({1: 2, "a": []}), Word("x"), Point(1, [Point(2, 3)])], "04"),
    "dates": ([datetime.datetime(2026, 11, 25, 7, 35, tzinfo=UTC), datetime.date(2026, 1, 2), datetime.time(1, 2, 3),
               datetime.timedelta(1, 2, 3)], "04"),
    "numbers": ([decimal.Decimal("1.50"), fractions.Fraction(1, 3), uuid.UUID(int=5), pathlib.PurePosixPath("/a/b")], "24"),
    "collections": ([collections.OrderedDict(a=1), collections.Counter("aab"), collections.deque([1, 2], 3),
                     collections.defaultdict(list, a=[1])], "24"),
    "array": (numpy.arange(12.0).reshape(3, 4), "0245"),
    "fortran": (numpy.asfortranarray(numpy.arange(6, dtype=">i2").reshape(2, 3)), "5"),
    "records": (records, "25"),
    "array-objects": (numpy.array([1, "two", None, [3]], dtype=object), "4"),
    "array-dates": (numpy.array(["2026-11-25", "NaT"], dtype="M8[D]"), "4"),
    "array-texts": (numpy.array(["a", "é"]), "4"),
    "numpy-scalars": ([numpy.float64(1.5), numpy.int8(-3), numpy.dtype("f4"), numpy.dtype([("a", "i4", (2,))])], "24"),
    "masked": (numpy.ma.masked_array([1, 2, 3], [0, 1, 0]), "4"),
    "frame": (frame, "4"),
    "series": (pandas.Series([1.5, 2.5], name="s", index=["a", "b"]), "5"),
}

for name, (value, protocols) in VALUES.items():
    for protocol in protocols:
        (HERE / f"{name}-{protocol}.pickle").write_bytes(pickle.dumps(value, int(protocol)))

(HERE / "persistent.pickle").write_bytes(outside([made(Plain, name="0"), made(Plain, name="1")]))
(HERE / "joblib.pickle").write_bytes(dumped({"a": numpy.arange(6.0), "b": "text"}))
(HERE / "several.pickle").write_bytes(pickle.dumps([1]) + pickle.dumps({"a": 2}, 0))


def zipped(files, method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        for name, body in files.items():
            z.writestr(zipfile.ZipInfo(name), body, method)
    return out.getvalue()


evil = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R."
objects, arrays = io.BytesIO(), io.BytesIO()
numpy.save(objects, numpy.array([1, None], object))
numpy.savez(arrays, a=numpy.arange(3), b=numpy.array(["x", {}], object))
keras = {"module": "keras", "class_name": "Sequential", "config": {"layers": [{"module": "keras.layers", "class_name": "Lambda", "config": {}}]}}
CONTAINERS = {
    "stored.zip": zipped({"m/data.pkl": evil, "m/data/0": bytes(16), "m/version": b"3"}, zipfile.ZIP_STORED),
    "deflated.zip": zipped({"config.json": json.dumps(keras), "a.npy": objects.getvalue()}, zipfile.ZIP_DEFLATED),
    "nested.zip": zipped({"a": zipped({"b": gzip.compress(evil, mtime=0)}, zipfile.ZIP_STORED)}, zipfile.ZIP_STORED),
    "pickle.gz": gzip.compress(evil + evil, mtime=0),
    "arrays.npz": arrays.getvalue(),
}
for name, body in CONTAINERS.items():
    (HERE / name).write_bytes(body)
