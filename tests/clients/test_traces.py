"""Spans as a collector of OpenTelemetry gets them, and what a collector that is slow, wrong or absent does: nothing."""

import datetime
import http.server
import ipaddress
import json
import os
import re
import socket
import ssl
import tempfile
import threading
import time
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from test_life import Life, eventually
from test_metrics import Scrape

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
DATA = "/v1/data/weather.h5?path=/temperature&slice=0:3&format=json"


class Collector:
    """Takes OTLP/HTTP in JSON. answers: the statuses of the first requests; then 200. tls: a file with its certificate
    and key."""

    def __init__(self, answers=(), headers=(), hang=False, tls=None):
        self.requests, self.answers, self.over = [], list(answers), threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append((self.path, dict(self.headers), json.loads(body)))
                if hang:
                    outer.over.wait(60)
                status = outer.answers.pop(0) if outer.answers else 200
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", "2")
                try:
                    self.end_headers()
                    self.wfile.write(b"{}")
                except OSError:
                    pass  # the other side did not wait

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{self.server.server_port}"

    def spans(self):
        return [span for _, _, document in list(self.requests) for resource in document["resourceSpans"]
                for scope in resource["scopeSpans"] for span in scope["spans"]]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def certificate_for_this_machine(path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "collector")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
                   .serial_number(7).not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=1)).add_extension(names, critical=False)
                   .sign(key, hashes.SHA256()))
    with open(path, "wb") as file:
        file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption()))
        file.write(certificate.public_bytes(serialization.Encoding.PEM))


def attributes(owner):
    return {a["key"]: a["value"].get("stringValue", a["value"].get("intValue")) for a in owner["attributes"]}


def environment(url, **more):
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_BSP_SCHEDULE_DELAY": "50", **more}


