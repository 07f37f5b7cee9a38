"""Scans: what CPython would run is never safe, and what it writes of harmless values always is."""

import argparse
import array
import base64
import bz2
import collections
import copyreg
import datetime
import decimal
import enum
import fractions
import functools
import gzip
import http
import io
import json
import logging
import lzma
import os
import pathlib
import pickle
import random
import struct
import subprocess
import tempfile
import types
import unittest
import urllib.parse
import uuid
import zipfile
import zlib
import zoneinfo

import numpy
import pandas

from mandoline import CORPUS, PROGRAM, Server

# Names that run code, programs or other pickles, reach memory, files or the network, or find such names.
NAMES = """
builtins eval|builtins exec|builtins compile|builtins __import__|builtins breakpoint|builtins open|builtins setattr
builtins delattr|builtins globals|builtins locals|builtins vars|builtins dir|builtins input|builtins help
builtins memoryview|__builtin__ eval|__builtin__ execfile|__builtin__ apply|__builtins__ eval|os system|os popen
os execv|os remove|os putenv|posix system|posix popen|nt system|subprocess Popen|subprocess call|subprocess run
subprocess check_output|subprocess getoutput|pty spawn|commands getoutput|popen2 popen3|platform popen
multiprocessing Process|multiprocessing.util spawnv_passfds|_posixsubprocess fork_exec|_winapi CreateProcess
asyncio run|asyncio.unix_events _UnixSubprocessTransport._start|pexpect spawn|pipes Template|pydoc locate|pydoc pipepager
webbrowser open|uuid _get_command_stdout|imaplib IMAP4_stream|_osx_support _read_output|_aix_support _read_cmd_output
_pyrepl.pager pipe_pager|numpy.distutils.exec_command exec_command|psutil Process|win32api WinExec|code interact
code InteractiveInterpreter.runcode|codeop compile_command|runpy run_path|runpy _run_code|marshal loads|types CodeType
types FunctionType|types MethodType|imp load_source|importlib import_module|importlib.util spec_from_file_location
_frozen_importlib _gcd_import|zipimport zipimporter|pkgutil resolve_name|site addpackage|doctest debug_script
unittest.mock _importer|unittest main|pdb run|pdb runcall|bdb Bdb|bdb Bdb.run|cProfile run|cProfile runctx|profile run
profile Profile.run|trace Trace.run|trace Trace.runctx|timeit timeit|idlelib.pyshell ModifiedInterpreter.runcode
idlelib.autocomplete AutoComplete.get_entity|idlelib.calltip get_entity|idlelib.debugobj ObjectTreeItem.SetText
idlelib.run Executive.runcode|lib2to3.pgen2.grammar Grammar.loads|lib2to3.pgen2.pgen ParserGenerator.make_label
_interpreters exec|_xxsubinterpreters run_string|compileall compile_dir|py_compile compile|inspect getattr_static
gc get_objects|ast literal_eval|sympy sympify|sympy lambdify|cgitb lookup|typing get_type_hints|distutils.spawn spawn
distutils.file_util write_file|setuptools setup|pip main|pip._internal main|ensurepip _run_pip|venv create|test.support run_code
test.support.script_helper assert_python_ok|operator attrgetter|operator itemgetter|operator methodcaller|operator getitem
_operator attrgetter|_operator methodcaller|functools reduce|functools partialmethod|builtins map|builtins filter
xmlrpc.server resolve_dotted_attribute|logging.config _resolve|logging FileHandler|ctypes CDLL|ctypes.util find_library
_ctypes dlopen|mmap mmap|cffi FFI|numpy.ctypeslib load_library|torch.ops load_library|torch.classes load_library
socket socket|socket create_connection|ssl create_default_context|http.client HTTPConnection|httplib HTTPConnection
urllib.request urlopen|urllib urlopen|urllib2 urlopen|requests get|requests.api post|aiohttp ClientSession|ftplib FTP
smtplib SMTP|poplib POP3|nntplib NNTP|telnetlib Telnet|socketserver TCPServer|select select|selectors DefaultSelector
io open|io FileIO|_io FileIO|_io open|codecs open|shutil rmtree|shutil copyfile|tempfile mkstemp|pathlib Path.write_text
pathlib PosixPath.unlink|fileinput input|linecache getlines|glob glob|filecmp cmp|difflib HtmlDiff|tarfile open
zipfile ZipFile|shelve open|dbm open|sqlite3 connect|syslog syslog|numpy memmap|numpy load|numpy fromfile|pickle loads
pickle Unpickler|_pickle loads|cPickle loads|dill loads|dill._dill _create_function|cloudpickle loads
cloudpickle.cloudpickle _make_function|cloudpickle.cloudpickle subimport|joblib load|joblib.numpy_pickle load
pandas read_pickle|pandas.io.pickle read_pickle|torch load|torch.hub load|torch.jit load|torch.package PackageImporter
keras.models load_model|tensorflow.keras.models load_model|tensorflow load_library|yaml load|yaml unsafe_load
jsonpickle decode|sys exit|sys settrace|signal signal|threading Thread|_thread start_new_thread|atexit register
torch.jit.unsupported_tensor_ops execWrapper|torch.utils.collect_env run|torch.utils.collect_env run_and_read_all
torch.utils.bottleneck.__main__ run_cprofile|torch.utils._config_module ConfigModule.load_config
torch.utils.data.datapipes.utils.decoder basichandlers|torch._dynamo.guards GuardBuilder.get
torch._inductor.codecache compile_file|torch.fx.experimental.symbolic_shapes ShapeEnv.evaluate_guards_expression
torch.distributed.rpc rpc_async|numpy.f2py.crackfortran getlincoef|numpy.f2py.crackfortran myeval
numpy.testing._private.utils runstring|fickling load|picklescan.scanner scan_bytes|modelscan scan|modelaudit scan
pathlib os.system|collections abc.sys.modules|decimal sys.exit|logging os.system|numpy f2py.crackfortran.myeval
unlisted.package gadget|my_module __main__.run|builtins getattr.__call__|builtins object.__subclasses__
""".replace("\n", "|").split("|")
COLLIDING = """
quzthpre gsrvdix4 obgwi3q2 kdvlgrc5 gdw0juuo zol3klas wqotimuw kl0rn1dc ykdxrhgg fhzo0ofz jhhuitnq psi23xku
patxbctc 245a5lp0 yzlb2xei pke5wjqf x53zmzxt xqucpwol e5tn32sx 5s3oukdp tqdfy3br 3ajb03tt mmdepdhz 02w1j04m
aus2vlx4 oltbl03a 1plskh0q pfnqbjd1 xreowkxx h5cc0umm dwkyqzhs jxrsbp2r
"""
NAMES = [tuple(n.split(" ")) for n in NAMES if n]


