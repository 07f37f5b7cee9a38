"""openapi.yaml against the program: the routes, their parameters, and every example."""

import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

import yaml

PROJECT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MANDOLINE", str(PROJECT / "build/dev/mandoline"))
DOCUMENT = yaml.safe_load((PROJECT / "openapi/openapi.yaml").read_text(encoding="utf-8"))


def operations():
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def resolve(part):
    """What a $ref stands for."""
    while "$ref" in part:
        at = DOCUMENT
        for step in part["$ref"][2:].split("/"):
            at = at[step]
        part = at
    return part


def holds(value, schema, where="$"):
    """Nothing, or AssertionError: the part of JSON Schema 2020-12 that the document uses."""
    schema = resolve(schema)
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int,
             "number": (int, float)}
    wanted = schema.get("type")
    if wanted:
        wanted = wanted if isinstance(wanted, list) else [wanted]
        fits = [w for w in wanted if isinstance(value, kinds[w]) and not (w == "integer" and isinstance(value, bool))]
        assert fits, f"{where} is {value!r}, not {wanted}"
    if "enum" in schema:
        assert value in schema["enum"], f"{where} is {value!r}, not one of {schema['enum']}"
    if "const" in schema:
        assert value == schema["const"], f"{where} is {value!r}, not {schema['const']!r}"
    if "minimum" in schema and isinstance(value, (int, float)):
        assert value >= schema["minimum"], f"{where} is {value}"
    for part in schema.get("allOf", []):
        holds(value, part, where)
    if "oneOf" in schema:
        assert sum(1 for part in schema["oneOf"] if fits_schema(value, part)) == 1, f"{where}: {value!r}"
    if isinstance(value, dict):
        check_members(value, schema, where)
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            holds(item, schema["items"], f"{where}[{i}]")


def fits_schema(value, schema):
    try:
        holds(value, schema)
        return True
    except AssertionError:
        return False


def check_members(value, schema, where):
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for name in schema.get("required", []):
        assert name in value, f"{where} has no {name}"
    for name, member in value.items():
        if name in properties:
            holds(member, properties[name], f"{where}.{name}")
        elif isinstance(others, dict):
            holds(member, others, f"{where}.{name}")
        else:
            assert others, f"{where}.{name} is not documented"


def contains(answer, expected, where="$"):
    """Nothing, or AssertionError: members that are not expected may be there, items may not."""
    if isinstance(expected, dict):
        assert isinstance(answer, dict), f"{where} is {answer!r}"
        for name, member in expected.items():
            assert name in answer, f"{where} has no {name}: {answer!r}"
            contains(answer[name], member, f"{where}.{name}")
    elif isinstance(expected, list):
        assert isinstance(answer, list) and len(answer) == len(expected), f"{where} is {answer!r}, not {expected!r}"
        for i, item in enumerate(expected):
            contains(answer[i], item, f"{where}[{i}]")
    else:
        assert type(answer) is type(expected) and answer == expected, f"{where} is {answer!r}, not {expected!r}"


class Routes(unittest.TestCase):
    """routes[] in the source and the paths of the document are the same list."""

    def test_table_and_document_agree(self):
        source = (PROJECT / "handlers/routes.c").read_text()
        rows = re.findall(r'\{"([A-Z]+)",\s*"([^"]+)",\s*"([^"]+)",\s*\w+,\s*\w+,\s*SCOPE_\w+,\s*(\w+)[^}]*\}', source)
        self.assertGreater(len(rows), 5)
        self.assertEqual(sorted((m, p, o) for m, p, o, _ in rows),
                         sorted((m, p, op["operationId"]) for p, m, op in operations()))
        lists = self.parameters(source)
        for _, path, method, operation in [(r[2], r[1], r[0], DOCUMENT["paths"][r[1]][r[0].lower()]) for r in rows]:
            table = next(lists[r[3]] for r in rows if (r[0], r[1]) == (method, path))
            documented = [p for p in map(resolve, operation.get("parameters", [])) if p["in"] == "query"]
            self.assertEqual(sorted(table), sorted(p["name"] for p in documented), path)

    def test_scopes_agree(self):
        source = (PROJECT / "handlers/routes.c").read_text()
        scopes = dict(re.findall(r'\{"[A-Z]+",\s*"[^"]+",\s*"(\w+)",[^}]*SCOPE_(\w+)[^}]*\}', source))
        for path, method, operation in operations():
            scope = scopes[operation["operationId"]].lower()
            self.assertEqual("open" if operation.get("security") == [] else operation["x-scope"], scope, path)
            links = any("signature" in way for way in operation.get("security", []))
            self.assertEqual(method == "GET" and scope == "read" and "{name}" in path, links, path)
            self.assertEqual(scope != "open", {"401", "403"} <= operation["responses"].keys(), path)

    def parameters(self, source):
        headers = "".join((PROJECT / "handlers" / name).read_text() for name in ("page.h", "params.h", "part.h"))
        macros = dict(re.findall(r"#define (P\w+_PARAMETERS|PARAM_\w+) (.*)", headers))
        lists = {}
        for name, body in re.findall(r"static const char \*const (\w+)\[\] = \{([^}]*)\}", source):
            for macro, text in macros.items():
                body = body.replace(macro, text)
            lists[name] = [word.rstrip("*") for word in re.findall(r'"([^"]+)"', body)]
        return lists

    def test_every_parameter_is_described(self):
        for path, _, operation in operations():
            for parameter in map(resolve, operation.get("parameters", [])):
                self.assertTrue(parameter.get("description") or parameter.get("example") or
                                parameter["in"] == "header", (path, parameter["name"]))

    def test_every_operation_has_examples(self):
        for path, method, operation in operations():
            self.assertTrue(operation.get("x-examples"), (method, path))

    def test_problems_have_examples_that_are_some(self):
        titles = re.findall(r'\{(\d+), "([\w-]+)", "([^"]+)"\}', (PROJECT / "handlers/problem.c").read_text())
        for name, response in DOCUMENT["components"]["responses"].items():
            for kind, media in response.get("content", {}).items():
                if kind == "application/problem+json":
                    holds(media["example"], media["schema"], name)
                    status, slug, title = (media["example"][m] for m in ("status", "type", "title"))
                    self.assertIn((str(status), slug.rsplit("/", 1)[1], title), titles)

    def test_every_problem_is_a_response(self):
        for path, method, operation in operations():
            self.assertIn("default", operation["responses"], (method, path))


