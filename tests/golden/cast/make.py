#!/usr/bin/python3
"""Writes cases.txt: what numpy.ndarray.astype answers. from | bytes in hex | to | bytes in hex"""
import os
import warnings

import numpy as np

TYPES = "b1 i1 <i2 >i2 <i4 >i4 <i8 >i8 u1 <u2 >u2 <u4 >u4 <u8 >u8 <f2 >f2 <f4 >f4 <f8 >f8 <c8 >c8 <c16 >c16".split()
NUMBERS = [0, 1, -1, 2, 100, 127, 128, -128, 255, 256, 1000, -32768, 65535, 2**31 - 1, -2**31, 2**53 + 1, 2**62]
REALS = [0.0, -0.0, 0.5, -0.5, 1.5, -1.5, 2.5, 99.99, -127.9, 1000.25]


def values(dtype):
    if dtype.kind in "biu":
        info = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        return [n for n in NUMBERS if info[0] <= n <= info[1]] + [info[1]]
    if dtype.kind == "c":
        return [complex(r, -r) for r in REALS] + [complex(0, 1)]
    return REALS


def defined(source, to):
    """C leaves a float that does not fit its integer type open."""
    if source.dtype.kind not in "fc" or to.kind not in "iu":
        return source
    low, high = np.iinfo(to).min, np.iinfo(to).max
    return np.array([v for v in source if low <= np.trunc(v.real) <= high], source.dtype)


with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases.txt"), "w") as out, warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for a in map(np.dtype, TYPES):
        for b in map(np.dtype, TYPES):
            if a.kind == "c" and b.kind not in "cb":
                continue
            source = defined(np.array(values(a)).astype(a) if a.kind != "u" else np.array(values(a), a), b)
            print(a.str, source.tobytes().hex(), b.str, source.astype(b).tobytes().hex(), sep=" | ", file=out)
