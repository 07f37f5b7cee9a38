"""Scans of what was published as a way past scanners of pickles: a row each, by the name of its advisory or paper.

The artefacts are made here, byte by byte, and loaded by nobody.
"""

import base64
import bz2
import gzip
import io
import json
import lzma
import pathlib
import pickle
import struct
import subprocess
import tarfile
import tempfile
import unittest
import unittest.mock
import warnings
import zipfile
import zlib

import numpy

from mandoline import CORPUS, PROGRAM, Server
from test_scan import OS, call, line, objects_npy, tarred, text, zipped

# ---- A: names that the lists of others had not ----

ADVISORIES = {
    "CVE-2025-1716": "pip main|pip._internal main|pip._internal.cli.main main|pip._vendor.distlib.scripts ScriptMaker",
    "GHSA-4r9r-ch6f-vxmx .. vv6j-3g6g-2pvj (torch)": """torch.utils.bottleneck.__main__ run_cprofile
        torch.utils.bottleneck.__main__ run_autograd_prof|torch.utils.collect_env run|torch.utils.collect_env run_and_read_all
        torch.utils._config_module ConfigModule.load_config|torch.utils.data.datapipes.utils.decoder basichandlers
        torch._dynamo.guards GuardBuilder.get|torch._inductor.codecache compile_file
        torch.fx.experimental.symbolic_shapes ShapeEnv.evaluate_guards_expression
        torch.jit.unsupported_tensor_ops execWrapper|torch.distributed.rpc rpc_sync|torch.hub load|torch compile""",
    "GHSA-5qwp-399c-mjwf, g344-hcph-8vgg (trace)": "trace Trace.run|trace Trace.runctx|trace Trace.runfunc",
    "GHSA-x696-vm39-cp64, 6vqj-c2q5-j97w, 7wx9-6375-f5wh (profile)": "profile run|profile runctx|profile Profile.run|profile Profile.runctx",
    "GHSA-49gj-c84q-6qm9, 9w88-8rmg-7g2p (cProfile)": "cProfile run|cProfile runctx|cProfile Profile.run",
    "GHSA-f54q-57x4-jg88, p9w7-82w4-7q8m (lib2to3)": """lib2to3.pgen2.grammar Grammar.loads|lib2to3.pgen2.pgen ParserGenerator.make_label
        lib2to3.main main""",
    "GHSA-3vg9-h568-4w9m .. m869-42cg-3xwr (idlelib)": """idlelib.pyshell ModifiedInterpreter.runcode
        idlelib.pyshell ModifiedInterpreter.runcommand|idlelib.autocomplete AutoComplete.get_entity
        idlelib.autocomplete AutoComplete.fetch_completions|idlelib.calltip get_entity|idlelib.calltip Calltip.fetch_tip
        idlelib.debugobj ObjectTreeItem.SetText|idlelib.run Executive.runcode""",
    "GHSA-cj3c-v495-4xqh (code)": "code InteractiveInterpreter.runcode|code interact|code InteractiveConsole",
    "GHSA-fqq6-7vqf-w3fg (doctest)": "doctest debug_script|doctest testmod",
    "GHSA-xp4f-hrf8-rxw7 (ensurepip)": "ensurepip _run_pip|ensurepip bootstrap",
    "GHSA-q77w-mwjj-7mqx (asyncio)": "asyncio.unix_events _UnixSubprocessTransport._start|asyncio create_subprocess_shell",
    "GHSA-m273-6v24-x4m4 (distutils)": "distutils.file_util write_file|distutils.spawn spawn",
    "GHSA-4675-36f9-wf6r (ctypes)": "ctypes CDLL|ctypes.util find_library|ctypes WinDLL|_ctypes dlopen",
    "GHSA-84r2-jw7c-4r5q (methodcaller, pydoc.locate)": "operator methodcaller|pydoc locate|pydoc pipepager|pydoc tempfilepager",
    "GHSA-vqmv-47xg-9wpr, fickling r7v6-mfhq-g3m2 (pty)": "pty spawn|pty.x spawn",
    "GHSA-r8g5-cgf2-4m4m (numpy.f2py)": "numpy.f2py.crackfortran getlincoef|numpy.f2py.crackfortran _eval_length|numpy.f2py.crackfortran myeval",
    "GHSA-46h3-79wf-xr6c, 955r-x9j8-7rhh (_operator)": "_operator attrgetter|_operator methodcaller|_operator itemgetter|_operator call",
    "GHSA-9726-w42j-3qjr (io, urllib)": "io open|_io FileIO|io FileIO|urllib.request urlopen|urllib.request urlretrieve",
    "GHSA-9m3x-qqw2-h32h (cloudpickle, CodeType)": """cloudpickle.cloudpickle _make_function|cloudpickle.cloudpickle _builtin_type
        cloudpickle.cloudpickle _function_setstate|cloudpickle.cloudpickle _make_cell|cloudpickle.cloudpickle _make_empty_cell
        cloudpickle.cloudpickle subimport|types CodeType|types FunctionType""",
    "GHSA-m7j5-r2p5-c39r (logging.FileHandler)": "logging FileHandler|logging.handlers RotatingFileHandler|logging.config _resolve",
    "GHSA-vvpj-8cmc-gx39 (pkgutil.resolve_name)": "pkgutil resolve_name|pkgutil get_loader",
    "GHSA-g38g-8gr9-h9xp (uuid, imaplib, _pyrepl, support)": """uuid _get_command_stdout|uuid _popen|imaplib IMAP4_stream
        _pyrepl.pager pipe_pager|_osx_support _read_output|_osx_support _find_build_tool|_aix_support _read_cmd_output
        test.support.script_helper assert_python_ok""",
    "CVE-2025-10157 (below a listed module)": """asyncio.unix_events _UnixSubprocessTransport|os.path exists|subprocess.x Popen
        multiprocessing.pool Pool|http.client HTTPSConnection|importlib.util spec_from_loader|pickle.x loads""",
    "fickling 565g-hwwr-4pp3 (marshal, types)": "marshal loads|types FunctionType|types CodeType|types MethodType",
    "fickling 6ggj-6f2q-f7mx (_interpreters)": "_interpreters exec|_interpreters run_string|_xxsubinterpreters run_string",
    "fickling q5qq-mvfm-j35x, wfq2-52f7-7qvj, 5hwf-rc88-82xm (only the top is compared)": """runpy _run_code|cProfile.x run
        importlib.machinery SourceFileLoader|ctypes.wintypes windll|unittest.mock _importer|code.x InteractiveInterpreter""",
    "fickling h4rm-mm56-xf63 = CVE-2026-22612 (builtins left out)": "builtins exec|builtins eval|builtins compile|builtins __import__|builtins globals",
    "modelscan (its lists)": "operator attrgetter|bdb Bdb|shutil rmtree|requests.api get|aiohttp.client ClientSession|webbrowser open|httplib HTTPConnection",
}

