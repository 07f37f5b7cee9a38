"""Behind a real proxy that ends TLS and takes a prefix away: links lead back through it, in pages too."""

import http.client
import json
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

import chromium
from test_docs import OPERATIONS, Server

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

CONFIGURATION = """
daemon off; pid {folder}/pid; error_log {folder}/errors; worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
    scgi_temp_path {folder}/s;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/cert; ssl_certificate_key {folder}/key;
        location /team/ {{
            proxy_pass {server}/;
            proxy_set_header Host $http_host;
            proxy_set_header Forwarded "";
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Prefix /team;
        }}
    }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@unittest.skipUnless(NGINX and shutil.which("openssl"), "there is no nginx, or no openssl")
class BehindNginx(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mandoline-nginx-", ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        server = Server("--trust-proxy", "127.0.0.1", "--base-path", "/svc")
        self.addCleanup(server.close)
        self.port = free_port()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-keyout", folder.name + "/key", "-out", folder.name + "/cert"], check=True, capture_output=True)
        path = pathlib.Path(folder.name, "nginx.conf")
        path.write_text(CONFIGURATION.format(folder=folder.name, port=self.port, server=server.url))
        nginx = subprocess.Popen([NGINX, "-p", folder.name, "-c", path], stderr=subprocess.DEVNULL)
        self.addCleanup(nginx.wait)
        self.addCleanup(nginx.terminate)
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.02)
        self.fail(pathlib.Path(folder.name, "errors").read_text())

    def get(self, target, **headers):
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=ssl._create_unverified_context())
        connection.request("GET", target, headers=headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content

    def test_links_lead_back_through_the_proxy(self):
        answer, content = self.get("/team/svc/v1/data/nothing.h5")
        problem = json.loads(content)
        self.assertEqual((404, "/team/svc/problems/not-found"), (answer.status, problem["type"]))
        answer, content = self.get(problem["type"])
        self.assertEqual((200, problem["title"]), (answer.status, json.loads(content)["title"]))
        _, content = self.get("/team/svc/")
        for link in json.loads(content)["links"].values():
            with self.subTest(link):
                answer, _ = self.get(link)
                self.assertIn(answer.status, (200, 302))
        answer, _ = self.get("/team/svc/docs")
        self.assertEqual(200, self.get(answer.headers["Location"])[0].status)
        server = json.loads(self.get("/team/svc/openapi.json")[1])["servers"][0]["url"]
        self.assertEqual(200, self.get(server + "/v1/formats")[0].status)

    def test_browsers_keep_to_https(self):
        self.assertEqual("max-age=31536000", self.get("/team/svc/")[0].headers["Strict-Transport-Security"])

    def test_what_a_client_makes_up_changes_nothing(self):
        for headers in ({"X-Forwarded-Prefix": "/evil"}, {"Forwarded": "for=6.6.6.6;proto=http"}, {"X-Forwarded-Proto": "http"},
                        {"X-Forwarded-For": "6.6.6.6"}):
            with self.subTest(headers):
                answer, content = self.get("/team/svc/nothing", **headers)
                self.assertEqual("/team/svc/problems/not-found", json.loads(content)["type"])
                self.assertTrue(answer.headers["Strict-Transport-Security"])

    @unittest.skipUnless(chromium.program(), "there is no Chromium")
    def test_the_explorer_through_the_proxy(self):
        page = chromium.Page("--ignore-certificate-errors")
        self.addCleanup(page.close)
        url = f"https://127.0.0.1:{self.port}/team/svc"
        page.call("Page.navigate", url=url + "/docs")
        page.wait_for("!!document.querySelector('h1, .opblock')")
        if page.evaluate("location.pathname").endswith("explorer.html"):
            page.wait_for("document.querySelectorAll('.opblock').length == %d" % OPERATIONS)
        self.assertEqual([], [r for r in page.requests if not r.startswith((url + "/", "data:", "about:"))])
        self.assertEqual([], page.complaints)


if __name__ == "__main__":
    unittest.main()
