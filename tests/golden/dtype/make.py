#!/usr/bin/python3
"""Writes what NumPy answers about dtypes, a case a line.

parse.txt   what numpy.dtype() takes, its typestr (or "error")
descr.txt   a description (numpy.lib.format.descr_to_dtype; tuples are lists), the itemsize, the description that NumPy
            writes, three elements, the same elements with every order "<"
bad.txt     descriptions that NumPy refuses
fields.txt  a description, three elements, names of fields, the description of what they select, its packed elements
"""
import json
import os

import numpy as np
from numpy.lib import format, recfunctions

HERE = os.path.dirname(os.path.abspath(__file__))

WORDS = """bool bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 float128 complex64
complex128 complex256 int uint intp uintp byte ubyte short ushort intc uintc longlong ulonglong half single float double
longdouble csingle complex cdouble clongdouble bytes bytes_ str str_ void object object_
? b B h H i I l L q Q p P e f d g F D G S a c U V O
?1 b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 f16 c8 c16 c32 S0 S7 a3 U0 U3 V0 V12 O8 O4
<i2 >i2 =i2 |i2 >i1 <i1 |b1 >? >h <d >f16 >c8 >U3 <U3 |U3 >S3 |S3 |V4 >V4 |O >O
M8 m8 M m M8[ns] m8[ns] >M8[D] <m8[25s] >m8[Y] M8[M] M8[W] M8[h] M8[m] M8[ms] M8[us] M8[ps] M8[fs] M8[as] M8[generic]
datetime64 timedelta64 datetime64[s] timedelta64[3D] datetime64[ns]
i3 i16 u16 i0 f1 f3 f32 c4 c64 b2 ?2 O2 x y8 f8f8 float65 Int8 INT8 FLOAT <> < >> <<i4 i-4
M4 M8[ M8[] M8[x] M8[-1s] M8s M8[s]] m8[ss] datetime32 f18446744073709551624
""".split()

inner = [("a", "<f4"), ("b", ">c16", (2,))]
DESCRS = {
    "plain": "<f8", "big": ">i4", "one byte": "|u1", "truth": "|b1", "half": ">f2", "extended": ">f16", "complex": ">c8",
    "wide complex": ">c32", "text": ">U2", "bytes": "|S3", "raw": "|V5", "date": ">M8[ns]", "span": "<m8[25s]",
    "record": [("x", ">i2"), ("y", "<f8")],
    "holes": [("a", "|i1"), ("", "|V7"), ("b", ">f8"), ("c", "<i2"), ("", "|V6")],
    "titles": [(("title", "name"), ">u4"), ("b", "|b1")],
    "nested": [("x", ">i2"), ("in", inner), ("s", "|S3"), ("u", ">U2"), ("m", "<M8[25s]")],
    "arrays": [("grid", ">i2", (2, 3)), ("empty", "<f8", (0,)), ("one", ">u2", (1,)), ("last", "|u1")],
    "records in arrays": [("r", inner, (2, 2)), ("z", ">u8")],
    "no width": [("s", "|S0"), ("u", "<U0"), ("v", ">i4")],
    "beyond ASCII": [("caf\u00e9", ">u2"), ("\u20ac", "|u1")],
    "overlap": {"names": ["all", "low"], "formats": ["<u4", "<u2"], "offsets": [0, 1], "itemsize": 4},
    "backwards": {"names": ["b", "a"], "formats": ["<u2", ">u4"], "offsets": [4, 0], "itemsize": 8},
    "subarray": (">i4", (2, 3)),
}
BAD = [
    "<f9", "nonsense", "", [("a",)], [("a", "<f8", (2,), 1)], [("a", "<f8"), ("a", "<i4")], [(1, "<f8")], [["a", 8.5]],
    [("a", "<f8", (-1,))], [("a", "<f8", "x")], [("a", "<f8", (2 ** 40,))], [("a", "<f8", (2 ** 20, 2 ** 20))],
    {"names": ["a"], "formats": []}, {"names": ["a"]}, {"formats": ["<f8"]},
    {"names": ["a"], "formats": ["<f8"], "offsets": [-1]}, {"names": ["a"], "formats": ["<f8"], "itemsize": 4},
    {"names": ["a"], "formats": ["<f8"], "offsets": [1], "itemsize": 8}, [("a", "<f8", (1,) * 33)], ("<f8", (-2,)), 5, [5],
]
FIELDS = [
    ("record", ["x"]), ("record", ["y"]), ("record", ["y", "x"]), ("record", ["x", "y"]), ("holes", ["a", "c"]),
    ("holes", ["b"]), ("holes", ["c", "b", "a"]), ("titles", ["name"]), ("titles", ["b", "name"]), ("nested", ["in"]),
    ("nested", ["u", "in", "x"]), ("nested", ["m"]), ("arrays", ["grid"]), ("arrays", ["last", "grid"]),
    ("arrays", ["empty"]), ("arrays", ["one"]), ("records in arrays", ["r"]), ("records in arrays", ["z", "r"]),
    ("beyond ASCII", ["\u20ac"]), ("overlap", ["low"]), ("overlap", ["low", "all"]), ("backwards", ["a", "b"]),
]