# 6.1's union: "*" is a module with all that is below it, else module and names.
UNION = """
code* codeop* runpy* marshal* imp* importlib* _frozen_importlib* zipimport* site* doctest* unittest* pdb* bdb* cProfile*
profile* trace* timeit* idlelib* lib2to3* _interpreters* _xxsubinterpreters* compileall* py_compile* inspect* gc* distutils*
setuptools* pip* ensurepip* venv* test* os* posix* nt* subprocess* pty* commands* multiprocessing* _posixsubprocess*
_winapi* asyncio* pexpect* pipes* pydoc* webbrowser* _osx_support* _aix_support* _pyrepl* psutil* ctypes* _ctypes* mmap*
cffi* socket* ssl* http* httplib* urllib* urllib2* requests* aiohttp* ftplib* smtplib* poplib* nntplib* telnetlib* xmlrpc*
socketserver* select* selectors* shutil* tempfile* fileinput* linecache* glob* filecmp* difflib* tarfile* zipfile* shelve*
dbm* sqlite3* syslog* pickle* _pickle* cPickle* dill* cloudpickle* tensorflow* jsonpickle* sys* signal* threading* _thread*
atexit* torch.hub* torch.package* torch.distributed.rpc* numpy.f2py* numpy.distutils* fickling* picklescan* modelscan*
saferpickle* modelaudit* dill._dill*
builtins:eval,exec,compile,execfile,apply,breakpoint,__import__,input,setattr,delattr,hasattr,globals,locals,vars,dir,open,memoryview,help,map,filter
__builtin__:eval,exec,compile,execfile,apply,input,__import__,open,file,reduce __builtins__:eval,exec
types:CodeType,FunctionType,MethodType pkgutil:resolve_name ast:literal_eval sympy:sympify,lambdify cgitb:lookup
typing:get_type_hints popen2:popen3 platform:popen uuid:_get_command_stdout imaplib:IMAP4_stream win32api:WinExec
operator:attrgetter,itemgetter,methodcaller,getitem _operator:attrgetter,itemgetter,methodcaller,getitem
functools:reduce,partialmethod logging.config:_resolve unittest.mock:_importer numpy.ctypeslib:load_library
torch.ops:load_library torch.classes:load_library io:open,FileIO _io:open,FileIO codecs:open pathlib:Path.unlink,Path.write_bytes
logging:FileHandler distutils.file_util:write_file numpy:memmap,load,fromfile joblib:load pandas:read_pickle
torch:load,compile torch.jit:load keras.models:load_model keras.saving:load_model tensorflow.keras.models:load_model
yaml:load,unsafe_load,full_load numpy.testing._private.utils:runstring
""".split()


def named():
    """Every one, called: (source, module, name)."""
    for source, names in ADVISORIES.items():
        for name in names.replace("\n", "|").split("|"):
            if name.strip():
                yield source, *name.split()
    for entry in UNION:
        if entry.endswith("*"):
            for module, name in ((entry[:-1], "anything"), (entry[:-1] + ".deeper.still", "Thing.method"), ("collections", entry[:-1] + ".x")):
                yield "6.1 " + entry, module, name
        else:
            module, names = entry.split(":")
            for name in names.split(","):
                yield "6.1 " + module, module, name


# ---- B: streams that scanners read differently from CPython ----

T, ID = text, text("id")
GLOBAL_OS = b"cos\nsystem\n"
RUN = ID + b"\x85R"


def long_frame(n):
    return b"\x95" + struct.pack("<Q", n)


