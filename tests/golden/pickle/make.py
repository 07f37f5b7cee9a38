#!/usr/bin/python3
"""Makes the cases beside it, with Python's own pickle as the judge.

read.txt: a pickle in hexadecimal, and what pickle.loads makes of it as show() spells it, or ! where it refuses.
write.txt: a protocol, a pickle, and of the pickle that pickle.dumps writes of its value with that protocol
the length, the FNV-1a hash and the first bytes.
joblib.txt: the same of dumps, with what joblib.load makes of them.
encoding.txt: an encoding, a pickle of Python 2's strings, and what pickle.loads(encoding=) makes of it.
frames.txt: a protocol, and length and FNV-1a hash of the pickle of a value too big to be kept here.
"""
import io
import pathlib
import pickle
import struct

import joblib
import numpy
from numpy.lib.format import dtype_to_descr

HERE = pathlib.Path(__file__).parent


def numbers(shape):
    return "(" + "".join(f"{n}, " for n in shape) + ")"


def show(o):
    if isinstance(o, numpy.ndarray):
        items = show(o.ravel().tolist()) if o.dtype == object else o.tobytes("A").hex()
        fortran = o.ndim > 1 and o.flags.f_contiguous and not o.flags.c_contiguous and o.dtype != object
        return f"array({show(o.dtype)}, {numbers(o.shape)}, {'F' if fortran else 'C'}, {items})"
    if isinstance(o, numpy.generic):
        return f"scalar({show(o.dtype)}, {o.tobytes().hex()})"
    if isinstance(o, numpy.dtype):
        return show(dtype_to_descr(o))
    if isinstance(o, list):
        return "[" + "".join(show(x) + ", " for x in o) + "]"
    if isinstance(o, tuple):
        return "(" + "".join(show(x) + ", " for x in o) + ")"
    if isinstance(o, frozenset):
        return "frozenset(" + "".join(show(x) + ", " for x in o) + ")"
    if isinstance(o, set):
        return "set(" + "".join(show(x) + ", " for x in o) + ")"
    if isinstance(o, dict):
        return "{" + "".join(f"{show(k)}: {show(v)}, " for k, v in o.items()) + "}"
    if isinstance(o, complex):
        return f"complex({o.real!r}, {o.imag!r})"
    if isinstance(o, range):
        return f"range({o.start}, {o.stop}, {o.step}, )"
    if isinstance(o, slice):
        return f"slice({show(o.start)}, {show(o.stop)}, {show(o.step)}, )"
    if isinstance(o, str):
        return "text " + o.encode("utf-8", "surrogatepass").hex()
    if isinstance(o, (bytes, bytearray)):
        return f"{type(o).__name__} " + o.hex()
    if isinstance(o, type) or callable(o):
        return f"{o.__module__}:{o.__qualname__}"
    return repr(o)


def judge(data):
    try:
        return show(pickle.Unpickler(io.BytesIO(data)).load())
    except Exception:
        return "!"


def judge_dump(data):
    try:
        return show(joblib.load(io.BytesIO(data)))
    except Exception:
        return "!"


def dumps():
    """joblib's, with what is wrong with some."""
    a = numpy.arange(6.0).reshape(2, 3)
    records = numpy.array([(1, 2.5, b"x")], dtype=[("i", "<i4"), ("f", "<f8"), ("s", "S3")])
    objects = numpy.array([[1, "two"], [None, (3.0,)]], dtype=object)
    for value in (a, numpy.asfortranarray(a), [a, {"b": a[0], "c": "text"}, a.T], numpy.array(1.5), numpy.zeros((0, 2), "i1"),
                  records, objects, [objects, a, objects], numpy.array(["2026-11-23", "NaT"], dtype="M8[D]")):
        for protocol in (0, 2, 4, 5):
            out = io.BytesIO()
            joblib.dump(value, out, protocol=protocol)
            yield out.getvalue()
    out = io.BytesIO()
    joblib.dump(numpy.arange(3, dtype="u1"), out, protocol=4)
    for lie in (b"K\x04\x85", b"J\xff\xff\xff\x7f\x85", b"J\xff\xff\xff\xff\x85", b"N", b"]\x85", b"\x8a\x08" + bytes(7) + b"\x40\x85"):
        yield out.getvalue().replace(b"K\x03\x85", lie)


