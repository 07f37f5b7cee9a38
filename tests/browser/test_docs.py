"""The pages in a browser: they show what they should, ask nobody else, and nothing is refused by their policy."""

import base64
import os
import pathlib
import re
import subprocess
import unittest
import urllib.request

import yaml

import chromium

PROJECT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MANDOLINE", str(PROJECT / "build/dev/mandoline"))
PICTURES = pathlib.Path(os.environ.get("PICTURES", str(PROJECT / "build/dev/tests/browser")))
DOCUMENT = yaml.safe_load((PROJECT / "openapi/openapi.yaml").read_text(encoding="utf-8"))
OPERATIONS = sum(len(methods) for methods in DOCUMENT["paths"].values())


class Server:
    def __init__(self, *arguments):
        self.process = subprocess.Popen([PROGRAM, "serve", "--listen", "127.0.0.1:0", "--data", str(PROJECT / "samples"),
                                         "--log", "off", *arguments], stderr=subprocess.PIPE, text=True)
        self.url = re.search(r"http://[^\s\"]+", self.process.stderr.readline())[0]

    def close(self):
        self.process.terminate()
        self.process.communicate()


@unittest.skipUnless(chromium.program(), "there is no Chromium")
class Docs(unittest.TestCase):
    def setUp(self):
        self.page = chromium.Page()
        self.addCleanup(self.page.close)

    def serve(self, *arguments):
        server = Server(*arguments)
        self.addCleanup(server.close)
        return server.url

    def picture(self, name):
        PICTURES.mkdir(parents=True, exist_ok=True)
        (PICTURES / name).write_bytes(base64.b64decode(self.page.call("Page.captureScreenshot")["data"]))

    def asks_nobody_else(self, url):
        foreign = [r for r in self.page.requests if not r.startswith((url + "/", "data:", "about:"))]
        self.assertEqual([], foreign)
        self.assertEqual([], self.page.complaints)

    def check_explorer(self, url, base):
        with urllib.request.urlopen(url + base + "/docs") as answer:
            if not answer.url.endswith("/explorer.html"):
                self.skipTest("built without the explorer")
        self.page.call("Page.navigate", url=url + base + "/docs")
        self.page.wait_for("document.querySelectorAll('.opblock').length == %d" % OPERATIONS)
        self.picture("docs%s.png" % base.replace("/", "-"))
        # What the explorer sends arrives where the page came from.
        self.page.evaluate("document.querySelector('#operations-operation-health .opblock-summary-control').click()")
        self.page.wait_for("!!document.querySelector('.try-out__btn')")
        self.page.evaluate("document.querySelector('.try-out__btn').click()")
        self.page.wait_for("!!document.querySelector('.execute')")
        self.page.evaluate("document.querySelector('.execute').click()")
        self.page.wait_for("/200/.test((document.querySelector('.live-responses-table tbody .response-col_status') || {}).innerText)")
        self.picture("docs%s-sent.png" % base.replace("/", "-"))
        self.assertIn(url + base + "/healthz", self.page.requests)
        self.asks_nobody_else(url)

    def test_the_explorer(self):
        self.check_explorer(self.serve(), "")

    def test_the_explorer_under_a_base_path(self):
        self.check_explorer(self.serve("--base-path", "/svc"), "/svc")

    def test_a_script_in_a_page_is_refused(self):
        """The check of complaints can fail: a page of the same policy with an inline script."""
        url = self.serve()
        self.page.call("Page.navigate", url=url + "/docs/reference.html")
        self.page.wait_for("document.readyState == 'complete' && document.querySelectorAll('h2').length > 5")
        self.assertEqual([], self.page.complaints)
        self.page.evaluate("document.body.appendChild(document.createElement('script')).text = 'window.ran = 1'")
        self.page.wait_for("document.querySelectorAll('script').length > 0")
        self.assertEqual(None, self.page.evaluate("window.ran"))
        self.assertIn("Content Security Policy", "".join(self.page.complaints))

    def test_pages_of_our_own(self):
        url = self.serve()
        for path in ("/docs/reference.html", "/?format=html", "/problems?format=html", "/problems/too-large?format=html"):
            with self.subTest(path):
                self.page.call("Page.navigate", url=url + path)
                self.page.wait_for("document.readyState == 'complete' && !!document.querySelector('h1')")
                self.picture(re.sub(r"\W+", "-", path).strip("-") + ".png")
                self.page.wait_for("document.styleSheets.length == 1")
                styled = self.page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth")
                self.assertTrue(styled.endswith("px"), styled)
        self.asks_nobody_else(url)


if __name__ == "__main__":
    unittest.main()
