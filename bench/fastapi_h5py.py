"""The usual way to serve HDF5 over HTTP from Python: a FastAPI handler that opens, reads and closes. A peer of bench/run."""
import os
import pathlib

import fastapi
import h5py

FOLDER = pathlib.Path(os.environ["BENCH_DATA"])
app = fastapi.FastAPI()


@app.get("/data/{name}")
def data(name: str, path: str, start: int, stop: int):
    with h5py.File(FOLDER / name) as f:
        return fastapi.Response(f[path][start:stop].tobytes(), media_type="application/octet-stream")
