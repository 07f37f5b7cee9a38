#!/usr/bin/python3
"""Makes the files of torch.save and what is in them. Needs Debian's python3-torch (1.13), which the tests do not.

expected.npz: the array of each tensor, under "file/path". Storages of the older layout are named by addresses,
so that two runs differ in those."""

import collections
import io
import pathlib
import pickle
import warnings

import numpy
import torch

warnings.simplefilter("ignore")
HERE = pathlib.Path(__file__).parent
EXPECTED = {}


def array_of(tensor):
    tensor = tensor.detach()
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.float()
    return tensor.resolve_conj().numpy()


def note(name, path, value):
    if isinstance(value, torch.Tensor) and value.is_quantized:
        return
    if isinstance(value, torch.Tensor):
        EXPECTED[f"{name}{path}"] = array_of(value)
    elif isinstance(value, dict):
        for key, part in value.items():
            note(name, f"{path}/{key}", part)
    elif isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        for key, part in enumerate(value):
            note(name, f"{path}/{key}", part)


def put(name, value, path="", **how):
    out = io.BytesIO()
    torch.save(value, out, **how)
    (HERE / name).write_bytes(out.getvalue())
    note(name, path, value)


torch.manual_seed(1)
DTYPES = "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 bool complex64 complex128".split()
dtypes = {name: torch.tensor([[0, 1, 2], [3, 1, 5]]).to(getattr(torch, name)) for name in DTYPES}
base = torch.arange(24.0).reshape(2, 3, 4)
views = {"whole": base, "transposed": base.permute(2, 0, 1), "part": base[1, ::2, 1:3],
         "expanded": torch.tensor([1.0, 2.0, 3.0])[:, None].expand(3, 4), "empty": base[:, :0], "number": base[1, 2, 3],
         "bfloat16": base.bfloat16().permute(1, 2, 0)[1:], "bfloat16_number": base[1, 2, 3].bfloat16(), "wide": torch.tensor(7, dtype=torch.int8).expand(2, 2, 2)}
special = {"bfloat16": torch.tensor([float("nan"), float("inf"), -float("inf"), -0.0, 1e-40, 3e38]).bfloat16(),
           "float16": torch.tensor([float("nan"), float("inf"), -0.0, 6e-8, 65504.0]).half()}
model = torch.nn.Sequential(collections.OrderedDict(conv1=torch.nn.Conv2d(1, 2, 3), norm=torch.nn.BatchNorm1d(2)))
checkpoint = {"epoch": 3, "state_dict": model.state_dict(), "size": torch.Size([2, 3]), "device": torch.device("cpu"),
              "parameter": torch.nn.Parameter(torch.tensor([1.5, 2.5])), "names": ["a", "b"]}

put("dtypes.pt", dtypes)
put("views.pt", views)
put("special.pt", special)
put("checkpoint.pt", checkpoint)
put("tensor.pt", base)
put("tiny.pt", [torch.tensor([1, 2], dtype=torch.int16), torch.tensor([3], dtype=torch.uint8)])
put("quantized.pt", torch.quantize_per_tensor(torch.tensor([1.0, 2.0]), 0.1, 0, torch.quint8))
old = dict(_use_new_zipfile_serialization=False)
put("dtypes_legacy.pt", dtypes, **old)
put("views_legacy.pt", views, **old)
put("checkpoint_legacy.pt", checkpoint, **old)
put("tiny_legacy.pt", [base[0, 0, :2], base[0, 1]], **old)
for protocol in (2, 4):
    value = {"a": torch.arange(6).reshape(2, 3).t(), "b": torch.tensor([1.5]).bfloat16(),
             "p": torch.nn.Parameter(torch.tensor([2.0])), "s": model.state_dict()}
    name = f"plain{protocol}.pickle"
    (HERE / name).write_bytes(pickle.dumps(value, protocol))
    note(name, "", value)
numpy.savez_compressed(HERE / "expected.npz", **{key.replace("/", "|"): value for key, value in EXPECTED.items()})