STRINGS = [b"S'abc'\n.", b"S'caf\\xe9'\n.", b"S'\\xc3\\xa9'\n.", b"U\x03abc.", b"U\x02\xc3\xa9.", b"U\x02\xff\0.", b"U\0.",
           b"T\x04\0\0\0\xe2\x82\xac!.", b"}U\x01kU\x01\x80s.", b"U\x03\xed\xa0\x80.", b"(U\x02\xc3\xa9I1\nd."]


def judge_strings(encoding, data):
    try:
        return show(pickle.loads(data, encoding=encoding))
    except Exception:
        return "!"


def long4(n):
    return struct.pack("<i", n)


# Section by section: what CPython reads or refuses, opcode by opcode.
OPCODES = [
    b"N.", b"\x88.", b"\x89.", b"I01\n.", b"I00\n.", b"I1\n.", b"I0\n.", b"I001\n.", b"I-5\n.", b"I0x1f\n.", b"I0o17\n.",
    b"I0b11\n.", b"I1_000\n.", b"I 7 \n.", b"I7\r\n.", b"I017\n.", b"I08\n.", b"I99999999999999999999\n.", b"I12a\n.",
    b"I\n.", b"I+3\n.", b"I-0x10\n.", b"I1__0\n.", b"I1_\n.", b"I0x_1f\n.", b"I-99999999999999999999\n.",
    b"L42\n.", b"L42L\n.", b"L42LL\n.", b"LL\n.", b"L\n.", b"L-7L\n.", b"L017L\n.", b"L0L\n.", b"L00L\n.",
    b"L123456789012345678901234567890L\n.", b"L0xffffffffffffffffffffL\n.",
    b"K\xff.", b"M\xff\xff.", b"J\xff\xff\xff\xff.", b"J\xff\xff\xff\x7f.", b"J\0\0\0\x80.",
    b"\x8a\0.", b"\x8a\x02\xff\0.", b"\x8a\x03\xff\xff\xff.", b"\x8a\x01\x80.", b"\x8a\x08\0\0\0\0\0\0\0\x80.",
    b"\x8a\x09\0\0\0\0\0\0\0\x80\0.", b"\x8a\x0a\1\0\0\0\0\0\0\0\0\0.", b"\x8a\x09\xff\xff\xff\xff\xff\xff\xff\x7f\xff.",
    b"\x8b\0\0\0\0.", b"\x8b" + long4(-1) + b".", b"\x8b\5\0\0\0\1\0\0\0\0.", b"\x8b\xff\xff\xff\x7f.",
    b"F1.5\n.", b"Fnan\n.", b"Finf\n.", b"F-inf\n.", b"FInfinity\n.", b"F1e400\n.", b"F-0.0\n.", b"F1e-400\n.", b"F 1\n.",
    b"F1_0\n.", b"F0x1\n.", b"F1,5\n.", b"F\n.", b"F.5\n.", b"F5.\n.", b"F1e5\n.", b"F0.1000000000000000055511151231257827\n.",
    b"G\x3f\xf8\0\0\0\0\0\0.", b"G\x80\0\0\0\0\0\0\0.", b"G\x7f\xf0\0\0\0\0\0\0.", b"G\x7f\xf8\0\0\0\0\0\0.",
    b"X\3\0\0\0abc.", b"X\0\0\0\0.", b"X\3\0\0\0\xed\xa0\x80.", b"X\6\0\0\0\xed\xa0\xbd\xed\xb8\x80.", b"X\2\0\0\0\xc0\x80.",
    b"X\4\0\0\0\xf4\x90\x80\x80.", b"X\1\0\0\0\xff.", b"X\3\0\0\0a\0\n.", b"\x8c\2\xc3\xa9.", b"\x8d\1\0\0\0\0\0\0\0a.",
    b"X\4\0\0\0abc.", b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffa.", b"\x8d\0\0\0\0\0\0\0\x80a.",
    b"Vabc\n.", b"V\\u0041\n.", b"V\\\\u0041\n.", b"V\\\\\\u0041\n.", b"V\\n\n.", b"V\\U0001f600\n.", b"V\\U00110000\n.",
    b"V\\u20a\n.", b"V\xe9\n.", b"V\\ud83d\\ude00\n.", b"V\n.", b"V\\\n.", b"V\\u\n.", b"V\\\\\n.",
    b"C\2\xff\0.", b"C\0.", b"B\1\0\0\0\x80.", b"B\xff\xff\xff\xffa.", b"\x8e\1\0\0\0\0\0\0\0a.",
    b"\x8e\0\0\0\0\0\0\0\x80a.", b"\x96\2\0\0\0\0\0\0\0ab.", b"\x96\0\0\0\0\0\0\0\0.", b"\x96\xff\0\0\0\0\0\0\0a.",
    # the stack, marks and the memo
    b".", b"(.", b"N(.", b"N(0.", b"(N.", b"NN.", b"(K\1K\2.", b"K\1(\x85.", b"K\1\x86.", b"0.", b"N0.", b"N00.", b"(00N.",
    b"K\1(K\x021.", b"1.", b"K\x012\x86.", b"2.", b"(2.", b"K\1\x85K\2\x85\x86.", b"K\1K\2K\3\x87.", b").", b"(t.", b"(K\1t.",
    b"t.", b"K\1(K\2t\x86.", b"h\0.", b"K\1q\0h\0\x86.", b"K\1p0\ng0\n\x86.", b"K\1p 1_0 \ng010\n\x86.", b"K\1p-1\n.",
    b"K\1p0x1\n.", b"K\1p\n.", b"q\0.", b"(q\0.", b"\x94.", b"(\x94.", b"K\1r\xff\xff\1\0j\xff\xff\1\0\x86.",
    b"K\1p5\nK\2\x94h\1\x86\x87.", b"K\1q\1K\2\x94h\1\x87.", b"K\1q\0K\2q\0h\0\x87.", b"g1\n.",
    # containers
    b"].", b"(l.", b"(K\1K\2l.", b"]K\1a.", b"](K\1K\2e.", b"](e.", b"}(K\1e.", b"}K\1a.", b"NK\1a.", b"]K\1a(K\2e.", b"a.", b"]a.",
    b"}.", b"(d.", b"(K\1K\2d.", b"(K\1d.", b"}K\1K\2s.", b"}(K\1K\2K\3K\4u.", b"}(u.", b"}(K\1u.", b"](K\1K\2u.", b"]K\1K\2s.",
    b"}(K\1X\1\0\0\0aG\x3f\xf0\0\0\0\0\0\0X\1\0\0\0b\x88X\1\0\0\0cu.", b"}(X\1\0\0\0aK\1C\1aK\2u.",
    b"}(X\1\0\0\0aK\1X\1\0\0\0bK\2X\1\0\0\0aK\3u.", b"}]K\1s.", b"}}K\1s.", b"}]\x85K\1s.", b"}\x8fK\1s.", b"}(K\1K\2tK\3s.",
    b"}(K\1\x85K\1G\x3f\xf0\0\0\0\0\0\0\x85K\2u.", b"}(G\x80\0\0\0\0\0\0\0K\1K\0K\2u.", b"}(NK\1)K\2u.",
    b"\x8f.", b"\x8f(K\1\x90.", b"\x8f(K\1K\1\x88\x90.", b"\x8f(\x90.", b"\x8f(]\x90.", b"](K\1\x90.", b"(\x91.", b"(K\1K\1\x91.", b"(]\x91.",
    b"((K\1\x91K\2\x91.", b"}((K\1K\2\x91K\1(K\2K\1\x91K\2u.",
    # calls and names of plain values
    b"cbuiltins\ndict\n.", b"c__builtin__\nset\n.", b"c\nset\n.", b"cbuiltins\n\n.", b"cbuiltins\nset",
    b"X\x08\0\0\0builtinsX\3\0\0\0int\x93.", b"K\1X\3\0\0\0int\x93.", b"\x93.", b"ccopy_reg\n_reconstructor\n.",
    b"c__builtin__\nset\n](K\1e\x85R.", b"c__builtin__\nfrozenset\n](K\1e\x85R.", b"c__builtin__\nset\n)R.",
    b"c__builtin__\nbytes\n)R.", b"c__builtin__\nbytearray\n)R.", b"c_codecs\nencode\nX\3\0\0\0a\xc3\xa9X\6\0\0\0latin1\x86R.",
    b"c__builtin__\nbytearray\nX\2\0\0\0\xc3\xa9X\7\0\0\0latin-1\x86R.", b"c__builtin__\nbytearray\nC\1a\x85R.",
    b"c__builtin__\ncomplex\nK\1G\x40\0\0\0\0\0\0\0\x86R.", b"c__builtin__\nxrange\nK\5\x85R.", b"c__builtin__\nxrange\nK\1K\5K\2\x87R.",
    b"c__builtin__\nslice\nK\1N\x86R.", b"c__builtin__\nslice\nK\5\x85R.", b"c__builtin__\nset\nK\1R.", b"K\1)R.", b"](K\1)R.",
    b"c__builtin__\nobject\n\x81.", b"c__builtin__\nobject\nK\1\x81.", b"c__builtin__\nobject\n)K\1\x92.", b"R.", b"\x81.", b"\x92.", b"o.",
    b"(o.", b"(K\1o.", b"]}b.", b"K\1}b.", b"K\1Nb.", b"]Nb.", b"b.", b"Nb.", b"\x98.", b"C\1a\x98.", b"K\1\x98.", b"\x82\0.", b"\x83\0\0.",
    b"\x84\0\0\0\0.", b"\x84\xff\xff\xff\xff.", b"Q.",
    # strings of Python 2 that are ASCII
    b"S'abc'\n.", b"S\"a'b\"\n.", b"S'a\\n\\x41\\101\\q\\\\'\n.", b"S'a\n.", b"S'\n.", b"S'a' \n.", b"Sabc\n.", b"S''\n.", b"S'\\x4'\n.", b"S'\\'\n.",
    b"U\3abc.", b"T\3\0\0\0abc.", b"T\xff\xff\xff\xffabc.", b"U\4abc.", b"S'\\\n'\n.",
    # header, frames and the end
    b"\x80\0N.", b"\x80\1N.", b"\x80\5N.", b"\x80\6N.", b"\x80", b"N\x80\2.", b"\x95\2\0\0\0\0\0\0\0N.", b"\x95\0\0\0\0\0\0\0\0N.",
    b"\x95\3\0\0\0\0\0\0\0N.", b"\x95\0\0\0\0\0\0\0\x80N.", b"\x95\1\0\0\0\0\0\0\0N.", b"", b"N", b"N.junk", b"\0.", b"\xff.", b"N\x99.",
]