def streams():
    dangerous, suspicious, unreadable = "dangerous", "suspicious", "unreadable"
    yield "capture the flag 2023: memo index not that of the opcode", dangerous, b"\x80\x04" + T("os") + b"q\x07" + T("system") + b"q\x0300h\x07h\x03\x93" + RUN + b"."
    yield "memo by PUT in text", dangerous, b"Vos\np100\n0Vsystem\np7\n0g100\ng7\n\x93(Vid\ntR."
    yield "memo by PUT with blanks and underscores", dangerous, b"Vos\np 1_0\n0Vsystem\np007\n0g10\ng7\n\x93(Vid\ntR."
    yield "MEMOIZE over what PUT made", dangerous, b"\x80\x04" + T("math") + b"q\x01" + T("os") + b"\x940" + T("system") + b"q\x090h\x01h\x09\x93" + RUN + b"."
    yield "memo that is missing, after the call", dangerous, b"\x80\x04" + GLOBAL_OS + RUN + b"h\x63."
    yield "memo of another type", dangerous, b"\x80\x04K\x01q\x000" + T("os") + b"q\x000" + T("system") + b"q\x010h\x00h\x01\x93" + RUN + b"."
    yield "memo of an index of 2^32-1", dangerous, b"\x80\x04" + T("os") + b"r\xff\xff\xff\xff0j\xff\xff\xff\xff" + T("system") + b"\x93" + RUN + b"."
    yield "GHSA-9gvj-pp9x-gcfr: names by STRING", dangerous, b"\x80\x04S'os'\nS'system'\n\x93" + RUN + b"."
    yield "names by STRING with escapes", dangerous, b"\x80\x04S'\\x6f\\163'\nS\"s\\x79stem\"\n\x93" + RUN + b"."
    yield "names by BINSTRING", dangerous, b"\x80\x04T\2\0\0\0osU\6system\x93" + RUN + b"."
    yield "names by UNICODE with escapes", dangerous, b"V\\u006fs\nVsy\\U00000073tem\n\x93(Vid\ntR."
    yield "names by BINUNICODE8", dangerous, b"\x80\x04\x8d\2\0\0\0\0\0\0\0osX\6\0\0\0system\x93" + RUN + b"."
    yield "names from a list and DUP", dangerous, b"\x80\x04" + T("os") + b"2" + b"0" + T("system") + b"\x93" + RUN + b"."
    yield "INST, ignored till 2023", dangerous, b"(S'id'\nios\nsystem\n."
    yield "INST without arguments", dangerous, b"(ios\nabort\n."
    yield "OBJ", dangerous, b"(" + GLOBAL_OS + b"S'id'\no."
    yield "fickling mxhj-88fx-4pcv: OBJ and POP", dangerous, b"\x80\x04(" + GLOBAL_OS + ID + b"o0N."
    yield "call and POP", dangerous, b"\x80\x04" + GLOBAL_OS + RUN + b"0N."
    yield "call and POP_MARK", dangerous, b"\x80\x04(" + GLOBAL_OS + RUN + b"1N."
    yield "left on the stack", dangerous, b"\x80\x04" + GLOBAL_OS + RUN + b"N."
    yield "a mark is left below", dangerous, b"\x80\x04(" + GLOBAL_OS + RUN + b"."
    yield "in a key", dangerous, b"\x80\x04}" + GLOBAL_OS + RUN + b"Ns."
    yield "in a persistent id", dangerous, b"\x80\x04" + GLOBAL_OS + RUN + b"Q."
    yield "in a frozenset", dangerous, b"\x80\x04(" + GLOBAL_OS + RUN + b"\x91."
    yield "in a state", dangerous, b"\x80\x04ccollections\nOrderedDict\n)R" + GLOBAL_OS + RUN + b"b."
    yield "in keywords", dangerous, b"\x80\x04ccollections\nOrderedDict\n)}" + T("a") + GLOBAL_OS + RUN + b"s\x92."
    yield "NEWOBJ", dangerous, b"\x80\x02csubprocess\nPopen\n" + ID + b"\x85\x81."
    yield "NEWOBJ_EX", dangerous, b"\x80\x04csubprocess\nPopen\n)}" + T("args") + ID + b"s\x92."
    yield "a carriage return", suspicious, b"cos\r\nsystem\r\n(S'id'\ntR."
    yield "protocol 0 with blank lines of another kind", suspicious, b"cos\nsystem\r\n(S'id'\ntR."
    yield "ends at the first parse error: an unknown opcode behind", dangerous, b"\x80\x04" + GLOBAL_OS + RUN + b"\xff."
    yield "exception-oriented programming: a call that breaks", dangerous, b"\x80\x04" + GLOBAL_OS + RUN + b"R."
    yield "exception-oriented programming: SETITEMS of three", dangerous, b"\x80\x04" + GLOBAL_OS + RUN + b"}(K\1K\2K\3u."
    yield "exception-oriented programming: APPEND to none", dangerous, b"\x80\x04" + GLOBAL_OS + RUN + b"0NK\1a."
    yield "exception-oriented programming: unhashable key", dangerous, b"\x80\x04" + GLOBAL_OS + RUN + b"0}]K\1s."
    yield "exception-oriented programming: text that is not UTF-8", dangerous, b"\x80\x04" + GLOBAL_OS + RUN + b"0\x8c\1\xff."
    yield "exception-oriented programming: a number that is none", dangerous, b"\x80\x04" + GLOBAL_OS + RUN + b"0Ix\n."
    yield "exception-oriented programming: protocol 9 behind", dangerous, b"\x80\x04" + GLOBAL_OS + RUN + b"\x80\x09."
    yield "exception-oriented programming: a length of 2^63", dangerous, b"\x80\x04" + GLOBAL_OS + RUN + b"\x8e\0\0\0\0\0\0\0\x80."
    yield "exception-oriented programming: the end", dangerous, b"\x80\x04" + GLOBAL_OS + RUN
    yield "exception-oriented programming: EXT of none", dangerous, b"\x80\x04" + GLOBAL_OS + RUN + b"\x82\0."
    yield "exception-oriented programming: import of nothing", dangerous, b"\x80\x04" + GLOBAL_OS + RUN + b"c\n\n."
    yield "trap 4: junk behind a number", dangerous, b"I1_000\n0I0x1f\n0L0b11L\n0" + GLOBAL_OS + b"(S'id'\ntR."
    yield "trap 5: an octal number", dangerous, b"I017\n0" + GLOBAL_OS + b"(S'id'\ntR."
    yield "trap 6: a NUL in a number", dangerous, b"I1\0x\n0" + GLOBAL_OS + b"(S'id'\ntR."
    yield "trap 8: a number of 5000 digits", dangerous, b"I" + b"1" * 5000 + b"\n0" + GLOBAL_OS + b"(S'id'\ntR."
    yield "trap 9: a float in words", dangerous, b"Fnan\n0F1e400\n0" + GLOBAL_OS + b"(S'id'\ntR."
    yield "trap 13: an unknown escape", dangerous, b"S'\\q\\400'\n0" + GLOBAL_OS + b"(S'id'\ntR."
    yield "trap 14: text of Python 2 that is not ASCII", dangerous, b"U\2\xff\xfe0" + GLOBAL_OS + b"(S'id'\ntR."
    yield "trap 18: a lone surrogate", dangerous, b"\x80\x04\x8c\3\xed\xa0\x800" + GLOBAL_OS + RUN + b"."
    yield "trap 51: a name of Python 2", dangerous, b"ccommands\ngetoutput\n(S'id'\ntR."
    yield "trap 51: urllib of Python 2", dangerous, b"curllib\nurlopen\n(S'http://x'\ntR."
    yield "trap 51: reduce of Python 2", dangerous, b"\x80\x02c__builtin__\nreduce\n(NNtR."
    yield "trap 51: PROTO 4 late", dangerous, b"\x80\x02\x80\x04c__builtin__\neval\n" + RUN + b"."
    yield "trap 51: a name of Python 2 that Python 3 takes as it is", suspicious, b"\x80\x04ccopy_reg\n_reconstructor\n(ccollections\nOrderedDict\nc__builtin__\nobject\nNtR."
    yield "trap 52: fickling 5j3x-jp52-966f: through a harmless module", dangerous, b"\x80\x04" + T("pathlib") + T("os.system") + b"\x93" + RUN + b"."
    yield "trap 52: below protocol 4", dangerous, b"cpathlib\nos.system\n(S'id'\ntR."
    yield "trap 52: through a class", suspicious, b"\x80\x04" + T("collections") + T("OrderedDict.__init__.__globals__") + b"\x93."
    yield "trap 52: through a class's subclasses", suspicious, b"\x80\x04" + T("builtins") + T("object.__subclasses__") + b"\x93)R."
    yield "modelscan issue 330: numpy's own __builtins__", suspicious, (
        b"\x80\x04" + T("numpy") + T("size") + b"\x93" + b"\x94}}" + T("shape") + T("numpy") + T("__builtins__") + b"\x93s\x86bh\x00h\x00" + T("eval") + b"\x86R"
        + T("1") + b"\x85R.")
    yield "trap 52: through numpy", dangerous, b"\x80\x04" + T("numpy") + T("f2py.crackfortran.myeval") + b"\x93" + RUN + b"."
    yield "trap 52: a module's own import", dangerous, b"\x80\x04" + T("sklearn.utils") + T("os.system") + b"\x93" + RUN + b"."
    yield "trap 52: two modules on", dangerous, b"\x80\x04" + T("torch") + T("serialization.os.system") + b"\x93" + RUN + b"."
    yield "trap 53: a computed name", suspicious, call("builtins", "str", b"C\2os", T("ascii")) + T("system") + b"\x93" + RUN + b"."
    yield "trap 54: EXT1", suspicious, b"\x80\x02\x82\1(S'id'\ntR."
    yield "trap 54: EXT2", suspicious, b"\x80\x02\x83\1\1(S'id'\ntR."
    yield "trap 54: EXT4 of a negative number, an error to CPython", unreadable, b"\x80\x02\x84\xff\xff\xff\xff(S'id'\ntR."
    yield "an extension is registered first", dangerous, call("copyreg", "add_extension", T("os"), T("system"), b"K\1") + b"0\x82\1" + RUN + b"."
    yield "trap 55: what is called lies outside", suspicious, b"Pos.system\n(S'id'\ntR."
    yield "trap 55: BINPERSID, called", suspicious, b"\x80\x04" + T("x") + b"Q" + RUN + b"."
    yield "trap 56: a buffer from outside is called", suspicious, b"\x80\x05\x97" + RUN + b"."
    yield "trap 58: a frame that ends in a text", dangerous, b"\x80\x04" + long_frame(4) + T("x" * 20) + b"."
    yield "cpython#154848: an opcode behind the frame", dangerous, b"\x80\x04" + long_frame(3) + b"\x8c\x20" + GLOBAL_OS + b"(S'id'\ntR." + b"x" * 20 + b"."
    yield "cpython#154848: a frame in a frame", dangerous, b"\x80\x04" + long_frame(12) + long_frame(3) + b"N0N."
    yield "trap 58: a frame longer than the file", dangerous, b"\x80\x04" + long_frame(500) + GLOBAL_OS + RUN + b"."
    yield "trap 57: PROTO of 9 first", unreadable, b"\x80\x09" + GLOBAL_OS + RUN + b"."
    yield "trap 67: only the first pickle is read", dangerous, pickle.dumps(1) + OS
    yield "trap 67: the hundredth", dangerous, pickle.dumps(1) * 99 + OS
    yield "trap 67: behind zeros", dangerous, pickle.dumps(1) + b"\0" * 5000 + OS
    yield "trap 67: behind what looks like a picture", dangerous, b"\x89PNG\r\n\x1a\n" + b"\0" * 64 + OS
    yield "trap 68: no STOP", dangerous, OS[:-1]
    yield "trap 25: a tuple undone by POP", dangerous, b"\x80\x04(((000" + GLOBAL_OS + RUN + b"."
    yield "trap 42: calls a million deep", suspicious, b"\x80\x04" + T("collections") + T("OrderedDict") + b"\x93" + b")R" * 100000 + b"."
    yield "trap 71: before a million lists", dangerous, b"\x80\x04" + GLOBAL_OS + RUN + b"0" + b"]" * 1000000 + b"a" * 999999 + b"."
    yield "trap 29: before a memo bomb", dangerous, b"\x80\x04" + GLOBAL_OS + RUN + b"r\xff\xff\xff\xff."
    yield "modelaudit: more opcodes than are counted before", dangerous, b"\x80\x04" + b"N0" * 1100000 + GLOBAL_OS + RUN + b"."
    yield "a number text of protocol 0 before", dangerous, b"\x80\x04" + b"\x8b\4\0\0\0\0\0\0\x80" + b"0" + GLOBAL_OS + RUN + b"."


