/*
 * Names that moved between Python 2 and 3. Pickles of protocols 0 to 2 spell the old ones, in both
 * directions: pickle's fix_imports, whose pairs the standard library lists in Lib/_compat_pickle.py (3.11).
 */
#include "machine.h"

enum { READ = 1, WRITE = 2, BOTH = READ | WRITE };

/* One name of a module. */
static const struct {
    const char *old_module, *old_name, *module, *name;
    int use;
} names[] = {
    {"CGIHTTPServer", "CGIHTTPRequestHandler", "http.server", "CGIHTTPRequestHandler", WRITE},
    {"DocXMLRPCServer", "DocCGIXMLRPCRequestHandler", "xmlrpc.server", "DocCGIXMLRPCRequestHandler", WRITE},
    {"DocXMLRPCServer", "DocXMLRPCRequestHandler", "xmlrpc.server", "DocXMLRPCRequestHandler", WRITE},
    {"DocXMLRPCServer", "DocXMLRPCServer", "xmlrpc.server", "DocXMLRPCServer", WRITE},
    {"DocXMLRPCServer", "ServerHTMLDoc", "xmlrpc.server", "ServerHTMLDoc", WRITE},
    {"DocXMLRPCServer", "XMLRPCDocGenerator", "xmlrpc.server", "XMLRPCDocGenerator", WRITE},
    {"FileDialog", "FileDialog", "tkinter.filedialog", "FileDialog", WRITE},
    {"FileDialog", "LoadFileDialog", "tkinter.filedialog", "LoadFileDialog", WRITE},
    {"FileDialog", "SaveFileDialog", "tkinter.filedialog", "SaveFileDialog", WRITE},
    {"SimpleDialog", "SimpleDialog", "tkinter.simpledialog", "SimpleDialog", WRITE},
    {"SimpleHTTPServer", "SimpleHTTPRequestHandler", "http.server", "SimpleHTTPRequestHandler", WRITE},
    {"UserDict", "IterableUserDict", "collections", "UserDict", BOTH},
    {"UserDict", "UserDict", "collections", "UserDict", READ},
    {"UserList", "UserList", "collections", "UserList", BOTH},
    {"UserString", "UserString", "collections", "UserString", BOTH},
    {"__builtin__", "basestring", "builtins", "str", READ},
    {"__builtin__", "intern", "sys", "intern", BOTH},
    {"__builtin__", "long", "builtins", "int", BOTH},
    {"__builtin__", "reduce", "_functools", "reduce", WRITE},
    {"__builtin__", "reduce", "functools", "reduce", BOTH},
    {"__builtin__", "unichr", "builtins", "chr", BOTH},
    {"__builtin__", "unicode", "builtins", "str", BOTH},
    {"__builtin__", "xrange", "builtins", "range", BOTH},
    {"_multiprocessing", "Connection", "multiprocessing.connection", "Connection", BOTH},
    {"_socket", "fromfd", "socket", "fromfd", BOTH},
    {"exceptions", "ArithmeticError", "builtins", "ArithmeticError", BOTH},
    {"exceptions", "AssertionError", "builtins", "AssertionError", BOTH},
    {"exceptions", "AttributeError", "builtins", "AttributeError", BOTH},
    {"exceptions", "BaseException", "builtins", "BaseException", BOTH},
    {"exceptions", "BufferError", "builtins", "BufferError", BOTH},
    {"exceptions", "BytesWarning", "builtins", "BytesWarning", BOTH},
    {"exceptions", "DeprecationWarning", "builtins", "DeprecationWarning", BOTH},
    {"exceptions", "EOFError", "builtins", "EOFError", BOTH},
    {"exceptions", "EnvironmentError", "builtins", "EnvironmentError", BOTH},
    {"exceptions", "Exception", "builtins", "Exception", BOTH},
    {"exceptions", "FloatingPointError", "builtins", "FloatingPointError", BOTH},
    {"exceptions", "FutureWarning", "builtins", "FutureWarning", BOTH},
    {"exceptions", "GeneratorExit", "builtins", "GeneratorExit", BOTH},
    {"exceptions", "IOError", "builtins", "IOError", BOTH},
    {"exceptions", "ImportError", "builtins", "ImportError", BOTH},
    {"exceptions", "ImportError", "builtins", "ModuleNotFoundError", WRITE},
    {"exceptions", "ImportWarning", "builtins", "ImportWarning", BOTH},
    {"exceptions", "IndentationError", "builtins", "IndentationError", BOTH},
    {"exceptions", "IndexError", "builtins", "IndexError", BOTH},
    {"exceptions", "KeyError", "builtins", "KeyError", BOTH},
    {"exceptions", "KeyboardInterrupt", "builtins", "KeyboardInterrupt", BOTH},
    {"exceptions", "LookupError", "builtins", "LookupError", BOTH},
    {"exceptions", "MemoryError", "builtins", "MemoryError", BOTH},
    {"exceptions", "NameError", "builtins", "NameError", BOTH},
    {"exceptions", "NotImplementedError", "builtins", "NotImplementedError", BOTH},
    {"exceptions", "OSError", "builtins", "BrokenPipeError", WRITE},
    {"exceptions", "OSError", "builtins", "ChildProcessError", WRITE},
    {"exceptions", "OSError", "builtins", "ConnectionAbortedError", WRITE},
    {"exceptions", "OSError", "builtins", "ConnectionError", WRITE},
    {"exceptions", "OSError", "builtins", "ConnectionRefusedError", WRITE},
    {"exceptions", "OSError", "builtins", "ConnectionResetError", WRITE},
    {"exceptions", "OSError", "builtins", "FileExistsError", WRITE},
    {"exceptions", "OSError", "builtins", "FileNotFoundError", WRITE},
    {"exceptions", "OSError", "builtins", "InterruptedError", WRITE},
    {"exceptions", "OSError", "builtins", "IsADirectoryError", WRITE},
    {"exceptions", "OSError", "builtins", "NotADirectoryError", WRITE},
    {"exceptions", "OSError", "builtins", "OSError", BOTH},
    {"exceptions", "OSError", "builtins", "PermissionError", WRITE},
    {"exceptions", "OSError", "builtins", "ProcessLookupError", WRITE},
    {"exceptions", "OSError", "builtins", "TimeoutError", WRITE},
    {"exceptions", "OverflowError", "builtins", "OverflowError", BOTH},
    {"exceptions", "PendingDeprecationWarning", "builtins", "PendingDeprecationWarning", BOTH},
    {"exceptions", "ReferenceError", "builtins", "ReferenceError", BOTH},
    {"exceptions", "RuntimeError", "builtins", "RuntimeError", BOTH},
    {"exceptions", "RuntimeWarning", "builtins", "RuntimeWarning", BOTH},
    {"exceptions", "StandardError", "builtins", "Exception", READ},
    {"exceptions", "StopIteration", "builtins", "StopIteration", BOTH},
    {"exceptions", "SyntaxError", "builtins", "SyntaxError", BOTH},
    {"exceptions", "SyntaxWarning", "builtins", "SyntaxWarning", BOTH},
    {"exceptions", "SystemError", "builtins", "SystemError", BOTH},
    {"exceptions", "SystemExit", "builtins", "SystemExit", BOTH},
    {"exceptions", "TabError", "builtins", "TabError", BOTH},
    {"exceptions", "TypeError", "builtins", "TypeError", BOTH},
    {"exceptions", "UnboundLocalError", "builtins", "UnboundLocalError", BOTH},
    {"exceptions", "UnicodeDecodeError", "builtins", "UnicodeDecodeError", BOTH},
    {"exceptions", "UnicodeEncodeError", "builtins", "UnicodeEncodeError", BOTH},
    {"exceptions", "UnicodeError", "builtins", "UnicodeError", BOTH},
    {"exceptions", "UnicodeTranslateError", "builtins", "UnicodeTranslateError", BOTH},
    {"exceptions", "UnicodeWarning", "builtins", "UnicodeWarning", BOTH},
    {"exceptions", "UserWarning", "builtins", "UserWarning", BOTH},
    {"exceptions", "ValueError", "builtins", "ValueError", BOTH},
    {"exceptions", "Warning", "builtins", "Warning", BOTH},
    {"exceptions", "ZeroDivisionError", "builtins", "ZeroDivisionError", BOTH},
    {"itertools", "ifilter", "builtins", "filter", BOTH},
    {"itertools", "ifilterfalse", "itertools", "filterfalse", BOTH},
    {"itertools", "imap", "builtins", "map", BOTH},
    {"itertools", "izip", "builtins", "zip", BOTH},
    {"itertools", "izip_longest", "itertools", "zip_longest", BOTH},
    {"multiprocessing", "AuthenticationError", "multiprocessing.context", "AuthenticationError", BOTH},
    {"multiprocessing", "BufferTooShort", "multiprocessing.context", "BufferTooShort", BOTH},
    {"multiprocessing", "ProcessError", "multiprocessing.context", "ProcessError", BOTH},
    {"multiprocessing", "TimeoutError", "multiprocessing.context", "TimeoutError", BOTH},
    {"multiprocessing.forking", "Popen", "multiprocessing.popen_fork", "Popen", BOTH},
    {"multiprocessing.process", "Process", "multiprocessing.context", "Process", BOTH},
    {"socket", "_socketobject", "_socket", "socket", WRITE},
    {"socket", "_socketobject", "socket", "SocketType", READ},
    {"urllib", "ContentTooShortError", "urllib.error", "ContentTooShortError", BOTH},
    {"urllib", "getproxies", "urllib.request", "getproxies", BOTH},
    {"urllib", "pathname2url", "urllib.request", "pathname2url", BOTH},
    {"urllib", "quote", "urllib.parse", "quote", BOTH},
    {"urllib", "quote_plus", "urllib.parse", "quote_plus", BOTH},
    {"urllib", "unquote", "urllib.parse", "unquote", BOTH},
    {"urllib", "unquote_plus", "urllib.parse", "unquote_plus", BOTH},
    {"urllib", "url2pathname", "urllib.request", "url2pathname", BOTH},
    {"urllib", "urlcleanup", "urllib.request", "urlcleanup", BOTH},
    {"urllib", "urlencode", "urllib.parse", "urlencode", BOTH},
    {"urllib", "urlopen", "urllib.request", "urlopen", BOTH},
    {"urllib", "urlretrieve", "urllib.request", "urlretrieve", BOTH},
    {"urllib2", "HTTPError", "urllib.error", "HTTPError", BOTH},
    {"urllib2", "URLError", "urllib.error", "URLError", BOTH},
    {"whichdb", "whichdb", "dbm", "whichdb", BOTH},
};