def values():
    shared = [1]
    yield {"a": [1, 2.5, None, True, "text", b"bytes"], "b": (1, (2, (3, (4, 5)))), "c": {"d": {}}, "": ()}
    yield [shared, shared, (shared,), "x" * 300, "x" * 255, b"y" * 256, 2**31, -(2**31), 2**31 - 1, -(2**31) - 1, 2**64]
    yield [2**2039, 2**2040, -(2**2047), 255, 256, 65535, 65536, -1, 1e300, float("inf"), -0.0, [], {}, 0]
    yield ["\ud800", "\U0001f600", "é", "a\\\n\r\x1a\0", "", "", b"", b"", b"a", b"\xff\x80", bytearray(b""), bytearray(b"\xffa")]
    yield [set(), {1}, frozenset(), frozenset([1]), 1 + 2j, range(1, 9, 2), slice(1, None, "x"), list, set]
    yield {i: str(i) for i in range(1001)}
    yield [None] * 1000
    yield [None] * 1001
    yield {i: None for i in range(1000)}
    yield [{1: 2}, [3], {4: 5, 6: 7}]
    yield set(range(1000))
    cycle = []
    cycle.append(cycle)
    yield cycle
    pair = ([],)
    pair[0].append(pair)
    yield pair
    four = ([], 1, 2, 3)
    four[0].append(four)
    yield four