def chains():
    dangerous, suspicious = "dangerous", "suspicious"
    module = call("importlib", "import_module", T("os"))
    yield "getattr(import_module('os'), 'system')", dangerous, call("builtins", "getattr", module, T("system")) + RUN + b"."
    yield "getattr(__import__('os'), 'system')", dangerous, call("builtins", "getattr", call("builtins", "__import__", T("os")), T("system")) + RUN + b"."
    yield "getattr in Python 2's words", dangerous, b"\x80\x02c__builtin__\ngetattr\n(c__builtin__\n__import__\n(Vos\ntRVsystem\ntR(Vid\ntR."
    yield "getattr of builtins by name", suspicious, call("builtins", "getattr", T("builtins") + T("object") + b"\x93", T("__subclasses__")) + b")R."
    yield "getattr twice", dangerous, call("builtins", "getattr", call("builtins", "getattr", T("pathlib") + T("PurePath") + b"\x93", T("os")), T("system")) + RUN + b"."
    yield "getattr by OBJ", dangerous, b"(cbuiltins\ngetattr\n" + module + T("system") + b"o" + RUN + b"."
    yield "getattr by INST", dangerous, b"(" + module + T("system") + b"ibuiltins\ngetattr\n" + RUN + b"."
    yield "getattr of a bound method's __self__", suspicious, call("builtins", "getattr", T("builtins") + T("len") + b"\x93", T("__self__")) + b"."
    yield "operator.attrgetter", dangerous, call("operator", "attrgetter", T("system")) + b"(" + module + b"tR" + RUN + b"."
    yield "operator.attrgetter, dotted", dangerous, call("operator", "attrgetter", T("os.system")) + b"(" + T("pathlib") + T("Path") + b"\x93tR" + RUN + b"."
    yield "operator.methodcaller", dangerous, call("operator", "methodcaller", T("system"), ID) + b"(" + module + b"tR."
    yield "operator.itemgetter of globals", dangerous, call("operator", "itemgetter", T("eval")) + b"(" + call("builtins", "globals") + b"tR" + RUN + b"."
    yield "functools.partial", dangerous, call("functools", "partial", GLOBAL_OS, ID) + b")R."
    yield "functools.partial, its state", dangerous, call("functools", "partial", b"cbuiltins\nlen\n") + b"(" + GLOBAL_OS + b"(" + ID + b"t}Nt" + b"b)R."
    yield "functools.partial of getattr", suspicious, call("functools", "partial", b"cbuiltins\ngetattr\n", b"cbuiltins\nobject\n") + b"(" + T("__subclasses__") + b"tR."
    yield "functools.reduce", dangerous, call("functools", "reduce", b"cbuiltins\ngetattr\n", b"](" + module + T("system") + b"e") + b"."
    yield "map", dangerous, call("builtins", "list", call("builtins", "map", GLOBAL_OS, b"](" + ID + b"e")) + b"."
    yield "map through bytes()", dangerous, call("builtins", "bytes", call("builtins", "map", GLOBAL_OS, b"](" + ID + b"e")) + b"."
    yield "filter", dangerous, call("builtins", "list", call("builtins", "filter", GLOBAL_OS, b"](" + ID + b"e")) + b"."
    yield "pkgutil.resolve_name", dangerous, call("pkgutil", "resolve_name", T("os:system")) + RUN + b"."
    yield "pydoc.locate", dangerous, call("pydoc", "locate", T("os.system")) + RUN + b"."
    yield "str.join", dangerous, call("importlib", "import_module", call("builtins", "getattr", T(""), T("join")) + b"(](" + T("o") + T("s") + b"etR") + b"."
    yield "_codecs.decode", dangerous, call("importlib", "import_module", call("_codecs", "decode", T("bf"), T("rot13"))) + b"."
    yield "numpy's import by name", dangerous, call("numpy.core", "_ufunc_reconstruct", T("os"), T("system")) + RUN + b"."
    yield "setattr on a module", dangerous, call("builtins", "setattr", module, T("system"), b"cbuiltins\neval\n") + b"."
    yield "BUILD on a class", dangerous, b"\x80\x04ccollections\nOrderedDict\n}" + T("__reduce__") + b"Nsb."
    yield "BUILD on a module", dangerous, b"\x80\x04" + module + b"}" + T("system") + b"Nsb."
    yield "BUILD on a function", dangerous, b"\x80\x04c_codecs\nencode\n}" + T("x") + b"Nsb."
    yield "a class made by type", suspicious, call("builtins", "type", T("X"), b")", b"}") + b")R."
    yield "a __setstate__ in a state, then a BUILD", suspicious, b"\x80\x04csklearn.svm\nSVC\n)\x81}" + T("__setstate__") + b"c_codecs\nencode\nsb" + ID + b"b."
    yield "a __setstate__ in slots", suspicious, b"\x80\x04csklearn.svm\nSVC\n)\x81N}" + T("__setstate__") + b"c_codecs\nencode\ns\x86b" + ID + b"b."
    yield "__dict__ in slots", suspicious, b"\x80\x04csklearn.svm\nSVC\n)\x81N}" + T("__dict__") + b"}" + T("__setstate__") + b"c_codecs\nencode\nss\x86b" + ID + b"b."
    yield "__class__ in slots", suspicious, b"\x80\x04csklearn.svm\nSVC\n)\x81N}" + T("__class__") + b"ccollections\nCounter\ns\x86b."
    yield "memory by __array_interface__", suspicious, b"\x80\x04ctypes\nSimpleNamespace\n)R}" + T("__array_interface__") + b"}sb."
    yield "append in a state, then APPEND", suspicious, b"\x80\x04csklearn.svm\nSVC\n)\x81}" + T("append") + b"c_codecs\nencode\nsb" + ID + b"a."
    yield "extend found by __getattr__, then APPENDS", suspicious, (
        b"\x80\x04ctorch.nn.modules.linear\nLinear\n)\x81}" + T("_modules") + b"}" + T("extend")
        + b"ctorch.storage\n_load_from_bytes\nssb(" + ID + b"e.")
    yield "append found by __getattr__, then APPEND", suspicious, (
        b"\x80\x04ctorch.nn.modules.linear\nLinear\n)\x81}" + T("_modules") + b"}" + T("append")
        + b"ctorch.storage\n_load_from_bytes\nssbC\4N0N.a.")
    yield "add found by __getattr__, then ADDITEMS", suspicious, (
        b"\x80\x04ctorch.nn.modules.linear\nLinear\n)\x81}" + T("_modules") + b"}" + T("add")
        + b"ctorch.storage\n_load_from_bytes\nssb(C\4N0N.\x90.")
    yield "scipy runs the text in a distribution's state", suspicious, (
        b"\x80\x04cscipy.stats._continuous_distns\nnorm_gen\n)\x81}" + T("_parse_arg_template") + T("import os; os.system('id')") + b"sb.")
    yield "object.__new__ of another class", suspicious, call("builtins", "getattr", b"cbuiltins\nobject\n", T("__new__")) + b"(cpyarrow.lib\nBuffer\ntR."
    yield "a partial of object.__new__", suspicious, call("functools", "partial", call("builtins", "getattr", b"cbuiltins\nobject\n", T("__new__")), b"cpyarrow.lib\nBuffer\n") + b")R."
    yield "copyreg.__newobj__ of what may only be named", suspicious, call("copyreg", "__newobj__", b"cpyarrow.lib\nBuffer\n") + b"."
    yield "_reconstructor of what may only be named", suspicious, call("copyreg", "_reconstructor", b"cpyarrow.lib\nBuffer\n", b"cbuiltins\nobject\n", b"N") + b"."
    yield "newObj of another class", suspicious, call("sklearn.neighbors._kd_tree", "newObj", b"cpyarrow.lib\nBuffer\n") + b"."
    yield "torch's reload of a pickle in bytes", dangerous, call("torch.storage", "_load_from_bytes", b"C" + bytes([len(OS)]) + OS) + b"."
    yield "defaultdict that loads", suspicious, call("collections", "defaultdict", b"ctorch.storage\n_load_from_bytes\n") + b"."
    yield "GHSA-97f8-7cmv-76j2: torch's magic number made by a call", dangerous, (
        call("builtins", "int", T("119547037146038801333356")) + b"." + pickle.dumps(1001, 2) + pickle.dumps({}, 2) + OS + pickle.dumps([], 2))
    yield "a pickle in a pickle, loaded", dangerous, call("pickle", "loads", b"C" + bytes([len(OS)]) + OS) + b"."
    yield "dill", dangerous, call("dill._dill", "_create_function", call("dill._dill", "_create_code", b"K\0")) + b"."
    yield "CVE-2024-34997: objects in joblib's wrapper", dangerous, wrapper(b"O", 1) + OS + b"."
    yield "opcodes where joblib has numbers", dangerous, wrapper(b"u1", len(OS)) + OS + b"."


