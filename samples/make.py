#!/usr/bin/python3
"""Writes the files of this folder again, byte for byte. Needs python3-numpy and python3-h5py."""

import gzip
import json
import pathlib
import pickle
import sys
import types

import h5py
import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent
STATIONS = ["Helgoland", "Zugspitze", "Schwerin", "Wendelstein"]
HOURS = 24 * 28


def dict_pickle():
    return {
        "name": "espresso",
        "shots": 2,
        "milk": None,
        "decaf": False,
        "price": 2.75,
        "sizes": (30, 60, 90),
        "tags": ["hot", "small", "crème"],
        "beans": {"origin": "Sidamo", "altitude_m": 2000, "share": 0.8},
        "barcode": b"\x00\x01\xfe\xff",
        "atoms": 2**80 + 1,
    }


def object_pickle():
    """An instance of a class that nobody else has: the module exists only while this script runs."""
    module = types.ModuleType("inventory")

    class Item:
        def __init__(self, name, count, price, tags):
            self.name, self.count, self.price, self.tags = name, count, price, tags

    Item.__module__, Item.__qualname__ = "inventory", "Item"
    module.Item = Item
    sys.modules["inventory"] = module
    return Item("mandoline", 3, 49.9, ["kitchen", "steel"])


def array_pickle():
    grid = np.arange(12, dtype="f8").reshape(3, 4) / 8
    return {"grid": grid, "rows": ["a", "b", "c"], "unit": "m/s"}


def weather_h5(path):
    random = np.random.RandomState(7)
    hour = np.arange(HOURS)
    base = np.array([8.0, -5.0, 6.5, -2.0])
    swing = 4 * np.sin(2 * np.pi * (hour - 9) / 24)
    temperature = np.round(base + swing[:, None] + random.normal(0, 1, (HOURS, len(STATIONS))), 1)

    with h5py.File(path, "w") as f:
        f.attrs["title"] = "Four stations, four weeks"
        f.attrs["version"] = np.int32(3)
        f.attrs["bounds"] = np.array([-180.0, -90.0, 180.0, 90.0])

        d = f.create_dataset("temperature", data=temperature.astype("f4"), chunks=(168, 4), compression="gzip",
                             compression_opts=6, shuffle=True, maxshape=(None, len(STATIONS)))
        d.attrs["units"] = "degC"
        d.attrs["missing"] = np.float32(-999)
        f["hours"] = hour.astype("i4")
        f["valid"] = random.random_sample(HOURS) > 0.05

        reading = np.dtype([("station", "S12"), ("time", "i8"), ("wind", "f4"), ("gust", "f4")])
        rows = np.zeros(16, dtype=reading)
        for i in range(len(rows)):
            wind = np.float32(2 + i % 5 + i / 8)
            rows[i] = (STATIONS[i % 4].encode(), 1700000000 + 600 * i, wind, wind * np.float32(1.5))
        f.create_dataset("readings", data=rows)

        f.create_dataset("names", data=STATIONS, dtype=h5py.string_dtype())
        for i, name in enumerate(STATIONS):
            g = f.create_group("stations/" + name)
            g.attrs["latitude"] = [54.17, 47.42, 53.64, 47.70][i]
            g.attrs["longitude"] = [7.89, 10.98, 11.39, 12.01][i]
            g.attrs["automatic"] = bool(i % 2)
            g["altitude"] = np.int32([4, 2964, 59, 1832][i])
        f["latest"] = h5py.SoftLink("/temperature")
        f["empty"] = h5py.Empty("f8")


def model_h5(path):
    """Shaped as Keras saves a Sequential model of two dense layers."""
    random = np.random.RandomState(11)
    sizes = [("dense", 4, 8, "relu"), ("dense_1", 8, 3, "softmax")]
    layers = [
        {"class_name": "Dense",
         "config": {"name": name, "trainable": True, "dtype": "float32", "units": units, "activation": activation,
                    "use_bias": True, **({"batch_input_shape": [None, inputs]} if name == "dense" else {})}}
        for name, inputs, units, activation in sizes
    ]
    config = {"class_name": "Sequential", "config": {"name": "iris", "layers": layers}}

    with h5py.File(path, "w") as f:
        f.attrs["keras_version"] = "2.11.0"
        f.attrs["backend"] = "tensorflow"
        f.attrs["model_config"] = json.dumps(config)
        weights = f.create_group("model_weights")
        weights.attrs["layer_names"] = np.array([s[0].encode() for s in sizes])
        for name, inputs, units, _ in sizes:
            g = weights.create_group(name)
            names = [f"{name}/kernel:0", f"{name}/bias:0"]
            g.attrs["weight_names"] = np.array([n.encode() for n in names])
            g[names[0]] = random.normal(0, 0.5, (inputs, units)).astype("f4")
            g[names[1]] = np.zeros(units, dtype="f4")


def table_json():
    return [
        {"city": "Kassel", "country": "DE", "people": 201048, "area_km2": 106.8},
        {"city": "Łódź", "country": "PL", "people": 658444, "area_km2": 293.25},
        {"city": "東京", "country": "JP", "people": 14264798, "area_km2": 2194.07},
    ]


def main():
    for name, value in (("dict", dict_pickle()), ("object", object_pickle()), ("array", array_pickle())):
        (FOLDER / f"{name}.pickle").write_bytes(pickle.dumps(value, protocol=4))
    (FOLDER / "dict.pickle.gz").write_bytes(gzip.compress((FOLDER / "dict.pickle").read_bytes(), mtime=0))
    text = json.dumps(table_json(), ensure_ascii=False, indent=2)
    (FOLDER / "table.json").write_text(text + "\n", encoding="utf-8")
    np.save(FOLDER / "matrix.npy", np.arange(60, dtype="<i4").reshape(5, 12) ** 2)
    weather_h5(FOLDER / "weather.h5")
    model_h5(FOLDER / "model.h5")


if __name__ == "__main__":
    main()