class Spans(unittest.TestCase):
    def test_a_request_is_a_span_with_its_parts(self):
        with Collector() as collector, Life(environment=environment(
                collector.url, OTEL_SERVICE_NAME="slices", OTEL_EXPORTER_OTLP_HEADERS="api-key=a%20b,x-two=2",
                OTEL_RESOURCE_ATTRIBUTES="deployment.environment=test,service.name=other, k = v%2C w ")) as life:
            before = time.time_ns()
            life.get(DATA, headers={"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "rojo=1,congo=t61",
                                    "X-Request-Id": "asked"})
            eventually(lambda: collector.spans())
            path, headers, document = collector.requests[0]
            self.assertEqual("/v1/traces", path)
            self.assertEqual("application/json", headers["Content-Type"])
            self.assertEqual(("a b", "2"), (headers["api-key"], headers["x-two"]))
            resource = attributes(document["resourceSpans"][0]["resource"])
            self.assertEqual(("slices", "test", "v, w"),
                             (resource["service.name"], resource["deployment.environment"], resource["k"]))
            self.assertRegex(resource["service.version"], r"^\d")
            spans = collector.spans()
            request = next(s for s in spans if s["kind"] == 2)
            self.assertEqual("GET /v1/data/{name}", request["name"])
            self.assertEqual((TRACE, PARENT, "rojo=1,congo=t61"),
                             (request["traceId"], request["parentSpanId"], request["traceState"]))
            self.assertRegex(request["spanId"], r"^[0-9a-f]{16}$")
            seen = attributes(request)
            self.assertEqual({"http.request.method": "GET", "http.route": "/v1/data/{name}",
                              "url.path": "/v1/data/weather.h5", "client.address": "127.0.0.1",
                              "mandoline.request.id": "asked", "http.response.status_code": "200"},
                             {k: v for k, v in seen.items() if not k.endswith(".size")})
            self.assertNotIn("status", request)
            start, end = int(request["startTimeUnixNano"]), int(request["endTimeUnixNano"])
            self.assertTrue(before - 10**9 < start <= end < time.time_ns() + 10**9)
            parts = [s for s in spans if s is not request]
            self.assertIn("decode", {s["name"] for s in parts})
            for part in parts:
                self.assertEqual((TRACE, request["spanId"], 1), (part["traceId"], part["parentSpanId"], part["kind"]))
                self.assertTrue(start <= int(part["startTimeUnixNano"]) <= int(part["endTimeUnixNano"]))
            self.assertEqual(len(spans), len({s["spanId"] for s in spans}))
            life.says(rf'"trace_id":"{TRACE}","span_id":"{request["spanId"]}"')

    def test_a_collector_is_known_by_its_certificate(self):
        """The file lies where the server that serves may read nothing else."""
        with tempfile.TemporaryDirectory(dir=os.getcwd()) as folder:
            file = os.path.join(folder, "collector.pem")
            certificate_for_this_machine(file)
            with Collector(tls=file) as collector:
                with Life(environment=environment(collector.url, OTEL_EXPORTER_OTLP_CERTIFICATE=file)) as life:
                    life.get("/v1/formats")
                    eventually(lambda: collector.spans())
                known = len(collector.requests)
                with Life(environment=environment(collector.url)) as life:  # its end tries to send once more
                    self.assertEqual(200, life.get("/v1/formats")[0])
                self.assertEqual(known, len(collector.requests))

    def test_failures_and_hostile_text(self):
        with Collector() as collector, Life(environment=environment(collector.url)) as life:
            rows = [("/%22%5c%0a" + "x" * 2000, "not-found", '/"\\\nxxx'), ("/%00", "bad-parameter", "/"),
                    ("/" + "%c3%a4" * 200, "not-found", "/\u00e4"), ("/%ff", "bad-parameter", "/")]
            for i, (path, problem, begins) in enumerate(rows):
                life.get(path, headers={"tracestate": "not a state"})
                eventually(lambda n=i: sum(s["kind"] == 2 for s in collector.spans()) > n)
                request = [s for s in collector.spans() if s["kind"] == 2][-1]
                self.assertEqual("GET", request["name"])
                self.assertNotIn("traceState", request)
                self.assertNotIn("status", request)  # what a client did wrong is no failure of the server's
                self.assertEqual(problem, attributes(request)["error.type"])
                self.assertTrue(attributes(request)["url.path"].startswith(begins), request)

    def test_probes_are_no_spans(self):
        with Collector() as collector, Life(environment=environment(collector.url)) as life:
            for path in ("/healthz", "/readyz", "/metrics"):
                life.get(path)
                life.get(path, life.admin)
            life.get("/v1/formats")
            eventually(lambda: collector.spans())
            self.assertEqual({"GET /v1/formats"}, {s["name"] for s in collector.spans() if s["kind"] == 2})

    def test_samplers(self):
        kept, unkept = {"traceparent": f"00-{TRACE}-{PARENT}-01"}, {"traceparent": f"00-{TRACE}-{PARENT}-00"}
        rows = [
            # sampler, argument, how many of (none, kept, unkept)
            ("always_on", None, (1, 1, 1)),
            ("always_off", None, (0, 0, 0)),
            ("parentbased_always_on", None, (1, 1, 0)),
            ("parentbased_always_off", None, (0, 1, 0)),
            ("parentbased_traceidratio", "0", (0, 1, 0)),
            ("nonsense", None, (1, 1, 0)),
        ]
        for sampler, argument, expected in rows:
            more = {"OTEL_TRACES_SAMPLER": sampler, **({"OTEL_TRACES_SAMPLER_ARG": argument} if argument else {})}
            with self.subTest(sampler), Collector() as collector:
                with Life(environment=environment(collector.url, **more)) as life:
                    for name, headers in (("none", {}), ("kept", kept), ("unkept", unkept)):
                        life.get("/v1/formats", headers={**headers, "X-Request-Id": name})
                names = [attributes(s)["mandoline.request.id"] for s in collector.spans() if s["kind"] == 2]
                self.assertEqual(expected, tuple(names.count(n) for n in ("none", "kept", "unkept")))
                if sampler == "nonsense":
                    self.assertTrue(any("OTEL_TRACES_SAMPLER" in line for line in life.lines))

    def test_what_waits_is_sent_at_the_end(self):
        """The delay is an hour: only the end of the process sends."""
        with Collector() as collector:
            with Life(environment=environment(collector.url, OTEL_BSP_SCHEDULE_DELAY="3600000")) as life:
                for _ in range(20):
                    life.get("/v1/formats")
            self.assertEqual(20, sum(s["kind"] == 2 for s in collector.spans()))
            self.assertEqual(1, len(collector.requests))

    def test_batches(self):
        with Collector() as collector:
            with Life(environment=environment(collector.url, OTEL_BSP_SCHEDULE_DELAY="3600000",
                                              OTEL_BSP_MAX_EXPORT_BATCH_SIZE="10")) as life:
                for _ in range(35):
                    life.get("/v1/formats")
                eventually(lambda: len(collector.requests) >= 3)
            sizes = [sum(s["kind"] == 2 for s in d["resourceSpans"][0]["scopeSpans"][0]["spans"])
                     for _, _, d in collector.requests]
            self.assertEqual(35, sum(sizes))
            self.assertEqual(10, max(sizes))