def arrays():
    for code in ("?", "i1", "u2", "<i4", "u8", "f2", "f4", "f8", "g", "F", "D", "S3", "U3", "V5", "M8[ns]", "m8[25s]", "M8"):
        a = numpy.frombuffer(bytes(range(64)), "u1")[: numpy.dtype(code).itemsize * 2].copy().view(code) if code not in "?U3" else numpy.array([1, 0], code)
        yield a
        yield a[0]
        yield a.dtype
    grid = numpy.arange(6, dtype="i2").reshape(2, 3)
    yield grid
    yield numpy.asfortranarray(grid)
    yield numpy.array(1.5)
    yield numpy.zeros((0, 3))
    yield numpy.array([["a", None], [1, 2.5]], object)
    record = numpy.zeros(2, [("a", "i4"), ("b", "U2", (2,)), ("c", [("x", "f8"), ("y", "S2")])])
    record["a"] = [1, 2]
    yield record
    yield record[0]
    yield record.dtype
    yield [grid, grid, numpy.float64(1), numpy.float64(2)]


# Shapes and states that say something else than their bytes: no array, and no error either.
def lies():
    good = pickle.dumps(numpy.arange(3.0), 2)
    for old, new in ((b"K\x03\x85", b"K\x04\x85"), (b"X\x02\0\0\0f8", b"X\x02\0\0\0f4"), (b"X\x02\0\0\0f8", b"X\x02\0\0\0zz"), (b"X\x02\0\0\0f8", b"X\x02\0\0\0O8")):
        assert old in good
        yield good.replace(old, new)


