"""Scans of what is allowed, misused: every name in these pickles is one that harmless pickles have, too."""

import json
import pathlib
import pickle
import pickletools
import struct
import subprocess
import sys
import tempfile
import unittest

import numpy
import pandas

from mandoline import Server
from test_scan import call, text

T, TRUE, FALSE, NONE = text, b"\x88", b"\x89", b"N"


def name(module, attribute):
    return T(module) + T(attribute) + b"\x93"


def raw(data):
    return b"B" + struct.pack("<I", len(data)) + data


def number(n):
    return b"J" + struct.pack("<i", n)


def row(*items):
    return b"(" + b"".join(items) + b"t"


def pairs(*items):
    return b"}(" + b"".join(items) + b"u"


def new(module, attribute, *args):
    return name(module, attribute) + row(*args) + b"\x81"


def attribute_of(what, attribute):
    return call("builtins", "getattr", what, T(attribute))


def partial(*args):
    return call("functools", "partial", *args)


def dtype(code, *state):
    """state: after the version."""
    return call("numpy", "dtype", T(code), FALSE, TRUE) + row(number(3), *state) + b"b"


def number_dtype(code, flags=0):
    return dtype(code, T("|"), NONE, NONE, NONE, number(-1), number(-1), number(flags))


def numpy_text(word):
    """A numpy.str_, which is equal to the word."""
    u = dtype(f"U{len(word)}", T("<"), NONE, NONE, NONE, number(4 * len(word)), number(4), number(8))
    return call("numpy.core.multiarray", "scalar", u, raw(word.encode("utf-32-le")))


def array(of, data, count=1):
    return (call("numpy.core.multiarray", "_reconstruct", name("numpy", "ndarray"), row(number(0)), raw(b"b"))
            + row(number(1), row(number(count)), of, FALSE, raw(data)) + b"b")


def wrapper(make, count, of=None, *more):
    """joblib's: an array of so many bytes is between this and the next opcode."""
    return make + pairs(T("subclass"), name("numpy", "ndarray"), T("shape"), row(number(count)), T("order"), T("C"), T("dtype"),
                        of or number_dtype("u1"), T("allow_mmap"), FALSE, *more) + b"b"


def called_with(function, item):
    """A list of one's own whose list is a bunch that has a function where the method stands."""
    bunch = call("sklearn.utils._bunch", "Bunch") + b"(" + T("extend") + function + T("append") + function + b"u"
    return new("collections", "UserList") + pairs(T("data"), bunch) + b"b" + item + b"a"


def frame():
    """A DataFrame's opcodes, without what begins and ends a pickle."""
    body = pickle.dumps(pandas.DataFrame({"a": [1]}), 4)
    ops = list(pickletools.genops(body)) + [(None, None, len(body))]
    return b"".join(body[at:ops[i + 1][2]] for i, (op, _, at) in enumerate(ops[:-1]) if op.name not in ("PROTO", "FRAME", "STOP"))


RUN = T("os") + T("system") + b"\x93" + row(T("echo > marker")) + b"R"
WRAPPER = name("joblib.numpy_pickle", "NumpyArrayWrapper")


