#!/usr/bin/python3
"""Writes cases.txt: what NumPy answers to selections of numpy.arange(n).reshape(shape).

shape | selection [| selection of that] | shape of the result | its elements in C order
shape | selection [| selection of that] | error

A list picks along its own axis, as h5py does and as numpy.ix_ would: axes stay in their order.
"""
import os
import random

import numpy as np


class Key:
    def __getitem__(self, key):
        return key if isinstance(key, tuple) else (key,)


def select(a, text):
    key = eval("Key()[%s]" % text, {"Key": Key}) if text.strip() else (Ellipsis,)
    lists = [k for k in key if isinstance(k, list)]
    if len(lists) > 1:
        raise IndexError("one list only")
    got = a[tuple(slice(None) if isinstance(k, list) else k for k in key)]
    if not lists:
        return np.asarray(got)
    at = [isinstance(k, list) for k in key].index(True)
    before = key[:at]
    if Ellipsis in before:
        axis = got.ndim - 1 - sum(not isinstance(k, int) for k in key[at + 1:])
    else:
        axis = sum(not isinstance(k, int) for k in before)
    return np.take(got, np.array(lists[0], dtype=np.int64), axis=axis)


def case(shape, *texts):
    a = np.arange(int(np.prod(shape, dtype=np.int64))).reshape(shape)
    row = [",".join(map(str, shape)), *texts]
    try:
        for text in texts:
            a = select(a, text)
    except (IndexError, NameError, OverflowError, SyntaxError, ValueError):
        return " | ".join(row + ["error"])
    return " | ".join(row + [",".join(map(str, a.shape)), ",".join(map(str, a.ravel()))])


def number(rng, n):
    return rng.choice([rng.randint(-n - 2, n + 2), rng.randint(0, max(n - 1, 0)), rng.randint(-max(n, 1), -1)])


def part(rng, n, lists):
    kind = rng.random()
    if kind < 0.2:
        return str(number(rng, n))
    if kind < 0.4 and lists and n > 0:
        count = rng.randint(0, 6)
        bad = rng.random() < 0.1
        return "[%s]" % ", ".join(str(number(rng, n) if bad else rng.randint(-n, n - 1)) for _ in range(count))
    start, stop = (rng.choice(["", str(number(rng, n))]) for _ in range(2))
    step = rng.choice(["", "", ":", ":1", ":2", ":3", ":-1", ":-2", ":-3", ":100", ":-100"])
    return "%s:%s%s" % (start, stop, step)


def selection(rng, shape):
    count = rng.randint(0, len(shape))
    list_at = rng.randint(0, count) if rng.random() < 0.5 else -1
    parts = [part(rng, shape[i], i == list_at) for i in range(count)]
    if rng.random() < 0.3:
        at = rng.randint(0, len(parts))
        parts[at:] = ["..."] + [part(rng, shape[len(shape) - len(parts[at:]) + i], False)
                                for i in range(len(parts[at:]))]
    return rng.choice([",", ", ", " , "]).join(parts)


FIXED = [
    ((10,), ""), ((10,), " "), ((10,), ":"), ((10,), "::"), ((10,), "::-1"), ((10,), "..."), ((10,), "3,"),
    ((10,), "-1"), ((10,), "-10"), ((10,), "10"), ((10,), "-11"), ((10,), "0:0"), ((10,), "5:2"), ((10,), "::0"),
    ((10,), "+3"), ((10,), "-0"), ((10,), "9223372036854775807"), ((10,), "9223372036854775808"),
    ((10,), "-9223372036854775808"), ((10,), "-9223372036854775809"), ((10,), ":9223372036854775808"),
    ((10,), "-99999999999999999999:99999999999999999999"), ((10,), "99999999999999999999::-1"),
    ((10,), "::99999999999999999999"), ((10,), "::-99999999999999999999"), ((10,), "8::9223372036854775807"),
    ((10,), "::-9223372036854775808"), ((10,), "[]"), ((10,), "[3]"), ((10,), "[3,]"), ((10,), "[9,0,-1,9,9]"),
    ((10,), "[0,2,4,6,8]"), ((10,), "[10]"), ((10,), "[-11]"), ((10,), "[1,2],"), ((10,), ","), ((10,), "1,,"),
    ((10,), "1 2"), ((10,), "[1 2]"), ((10,), "[,]"), ((10,), "[1"), ((10,), "1]"), ((10,), "1:2:3:4"), ((10,), ".."),
    ((10,), "...,..."), ((10,), "....",), ((10,), "a"), ((10,), "1.5"), ((10,), "-"), ((10,), "+"),
    ((10,), "0,0"), ((10,), ":,:"), ((10,), "...,0"), ((10,), "0,..."), ((10,), "...,0,0"),
    ((), ""), ((), "..."), ((), "0"), ((), ":"), ((0,), ":"), ((0,), "0"), ((0,), "::-1"), ((0,), "[]"), ((0,), "[0]"),
    ((3, 0, 2), ""), ((3, 0, 2), "1"), ((3, 0, 2), ":,:,1"), ((3, 0, 2), ":,0"), ((3, 0, 2), "[0,0,0,0]"),
    ((4, 5), "[0,1],[0,1]"), ((4, 5), "[0,3],::-2"), ((4, 5), "::-1,[4,0,0]"), ((4, 5), "1,[4,2]"), ((4, 5), "[1,2],0"),
    ((4, 5), "...,[1]"), ((4, 5), "[1],..."), ((4, 5), "...,-1"), ((4, 5), "2,...,-1"), ((4, 5), "2,-1"), ((4, 5), "2,-1,..."),
    ((2, 3, 4), "0,...,[3,1]"), ((2, 3, 4), "[1,0],...,0"), ((2, 3, 4), "0,:,[0,1]"), ((2, 3, 4), ":,[2,0],1"),
    ((2, 3, 4), "...,1,[0,3]"), ((2, 3, 4), "0,[0,1],..."), ((2, 3, 4), "1,1,1,1"), ((2, 3, 4), "...,1,1,1,1"),
    ((1,) * 32, ""), ((1,) * 32, "0,...,0"), ((2, 1, 3, 1), "::-1,::-1,::-1,::-1"),
]


def main():
    rng = random.Random(2)
    shapes = [(), (1,), (7,), (20,), (3, 4), (5, 1), (2, 3, 4), (4, 3, 5), (2, 3, 2, 3), (6, 0), (1, 1, 9)]
    rows = [case(shape, text) for shape, text in FIXED]
    for _ in range(400):
        shape = rng.choice(shapes)
        rows.append(case(shape, selection(rng, shape)))
    while len(rows) < len(FIXED) + 700:
        shape = rng.choice(shapes)
        first = selection(rng, shape)
        row = case(shape, first)
        if not row.endswith("error"):
            a = select(np.empty(shape), first)
            rows.append(case(shape, first, selection(rng, a.shape)))
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases.txt"), "w") as f:
        f.write("\n".join(dict.fromkeys(rows)) + "\n")


main()