class Docs(unittest.TestCase):
    def test_without_the_explorer_there_is_the_plain_page(self):
        """As the program is built where npm is not, or cannot fetch."""
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder, "docs_files.c")
            subprocess.run([sys.executable, PROJECT / "openapi/docs/embed.py", PROJECT / "openapi/openapi.yaml",
                            PROJECT / "openapi/docs", folder, out], check=True)
            names = re.findall(r'\{"([\w.-]+)", "text/', out.read_text())
            self.assertEqual(["reference.html", "page.css"], names)
            for tool in ("mkdir", "rm"):
                pathlib.Path(folder, tool).symlink_to(shutil.which(tool))
            told = subprocess.run([PROJECT / "openapi/docs/fetch", folder], capture_output=True, text=True,
                                  env={"PATH": folder}, check=True)
            self.assertIn("there is no npm", told.stderr)
            self.assertEqual([], [p.name for p in pathlib.Path(folder).glob("swagger*")])


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.process = subprocess.Popen(
            [PROGRAM, "serve", "--listen", "127.0.0.1:0", "--data", str(PROJECT / "samples"), "--log", "errors"],
            stderr=subprocess.PIPE, text=True)
        line = cls.process.stderr.readline()
        cls.port = int(re.search(r"http://[^:/]+:(\d+)", line)[1])

    @classmethod
    def tearDownClass(cls):
        cls.process.terminate()
        cls.process.communicate()

    def send(self, method, target, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, urllib.parse.quote(target, safe="/?&=%:,[]*$+-._~"), body, headers or {})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content

    def check(self, method, operation, example):
        body = example.get("body", "").encode() or None
        if "file" in example:
            body = (PROJECT / example["file"]).read_bytes()
        headers = dict(example.get("headers", {}))
        answer, content = self.send(method, example["target"], body, headers)
        status = example.get("status", 200)
        self.assertEqual(status, answer.status, content[:500])
        for name, value in example.get("answer_headers", {}).items():
            self.assertEqual(value, answer.headers[name], name)
        self.assertTrue(answer.headers["X-Request-Id"])
        documented = resolve(operation["responses"].get(str(status)) or {})
        self.assertTrue(documented, f"{status} is not documented")
        if status == 304:
            self.assertEqual(b"", content)
            return
        if status == 302:
            self.assertIn("/docs/", answer.headers["Location"])
            return
        kind = answer.headers["Content-Type"]
        self.assertIn(re.sub("; boundary=.*", "", kind), documented["content"])
        if kind.endswith("json"):
            holds(json.loads(content), documented["content"][kind].get("schema", {}))
        if "answer" in example:
            contains(json.loads(content), example["answer"])
        self.assertIn(example.get("answer_text", ""), content.decode() if kind.startswith("text/") else "")

    def test_every_example(self):
        for path, method, operation in operations():
            for example in operation["x-examples"]:
                with self.subTest(example["summary"], target=example["target"]):
                    self.check(method, operation, example)

    def test_head_has_the_headers_of_get(self):
        for path, method, operation in operations():
            for example in operation["x-examples"] if method == "GET" else []:
                with self.subTest(example["target"]):
                    get, _ = self.send("GET", example["target"], None, example.get("headers"))
                    head, content = self.send("HEAD", example["target"], None, example.get("headers"))
                    self.assertEqual(b"", content)
                    self.assertEqual(get.status, head.status)
                    for name in ("ETag", "Content-Type", "Content-Range", "Last-Modified", "Vary"):
                        self.assertEqual(get.headers[name], head.headers[name], name)

    def test_an_etag_saves_the_body(self):
        for target in ("/v1/files/weather.h5", "/v1/tree/weather.h5", "/v1/meta/weather.h5?path=/hours",
                       "/v1/attrs/weather.h5", "/v1/data/weather.h5?path=/hours&slice=:3", "/openapi.json"):
            with self.subTest(target):
                first, _ = self.send("GET", target)
                self.assertEqual(200, first.status)
                again, content = self.send("GET", target, None, {"If-None-Match": first.headers["ETag"]})
                self.assertEqual((304, b""), (again.status, content))
                self.assertEqual(first.headers["ETag"], again.headers["ETag"])

    def test_options_and_405_name_the_methods(self):
        for path, _, _ in operations():
            target = re.sub(r"\{\w+\}", "weather.h5", path)
            methods = [m for p, m, _ in operations() if p == path]
            allow = ", ".join(["GET, HEAD"] * ("GET" in methods) + ["POST"] * ("POST" in methods) + ["OPTIONS"])
            self.assertEqual(allow, self.send("OPTIONS", target)[0].headers["Allow"], target)
            answer, content = self.send("DELETE", target)
            self.assertEqual((405, allow), (answer.status, answer.headers["Allow"]), target)
            holds(json.loads(content), {"$ref": "#/components/schemas/Problem"})

    def test_the_document_is_served(self):
        _, content = self.send("GET", "/openapi.json")
        self.assertEqual(DOCUMENT, json.loads(content))


if __name__ == "__main__":
    unittest.main()
