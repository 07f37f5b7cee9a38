"""The memory of all requests together has an end that is kept before it is reached."""

import concurrent.futures
import http.client
import json
import pickle
import time
import unittest

from mandoline import Server

MB = 1 << 20
TOTAL = 300 * MB
HEAVY = 8


class Memory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(None, f"--limit-total-memory={TOTAL}", f"--limit-heavy={HEAVY}", "--limit-queue=64")
        cls.body = pickle.dumps([{"a": i, "b": str(i)} for i in range(250000)])  # some 80 MB as values

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def status(self, name):
        with open(f"/proc/{self.server.process.pid}/status") as f:
            return int(next(line for line in f if line.startswith(name)).split()[1]) << 10

    def sanitized(self):
        with open(f"/proc/{self.server.process.pid}/maps") as f:
            maps = f.read()
        return "san.so" in maps or self.status("VmSize") > 1 << 40

    def convert(self):
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=100)
        connection.request("POST", "/v1/convert?from=pickle&to=typed", self.body)
        answer = connection.getresponse()
        try:
            return answer.status, answer.headers, answer.read()
        except (http.client.IncompleteRead, ConnectionError):
            return 0, answer.headers, b""
        finally:
            connection.close()

    def test_a_crowd_waits_or_is_refused_before_the_memory_is_over(self):
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            answers = list(pool.map(lambda _: self.convert(), range(30)))
        good = sum(status == 200 for status, _, _ in answers)
        bad = [(headers, body) for status, headers, body in answers if status != 200]
        print(f"{good} of {len(answers)} had an answer; {self.status('VmHWM') // MB} MB at most")
        self.assertGreater(good, 0 if self.sanitized() else len(answers) // 8)  # those who find memory wait their turn
        for headers, body in bad:
            problem = json.loads(body)
            self.assertIn((problem["status"], problem["limit"]), ((503, "total-memory"), (429, "queue-time")))
            self.assertGreaterEqual(int(headers["Retry-After"]), 1)
        if not self.sanitized():
            self.assertLess(self.status("VmHWM"), TOTAL + 32 * MB)  # and the program itself
        self.assertEqual(self.convert()[0], 200)  # and it is well again

    def test_one_that_could_never_be_is_told_so(self):
        body = pickle.dumps(list(range(300, 20_000_300)))
        answer = self.server.request("POST", "/v1/convert?from=pickle&to=typed", body)
        self.assertEqual(answer.status, 503)
        self.assertIn(b"total-memory", answer.body)
        self.assertEqual(self.convert()[0], 200)

    def slowly(self, body):
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=100)
        connection.putrequest("POST", "/v1/inspect?from=pickle")
        connection.putheader("Content-Length", len(body))
        connection.endheaders()
        for at in range(0, len(body), MB):
            connection.send(body[at : at + MB])
            time.sleep(0.02)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    def test_one_does_not_wait_for_memory_that_it_has_itself(self):
        self.slowly(pickle.dumps(list(range(300, 9_000_300))))  # too much: now so much is expected of each
        for millions in (1, 2, 3, 4):  # decoded while they come
            status = self.slowly(pickle.dumps(list(range(300, millions * 1_000_000 + 300))))
            self.assertIn(status, (200, 503))  # and no 429 after half a minute

    def test_a_small_server_serves_many(self):
        small = Server(None, f"--limit-total-memory={96 * MB}")
        self.addCleanup(small.stop)
        body = pickle.dumps(list(range(300, 100_300)))  # half a megabyte, some five as values

        def convert(_):
            connection = http.client.HTTPConnection(small.host, small.port, timeout=100)
            connection.request("POST", "/v1/convert?from=pickle&to=json", body)
            answer = connection.getresponse()
            answer.read()
            connection.close()
            return answer.status

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            self.assertEqual(list(pool.map(convert, range(16))), [200] * 16)


if __name__ == "__main__":
    unittest.main()