/* All other names of a module. */
static const struct {
    const char *old_module, *module;
    int use;
} modules[] = {
    {"BaseHTTPServer", "http.server", BOTH},
    {"CGIHTTPServer", "http.server", READ},
    {"ConfigParser", "configparser", BOTH},
    {"Cookie", "http.cookies", BOTH},
    {"Dialog", "tkinter.dialog", BOTH},
    {"DocXMLRPCServer", "xmlrpc.server", READ},
    {"FileDialog", "tkinter.filedialog", READ},
    {"HTMLParser", "html.parser", BOTH},
    {"Queue", "queue", BOTH},
    {"ScrolledText", "tkinter.scrolledtext", BOTH},
    {"SimpleDialog", "tkinter.simpledialog", READ},
    {"SimpleHTTPServer", "http.server", READ},
    {"SimpleXMLRPCServer", "xmlrpc.server", BOTH},
    {"SocketServer", "socketserver", BOTH},
    {"StringIO", "io", READ},
    {"Tix", "tkinter.tix", BOTH},
    {"Tkconstants", "tkinter.constants", BOTH},
    {"Tkdnd", "tkinter.dnd", BOTH},
    {"Tkinter", "tkinter", BOTH},
    {"UserDict", "collections", READ},
    {"UserList", "collections", READ},
    {"UserString", "collections", READ},
    {"__builtin__", "builtins", BOTH},
    {"_abcoll", "collections.abc", BOTH},
    {"_elementtree", "xml.etree.ElementTree", READ},
    {"_winreg", "winreg", BOTH},
    {"anydbm", "dbm", BOTH},
    {"bz2", "_bz2", WRITE},
    {"cPickle", "pickle", READ},
    {"cStringIO", "io", READ},
    {"commands", "subprocess", BOTH},
    {"cookielib", "http.cookiejar", BOTH},
    {"copy_reg", "copyreg", BOTH},
    {"dbhash", "dbm.bsd", BOTH},
    {"dbm", "_dbm", WRITE},
    {"dbm", "dbm.ndbm", BOTH},
    {"dumbdbm", "dbm.dumb", BOTH},
    {"dummy_thread", "_dummy_thread", BOTH},
    {"functools", "_functools", WRITE},
    {"gdbm", "_gdbm", WRITE},
    {"gdbm", "dbm.gnu", BOTH},
    {"htmlentitydefs", "html.entities", BOTH},
    {"httplib", "http.client", BOTH},
    {"markupbase", "_markupbase", BOTH},
    {"pickle", "_pickle", WRITE},
    {"repr", "reprlib", BOTH},
    {"robotparser", "urllib.robotparser", BOTH},
    {"test.test_support", "test.support", BOTH},
    {"thread", "_thread", BOTH},
    {"tkColorChooser", "tkinter.colorchooser", BOTH},
    {"tkCommonDialog", "tkinter.commondialog", BOTH},
    {"tkFileDialog", "tkinter.filedialog", BOTH},
    {"tkFont", "tkinter.font", BOTH},
    {"tkMessageBox", "tkinter.messagebox", BOTH},
    {"tkSimpleDialog", "tkinter.simpledialog", BOTH},
    {"ttk", "tkinter.ttk", BOTH},
    {"urllib2", "urllib.request", BOTH},
    {"urlparse", "urllib.parse", BOTH},
    {"whichdb", "dbm", READ},
    {"xmlrpclib", "xmlrpc.client", BOTH},
};

