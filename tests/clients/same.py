"""Are two Python object graphs equal: values, types, order, sharing and cycles?"""

import math
import struct
import types

import numpy

NAMED = (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, numpy.ufunc)  # pickled by name


def difference(a, b, sharing=True):
    """None, or a sentence that says where a and b differ. Iterative: graphs may be deep or contain themselves."""
    partner = {}
    todo = [(a, b, "root")]
    keep = []  # ids stay unique as long as what they name lives
    while todo:
        a, b, where = todo.pop()
        if type(a) is not type(b):
            return f"{where}: {type(a).__name__} and {type(b).__name__}"
        if sharing and is_shared_kind(a):
            if id(a) in partner:
                if partner[id(a)] != id(b):
                    return f"{where}: shared on one side only"
                continue
            partner[id(a)] = id(b)
            keep += [a, b]
        problem, parts = compare(a, b)
        if problem:
            return f"{where}: {problem}"
        todo += [(x, y, f"{where}{step}") for step, x, y in parts]
    return None


def is_shared_kind(value):
    return isinstance(value, (list, dict, set, bytearray, numpy.ndarray)) or hasattr(value, "__dict__")


def compare(a, b):
    if isinstance(a, float):
        return (None if struct.pack("d", a) == struct.pack("d", b) else f"{a!r} and {b!r}"), []
    if isinstance(a, complex):
        same = struct.pack("dd", a.real, a.imag) == struct.pack("dd", b.real, b.imag)
        return (None if same else f"{a!r} and {b!r}"), []
    if isinstance(a, numpy.ndarray):
        return compare_arrays(a, b)
    if isinstance(a, numpy.generic) and a.dtype.names and a.dtype.hasobject:
        return (None if a.dtype == b.dtype else f"{a.dtype} and {b.dtype}"), [(".item()", a.item(), b.item())]
    if isinstance(a, numpy.generic):
        same = a.dtype == b.dtype and (a.tobytes() == b.tobytes() if a.dtype != object else a == b)
        return (None if same else f"{a!r} and {b!r}"), []
    if isinstance(a, (list, tuple)):
        if len(a) != len(b):
            return f"{len(a)} and {len(b)} items", []
        parts = [(f"[{i}]", x, y) for i, (x, y) in enumerate(zip(a, b))]
        return None, parts + attributes(a, b)
    if isinstance(a, dict):
        if len(a) != len(b):
            return f"{len(a)} and {len(b)} keys", []
        parts = []
        for (k, v), (l, w) in zip(a.items(), b.items()):
            parts += [(f" key {k!r:.40}", k, l), (f"[{k!r:.40}]", v, w)]
        return None, parts + attributes(a, b)
    if isinstance(a, (set, frozenset)):
        same = len(a) == len(b) and sorted(map(repr, a)) == sorted(map(repr, b))
        return (None if same else f"{a!r:.60} and {b!r:.60}"), attributes(a, b)
    if hasattr(a, "__dict__") and not isinstance(a, type) and not callable(a):
        args = [(".args", a.args, b.args)] if isinstance(a, BaseException) else []
        return None, attributes(a, b) + args
    if isinstance(a, float) and math.isnan(a) and math.isnan(b):
        return None, []
    if a is not b and type(a).__eq__ is object.__eq__ and not isinstance(a, NAMED):
        x, y = a.__reduce_ex__(2), b.__reduce_ex__(2)  # no __dict__: what it is made of is what pickle says
        return None, [(" reduced", x[:3], y[:3])] if isinstance(x, tuple) and isinstance(y, tuple) else []
    return (None if a == b else f"{a!r:.60} and {b!r:.60}"), []


def attributes(a, b):
    return [(".__dict__", vars(a), vars(b))] if hasattr(a, "__dict__") and hasattr(b, "__dict__") else []


def compare_arrays(a, b):
    if a is b is numpy.ma.masked:  # there is one, and it refuses to be looked at
        return None, []
    if a.dtype != b.dtype or a.shape != b.shape:
        return f"{a.dtype} {a.shape} and {b.dtype} {b.shape}", []
    if a.dtype.hasobject:
        return None, [(f"[{i}]", x, y) for i, (x, y) in enumerate(zip(a.ravel().tolist(), b.ravel().tolist()))]
    if a.dtype.names:
        return None, [(f".{n}", a[n], b[n]) for n in a.dtype.names]
    return (None if a.tobytes() == b.tobytes() else "other elements"), []