def wrapper(code, count):
    dtype = b"cnumpy\ndtype\n(" + T(code.decode()) + b"K\0K\1tR(K\3" + T("|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK" + (b"?" if code == b"O" else b"\0") + b"tb"
    return (b"\x80\x04cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(" + T("subclass") + b"cnumpy\nndarray\n" + T("shape") + b"K"
            + bytes([count]) + b"\x85" + T("order") + T("C") + T("dtype") + dtype + T("allow_mmap") + b"\x89ub")


# ---- C: files ----

def patched(body, *changes):
    body = bytearray(body)
    for signature, at, value in changes:
        place = -1
        while (place := body.find(signature, place + 1)) >= 0:
            body[place + at:place + at + len(value)] = value
    return bytes(body)


def model(files=None):
    return zipped({"archive/data.pkl": OS, "archive/version": b"3\n", **(files or {})})


def files():
    dangerous, suspicious, unreadable = "dangerous", "suspicious", "unreadable"
    local, central, end = b"PK\3\4", b"PK\1\2", b"PK\5\6"
    good = zipped({"archive/data.pkl": pickle.dumps({}), "archive/version": b"3\n"})
    yield "CVE-2025-1889: another extension", dangerous, zipped({"archive/data.pkl": pickle.dumps({}), "archive/x.config": OS})
    yield "CVE-2025-1889: no extension", dangerous, zipped({"a": OS})
    yield "CVE-2025-1944: names differ", dangerous, patched(model(), (local, 30, b"archive/data.txt"))
    yield "CVE-2025-1944: names differ in length", dangerous, model().replace(b"archive/data.pkl", b"archive/data.jpg", 1)
    for flag in range(16):
        yield f"CVE-2025-1945: flag bit {flag}", dangerous, patched(model(), (local, 6, struct.pack("<H", 1 << flag)), (central, 8, struct.pack("<H", 1 << flag)))
        yield f"CVE-2025-1945: flag bit {flag}, in one place", dangerous, patched(model(), (central, 8, struct.pack("<H", 1 << flag)))
    yield "CVE-2025-10156: bad checksum", dangerous, patched(model(), (local, 14, b"\1\2\3\4"), (central, 16, b"\1\2\3\4"))
    yield "sizes of 0 in the local header", dangerous, patched(model(), (local, 18, b"\0" * 8))
    yield "sizes of 0 in the directory", dangerous, patched(model(), (central, 20, b"\0" * 8))
    yield "a version that nobody has", dangerous, patched(model(), (local, 4, b"\xff\xff"), (central, 6, b"\xff\xff"))
    yield "another disk", dangerous, patched(model(), (central, 34, b"\5\0"), (end, 4, b"\7\0\7\0"))
    yield "a count of 0", dangerous, patched(model(), (end, 8, b"\0\0\0\0"))
    yield "a count of 1", dangerous, patched(model(), (end, 8, b"\1\0\1\0"))
    yield "a directory at another place", dangerous, patched(model(), (end, 16, b"\0\0\0\0"))
    yield "no directory", dangerous, model()[:model().index(central)]
    yield "no end of the directory", dangerous, model()[:model().index(end)]
    yield "an unknown method, really stored", unreadable, patched(model(), (local, 8, b"\x63\0"), (central, 10, b"\x63\0"))
    yield "methods that differ", dangerous, patched(model(), (central, 10, b"\x08\0"))
    yield "behind a shell script", dangerous, b"#!/bin/sh\nexit\n" + model()
    yield "before a harmless archive", dangerous, model() + good
    yield "behind a harmless archive", dangerous, good + model()
    yield "in a harmless archive's comment", dangerous, patched(good, (end, 20, struct.pack("<H", len(model())))) + model()
    yield "between members", dangerous, good[:good.index(central)] + model()[:model().index(central)] + good[good.index(central):]
    yield "twice the same name", dangerous, twice()
    yield "a folder that has content", dangerous, zipped({"archive/": OS})
    for method, word in ((zipfile.ZIP_DEFLATED, "deflate"), (zipfile.ZIP_BZIP2, "bzip2")):
        yield f"a member by {word}", dangerous, zipped({"archive/data.pkl": OS + b"N" * 100}, method)
    yield "a member by lzma, which we do not read", unreadable, zipped({"archive/data.pkl": OS + b"N" * 100}, zipfile.ZIP_LZMA)
    yield "zip in zip in zip", dangerous, zipped({"a": zipped({"b": model()})})
    yield "picklescan 1.0.5: compressed files", dangerous, gzip.compress(OS)
    yield "picklescan 1.0.5: zip in zip", dangerous, zipped({"inner.zip": model()})
    yield "picklescan 1.0.5: tar", dangerous, tarred({"pickle": OS})
    yield "picklescan 1.0.5: a pickle before a clean zip", dangerous, OS + good
    yield "picklescan 1.0.5: a harmless pickle, then archives", dangerous, pickle.dumps(1) + model()
    yield "tar of gzip of zip", dangerous, gzip.compress(tarred({"a": model()}))
    yield "tar of PAX names", dangerous, pax(OS)
    yield "tar without a magic", dangerous, old_tar(gzip.compress(OS))
    yield "tar without a magic, in a zip", dangerous, zipped({"a": old_tar(gzip.compress(OS))})
    yield "tar behind damage", dangerous, tarred({"a": b"x", "b": OS}).replace(b"ustar", b"vstar", 1)
    for pack, word in ((bz2.compress, "bz2"), (lzma.compress, "xz"), (zlib.compress, "zlib"), (lambda b: lzma.compress(b, lzma.FORMAT_ALONE), "lzma")):
        yield f"in {word}", dangerous, pack(OS)
        yield f"in {word}, twice", dangerous, pack(pack(OS))
        yield f"in {word} in gzip in zip", dangerous, zipped({"a.txt": gzip.compress(pack(OS))})
        yield f"behind a {word} stream", dangerous, pack(pickle.dumps(1)) + OS
    for level in (0, 1, 9):
        yield f"zlib, level {level}", dangerous, zlib.compress(OS, level)
    yield "zlib of a small window", dangerous, b"".join((c := zlib.compressobj(9, zlib.DEFLATED, 9)) and (c.compress(OS), c.flush()))
    yield "gzip with a name and a comment", dangerous, b"\x1f\x8b\x08\x18\0\0\0\0\0\3a.txt\0b\0" + gzip.compress(OS)[10:]
    yield "several streams of gzip", dangerous, gzip.compress(pickle.dumps(1)) + gzip.compress(OS)
    yield "gzip, damaged behind it", dangerous, gzip.compress(OS + b"\0" * 1000)[:-4] + b"\1\2\3\4"
    for module, pack in (("lz4.frame", "compress"), ("zstandard", "compress")):
        try:
            yield f"in {module}", dangerous, getattr(__import__(module, fromlist=["x"]), pack)(OS)
        except ImportError:
            pass
    yield "joblib's old files", dangerous, b"ZF" + hex(len(OS)).encode().ljust(19) + zlib.compress(OS)
    yield "npy of objects", dangerous, objects_npy(OS)
    yield "npy of objects, version 2", dangerous, npy_of_version(2, OS)
    yield "npy of objects, version 3", dangerous, npy_of_version(3, OS)
    yield "npy of a structure with objects", dangerous, npy_of_version(1, OS, "[('a', '<f8'), ('b', '|O')]")
    yield "npz", dangerous, zipped({"a.npy": objects_npy(OS)})
    yield "npz by deflate", dangerous, zipped({"a.npy": objects_npy(OS)}, zipfile.ZIP_DEFLATED)
    yield "npz in a keras archive", dangerous, zipped({"config.json": b"{}", "assets/x.npz": zipped({"a.npy": objects_npy(OS)})})
    yield "modelscan: objects in npz by another name", dangerous, zipped({"a.dat": objects_npy(OS)})
    yield "torch, the old layout", dangerous, legacy(OS)
    yield "torch, the old layout, damaged before", dangerous, legacy(b"\x80\x02N")[:-20] + OS
    yield "torch, the archive that is a tar", dangerous, tarred({"sys_info": pickle.dumps({}, 2), "pickle": OS, "tensors": b"", "storages": b""})
    yield "CVE-2025-32434: the tar of torch, its storages", dangerous, tarred({"pickle": pickle.dumps({}, 2), "storages": pickle.dumps(1, 2) + OS, "tensors": pickle.dumps(0, 2)})
    yield "TorchScript's constants", dangerous, zipped({"m/data.pkl": pickle.dumps({}, 2), "m/constants.pkl": OS, "m/code/__torch__.py": b"x"})
    code = b"class Net(Module):\n  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    "
    yield "TorchScript", "safe", zipped({"m/data.pkl": b"\x80\x02c__torch__\nNet\n)\x81}b.", "m/code/__torch__.py": code + b"return x\n"})
    yield "TorchScript that writes", suspicious, zipped({"m/data.pkl": b"\x80\x02N.", "m/code/__torch__.py": code + b'torch.save(x, "a")\n    return x\n'})
    yield "TorchScript that maps a file", suspicious, zipped({"m/data.pkl": b"\x80\x02N.", "m/code/__torch__.py": code + b'return torch.from_file("a", True, 9)\n'})
    yield "a storage that is a pickle", dangerous, zipped({"m/data.pkl": pickle.dumps({}, 2), "m/data/0": OS})
    for source, container in containers():
        yield f"{source}: not looked into", unreadable, container
        yield f"{source}, in a zip: not looked into", unreadable, zipped({"archive/data.pkl": pickle.dumps({}), "archive/x": container})
        yield f"{source}, in gzip: not looked into", unreadable, gzip.compress(container)
        yield f"{source}, in tar: not looked into", unreadable, tarred({"a": container})


def containers():
    """What we do not open, by its first bytes."""
    yield "7z", b"7z\xbc\xaf\x27\x1c\0\4" + bytes(range(64))
    yield "RAR 4", b"Rar!\x1a\x07\0" + bytes(range(64))
    yield "RAR 5", b"Rar!\x1a\x07\1\0" + bytes(range(64))
    yield "cabinet", b"MSCF\0\0\0\0" + bytes(range(64))
    yield "compress", b"\x1f\x9d\x90" + bytes(range(64))
    yield "lzip", b"LZIP\1\x0c" + bytes(range(64))
    yield "ar", b"!<arch>\n" + b"a/              0           0     0     644     4         `\nabcd"
    yield "cpio", b"070701" + b"0" * 104 + b"a\0"
    yield "xar", b"xar!\0\x1c\0\1" + bytes(range(64))


def twice():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z, unittest.mock.patch("warnings.warn"):
        z.writestr("archive/data.pkl", OS)
        z.writestr("archive/data.pkl", pickle.dumps({}))
    return out.getvalue()


def pax(body):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as t:
        info = tarfile.TarInfo("é" * 200)
        info.size = len(body)
        t.addfile(info, io.BytesIO(body))
    return out.getvalue()


def old_tar(body):
    """As tar wrote them before 1988: nothing but the sum of the header's bytes tells it."""
    head = bytearray(tarred({"a": body}))
    head[257:512] = bytes(255)
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head[:512])
    assert tarfile.open(fileobj=io.BytesIO(head)).getnames() == ["a"]
    return bytes(head)