def text(s):
    raw = s.encode()
    return b"\x8c" + bytes([len(raw)]) + raw


def line(module, name):
    return f"{module}\n{name}\n".encode()


def plain(module, name, args):
    """The ways in which a name is called."""
    m, n = text(module), text(name)
    return {
        "reduce": b"\x80\x02c" + line(module, name) + args + b"\x85R.",
        "bare": b"c" + line(module, name) + b"(S'id'\ntR.",
        "inst": b"(S'id'\ni" + line(module, name) + b".",
        "obj": b"(c" + line(module, name) + b"S'id'\no.",
        "newobj": b"\x80\x02c" + line(module, name) + args + b"\x85\x81.",
        "newobj_ex": b"\x80\x04" + m + n + b"\x93" + args + b"\x85}\x92.",
        "stack_global": b"\x80\x04" + m + n + b"\x93" + args + b"\x85R.",
        "memo": b"\x80\x04" + m + b"\x94" + n + b"\x94" + b"00h\x00h\x01\x93" + args + b"\x85R.",
        "memo far": b"\x80\x04" + m + b"r\xff\xff\xff\x7f0" + n + b"r\x01\x00\x00\x100j\xff\xff\xff\x7fj\x01\x00\x00\x10\x93"
                    + args + b"\x85R.",
        "memo redefined": b"\x80\x04" + text("collections") + b"q\x00" + m + b"q\x000" + text("OrderedDict") + b"q\x01" + n
                          + b"q\x010" + b"h\x00h\x01\x93" + args + b"\x85R.",
        "strings": b"S'" + module.encode() + b"'\nS'" + name.encode() + b"'\n\x93" + args + b"\x85R.",
        "popped": b"\x80\x04(" + m + n + b"\x93" + args + b"o0N.",
        "broken behind": b"\x80\x04" + m + n + b"\x93" + args + b"\x85R\xff\xff",
        "no stop": b"\x80\x04" + m + n + b"\x93" + args + b"\x85R",
        "named only": b"\x80\x04" + m + n + b"\x93.",
        "behind a harmless one": pickle.dumps([1]) + b"\x80\x04" + m + n + b"\x93" + args + b"\x85R.",
        "behind junk": pickle.dumps([1]) + b"\0\0\0\0" + b"\x80\x04" + m + n + b"\x93" + args + b"\x85R.",
        "behind damage": b"\x80\x04]\xff\xff" + b"\x80\x04" + m + n + b"\x93" + args + b"\x85R.",
        "escaped behind junk": pickle.dumps([1]) + b"\0\0\x80\x04U\x01a0S'" + "".join(f"\\x{ord(c):02x}" for c in module).encode()
                               + b"'\n" + n + b"\x93" + args + b"\x85R.",
        "setstate": b"\x80\x04ccollections\nUserDict\n)\x81}" + text("__setstate__") + m + n + b"\x93sb" + args + b"b.",
    }