def text(descr):
    return json.dumps(descr, ensure_ascii=False, separators=(",", ":"))


def dtype_of(descr):
    """As descr_to_dtype, which knows neither the dict nor what a list for a tuple means."""
    return np.dtype(descr) if isinstance(descr, dict) else format.descr_to_dtype(descr)


def descr_of(dtype):
    """dtype_to_descr cannot say fields that overlap or are out of order."""
    ends = [0] + [dtype.fields[n][1] + dtype.fields[n][0].itemsize for n in dtype.names or ()]
    if any(dtype.fields[n][1] < end for n, end in zip(dtype.names or (), ends)):
        fields = [dtype.fields[n] for n in dtype.names]
        return {"names": list(dtype.names), "formats": [descr_of(f[0]) for f in fields],
                "offsets": [f[1] for f in fields], "itemsize": dtype.itemsize}
    return [descr_of(dtype.base), list(dtype.shape)] if dtype.shape else format.dtype_to_descr(dtype)


def elements(dtype, count=3):
    """Bytes of which no two neighbours are equal, and truths that are truths."""
    raw = bytearray(n * 37 % 251 for n in range(count * dtype.itemsize))
    for place in truths(dtype, 0):
        for n in range(count):
            raw[n * dtype.itemsize + place] &= 1
    return bytes(raw)


def truths(dtype, at):
    if dtype.kind == "b":
        return [at]
    return [p for n in dtype.names or () for p in truths(dtype.fields[n][0], at + dtype.fields[n][1])]


def leaves(dtype, at=0):
    if dtype.subdtype:
        base, shape = dtype.subdtype
        return [leaf for i in range(int(np.prod(shape))) for leaf in leaves(base, at + i * base.itemsize)]
    if dtype.names:
        return [leaf for n in dtype.names for leaf in leaves(dtype.fields[n][0], at + dtype.fields[n][1])]
    return [(dtype, at)]


def little(dtype, raw):
    """NumPy's byteswap() of every leaf that is big-endian, one after the other."""
    out = np.frombuffer(raw, "u1").copy()
    for n in range(len(raw) // dtype.itemsize):
        for leaf, at in leaves(dtype):
            if leaf.byteorder == ">" and leaf.itemsize > 0:
                view = np.ndarray((), leaf, out, n * dtype.itemsize + at)
                view.byteswap(inplace=True)
    return out.tobytes()


def write(name, rows):
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as out:
        for row in rows:
            assert not any(" " in field or field == "" for field in row), row
            print(*row, file=out)


def parse(word):
    try:
        return np.dtype(word).str
    except (TypeError, ValueError, OverflowError):
        return "error"


def refused(descr):
    try:
        dtype_of(descr)
    except Exception:  # of many kinds
        return True
    return False


def described(descr):
    dtype = dtype_of(descr)
    raw = elements(dtype)
    return text(descr), str(dtype.itemsize), text(descr_of(dtype)), raw.hex(), little(dtype, raw).hex()


def selected(case, names):
    dtype = dtype_of(DESCRS[case])
    raw = elements(dtype)
    a = np.frombuffer(raw, dtype)
    part = a[names[0]] if len(names) == 1 else recfunctions.repack_fields(a[names], align=False, recurse=False)
    return text(DESCRS[case]), raw.hex(), ",".join(names), text(descr_of(part.dtype)), part.tobytes().hex() or "-"


write("parse.txt", [(word, parse(word)) for word in WORDS])
write("descr.txt", [described(descr) for descr in DESCRS.values()])
assert all(map(refused, BAD))
write("bad.txt", [(text(descr),) for descr in BAD])
write("fields.txt", [selected(*row) for row in FIELDS])