def npy_of_version(version, body, descr="'|O'"):
    header = (f"{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}" + "\n").encode()
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(header)) + header + body


def legacy(body):
    head = b"".join(pickle.dumps(v, 2) for v in (0x1950a86a20f9469cfc6c, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}))
    return head + body + pickle.dumps(["0"], 2) + struct.pack("<q", 4) + b"\0" * 16


# ---- models of Keras ----

def configs():
    """(what, verdict, configuration as a text)"""
    layer = {"module": "keras.layers", "class_name": "Lambda", "config": {"function": ["4wEAAA==", None, None]}}
    dense = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}, "registered_name": None}

    def of(*layers):
        return json.dumps({"module": "keras", "class_name": "Sequential", "config": {"name": "m", "layers": list(layers)}})

    yield "Dense", "safe", of(dense)
    yield "an activation", "safe", of({**dense, "config": {"activation": {"module": "builtins", "class_name": "function", "config": "relu", "registered_name": "function"}}})
    yield "Lambda", "dangerous", of(dense, layer)
    yield "Lambda, deep", "dangerous", of({"module": "keras", "class_name": "Functional", "config": {"layers": [{"a": [[dense, [layer]]]}]}})
    yield "Lambda, the last of two names", "dangerous", of(dense).replace('"Dense"', '"Dense", "class_name": "Lambda"')
    yield "Lambda, the first of two names, of which Python takes the last", "safe", of(dense).replace('"Dense"', '"Lambda", "class_name": "Dense"')
    yield "Lambda in escapes", "dangerous", of(layer).replace("Lambda", "\\u004cambda")
    yield "Lambda without a module", "dangerous", of({"class_name": "Lambda", "config": {}})
    yield "a lambda as an activation", "dangerous", of({**dense, "config": {"activation": {"class_name": "__lambda__", "config": {"value": ["4wEA"]}}}})
    yield "CVE-2025-1550: any function by its name", "dangerous", of({"module": "os", "class_name": "function", "config": "system", "registered_name": "function"})
    yield "any class by its name", "suspicious", of({"module": "mine.layers", "class_name": "Evil", "config": {}})
    yield "a dangerous class by its name", "dangerous", of({"module": "subprocess", "class_name": "Popen", "config": {"args": "id"}})
    yield "a builtin as a class", "dangerous", of({"module": "builtins", "class_name": "exec", "config": {}})
    yield "CVE-2025-8747: a function of keras.utils", "dangerous", of({"module": "keras.utils", "class_name": "function", "config": "get_file", "registered_name": "function"})
    yield "CVE-2025-9906: keras.config", "dangerous", of({"module": "keras.config", "class_name": "function", "config": "enable_unsafe_deserialization", "registered_name": "function"})
    yield "CVE-2025-12058: words from a file", "suspicious", of({"module": "keras.layers", "class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}})
    yield "words that are there", "safe", of({"module": "keras.layers", "class_name": "StringLookup", "config": {"vocabulary": ["a", "b"]}})
    yield "a model of TensorFlow by its folder", "dangerous", of({"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "//host/model"}})
    yield "CVE-2025-9905: a module of torch in a layer", "dangerous", of({"module": "keras.layers", "class_name": "TorchModuleWrapper", "config": {"module": base64.b64encode(model()).decode()}})


def quietly(make):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


class Published(unittest.TestCase):
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

    WORSE = {"dangerous": ("dangerous",), "suspicious": ("suspicious", "dangerous"), "unreadable": ("unreadable", "suspicious", "dangerous"), "safe": ("safe",)}

    def check(self, rows):
        wrong, count = [], 0
        for what, verdict, body in rows:
            found = self.scan(body)
            count += 1
            if found["verdict"] not in self.WORSE[verdict]:
                wrong.append((what, "wants " + verdict, "is " + found["verdict"], [f["rule"] for f in found["findings"]],
                              [(p["member"], p.get("format"), p.get("problem")) for p in found["parts"]]))
        self.assertFalse(wrong, "\n" + "\n".join(map(str, wrong)))
        print(count, "rows")

    def test_names(self):
        self.check((f"{source}: {m} {n}", "dangerous", body) for source, m, n in named()
                   for body in (b"\x80\x04" + T(m) + T(n) + b"\x93" + RUN + b".", b"c" + line(m, n) + b"(S'id'\ntR.", b"(S'id'\ni" + line(m, n) + b"."))

    def test_streams(self):
        self.check(streams())

    def test_streams_in_other_documents(self):
        """The same, in the containers that are looked into: a member's name and place change nothing."""
        hidden = [row for row in streams() if len(row[2]) < 10000 and row[1] != "unreadable"]
        self.check((what + ", in a zip", verdict, zipped({"m/data.pkl": body})) for what, verdict, body in hidden)
        self.check((what + ", in npy", verdict, objects_npy(body)) for what, verdict, body in hidden)
        self.check((what + ", in gzip", verdict, gzip.compress(body)) for what, verdict, body in hidden)

    def test_chains(self):
        self.check((what, verdict, body if body[:1] == b"\x80" else b"\x80\x04" + body) for what, verdict, body in chains())

    def test_files(self):
        self.check(files())

    def test_models_of_keras(self):
        self.check((what, verdict, zipped({"metadata.json": b'{"keras_version": "3.0.0"}', "config.json": config.encode(), "model.weights.h5": b""}))
                   for what, verdict, config in configs())

    def test_models_of_keras_in_hdf5(self):
        import h5py

        def bodies():
            for what, verdict, config in configs():
                for block in (0, 512, 2048):
                    for kind in ("text", "bytes"):
                        with tempfile.NamedTemporaryFile(suffix=".h5") as f:
                            with h5py.File(f.name, "w", userblock_size=block) as h:
                                h.create_group("model_weights")
                                h.attrs["model_config"] = config if kind == "text" else numpy.bytes_(config.encode())
                            body = pathlib.Path(f.name).read_bytes()
                        yield f"{what}, {kind}, a user block of {block}", verdict, body
                        if block:
                            yield f"{what}, behind a harmless pickle in the user block", verdict, b"\x80\x04N." + body[4:]
        self.check(bodies())

    def test_pickles_in_hdf5(self):
        import h5py

        def bodies():
            for what, verdict, attributes in (("an attribute of text", "dangerous", {"x": numpy.bytes_(b"(S'id'\nios\nsystem\n.")}),
                                              ("objects of PyTables", "suspicious", {"CLASS": numpy.bytes_(b"VLARRAY"), "PSEUDOATOM": numpy.bytes_(b"object")})):
                with tempfile.NamedTemporaryFile(suffix=".h5") as f:
                    with h5py.File(f.name, "w") as h:
                        d = h.create_dataset("block0_values", (1,), h5py.vlen_dtype(numpy.uint8))
                        d[0] = numpy.frombuffer(OS, numpy.uint8)
                        d.attrs.update(attributes)
                    yield what, verdict, pathlib.Path(f.name).read_bytes()
        self.check(bodies())

    def test_the_command_says_the_same(self):
        with tempfile.TemporaryDirectory() as folder:
            for status, name, body in ((1, "CVE-2025-10155.bin", OS), (1, "CVE-2025-10155.pt", OS), (1, "x.txt", OS), (1, "x.safetensors", OS),
                                       (1, "x.npy", model()), (1, "x.json", gzip.compress(OS)), (0, "x.pkl", pickle.dumps({"a": 1})),
                                       (2, "x.7z", dict(containers())["7z"]), (2, "x.pkl", b"\x80\x04K")):
                path = pathlib.Path(folder) / name
                path.write_bytes(body)
                self.assertEqual(status, subprocess.run([PROGRAM, "scan", path], capture_output=True, check=False).returncode, name)

    def test_functions_with_arguments_kept_are_judged_with_them(self):
        """pandas 1.3 makes its blocks by such."""
        block = call("functools", "partial", b"cpandas.core.internals.blocks\nnew_block\n")
        state = b"(cpandas.core.internals.blocks\nnew_block\n)}" + T("ndim") + b"K\2sNtb"
        for state, verdict in ((state, "safe"), (state.replace(b"K\2", b"cbuiltins\nlen\n"), "suspicious")):
            self.assertEqual(verdict, self.scan(b"\x80\x04" + block + state + b"(K\1K\2tR.")["verdict"])

    def test_functions_of_numpy_may_be_named(self):
        for name in ("add", "log1p", "exp", "sqrt", "tanh", "maximum"):
            for protocol in range(6):
                self.assertEqual("safe", self.scan(pickle.dumps([getattr(numpy, name)], protocol))["verdict"], name)

    def test_models_of_sklearn_are_safe(self):
        try:
            from sklearn.utils import all_estimators
        except ImportError:
            self.skipTest("scikit-learn is not installed")
        numpy.random.seed(1)  # weights that are random may begin like a container, which is a rare "unreadable"
        x = numpy.abs(numpy.sin(numpy.arange(80.0))).reshape(20, 4)
        count = 0
        for name, cls in all_estimators():
            try:
                body = pickle.dumps(quietly(lambda make=cls: make().fit(x, numpy.arange(20) % 2)), count % 6)
            except (TypeError, ValueError, AttributeError):
                continue  # it wants other arguments, or other data
            count += 1
            found = self.scan(body)
            self.assertEqual("safe", found["verdict"], (name, [(f["rule"], f.get("module"), f.get("name")) for f in found["findings"]]))
        self.assertGreater(count, 100)
        print(count, "models")

    def test_corpus(self):
        """Whatever of it is harmless is safe; what is not says why."""
        if not CORPUS.is_dir():
            self.skipTest("the corpus is not there")
        told, count = {}, 0
        for path in sorted(p for p in CORPUS.rglob("*") if p.is_file() and p.stat().st_size):
            if path.suffix in (".md", ".txt", ".py") or path.name == "LICENSE":
                continue
            found = self.scan(path.read_bytes())
            count += 1
            self.assertNotEqual("dangerous", found["verdict"], path)
            if found["verdict"] != "safe":
                told[str(path.relative_to(CORPUS))] = (found["verdict"], sorted({f"{f['rule']} {f.get('module')}.{f.get('name')}" for f in found["findings"]}),
                                                       [p["problem"] for p in found["parts"] if p.get("problem")])
        for name, why in told.items():
            print(name, *why)
            self.assertTrue(why[1] or why[2], name)
        print(count, "files,", count - len(told), "safe")


if __name__ == "__main__":
    unittest.main()
