#!/usr/bin/python3
"""embed.py OPENAPI.yaml FOLDER FETCHED OUT.c: the files of /docs as the table that the program serves.

reference.html is made here from the document. The explorer is there when FETCHED has Swagger UI."""

import gzip
import hashlib
import html
import pathlib
import re
import sys

import yaml

PAGE = "PAGE_POLICY"
EXPLORER = ("\"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\"")
TYPES = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
         "txt": "text/plain; charset=utf-8"}


def prose(text):
    """The little Markdown that descriptions use."""
    paragraphs = []
    for block in re.split(r"\n\s*\n", (text or "").strip()):
        block = html.escape(" ".join(block.split()), quote=False)
        block = re.sub(r"`([^`]+)`", r"<code>\1</code>", block)
        paragraphs.append("<p>" + re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", block) + "</p>")
    return "\n".join(paragraphs) if text else ""


class Reference:
    def __init__(self, document):
        self.document = document

    def resolve(self, part):
        while "$ref" in part:
            at = self.document
            for step in part["$ref"][2:].split("/"):
                at = at[step]
            part = at
        return part

    def values(self, schema):
        schema = self.resolve(schema)
        if "enum" in schema:
            return ", ".join(f"<code>{html.escape(str(v))}</code>" for v in schema["enum"])
        kind = schema.get("type", "")
        return html.escape(kind if isinstance(kind, str) else " or ".join(kind))

    def parameters(self, operation):
        rows = [self.resolve(p) for p in operation.get("parameters", [])]
        if not rows:
            return ""
        lines = [f"<tr><td><code>{p['name']}</code></td><td>{p['in']}</td><td>{self.values(p.get('schema', {}))}</td>"
                 f"<td>{prose(p.get('description'))}</td></tr>" for p in rows]
        return "<table>\n<tr><th>parameter</th><th>in</th><th>values</th><th></th></tr>\n" + "\n".join(lines) + "\n</table>"

    def responses(self, operation):
        lines = []
        for status, response in operation["responses"].items():
            response = self.resolve(response)
            types = ", ".join(f"<code>{html.escape(t)}</code>" for t in response.get("content", {}))
            lines.append(f"<tr><td>{status}</td><td>{types}</td><td>{prose(response['description'])}</td></tr>")
        return "<table>\n<tr><th>status</th><th>types</th><th></th></tr>\n" + "\n".join(lines) + "\n</table>"

    def examples(self, operation):
        targets = [f"{html.escape(e['summary'])}: {html.escape(e['target'])}" for e in operation.get("x-examples", [])]
        return "<pre><code>" + "\n".join(targets) + "</code></pre>" if targets else ""

    def operations(self):
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def page(self):
        info = self.document["info"]
        parts = [f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{info["title"]}: the API</title>\n'
                 f'<meta name="viewport" content="width=device-width">\n<link rel="icon" href="data:,">\n<link rel="stylesheet" href="page.css">\n</head>\n'
                 f'<body>\n<main>\n<h1>{info["title"]}: the API</h1>', prose(info["description"]), "<ul>"]
        parts += [f'<li><a href="#{o["operationId"]}"><code>{m} {html.escape(p)}</code></a> {html.escape(o["summary"])}</li>'
                  for m, p, o in self.operations()]
        parts.append("</ul>")
        for method, path, o in self.operations():
            parts += [f'<h2 id="{o["operationId"]}">{html.escape(o["summary"])}</h2>',
                      f"<p><code>{method} {html.escape(path)}</code></p>", prose(o.get("description")),
                      self.parameters(o), self.responses(o), self.examples(o)]
        return "\n".join(parts + ["</main>\n</body>\n</html>\n"]).encode()


def files(document, own, fetched):
    """(name, policy, bytes), what /docs shows first."""
    names = ("swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui.txt")
    if all((fetched / name).is_file() for name in names):
        yield "explorer.html", EXPLORER, (own / "explorer.html").read_bytes()
        yield "explorer.js", "NULL", (own / "explorer.js").read_bytes()
        for name in names:
            yield name, "NULL", (fetched / name).read_bytes()
    yield "reference.html", PAGE, Reference(document).page()
    yield "page.css", "NULL", (own / "page.css").read_bytes()


def main(document, own, fetched, out):
    document = yaml.safe_load(pathlib.Path(document).read_text(encoding="utf-8"))
    arrays, rows = [], []
    for i, (name, policy, content) in enumerate(files(document, pathlib.Path(own), pathlib.Path(fetched))):
        packed = gzip.compress(content, 9, mtime=0)
        tag = hashlib.sha256(content).hexdigest()[:32]
        lines = [",".join(map(str, packed[at:at + 40])) for at in range(0, len(packed), 40)]
        arrays.append(f"static const unsigned char file_{i}[] = {{\n" + ",\n".join(lines) + "};\n")
        rows.append(f'    {{"{name}", "{TYPES[name.rsplit(".", 1)[1]]}", {policy}, {{file_{i}, sizeof file_{i}}}, '
                    f'"\\"{tag}\\"", "\\"{tag}-gzip\\""}},\n')
    with open(out, "w", encoding="ascii") as f:
        f.write('#include "docs.h"\n#include "page.h"\n\n' + "\n".join(arrays))
        f.write("\nconst struct docs_file docs_files[] = {\n" + "".join(rows) + "    {0},\n};\n")


main(*sys.argv[1:])