class Collectors(unittest.TestCase):
    """Whatever the collector does, requests are answered and the server ends."""

    def check_ends(self, life, seconds):
        life.signal()
        start = time.monotonic()
        self.assertEqual(0, life.end())
        self.assertLess(time.monotonic() - start, seconds)

    def test_it_is_absent(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))  # nobody listens
            url = f"http://127.0.0.1:{unused.getsockname()[1]}"
            with Life(environment=environment(url)) as life:
                for _ in range(50):
                    self.assertEqual(200, life.get("/v1/formats", seconds=20)[0])
                self.check_ends(life, 40)
                self.assertTrue(any("were not taken in time" in line for line in life.lines), life.lines[-3:])

    def test_it_hangs(self):
        with Collector(hang=True) as collector, Life(environment=environment(
                collector.url, OTEL_BSP_MAX_QUEUE_SIZE="10", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="5")) as life:
            eventually(lambda: life.get("/v1/formats", seconds=20)[0] == 200 and collector.requests)
            for _ in range(50):
                self.assertEqual(200, life.get("/v1/formats", seconds=20)[0])
            eventually(lambda: Scrape(life).sum("mandoline_spans_total", result="dropped") >= 20)
            scrape = Scrape(life)
            self.assertEqual(10, scrape.sum("mandoline_spans_waiting"))
            self.assertEqual(0, scrape.sum("mandoline_spans_total", result="sent"))
            self.check_ends(life, 40)

    def test_it_is_busy(self):
        with Collector(answers=[503, 429], headers=[("Retry-After", "1")]) as collector:
            with Life(environment=environment(collector.url)) as life:
                life.get("/v1/formats")
                eventually(lambda: Scrape(life).sum("mandoline_spans_total", result="sent") == 1)
                self.assertEqual(3, len(collector.requests))
                self.assertEqual(collector.requests[0][2], collector.requests[2][2])

    def test_it_refuses(self):
        with Collector(answers=[400] * 100) as collector, Life(environment=environment(collector.url)) as life:
            life.get("/v1/formats")
            eventually(lambda: Scrape(life).sum("mandoline_spans_total", result="failed") == 1)
            self.assertEqual(1, len(collector.requests))

    def test_it_talks_nonsense(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            def speak():
                while True:
                    try:
                        connection, _ = server.accept()
                    except OSError:
                        return
                    with connection:
                        connection.recv(100)
                        connection.sendall(b"\0\xff not HTTP at all\r\n\r\n")
            thread = threading.Thread(target=speak, daemon=True)
            thread.start()
            with Life(environment=environment(f"http://127.0.0.1:{server.getsockname()[1]}")) as life:
                for _ in range(20):
                    self.assertEqual(200, life.get("/v1/formats", seconds=20)[0])
                self.check_ends(life, 40)

    def test_settings_that_are_not_understood(self):
        rows = [
            ({"OTEL_EXPORTER_OTLP_ENDPOINT": "ftp://x"}, "no http or https URL"),
            ({"OTEL_EXPORTER_OTLP_ENDPOINT": "nonsense"}, "no http or https URL"),
            (environment("http://127.0.0.1:9", OTEL_BSP_MAX_QUEUE_SIZE="-1"), "OTEL_BSP"),
            (environment("http://127.0.0.1:9", OTEL_EXPORTER_OTLP_HEADERS="no-equals"), "OTEL_EXPORTER_OTLP_HEADERS"),
            (environment("http://127.0.0.1:9", OTEL_EXPORTER_OTLP_HEADERS="a=b%0d%0ac"), "OTEL_EXPORTER_OTLP_HEADERS"),
            (environment("http://127.0.0.1:9", OTEL_RESOURCE_ATTRIBUTES="=x"), "OTEL_RESOURCE_ATTRIBUTES"),
            (environment("http://127.0.0.1:9", OTEL_TRACES_EXPORTER="zipkin"), "OTEL_TRACES_EXPORTER"),
            (environment("http://127.0.0.1:9", OTEL_EXPORTER_OTLP_PROTOCOL="grpc"), "http/json"),
        ]
        for variables, says in rows:
            with self.subTest(variables), Life(environment=variables) as life:
                self.assertEqual(200, life.get("/v1/formats")[0])
                life.says(re.escape(says))

    def test_it_is_off(self):
        for more in ({"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}):
            with self.subTest(more), Collector() as collector:
                with Life(environment=environment(collector.url, **more)) as life:
                    life.get("/v1/formats")
                self.assertEqual([], collector.requests)


if __name__ == "__main__":
    unittest.main()