def big(n=40000):
    return [list(range(n)), "é" * 40000, b"z" * 65536, "q" * 65535, [str(i) for i in range(n)], 1.5]


def fnv(data):
    h = 0xCBF29CE484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return h


def main():
    rows = [(data, judge(data)) for data in OPCODES]
    for value in list(values()) + list(arrays()):
        if isinstance(value, (list, dict, tuple)) and "[..." in repr(value) or isinstance(value, tuple):
            continue
        for protocol in range(6) if len(pickle.dumps(value)) < 1500 else ():
            data = pickle.dumps(value, protocol)
            rows.append((data, judge(data)))
    with open(HERE / "read.txt", "w") as f:
        for data, expect in rows:
            f.write(f"{data.hex() or '-'} {expect}\n")
    with open(HERE / "joblib.txt", "w") as f:
        for data in dumps():
            f.write(f"{data.hex()} {judge_dump(data)}\n")
    with open(HERE / "encoding.txt", "w") as f:
        for encoding in "ascii", "latin1", "bytes", "utf8":
            for data in STRINGS:
                f.write(f"{encoding} {data.hex()} {judge_strings(encoding, data)}\n")
    with open(HERE / "lies.txt", "w") as f:
        for data in lies():
            f.write(data.hex() + "\n")
    with open(HERE / "write.txt", "w") as f:
        for value in values():
            source = pickle.dumps(value, 4)
            for protocol in range(6):
                data = pickle.dumps(pickle.loads(source), protocol)
                f.write(f"{protocol} {source.hex()} {len(data)} {fnv(data):x} {data[:64].hex()}\n")
    with open(HERE / "frames.txt", "w") as f:
        for protocol in range(6):
            data = pickle.dumps(big(), protocol)
            f.write(f"{protocol} {len(data)} {fnv(data):x}\n")


main()