/* Most rows are told apart by one letter, and a pickle may name millions. */
static bool same(struct bytes a, const char *b)
{
    return a.len > 0 && a.data[0] == (uint8_t)b[0] && bytes_is(a, b);
}

void renamed_to_new(struct value_global *g)
{
    for (size_t i = 0; i < ROWS(names); i++)
        if ((names[i].use & READ) != 0 && same(g->name, names[i].old_name) &&
            same(g->module, names[i].old_module)) {
            *g = (struct value_global){.module = bytes_text(names[i].module),
                                       .name = bytes_text(names[i].name)};
            return;
        }
    for (size_t i = 0; i < ROWS(modules); i++)
        if ((modules[i].use & READ) != 0 && same(g->module, modules[i].old_module)) {
            g->module = bytes_text(modules[i].module);
            return;
        }
}

void renamed_to_old(struct value_global *g)
{
    for (size_t i = 0; i < ROWS(names); i++)
        if ((names[i].use & WRITE) != 0 && same(g->name, names[i].name) && same(g->module, names[i].module)) {
            *g = (struct value_global){.module = bytes_text(names[i].old_module),
                                       .name = bytes_text(names[i].old_name)};
            return;
        }
    for (size_t i = 0; i < ROWS(modules); i++)
        if ((modules[i].use & WRITE) != 0 && same(g->module, modules[i].module)) {
            g->module = bytes_text(modules[i].old_module);
            return;
        }
}
