"""What /v1/data and /v1/attrs say in JSON of the values that h5py reads."""

import base64
import itertools
import math

import h5py
import numpy


def plain(value, file=None):
    """A value of h5py's as the JSON of it; a region is its path and the set of its elements: see judge()."""
    if isinstance(value, h5py.Empty) or value is None:
        return None
    if isinstance(value, dict):  # a region, of ours
        return {name: plain(part, file) for name, part in value.items()}
    if isinstance(value, h5py.RegionReference):
        return region(value, file)
    if isinstance(value, h5py.Reference):
        return file[value].name if value else None
    if isinstance(value, numpy.ndarray):
        if value.ndim == 0:
            return plain(value.item() if value.dtype == object else value[()], file)
        return [plain(x, file) for x in value]
    if isinstance(value, numpy.void):
        if value.dtype.names:
            return {n: plain(value[n], file) for n in value.dtype.names}
        return base64.b64encode(value.tobytes()).decode()
    if isinstance(value, bytes):
        try:
            return value.decode().rstrip("\0") if isinstance(value, numpy.bytes_) else value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    if isinstance(value, (bool, numpy.bool_)):
        return bool(value)
    if isinstance(value, (int, numpy.integer)):
        return int(value)
    if isinstance(value, (complex, numpy.complexfloating)):
        return [plain(value.real), plain(value.imag)]
    if isinstance(value, (float, numpy.floating)):
        return float(str(value)) if math.isfinite(value) else None
    return str(value)


def shapes(dtype):
    """What a dtype is made of, wherever its fields lie: h5py has room for what HDF5 needs, numpy has not."""
    if dtype.names:
        return [(name, shapes(dtype[name])) for name in dtype.names]
    return (shapes(dtype.base), dtype.shape) if dtype.subdtype else (dtype.kind, dtype.itemsize)


def region(reference, file):
    if not reference:
        return None
    space = h5py.h5r.get_region(reference, file.id)
    dataset = file[reference]
    kind = space.get_select_type()
    if kind == h5py.h5s.SEL_POINTS:
        chosen = {tuple(map(int, p)) for p in space.get_select_elem_pointlist()}
    elif kind == h5py.h5s.SEL_HYPERSLABS:
        chosen = {p for first, last in space.get_select_hyper_blocklist()
                  for p in itertools.product(*(range(int(a), int(b) + 1) for a, b in zip(first, last)))}
    else:
        chosen = set(numpy.ndindex(dataset.shape)) if kind == h5py.h5s.SEL_ALL else set()
    return {"path": dataset.name, "elements": chosen}


def judge(answer, file):
    """The server's JSON with each region as region() says it."""
    if isinstance(answer, list):
        return [judge(x, file) for x in answer]
    if not isinstance(answer, dict):
        return answer
    if set(answer) not in ({"path", "slice"}, {"path", "points"}, {"path", "blocks"}):
        return {name: judge(x, file) for name, x in answer.items()}
    if "slice" in answer:
        places = numpy.empty(file[answer["path"]].shape, dtype=object)
        for at in numpy.ndindex(places.shape):
            places[at] = at
        chosen = set(eval(f"places[{answer['slice']}]").ravel())
    elif "points" in answer:
        chosen = set(map(tuple, answer["points"]))
    else:
        chosen = {p for first, last in answer["blocks"]
                  for p in itertools.product(*(range(a, b + 1) for a, b in zip(first, last)))}
    return {"path": answer["path"], "elements": chosen}