def hidden_from_joblib():
    """Five bytes that are an array to joblib, and the start of a long text to others: the text holds opcodes."""
    hidden = b"N0" + RUN + b"0"
    five = b"B" + struct.pack("<I", len(hidden))
    yield "joblib's wrapper by __newobj__", wrapper(call("copyreg", "__newobj__", WRAPPER), 5) + five + hidden
    yield "joblib's wrapper by __newobj_ex__", wrapper(call("copyreg", "__newobj_ex__", WRAPPER, b")", b"}"), 5) + five + hidden
    yield "joblib's wrapper by object.__new__", wrapper(attribute_of(name("builtins", "object"), "__new__") + row(WRAPPER) + b"R", 5) + five + hidden
    yield "joblib's wrapper by a partial", wrapper(partial(name("copyreg", "_reconstructor"), WRAPPER, name("builtins", "object"), NONE) + b")R", 5) + five + hidden
    yield "joblib's shape by a text of numpy's", wrapper(WRAPPER + b")\x81", 0, None, numpy_text("shape"), row(number(5))) + five + hidden
    inner = b"\x80\x04" + T("os") + b"\x94" + T("system") + b"\x9400h\x00h\x01\x93" + row(T("echo > marker")) + b"R."
    inner += b"\0" * (-len(inner) % 8)
    yield "numbers that are said to be objects", (T("collections") + b"\x94" + T("OrderedDict") + b"\x9400"
                                                  + wrapper(WRAPPER + b")\x81", len(inner) // 8, number_dtype("f8", 63)) + inner)


def misused():
    object_dtype = number_dtype("O8", 0)
    yield "a pointer made of bytes", call("numpy.core.multiarray", "scalar", object_dtype, raw(b"A" * 8))
    yield "pointers made of bytes", array(object_dtype, b"A" * 8)
    far = pairs(T("a"), row(number_dtype("i8"), number(1 << 30)))
    yield "a field far behind its array, written", array(dtype("V8", T("|"), NONE, row(T("a")), far, number(8), number(1), number(16)),
                                                         b"\0" * 8) + T("a") + number(7) + b"s"
    both = pairs(T("a"), row(number_dtype("O8", 63), number(0)), T("b"), row(number_dtype("i8"), number(0)))
    yield "a number over a pointer", dtype("V8", T("|"), NONE, row(T("a"), T("b")), both, number(8), number(1), number(27))
    early = call("numpy", "dtype", T("V8"), FALSE, TRUE) + b"r\0\1\0\0"
    yield "a dtype that gets pointers when its array is there", (early + array(b"j\0\1\0\0", b"A" * 8) + b"0" + row(
        number(3), T("|"), NONE, row(T("a")), pairs(T("a"), row(number_dtype("O8", 63), number(0))), number(8), number(1), number(27)) + b"b")
    yield "a subarray that is bigger than all", dtype("V8", T("|"), row(number_dtype("i8"), row(number(99))), NONE, NONE, number(8), number(1), number(0))
    yield "a dtype that all share", call("numpy", "dtype", T("f8")) + row(number(3), T(">"), NONE, NONE, NONE, number(-1), number(-1), number(0)) + b"b"
    yield "a dtype's class", call("numpy.dtypes", "ObjectDType") + row(number(3), T("|"), NONE, NONE, NONE, number(-1), number(-1), number(0)) + b"b"

    kept = name("pandas", "DataFrame")
    code = T("@_sys.modules.get('os').system('echo > marker')")
    yield "DataFrame.eval, kept", attribute_of(kept, "eval")
    yield "DataFrame.eval, called by a list", frame() + b"q\xc80" + called_with(partial(attribute_of(kept, "eval"), b"h\xc8"), code)
    yield "DataFrame.to_pickle", attribute_of(kept, "to_pickle")
    yield "ndarray.tofile", attribute_of(name("numpy", "ndarray"), "tofile")
    yield "a module that a module imports", attribute_of(attribute_of(name("torch.nn.modules.activation", "F"), "torch"), "from_file")
    yield "getattr, kept", partial(name("builtins", "getattr"), name("builtins", "object"))
    yield "an import by name, called by a list", called_with(partial(name("numpy.core", "_ufunc_reconstruct"), T("this")), T("s"))
    yield "GzipFile of sklearn, called by a list", called_with(partial(name("sklearn.datasets._kddcup99", "GzipFile"), T("marker")), T("wb"))
    for module, thing in (("sklearn.datasets._covtype", "TemporaryDirectory"), ("sklearn.utils._joblib", "Memory"), ("sklearn.utils._available_if", "MethodType"),
                          ("sklearn.decomposition._nmf", "Parallel"), ("pandas.core.frame", "Path"), ("torch", "PyTorchFileWriter"),
                          ("torch", "CompilationUnit"), ("scipy.spatial._kdtree", "KDTree"), ("torch", "_C"), ("pyarrow.lib", "OSFile")):
        yield f"{module}.{thing}", name(module, thing)
    namespace = pairs(T("__module__"), T("x"), T("__setstate__"), name("builtins", "len"))
    for module in ("sklearn.cluster._bicluster", "sklearn.base", "pandas.core.describe"):
        yield f"a class of any content by {module}", new(module, "ABCMeta", T("X"), b")", namespace) + T("abc") + b"b"
    yield "arguments of __new__", new("sklearn.svm._classes", "SVC", number(1))
    yield "keywords of __new__", name("sklearn.svm._classes", "SVC") + b")" + pairs(T("a"), number(1)) + b"\x92"

    yield "an attribute by a text of numpy's", new("collections", "UserList") + pairs(numpy_text("append"), name("builtins", "len")) + b"b" + number(1) + b"a"
    yield "an attribute by a text in UTF-16", (new("collections", "UserList")
                                               + pairs(new("builtins", "str", raw("append".encode("utf-16-le")), T("utf-16-le")), name("builtins", "len")) + b"b")
    slots = pairs(T("append"), name("builtins", "len"))
    yield "a state in a tuple that is made", new("collections", "UserList") + call("builtins", "tuple", b"](" + NONE + slots + b"e") + b"b"
    yield "a state that numpy hands through", new("collections", "UserList") + call("numpy.core.multiarray", "scalar", number_dtype("O8", 63), row(NONE, slots)) + b"b"
    tensor = call("torch._utils", "_rebuild_parameter_with_state", NONE, FALSE, call("collections", "OrderedDict"), pairs(T("__setstate__"), name("builtins", "len")))
    yield "attributes of a parameter", tensor + T("abc") + b"b"
    yield "attributes of a tensor", call("torch._tensor", "_rebuild_from_type_v2", name("torch._utils", "_rebuild_parameter"), name("torch", "Tensor"),
                                         row(NONE, FALSE, call("collections", "OrderedDict")), pairs(T("__setstate__"), name("builtins", "len")))
    yield "attributes of a parameter in a tensor", call("torch._tensor", "_rebuild_from_type_v2", name("torch._utils", "_rebuild_parameter_with_state"),
                                                        name("torch", "Tensor"), row(NONE, FALSE, NONE, pairs(T("__setstate__"), name("builtins", "len"))), b"}")
    yield "the root of all loggers", call("logging", "getLogger") + pairs(T("disabled"), TRUE) + b"b"
    yield "a member of an enumeration", call("http", "HTTPStatus", number(200)) + pairs(T("phrase"), T("x")) + b"b"

    endless = call("itertools", "count", number(1))
    yield "a tuple without an end", new("builtins", "tuple", endless)
    yield "a list without an end", call("copyreg", "_reconstructor", name("builtins", "list"), name("builtins", "list"), endless)
    yield "an index without an end", call("pandas.core.indexes.base", "_new_Index", name("pandas", "Index"), pairs(T("data"), endless, T("dtype"), NONE))
    yield "a fraction of a hundred million digits", call("fractions", "Fraction", T("1e99999999"))
    yield "bytes without an end", new("builtins", "bytes", number(2**31 - 1))


class Allowed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def verdict(self, body):
        answer = self.server.request("POST", "/v1/scan", body, {})
        self.assertEqual(200, answer.status, answer)
        return json.loads(answer.body)["verdict"]

    def test_it_is_never_safe(self):
        for what, opcodes in (*misused(), *hidden_from_joblib()):
            with self.subTest(what):
                self.assertIn(self.verdict(b"\x80\x04" + opcodes + b"."), ("suspicious", "dangerous"))

    def test_joblib_runs_what_is_hidden_from_others(self):
        """They are what they are said to be: if joblib no longer runs them, the rows above say nothing."""
        for what, opcodes in hidden_from_joblib():
            with self.subTest(what), tempfile.TemporaryDirectory() as folder:
                (pathlib.Path(folder) / "x").write_bytes(b"\x80\x04" + opcodes + b".")
                subprocess.run([sys.executable, "-c", "import joblib; joblib.load('x')"], cwd=folder, capture_output=True, check=False)
                self.assertTrue((pathlib.Path(folder) / "marker").exists())

    def test_their_harmless_likes_are_safe(self):
        kinds = ["f8", "O", "U5", "S3", "V12", "M8[s]", "i4,f4", [("a", "f8"), ("b", "O")], [("a", "i1"), ("b", [("c", "O")])], [(("t", "a"), "O")],
                 [("a", "f4", (2, 3)), ("b", "O", (2,))], {"names": ["a", "b"], "formats": ["f8", "i4"], "offsets": [0, 4], "itemsize": 16}]
        for value in (*(numpy.dtype(k) for k in kinds), *(numpy.zeros(2, k) for k in kinds), numpy.dtype([("a", "i1"), ("b", "f8")], align=True), str.lower,
                      numpy.rec.array([(1, "x", None)], dtype=[("a", "i4"), ("b", "U3"), ("c", "O")]), numpy.float64(1), numpy.str_("a"), {numpy.str_("append"): 1}):
            for protocol in range(6):
                self.assertEqual("safe", self.verdict(pickle.dumps(value, protocol)), (value, protocol))


    def test_what_people_have_is_safe(self):
        import collections
        import decimal
        import dateutil.relativedelta
        import dateutil.tz
        import ipaddress
        import pytz
        values = [decimal.Context(), dateutil.tz.gettz("Europe/Paris"), pandas.Timestamp("2020", tz=dateutil.tz.gettz("Europe/Paris")), pytz.FixedOffset(60),
                  dateutil.relativedelta.relativedelta(days=1), ipaddress.ip_interface("10.0.0.1/8"), json.JSONDecodeError("a", "b", 0), numpy.linalg.LinAlgError("x"),
                  collections.UserString("x"), pandas.NamedAgg("a", "b"), pandas.DataFrame({"a": [1]}).groupby("a"), dict.get]
        for value in values:
            for protocol in (2, 4, 5):
                self.assertEqual("safe", self.verdict(pickle.dumps(value, protocol)), (value, protocol))

    def test_models_and_results_are_safe(self):
        try:
            from scipy import optimize, sparse, stats
            from sklearn.feature_extraction.text import CountVectorizer
            from sklearn.metrics import f1_score, make_scorer
        except ImportError:
            self.skipTest("scikit-learn is not installed")
        for value in (sparse.csr_array(numpy.eye(2)), optimize.OptimizeResult(x=1), stats.ttest_ind([1, 2, 3], [2, 3, 5]), stats.gaussian_kde([1.0, 2, 4]),
                      CountVectorizer(preprocessor=str.lower, tokenizer=str.split), make_scorer(f1_score)):
            for protocol in (0, 2, 4, 5):
                self.assertEqual("safe", self.verdict(pickle.dumps(value, protocol)), (value, protocol))

    def test_models_of_torch_are_safe(self):
        try:
            import torch
        except ImportError:
            self.skipTest("torch is not installed")
        import io
        model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.TransformerEncoderLayer(4, 2))
        parameter = torch.nn.Parameter(torch.ones(2))
        parameter.tag = "x"
        for value in (model, {"model": model.state_dict(), "optimizer": torch.optim.Adam(model.parameters()).state_dict()}, parameter, torch.ones(2, dtype=torch.bfloat16)):
            for new in (True, False):
                out = io.BytesIO()
                torch.save(value, out, _use_new_zipfile_serialization=new)
                self.assertEqual("safe", self.verdict(out.getvalue()), (type(value), new))
            for protocol in (2, 4):
                self.assertEqual("safe", self.verdict(pickle.dumps(value, protocol)), (type(value), protocol))


if __name__ == "__main__":
    unittest.main()
