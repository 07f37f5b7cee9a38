"""/metrics as Prometheus reads it: its own parser, and counts that are what was done."""

import datetime
import http.client
import math
import os
import pathlib
import signal
import socket
import tempfile
import threading
import time
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from prometheus_client.parser import text_string_to_metric_families

from mandoline import workers
from test_life import Life, eventually


class Scrape:
    """One reading; samples by name and labels."""

    def __init__(self, life, port=None):
        status, body, headers = life.get("/metrics", port or life.admin)
        assert status == 200, body
        assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", headers["Content-Type"]
        self.families = list(text_string_to_metric_families(body.decode()))
        self.samples = [sample for family in self.families for sample in family.samples]

    def sum(self, name, **labels):
        return sum(s.value for s in self.samples if s.name == name and labels.items() <= s.labels.items())


def settled(life, name, expected, **labels):
    """An exchange is counted a little after its answer."""
    eventually(lambda: Scrape(life).sum(name, **labels) >= expected)
    assert Scrape(life).sum(name, **labels) == expected, (name, labels, Scrape(life).sum(name, **labels))


def make_certificate(folder, days):
    """cert.pem and key.pem, and when it ends."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a")])
    now = datetime.datetime.utcnow()
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now)
            .not_valid_after(now + datetime.timedelta(days=days)).sign(key, hashes.SHA256()))
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                       serialization.NoEncryption()))
    return time.time() + days * 86400


class Text(unittest.TestCase):
    def test_it_is_what_prometheus_expects(self):
        with Life() as life:
            life.get("/v1/formats")
            for port in (life.admin, life.port):
                scrape = Scrape(life, port)
                names = [family.name for family in scrape.families]
                self.assertEqual(len(names), len(set(names)))
                self.assertGreater(len(names), 30)
                keys = [(s.name, *sorted(s.labels.items())) for s in scrape.samples]
                self.assertEqual(len(keys), len(set(keys)))
                for family in scrape.families:
                    self.assertTrue(family.documentation, family.name)
                    self.assertIn(family.type, ("counter", "gauge", "histogram"))
                    for sample in family.samples:
                        self.assertTrue(math.isfinite(sample.value), sample)

    def test_histograms_add_up(self):
        with Life() as life:
            for _ in range(5):
                life.get("/v1/formats")
            settled(life, "mandoline_request_duration_seconds_count", 5, route="listFormats")
            scrape = Scrape(life)
            for family in scrape.families:
                if family.type != "histogram":
                    continue
                series = {}
                for s in family.samples:
                    if s.name.endswith("_bucket"):
                        key = tuple(sorted((k, v) for k, v in s.labels.items() if k != "le"))
                        series.setdefault(key, []).append((float(s.labels["le"]), s.value))
                for key, buckets in series.items():
                    values = [value for _, value in sorted(buckets)]
                    self.assertEqual(values, sorted(values), key)
                    self.assertEqual(math.inf, max(buckets)[0])
                    self.assertEqual(values[-1], scrape.sum(family.name + "_count", **dict(key)))

    def test_head_has_no_body(self):
        with Life() as life:
            status, body, _ = life.get("/metrics", life.admin, "HEAD")
            self.assertEqual((200, b""), (status, body))


class Counts(unittest.TestCase):
    def test_rows(self):
        """After N requests the counters say N."""
        rows = [
            # N, method, path, headers, status, route, method as counted
            (7, "GET", "/v1/formats", {}, 200, "listFormats", "GET"),
            (3, "HEAD", "/v1/formats", {}, 200, "listFormats", "HEAD"),
            (4, "GET", "/v1/files/nowhere", {}, 404, "getFile", "GET"),
            (2, "GET", "/nowhere", {}, 404, "none", "GET"),
            (5, "PROPFIND", "/v1/formats", {}, 405, "none", "other"),
            (6, "GET", "/v1/formats?x=1", {}, 400, "listFormats", "GET"),
            (2, "GET", "/v1/data/weather.h5?path=/temperature&slice=0&format=json", {}, 200, "getData", "GET"),
        ]
        with Life() as life:
            for count, method, path, headers, status, _, _ in rows:
                for _ in range(count):
                    self.assertEqual(status, life.get(path, None, method, headers)[0], path)
            for count, _, path, _, status, route, method in rows:
                with self.subTest(path=path, method=method):
                    settled(life, "mandoline_requests_total", count, route=route, method=method, status=str(status))
            settled(life, "mandoline_problems_total", 6, type="not-found")
            settled(life, "mandoline_problems_total", 5, type="method-not-allowed")
            settled(life, "mandoline_problems_total", 6, type="bad-parameter")
            for phase in ("read", "wait", "decode", "encode"):
                settled(life, "mandoline_request_phase_seconds_count", 7 + 3 + 4 + 6 + 2, phase=phase)

    def test_bytes_and_limits(self):
        body = b"[" + b"1," * 1000 + b"1]"
        with Life("--limit-body", "5000", "--limit-depth", "20") as life:
            for sent in (body, body, b"[" * 30 + b"]" * 30, b"x" * 6000):
                connection = http.client.HTTPConnection("127.0.0.1", life.port, timeout=60)
                connection.request("POST", "/v1/convert?from=json&to=json", sent)
                connection.getresponse().read()
                connection.close()
            settled(life, "mandoline_limit_hits_total", 1, limit="depth")
            settled(life, "mandoline_limit_hits_total", 1, limit="body")
            settled(life, "mandoline_requests_total", 2, route="convert", status="200")
            scrape = Scrape(life)
            self.assertEqual(2 * len(body) + 60, scrape.sum("mandoline_request_bytes_total"))
            self.assertGreater(scrape.sum("mandoline_response_bytes_total"), 2 * 2000)

    def test_what_is_in_flight(self):
        document = b"c__builtin__\nxrange\n(I0\nI1000000000\ntR."
        with Life("--limit-heavy", "1", "--limit-queue", "5") as life:
            held = []
            for _ in range(3):
                s = socket.create_connection(("127.0.0.1", life.port))
                s.sendall(b"POST /v1/convert?from=pickle&to=json HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"
                          % (len(document), document))
                held.append(s)
            eventually(lambda: Scrape(life).sum("mandoline_queue_depth") == 2)
            scrape = Scrape(life)
            self.assertEqual(3, scrape.sum("mandoline_requests_in_flight"))
            self.assertEqual(1, scrape.sum("mandoline_heavy_in_flight"))
            self.assertEqual(1, scrape.sum("mandoline_heavy_limit"))
            for s in held:
                s.close()
            eventually(lambda: Scrape(life).sum("mandoline_requests_in_flight") == 0)
            eventually(lambda: Scrape(life).sum("mandoline_cut_answers_total") >= 1)
            self.assertEqual(0, Scrape(life).sum("mandoline_heavy_in_flight"))

    def test_workers_and_caches(self):
        with Life("--workers", "2") as life:
            scrape = Scrape(life)
            self.assertEqual(2, scrape.sum("mandoline_workers", role="read", state="absent"))
            for _ in range(3):
                life.get("/v1/data/weather.h5?path=/temperature&slice=0:3&format=json")
            scrape = Scrape(life)
            self.assertEqual(1, scrape.sum("mandoline_workers", role="read", state="idle"))
            self.assertEqual(1, scrape.sum("mandoline_worker_starts_total"))
            self.assertEqual(0, scrape.sum("mandoline_worker_deaths_total"))
            self.assertEqual(2, scrape.sum("mandoline_cache_hits_total", cache="answers"))
            worker, = workers(life.process.pid)
            os.kill(worker, signal.SIGKILL)
            # Another takes its place, and what the first died of is known.
            eventually(lambda: life.get("/v1/tree/weather.h5?depth=3")[0] == 200 and life.get(
                "/v1/data/weather.h5?path=/temperature&slice=1:2&format=json")[0] == 200)
            eventually(lambda: Scrape(life).sum("mandoline_worker_deaths_total") == 1)
            self.assertEqual(1, Scrape(life).sum("mandoline_worker_deaths_total", cause="killed"))

    def test_the_process(self):
        with Life() as life:
            scrape = Scrape(life)
            self.assertGreater(scrape.sum("process_resident_memory_bytes"), 1 << 20)
            self.assertGreater(scrape.sum("process_open_fds"), 3)
            self.assertGreater(scrape.sum("process_max_fds"), scrape.sum("process_open_fds"))
            self.assertEqual(1, scrape.sum("mandoline_build_info"))
            self.assertGreaterEqual(scrape.sum("mandoline_uptime_seconds"), 0)

    def test_memory(self):
        with Life("--limit-total-memory", "300M") as life:
            self.assertTrue(200 << 20 < Scrape(life).sum("mandoline_memory_limit_bytes") <= 300 << 20)
            self.assertLess(Scrape(life).sum("mandoline_memory_bytes"), 100 << 20)
            slow = socket.create_connection(("127.0.0.1", life.port))
            slow.sendall(b"POST /v1/convert?from=json&to=json HTTP/1.1\r\nHost: a\r\nContent-Length: 60000000\r\n\r\n")
            slow.sendall(b" " * 50_000_000)
            eventually(lambda: Scrape(life).sum("mandoline_memory_bytes") > 50_000_000)
            slow.close()
            eventually(lambda: Scrape(life).sum("mandoline_memory_bytes") < 50_000_000)

    def test_files_that_are_read_again(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            ends = [make_certificate(path, 30), time.time() + 20 * 86400]
            with Life("--tls-cert", path / "cert.pem", "--tls-key", path / "key.pem") as life:
                first = Scrape(life).sum("mandoline_certificate_end_time_seconds")
                self.assertAlmostEqual(ends[0], first, delta=600)
                make_certificate(path, 20)
                life.signal(signal.SIGHUP)
                life.says("were read again")
                settled(life, "mandoline_reloads_total", 1, result="ok")
                self.assertAlmostEqual(ends[1], Scrape(life).sum("mandoline_certificate_end_time_seconds"), delta=600)
                (path / "key.pem").write_text("nothing")
                life.signal(signal.SIGHUP)
                life.says("not all files could be read again")
                settled(life, "mandoline_reloads_total", 1, result="failed")
                self.assertEqual(1, Scrape(life).sum("mandoline_reloads_total", result="ok"))
                self.assertAlmostEqual(ends[1], Scrape(life).sum("mandoline_certificate_end_time_seconds"), delta=600)
        with Life() as life:
            self.assertEqual(0, Scrape(life).sum("mandoline_certificate_end_time_seconds"))

    def test_many_at_once(self):
        """Sums are exact whoever adds."""
        with Life("--log", "off") as life:

            def work():
                connection = http.client.HTTPConnection("127.0.0.1", life.port, timeout=60)
                for _ in range(200):
                    connection.request("GET", "/v1/formats")
                    connection.getresponse().read()
                connection.close()

            threads = [threading.Thread(target=work) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            settled(life, "mandoline_requests_total", 1600, route="listFormats", status="200")
            settled(life, "mandoline_request_duration_seconds_count", 1600, route="listFormats")


if __name__ == "__main__":
    unittest.main()