ARGS = text("id")
OS = b"\x80\x04" + text("os") + text("system") + b"\x93" + ARGS + b"\x85R."


def call(module, name, *args):
    """Opcodes of a call; args are opcodes, too."""
    return text(module) + text(name) + b"\x93(" + b"".join(args) + b"tR"


def chains():
    t = text
    find = call("builtins", "getattr", call("importlib", "import_module", t("os")), t("system"))
    yield "getattr of a module", find + b"(" + ARGS + b"tR."
    yield "__import__", call("builtins", "getattr", call("builtins", "__import__", t("os")), t("system")) + b"(" + ARGS + b"tR."
    yield "attrgetter", call("operator", "attrgetter", t("system")) + b"(" + call("importlib", "import_module", t("os")) + b"tR(" + ARGS + b"tR."
    yield "methodcaller", call("operator", "methodcaller", t("system"), ARGS) + b"(" + call("importlib", "import_module", t("os")) + b"tR."
    yield "partial", call("functools", "partial", t("os") + t("system") + b"\x93", ARGS) + b")R."
    yield "resolve_name", call("pkgutil", "resolve_name", t("os:system")) + b"(" + ARGS + b"tR."
    yield "locate", call("pydoc", "locate", t("os.system")) + b"(" + ARGS + b"tR."
    joined = call("builtins", "getattr", t(""), t("join"))
    yield "joined", joined + b"(](" + t("o") + t("s") + b"etR" + t("system") + b"\x93(" + ARGS + b"tR."
    yield "decoded", call("_codecs", "decode", t("bf"), t("rot13")) + t("system") + b"\x93(" + ARGS + b"tR."
    yield "map", call("builtins", "list", call("builtins", "map", t("os") + t("system") + b"\x93", b"](" + ARGS + b"e")) + b"."
    yield "reduce", call("functools", "reduce", t("os") + t("system") + b"\x93", b"](" + ARGS + b"e") + b"."
    yield "getattr of a class", call("builtins", "getattr", t("collections") + t("OrderedDict") + b"\x93", t("__init__")) + b"(" + b"]tR."
    yield "subclasses", call("builtins", "getattr", t("builtins") + t("object") + b"\x93", t("__subclasses__")) + b")R."
    yield "method of a class", call("builtins", "getattr", t("pathlib") + t("PosixPath") + b"\x93", t("unlink")) + b"(" + call("pathlib", "PosixPath", t("/tmp/none")) + b"tR."
    yield "extension", b"\x82\x01(" + ARGS + b"tR."
    yield "carriage return", b"cos\r\nsystem\r\n(" + ARGS + b"tR."
    yield "outside", b"Pname\n(" + ARGS + b"tR."
    yield "computed", call("builtins", "str", ARGS) + t("system") + b"\x93(" + ARGS + b"tR."
    yield "state of a class", t("collections") + t("OrderedDict") + b"\x93}" + t("x") + b"Nsb."
    yield "defaultdict of os.system", call("collections", "defaultdict", t("os") + t("system") + b"\x93") + b"."
    yield "frame that ends in a text", b"\x95" + struct.pack("<Q", 3) + t("x" * 50) + b"."
    yield "frame in a frame", b"\x95" + struct.pack("<Q", 11) + b"\x95" + struct.pack("<Q", 2) + b"N0" + b"N."
    yield "a hidden pickle", b"C" + bytes([len(OS)]) + OS + b"."
    b64 = base64.b64encode(OS)
    yield "in base64", b"\x8c" + bytes([len(b64)]) + b64 + b"."
    yield "in hexadecimal", b"\x8c" + bytes([2 * len(OS)]) + OS.hex().encode() + b"."
    yield "loaded by torch, however it begins", call("torch.storage", "_load_from_bytes", b"C" + bytes([len(OS) + 2]) + b"N0" + OS[2:] + b"...."[:2])
    wrapper = (t("joblib.numpy_pickle") + t("NumpyArrayWrapper") + b"\x93)\x81}(" + t("subclass") + t("numpy") + t("ndarray") + b"\x93"
               + t("shape") + b"K%c\x85" + t("order") + t("C") + t("dtype") + call("numpy", "dtype", t("u1"), b"K\x00", b"K\x01")
               + b"(K\x03" + t("|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb" + t("allow_mmap") + b"\x88ub")
    names = t("os") + b"\x94" + t("system") + b"\x9400"
    hidden = b"h\x00h\x01\x93" + ARGS + b"\x85R."
    yield "opcodes where joblib has an array", names + wrapper.replace(b"K%c", b"K" + bytes([len(hidden)])) + hidden + b"N."
    state = call("collections", "OrderedDict", b"](" + t("__setstate__") + t("collections") + t("Counter") + b"\x93\x86e")
    yield "a hook in a state that is no dict", t("collections") + t("UserDict") + b"\x93)\x81" + state + b"b."
    yield "a hook whose name is a call", t("collections") + t("UserDict") + b"\x93)\x81}" + call("builtins", "str", t("__setstate__")) + t("collections") + t("Counter") + b"\x93sb."
    yield "a call in torch's", call("torch._tensor", "_rebuild_from_type_v2", t("builtins") + t("getattr") + b"\x93", t("torch") + t("Tensor") + b"\x93", t("a") + t("b") + b"\x86", b"}") + b"."
    hidden = b"N0" + OS[2:]
    loaded, load = b"C" + bytes([len(hidden)]) + hidden, t("torch.storage") + t("_load_from_bytes") + b"\x93"
    tensor = t("torch") + t("Tensor") + b"\x93"
    yield "a partial that loads", call("functools", "partial", load) + b"(" + loaded + b"tR."
    yield "a load in torch's", call("torch._tensor", "_rebuild_from_type_v2", load, tensor, loaded + b"\x85", b"}") + b"."
    yield "torch's in torch's", call("torch._tensor", "_rebuild_from_type_v2", t("torch._tensor") + t("_rebuild_from_type_v2") + b"\x93",
                                     tensor, b"(" + load + tensor + loaded + b"\x85}t", b"}") + b"."
    yield "a load by numpy's generator", call("numpy.random._pickle", "__generator_ctor", loaded, load) + b"."
    yield "numpy's way to name a function", call("numpy.core", "_ufunc_reconstruct", t("os"), t("system")) + b"."
    yield "a base that is called", call("copyreg", "_reconstructor", t("collections") + t("OrderedDict") + b"\x93",
                                        t("sklearn.svm") + t("SVC") + b"\x93", b"N") + b"."
    yield "a state for a class that was computed", call("builtins", "type", t("collections") + t("OrderedDict") + b"\x93)R") + b"N}" + t("x") + b"K\x01s\x86b."
    yield "a list without an end", call("builtins", "list", call("itertools", "count", b"K\x01")) + b"."
    yield "bytes that fill the memory", call("builtins", "bytes", b"\x8a\x06\0\0\0\0\0\x01") + b"."
    yield "loaded by torch", call("torch.storage", "_load_from_bytes", b"C" + bytes([len(OS)]) + OS) + b"."


def zipped(files, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        for name, body in files.items():
            z.writestr(name, body)
    return out.getvalue()


def tarred(files):
    import tarfile
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for name, body in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            t.addfile(info, io.BytesIO(body))
    return out.getvalue()


def objects_npy(body, descr="|O"):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': (1,), }}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header + b"\n" + body


def wrapped():
    plain_zip = zipped({"archive/data.pkl": OS, "archive/version": b"3\n"})
    yield "gzip", gzip.compress(OS)
    yield "bz2", bz2.compress(OS)
    yield "xz", lzma.compress(OS)
    yield "lzma", lzma.compress(OS, lzma.FORMAT_ALONE)
    yield "zlib", zlib.compress(OS)
    yield "gzip in gzip", gzip.compress(gzip.compress(OS))
    yield "cut gzip", gzip.compress(OS + b"\0" * 100)[:-6]
    yield "zip", plain_zip
    yield "deflated zip", zipped({"x/data.pkl": OS}, zipfile.ZIP_DEFLATED)
    yield "any name", zipped({"readme.txt": OS})
    yield "zip in zip", zipped({"inner.zip": plain_zip})
    yield "zip in gzip", gzip.compress(plain_zip)
    yield "gzip in zip", zipped({"x.bin": gzip.compress(OS)})
    yield "encrypted flag", plain_zip.replace(b"PK\3\4\x14\0\0\0", b"PK\3\4\x14\0\1\0").replace(b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0")
    crc = struct.pack("<I", zlib.crc32(OS))
    yield "bad checksum", plain_zip.replace(crc, b"\0\1\2\3")
    yield "other name inside", plain_zip.replace(b"archive/data.pkl", b"archive/data.txt", 1)
    yield "no directory", plain_zip[:plain_zip.index(b"PK\1\2")]
    yield "zip behind a pickle", pickle.dumps(1) + plain_zip
    yield "pickle before a harmless zip", OS + zipped({"x": b"y"})
    yield "tar", tarred({"pickle": OS})
    yield "npy", objects_npy(OS)
    yield "npy with an escape", objects_npy(OS, "|\\x4f")
    yield "npz", zipped({"a.npy": objects_npy(OS)})
    lam = json.dumps({"class_name": "Sequential", "config": {"layers": [{"class_name": "Lambda", "config": {"function": ["4wEAAA==", None, None]}}]}})
    yield "keras", zipped({"config.json": lam.encode(), "metadata.json": b"{}"})


def unplain():
    """Containers that Python reads and that are not written plainly: never safe."""
    lam = {"class_name": "Sequential", "config": {"layers": [{"class_name": "Lambda"}]}}
    yield "npy of objects by another name", objects_npy(OS, "object")
    out = io.BytesIO()
    numpy.save(out, numpy.arange(3))
    yield "objects behind an npy", out.getvalue() + objects_npy(b"N0" + OS)
    yield "keras behind a blank", zipped({"config.json": b" \n" + json.dumps(lam).encode()})
    yield "keras with a NaN", zipped({"config.json": json.dumps({**lam, "x": float("nan")}).encode()})
    yield "keras in UTF-16", zipped({"config.json": json.dumps(lam).encode("utf-16")})
    yield "a function of keras", zipped({"config.json": b'{"module": "builtins", "class_name": "function", "config": "exec"}'})
    yield "nearly keras", zipped({"config.json": b'{"module": "kerasevil", "class_name": "X", "config": {}}'})
    hidden = b"N0" + OS[2:] + b"\0" * 600
    plain_tar = tarred({"a": hidden})
    yield "a binary size in a tar", plain_tar[:124] + b"\x80" + len(hidden).to_bytes(11, "big") + plain_tar[136:]
    extended = tarred({"a": b"12 size=99\n"})
    yield "a size in tar's extended header", extended[:156] + b"x" + extended[157:]


class Local:
    pass


class Scan(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def scan(self, body):
        answer = self.server.request("POST", "/v1/scan", body, {})
        self.assertEqual(200, answer.status, answer)
        return json.loads(answer.body)

    def test_names_that_collide(self):
        # Words that lead FNV-1a from state to state, two at a time: with a hash that has no key all of these names would meet in one place.
        pairs = list(zip(*[iter(COLLIDING.split())] * 2))
        body = b"".join(b"c%s\nC\n0" % "".join(pairs[i][n >> i & 1] for i in range(16)).encode() for n in range(1 << 15))
        report = self.scan(body + b"N.")
        self.assertEqual((report["verdict"], len(report["imports"])), ("suspicious", 1 << 15))

    def test_every_dangerous_name_in_every_way(self):
        missed, weak, count = [], [], 0
        for module, name in NAMES:
            for way, body in plain(module, name, ARGS).items():
                count += 1
                verdict = self.scan(body)["verdict"]
                if verdict not in ("dangerous", "suspicious"):
                    missed.append((module, name, way, verdict))
                elif verdict != "dangerous":
                    weak.append((module, name))
        self.assertEqual([], missed)
        print(count, "dangerous ones; suspicious only:", sorted(set(weak)))
        self.assertLess(len(set(weak)), 6)

    def test_chains_and_tricks(self):
        for what, body in chains():
            with self.subTest(what):
                for protocol in (b"\x80\x04", b""):
                    found = self.scan(protocol + body)
                    self.assertIn(found["verdict"], ("dangerous", "suspicious"), found)

    def test_chains_end_at_their_names(self):
        reached = dict(chains())
        for what in ("getattr of a module", "__import__", "attrgetter", "methodcaller", "partial", "resolve_name", "locate",
                     "joined", "decoded", "map", "reduce"):
            with self.subTest(what):
                found = self.scan(b"\x80\x04" + reached[what])
                self.assertEqual("dangerous", found["verdict"])
                self.assertIn(("os", "system"), [(f.get("module"), f.get("name")) for f in found["findings"]])

    def test_wrappers(self):
        for what, body in wrapped():
            with self.subTest(what):
                found = self.scan(body)
                self.assertEqual("dangerous", found["verdict"], found)

    def test_what_is_written_unplainly(self):
        for what, body in unplain():
            with self.subTest(what):
                self.assertNotEqual("safe", self.scan(body)["verdict"])

    def test_the_call_is_told(self):
        found = self.scan(OS)
        self.assertEqual(["os.system('id')"], [f["call"] for f in found["findings"] if "call" in f])
        self.assertEqual("REDUCE", [f for f in found["findings"] if "call" in f][0]["opcode"])
        self.assertEqual(("os", "system", "STACK_GLOBAL"), tuple(found["imports"][0][k] for k in ("module", "name", "opcode")))

    def test_cut_at_every_byte_it_is_never_safe(self):
        for body in (OS, gzip.compress(OS), pickle.dumps({"a": [1, 2.5, "x"]})):
            for n in range(1, len(body)):
                self.assertNotEqual("safe", self.scan(body[:n])["verdict"], body[:n])

    def test_the_problem_is_text_whatever_the_pickle_has(self):
        found = self.scan(b"\x80\x02Np\xbc\xff\n.")
        self.assertEqual("PUT at byte 3: '??' is no memo index", found["parts"][0]["problem"])

    def test_what_nobody_knows_is_not_safe(self):
        for body in (b"hello, world", b"\0" * 100, bytes(range(256))):
            self.assertEqual("unreadable", self.scan(body)["verdict"])

    def benign(self):
        utc = datetime.timezone.utc
        rng = numpy.random.default_rng(1)
        yield from [None, True, 1, -5, 2**100, 1.5, "text", "gAAAA", b"bytes", bytearray(b"x"), [1, [2]], (1,), {1: 2}, {1, 2},
                    frozenset({3}), 1 + 2j, range(3), slice(1, 2), Ellipsis, NotImplemented, int, dict, len,
                    collections.OrderedDict(a=1), collections.defaultdict(list, a=[1]), collections.Counter("abca"),
                    collections.deque([1], 5), collections.deque(), datetime.datetime(2020, 1, 2, tzinfo=utc),
                    datetime.date(2020, 1, 2), datetime.time(3), datetime.timedelta(1), utc, decimal.Decimal("1.5"),
                    fractions.Fraction(1, 3), uuid.UUID(int=5), pathlib.PurePosixPath("/a/b"), pathlib.Path("/a"),
                    array.array("d", [1.0]), types.SimpleNamespace(a=1), ValueError("x"), KeyError(1), OSError(2, "no"),
                    re_compiled(), random.Random(1), http.HTTPStatus.OK, zoneinfo.ZoneInfo("Europe/Paris"),
                    argparse.Namespace(a=1), logging.getLogger("training"), urllib.parse.urlparse("http://a/b"), os.stat("/")]
        for dtype in ("f8", "i4", "u1", "?", "c16", "U5", "S3", "M8[s]", "m8[D]", "f2", "i8,f4"):
            a = numpy.zeros((2, 3), dtype)
            yield from [a, numpy.asfortranarray(a), a[0, 0], a.dtype]
        yield from [numpy.array([1, "a", None], object), numpy.ma.masked_array([1, 2], [0, 1]), numpy.matrix([[1]]),
                    numpy.rec.array([(1, 2.0)], names="a,b"), rng, numpy.random.RandomState(1), numpy.float64, numpy.array(5)]
        frame = pandas.DataFrame({"a": [1, 2], "b": ["x", None], "c": pandas.Categorical(["u", "v"]),
                                  "d": pandas.date_range("2020", periods=2, tz="UTC"), "e": pandas.array([1, None], "Int64")})
        yield from [frame, frame["a"], frame["d"], frame.index, frame.set_index(["a", "b"]), pandas.Timestamp("2020"),
                    pandas.Timedelta(1), pandas.NaT, pandas.NA, pandas.Period("2020-01"), pandas.Interval(0, 1),
                    pandas.period_range("2020-01", periods=2), pandas.interval_range(0, 2), pandas.offsets.MonthEnd(),
                    pandas.array(["a", None], "string"), pandas.array([True, None], "boolean"),
                    pandas.arrays.SparseArray([0, 0, 1]), pandas.timedelta_range(1, periods=2), pandas.CategoricalDtype(["a"])]

    def test_harmless_ones_are_safe(self):
        alarms, count = [], 0
        for value in self.benign():
            for protocol in range(6):
                try:
                    body = pickle.dumps(value, protocol)
                except (TypeError, pickle.PicklingError):
                    continue
                count += 1
                found = self.scan(body)
                if found["verdict"] != "safe":
                    alarms.append((str(type(value)), protocol, [(f["rule"], f.get("call") or f.get("name")) for f in found["findings"]],
                                   [p.get("problem") for p in found["parts"]]))
        self.assertEqual([], alarms)
        print(count, "harmless ones")

    def test_harmless_containers_are_safe(self):
        out = io.BytesIO()
        numpy.savez(out, a=numpy.arange(3), b=numpy.array([1, None], object))
        for body in (out.getvalue(), gzip.compress(pickle.dumps([1])), b'{"a": [1, 2]}', zipped({"config.json": b"{}"}),
                     pickle.dumps(1) + pickle.dumps(2)):
            self.assertEqual("safe", self.scan(body)["verdict"])

    def test_numbers_are_no_pickles(self):
        """Models have millions of bytes that mean nothing, and each of these is somewhere the start of something."""
        random = numpy.random.RandomState(3)
        kinds = [lambda: random.normal(0, .05, 250).astype("f4"), lambda: random.normal(size=125),
                 lambda: random.randint(0, 256, 1000).astype("u1"), lambda: random.randint(0, 1000, 125),
                 lambda: random.randint(-5, 5, 500).astype("i2"), lambda: random.normal(0, .05, 500).astype("f2")]
        arrays = [kinds[i % len(kinds)]() for i in range(20_000)]
        members = {f"archive/data/{i}": a.tobytes() for i, a in enumerate(arrays)}
        for body in (zipped({"archive/data.pkl": pickle.dumps({"a": 1}, 2), **members}), pickle.dumps(arrays),
                     zipped({"archive/data.pkl": b"N.", "archive/data/0": b"".join(members.values())})):
            found = self.scan(body)
            self.assertEqual(("safe", []), (found["verdict"], found["findings"]))
        for start in (b"", b"]", b"(", b"}", b"N.", b"\x80\x04N."):
            found = self.scan(zipped({"archive/data.pkl": b"N.", "archive/data/0": start + OS}))
            self.assertEqual("dangerous", found["verdict"], start)
        for cut, verdict in ((b"cos\nsystem\n", "dangerous"), (b"cmine.models\nNet\n", "suspicious")):
            self.assertEqual(verdict, self.scan(pickle.dumps(1) + b"\0\0" + cut)["verdict"], cut)
        for member, verdict in ((b"\x80\x02\x82\x05.", "suspicious"), (b"\x82\x05.", "safe")):
            self.assertEqual(verdict, self.scan(zipped({"archive/data/0": member}))["verdict"], member)

    def test_a_damaged_one_behind_a_whole_one(self):
        whole, other = pickle.dumps([1]), pickle.dumps({"a": [1, 2, 3]})
        self.assertEqual("unreadable", self.scan(whole + other[:-1])["verdict"])
        found = self.scan(whole + b"hello\0")
        self.assertEqual(("safe", 6), (found["verdict"], found["parts"][0]["trailing"]))

    def test_many_texts_that_only_look_like_documents(self):
        for form in ("eJababab%d", "(see below) %d\nin the end.", "gAMable%d", "PKable things %d", "H4sable %d", "800 times %d"):
            found = self.scan(pickle.dumps([form % i for i in range(100100)]))
            self.assertEqual(("safe", 1), (found["verdict"], len(found["parts"])), form)

    def test_a_search_ends(self):
        """Places where a pickle may begin, each followed by a text of three million characters or a line without an end."""
        for place in (b"U\x01aX000\0", b"U\x01aI0000"):
            found = self.scan(pickle.dumps([1]) + b"\0" + place * 800000)
            self.assertEqual(("unreadable", "nodes"), (found["verdict"], found["limit"]))

    def test_a_big_state_that_many_objects_share_is_bounded(self):
        state = pickle.dumps({i: i for i in range(20000)}, 2)[2:-1] + b"r\0\0\1\0000"
        self.assertEqual("safe", self.bounded(state, 10)["verdict"])
        found = self.bounded(state, 6000)
        self.assertEqual(("unreadable", "nodes"), (found["verdict"], found["limit"]))

    def bounded(self, state, count):
        return self.scan(b"\x80\x02" + state + b"ccollections\nUserDict\nr\1\0\1\0000" + count * b"j\1\0\1\0)\x81j\0\0\1\0b0" + b"N.")

    def test_joblib(self):
        import joblib
        for compress in (0, 3):
            out = io.BytesIO()
            joblib.dump({"a": numpy.arange(9.0), "o": numpy.array([1, "x"], object)}, out, compress=compress)
            found = self.scan(out.getvalue())
            self.assertEqual("safe", found["verdict"], found)

    def test_sklearn(self):
        try:
            from sklearn.ensemble import RandomForestClassifier
            from sklearn.linear_model import LogisticRegression
        except ImportError:
            self.skipTest("scikit-learn is not installed")
        x, y = numpy.arange(20.0).reshape(10, 2), numpy.arange(10) % 2
        for model in (RandomForestClassifier(3), LogisticRegression()):
            for protocol in range(6):
                found = self.scan(pickle.dumps(model.fit(x, y), protocol))
                self.assertEqual("safe", found["verdict"], found["findings"])

    def test_corpus(self):
        if not CORPUS.is_dir():
            self.skipTest("the corpus is not there")
        for path in sorted((CORPUS / "pickle").rglob("*")):
            if path.is_file():
                with self.subTest(path.name):
                    self.assertNotEqual("dangerous", self.scan(path.read_bytes())["verdict"] if path.stat().st_size else "")


class Models(unittest.TestCase):
    """What needs h5py."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    scan = Scan.scan

    def test_lambda_in_hdf5(self):
        import h5py
        for name, verdict in (("Dense", "safe"), ("Lambda", "dangerous")):
            with tempfile.NamedTemporaryFile(suffix=".h5") as f:
                with h5py.File(f.name, "w") as h:
                    h.create_group("model_weights")
                    h.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": [{"class_name": name}]})
                self.assertEqual(verdict, self.scan(pathlib.Path(f.name).read_bytes())["verdict"])


class Command(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        folder = pathlib.Path(self.folder.name)
        self.files = {}
        for name, body in {"safe": pickle.dumps([1]), "bad": OS, "odd": pickle.dumps(1)[:-1], "mine": pickle.dumps(1),
                           "gadget": b"cmine.models\nNet\n)\x81."}.items():
            self.files[name] = folder / name
            self.files[name].write_bytes(body)
        self.policy = folder / "policy"

    def scan(self, *arguments):
        return subprocess.run([PROGRAM, "scan", *map(str, arguments)], capture_output=True, text=True, check=False)

    def test_exit_status(self):
        f = self.files
        for files, status in (([f["safe"]], 0), ([f["bad"]], 1), ([f["odd"]], 2), ([f["safe"], f["odd"], f["bad"]], 1),
                              ([f["safe"], f["odd"]], 2), ([f["gadget"]], 1), (["/nowhere"], 2), ([], 2)):
            self.assertEqual(status, self.scan(*files).returncode, files)
        self.assertIn("os.system('id')", self.scan(f["bad"]).stdout)

    def test_lines_of_json(self):
        ran = self.scan("--format=json", *self.files.values(), "/nowhere")
        rows = {pathlib.Path(row["file"]).name: row for row in map(json.loads, ran.stdout.splitlines())}
        self.assertEqual({"safe": "safe", "bad": "dangerous", "odd": "unreadable", "mine": "safe", "gadget": "suspicious",
                          "nowhere": "unreadable"}, {name: row["verdict"] for name, row in rows.items()})
        self.assertEqual((1, ""), (ran.returncode, ran.stderr))
        self.assertIn("cannot be opened", rows["nowhere"]["problem"])
        server = Server(None)
        self.addCleanup(server.stop)
        for name, path in self.files.items():  # and each says what the endpoint says
            answer = json.loads(server.request("POST", "/v1/scan", path.read_bytes()).body)
            self.assertEqual(answer, {key: v for key, v in rows[name].items() if key != "file"})
        self.assertEqual((2, "", 1), (lambda r: (r.returncode, r.stdout, r.stderr.count("\n")))(self.scan("--format=xml", "x")))

    def test_no_control_character_reaches_a_terminal(self):
        self.files["odd"].write_bytes(b"\x80\x02Np\xbc\x1b[31m\xc2\x9b\xff \xc3\xa9\n.")
        said = self.scan(self.files["odd"]).stdout
        self.assertIn("'??[31m?? \xe9' is no memo index", said)

    def test_a_file_may_be_bigger_than_memory(self):
        with zipfile.ZipFile(self.files["safe"], "w") as z:
            z.writestr("archive/data.pkl", pickle.dumps({}))
            with z.open("archive/data/0", "w", force_zip64=True) as f:
                for _ in range(96):
                    f.write(bytes(1 << 20))
        ran = self.scan(self.files["safe"], "--limit-memory", "64M")
        self.assertEqual((0, ""), (ran.returncode, ran.stderr), ran)

    def test_a_policy_of_ones_own(self):
        self.policy.write_text("# ours\nmake mine.models:Net\n")
        self.assertEqual(0, self.scan(self.files["gadget"], "--scan-policy", self.policy).returncode)
        self.policy.write_text("dangerous mine.*:* is ours\n")
        self.assertIn("dangerous-import mine.models.Net", self.scan(self.files["gadget"], "--scan-policy", self.policy).stdout)
        for text in ("allow mine:Net\n", "make mine.Net\n", "call mine:Net\n", "call mine:Net xyz\n", "name mine:Net more\n"):
            self.policy.write_text("# one\n" + text)
            ran = self.scan(self.files["safe"], "--scan-policy", self.policy)
            self.assertEqual((2, 1), (ran.returncode, ran.stderr.count("\n")), ran)
            self.assertIn("line 2", ran.stderr)


def re_compiled():
    import re
    return re.compile("a+")


if __name__ == "__main__":
    unittest.main()
