"""The image, and the files for those who run it. Started by run, which builds the image."""

import http.client
import ipaddress
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import threading
import time
import unittest
import urllib.parse

import yaml

from instance import CONFIG, FOLDER, PROJECT, ROOT, Gateway, Instance, readme_commands, run, wait_until

sys.path.insert(0, str(PROJECT / "tests/openapi"))
import test_document

SHAPES = os.environ["CONTAINER_SHAPES"]
DOCKER = PROJECT / "docker"
SETTINGS = {}  # what the program in the image can be set to
IMAGE_MB_MOST = 60


def setUpModule():
    done = run("config")
    assert done.returncode == 0, done.stderr
    SETTINGS.update(json.loads(done.stdout))


# ---- the files ----

COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text())
KUBERNETES = list(yaml.safe_load_all((DOCKER / "kubernetes.yaml").read_text()))
ENVOY = yaml.safe_load((DOCKER / "envoy.yaml").read_text())


def of_kind(kind):
    return next(document for document in KUBERNETES if document["kind"] == kind)


class Files(unittest.TestCase):
    def test_they_have_the_shapes_of_their_readers(self):
        done = subprocess.run(["node", "tests/container/shapes.js", SHAPES], cwd=PROJECT, text=True, capture_output=True,
                              input=json.dumps({"compose": COMPOSE, "kubernetes": KUBERNETES}))
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_compose_names_files_that_are_there(self):
        for service in COMPOSE["services"].values():
            for volume in service["volumes"]:
                self.assertTrue((DOCKER / volume.split(":")[0]).exists(), volume)
            if "build" in service:
                self.assertTrue((DOCKER / service["build"]["context"] / service["build"]["dockerfile"]).is_file())

    def test_the_readme_gives_no_rights(self):
        command = next(c for c in readme_commands() if c.startswith("docker run "))
        for flags in ("--read-only", "--tmpfs /tmp", "--cap-drop ALL", "--security-opt no-new-privileges", "/data:ro"):
            self.assertIn(flags, command)
        used = set(re.findall(r"docker/[\w./]+\w", "\n".join(readme_commands()))) - {"docker/tls/gateway.key",
                                                                                  "docker/tls/gateway.pem"}
        for name in used:
            self.assertTrue((PROJECT / name).exists(), name)

    def test_compose_gives_no_rights(self):
        for name in ("mandoline-1", "mandoline-2"):
            service = COMPOSE["services"][name]
            self.assertTrue(service["read_only"])
            self.assertEqual((["ALL"], ["no-new-privileges:true"]), (service["cap_drop"], service["security_opt"]))
            self.assertNotIn("ports", service)  # only the gateway is reached

    def test_the_gateway_says_who_the_clients_are(self):
        for name in ("mandoline-1", "mandoline-2"):
            service = COMPOSE["services"][name]
            trusted = [ipaddress.ip_network(n) for n in service["environment"]["MANDOLINE_TRUST_PROXY"].split(",")]
            for address in ("172.18.0.4", "192.168.16.3", "10.89.0.2"): # as engines give them
                self.assertTrue(any(ipaddress.ip_address(address) in network for network in trusted), address)
            self.assertEqual(["inside"], service["networks"]) # where nobody else is
        self.assertTrue(COMPOSE["networks"]["inside"]["internal"])
        container, = of_kind("Deployment")["spec"]["template"]["spec"]["containers"]
        self.assertIn("MANDOLINE_TRUST_PROXY", [e["name"] for e in container["env"]])

    def test_kubernetes_gives_no_rights(self):
        pod = of_kind("Deployment")["spec"]["template"]["spec"]
        container, = pod["containers"]
        self.assertTrue(pod["securityContext"]["runAsNonRoot"])
        self.assertEqual("RuntimeDefault", pod["securityContext"]["seccompProfile"]["type"])
        self.assertEqual({"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                          "capabilities": {"drop": ["ALL"]}}, container["securityContext"])
        self.assertFalse(pod["automountServiceAccountToken"])

    def test_kubernetes_fits_together(self):
        deployment = of_kind("Deployment")
        pod = deployment["spec"]["template"]
        container, = pod["spec"]["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        self.assertIn(f"{ports['http']}/tcp", CONFIG["ExposedPorts"])
        variables = {e["name"]: e["value"] for e in container["env"]}
        self.assertTrue(variables["MANDOLINE_ADMIN_LISTEN"].endswith(f":{ports['admin']}"))
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            self.assertEqual("admin", container[probe]["httpGet"]["port"])
        labels = pod["metadata"]["labels"]
        selectors = [deployment["spec"]["selector"]["matchLabels"], of_kind("Service")["spec"]["selector"],
                     of_kind("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
                     of_kind("NetworkPolicy")["spec"]["podSelector"]["matchLabels"]]
        for selector in selectors:
            self.assertLessEqual(selector.items(), labels.items())
        self.assertEqual(deployment["metadata"]["name"], of_kind("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"])
        volumes = {volume["name"] for volume in pod["spec"]["volumes"]}
        self.assertEqual(volumes, {mount["name"] for mount in container["volumeMounts"]})
        self.assertIn(next(iter(CONFIG["Volumes"])), [mount["mountPath"] for mount in container["volumeMounts"]])
        route = of_kind("HTTPRoute")["spec"]
        self.assertEqual(of_kind("Service")["metadata"]["name"], route["rules"][0]["backendRefs"][0]["name"])
        self.assertEqual(of_kind("Gateway")["metadata"]["name"], route["parentRefs"][0]["name"])

    def test_there_is_time_to_stop(self):
        most = float(SETTINGS["limit-drain-time"]["value"])
        pod = of_kind("Deployment")["spec"]["template"]["spec"]
        delays = {e["name"]: e["value"] for e in pod["containers"][0]["env"]}
        self.assertGreater(pod["terminationGracePeriodSeconds"], most + float(delays["MANDOLINE_DRAIN_DELAY"]))
        service = COMPOSE["services"]["mandoline-1"]
        self.assertGreater(float(service["stop_grace_period"].rstrip("s")),
                           most + float(service["environment"]["MANDOLINE_DRAIN_DELAY"]))

    def test_envoy_leads_to_the_same_place(self):
        resources = ENVOY["static_resources"]
        clusters = {cluster["name"]: cluster for cluster in resources["clusters"]}
        manager = resources["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
        routes = manager["route_config"]["virtual_hosts"][0]["routes"]
        self.assertEqual(set(clusters), {route["route"]["cluster"] for route in routes})
        endpoints = clusters["mandoline"]["load_assignment"]["endpoints"][0]["lb_endpoints"]
        hosts = {e["endpoint"]["address"]["socket_address"]["address"] for e in endpoints}
        self.assertEqual({"mandoline-1", "mandoline-2"}, hosts)
        self.assertLess(hosts, set(COMPOSE["services"]))
        # What is not certain to be repeatable is never sent twice.
        self.assertEqual("connect-failure", routes[-1]["route"]["retry_policy"]["retry_on"])
        self.assertNotRegex("POST", routes[0]["match"]["headers"][0]["string_match"]["safe_regex"]["regex"])


# ---- the image ----

def files_of_image():
    return [path for path in ROOT.rglob("*") if path.is_file() and not path.is_symlink()]


class Image(unittest.TestCase):
    def test_it_says_how_it_is_run(self):
        self.assertEqual("10001:10001", CONFIG["User"])
        self.assertEqual((["/usr/local/bin/mandoline"], ["serve"]), (CONFIG["Entrypoint"], CONFIG["Cmd"]))
        self.assertEqual(["CMD", "/usr/local/bin/mandoline", "health"], CONFIG["Healthcheck"]["Test"])
        self.assertEqual("SIGTERM", CONFIG["StopSignal"])
        self.assertEqual({"/data": {}}, CONFIG["Volumes"])
        labels = CONFIG["Labels"]
        self.assertEqual("test", labels["org.opencontainers.image.version"])
        self.assertTrue(labels["org.opencontainers.image.revision"])

    def test_it_is_small(self):
        size = sum(path.stat().st_size for path in files_of_image()) / 1e6
        print(f"{size:.1f} MB", end=" ", file=sys.stderr)
        self.assertLess(size, IMAGE_MB_MOST)

    def test_nothing_else_is_in_it(self):
        programs = [path for path in files_of_image() if path.stat().st_mode & 0o111 and ".so" not in path.name]
        self.assertEqual([ROOT / "usr/local/bin/mandoline"], programs)
        for name in ("bin", "sbin", "usr/bin", "usr/sbin", "var", "root", "home", "usr/include", "usr/lib/gcc",
                     "etc/apt", "var/lib/apt", "var/lib/dpkg", "src", "build"):
            self.assertFalse((ROOT / name).exists(), name)

    def test_nothing_in_it_gives_rights(self):
        for path in [ROOT, *ROOT.rglob("*")]:
            mode = path.lstat().st_mode
            self.assertFalse(mode & (stat.S_ISUID | stat.S_ISGID), path)
            self.assertEqual(0, path.lstat().st_uid, path)
            if not stat.S_ISLNK(mode) and path != ROOT / "tmp":
                self.assertFalse(mode & 0o002, path)

    def test_every_library_has_its_licence(self):
        libraries = [path for path in files_of_image() if ".so" in path.name]
        licences = list(ROOT.glob("usr/share/doc/*/copyright"))
        self.assertGreater(len(libraries), 10)
        self.assertGreater(len(licences), 10)

    def test_its_program_runs(self):
        done = run("--version")
        self.assertEqual((0, "mandoline "), (done.returncode, done.stdout[:10]), done.stderr)


# ---- two instances behind the gateway ----

class Served(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = FOLDER / f"data-{cls.__name__}"
        shutil.copytree(PROJECT / "samples", cls.data)
        cls.instances = [Instance(SETTINGS, cls.data) for _ in range(2)]
        cls.gateway = Gateway(cls.instances)
        done = cls.gateway.check()
        assert done.returncode == 0, done.stderr
        cls.gateway.start()

    @classmethod
    def tearDownClass(cls):
        cls.gateway.stop()
        for instance in cls.instances:
            assert instance.stop() == 0, instance.log.read_text()[-2000:]

    def request(self, method, target, body=None, headers=None):
        connection = self.gateway.connect()
        connection.request(method, target, body, headers or {})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content


class Confined(Served):
    def test_it_has_no_rights(self):
        for instance in self.instances:
            status = instance.status()
            self.assertEqual([str(instance.user)] * 4, status["Uid"].split())
            for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                self.assertEqual(0, int(status[name], 16), name)
            self.assertEqual(("1", "2"), (status["NoNewPrivs"], status["Seccomp"]))

    def test_its_root_is_read_only(self):
        for instance in self.instances:
            mounts = pathlib.Path(f"/proc/{instance.pid}/mountinfo").read_text().splitlines()
            options = {line.split()[4]: line.split()[5].split(",") for line in mounts}
            self.assertIn("ro", options["/"])
            self.assertIn("ro", options["/data"])
            self.assertIn("rw", options["/tmp"])

    def test_it_says_that_it_is_well(self):
        for instance in self.instances:
            done = run("health", environment=instance.environment)
            self.assertEqual(0, done.returncode, done.stderr)
        done = run("health", environment={"MANDOLINE_LISTEN": "127.0.0.1:1"})
        self.assertEqual(1, done.returncode)

    def test_workers_start_inside(self):
        for instance in self.instances:
            answer, content = instance.ask(instance.port, "/v1/data/weather.h5?path=/temperature&slice=0:3&format=json")
            self.assertEqual((200, 3), (answer, len(json.loads(content))))

    def test_metrics_are_for_the_admin_listener(self):
        if "admin-listen" not in SETTINGS:
            self.skipTest("the program has none yet")
        for instance in self.instances:
            for path in ("/healthz", "/readyz", "/startupz", "/metrics"):
                self.assertEqual(200, instance.ask(instance.admin, path)[0], path)
            metric = of_kind("HorizontalPodAutoscaler")["spec"]["metrics"][0]["pods"]["metric"]["name"]
            self.assertIn(metric.encode(), instance.ask(instance.admin, "/metrics")[1])


class ThroughTheGateway(Served):
    def curl(self, path, *options):
        done = subprocess.run(["curl", "--silent", "--show-error", "--cacert", self.gateway.certificate, "--max-time",
                               "60", *options, f"https://localhost:{self.gateway.port}{path}"], capture_output=True)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def test_it_speaks_http_2(self):
        out = self.curl("/v1/formats", "--http2", "--output", "/dev/null", "--write-out", "%{http_version} %{http_code}")
        self.assertEqual(b"2 200", out)

    def test_old_tls_is_refused(self):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.gateway.port}", "-tls1_1", "-cipher",
                               "ALL@SECLEVEL=0"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        self.assertNotEqual(0, done.returncode)

    def test_request_ids_go_through(self):
        answer, _ = self.request("GET", "/v1/formats", None, {"X-Request-Id": "from-the-caller"})
        self.assertEqual("from-the-caller", answer.headers["X-Request-Id"])
        one, two = (self.request("GET", "/v1/formats")[0].headers["X-Request-Id"] for _ in range(2))
        self.assertTrue(one and two and one != two)

    def test_clients_are_told_apart(self):
        connection = self.gateway.connect("127.0.0.9")
        connection.request("GET", "/v1/formats", headers={"X-Request-Id": "of-another", "X-Forwarded-For": "6.6.6.6"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        self.assertEqual("max-age=31536000", answer.headers["Strict-Transport-Security"])
        def lines():
            return [line for i in self.instances for line in i.log.read_text().splitlines() if '"of-another"' in line]
        wait_until(lines)
        self.assertEqual(["127.0.0.9"], [json.loads(line)["remote"] for line in lines()])

    def test_big_bodies_go_both_ways(self):
        body = json.dumps(list(range(3000000))).encode()
        for sent in (body, iter([body[:7], body[7:]])):  # of a known length, and in chunks
            answer, content = self.request("POST", "/v1/convert?from=json&to=json", sent)
            self.assertEqual(200, answer.status)
            self.assertEqual(json.loads(body), json.loads(content))

    def test_answers_are_not_kept_back(self):
        """A gigabyte of text begins to come at once, and ends when the client leaves."""
        pickle = b"c__builtin__\nxrange\n(I0\nI100000000\ntR."
        connection = self.gateway.connect()
        connection.request("POST", "/v1/convert?from=pickle&to=json", pickle)
        answer = connection.getresponse()
        self.assertEqual((200, b"[0,1,2,3"), (answer.status, answer.read(8)))
        connection.sock.close()
        connection.close()

    def test_problems_go_through(self):
        answer, content = self.request("GET", "/v1/data/none.h5")
        self.assertEqual((404, "application/problem+json"), (answer.status, answer.headers["Content-Type"]))
        self.assertEqual(404, json.loads(content)["status"])

    def test_ranges_go_through(self):
        whole = (PROJECT / "samples/weather.h5").read_bytes()
        answer, content = self.request("GET", "/v1/files/weather.h5", None, {"Range": "bytes=100-299"})
        self.assertEqual((206, whole[100:300]), (answer.status, content))

    def test_encoded_names_go_through(self):
        (self.data / "a%2Fb é.json").write_text("[1]")
        answer, content = self.request("GET", "/v1/data/" + urllib.parse.quote("a%2Fb é.json") + "?format=json")
        self.assertEqual((200, [1]), (answer.status, json.loads(content)), content)


class Examples(Served, test_document.Examples):
    """Every example of openapi.yaml, through the gateway."""

    def send(self, method, target, body=None, headers=None):
        return self.request(method, urllib.parse.quote(target, safe="/?&=%:,[]*$+-._~"), body, headers)


# ---- one instance after the other is replaced while requests come ----

class Load:
    """Clients that ask until they are told to stop."""

    REQUESTS = [("GET", "/v1/data/weather.h5?path=/temperature&slice=0:24&format=json", None, {}, 200),
                ("GET", "/v1/files/weather.h5", None, {"Range": "bytes=0-999"}, 206),
                ("GET", "/v1/meta/weather.h5?path=/hours", None, {}, 200),
                ("GET", "/v1/tree/dict.pickle", None, {}, 200)]
    POSTS = [("POST", "/v1/convert?from=json&to=typed", b'{"a": [1, 2, 3]}', {}, 200)]
    SECONDS_MOST = 120

    def __init__(self, gateway, requests, clients):
        self.gateway, self.requests = gateway, requests
        self.done, self.failed, self.stopping = 0, [], False
        self.lock = threading.Lock()
        self.until = time.monotonic() + self.SECONDS_MOST
        self.threads = [threading.Thread(target=self.ask, args=(number,)) for number in range(clients)]
        for thread in self.threads:
            thread.start()

    def ask(self, number):
        connection = self.gateway.connect()
        while not self.stopping and time.monotonic() < self.until:
            method, target, body, headers, expected = self.requests[number % len(self.requests)]
            number += 1
            try:
                connection.request(method, target, body, headers)
                answer = connection.getresponse()
                content = answer.read()
                bad = None if answer.status == expected else f"{method} {target}: {answer.status} {content[:200]}"
            except (OSError, http.client.HTTPException) as error:
                bad = f"{method} {target}: {error!r}"
                connection.close()
            with self.lock:
                self.done += 1
                if bad:
                    self.failed.append(bad)
            time.sleep(0.002)
        connection.close()

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()


class Rolled(Served):
    def test_no_request_fails(self):
        loads = [Load(self.gateway, Load.REQUESTS, 8)]
        if "drain-delay" in SETTINGS:  # without it a POST that meets the end of a connection is not repeated by nginx
            loads.append(Load(self.gateway, Load.POSTS, 2))
        time.sleep(2)
        for instance in self.instances:
            pid, user = instance.pid, instance.user
            self.assertEqual(0, instance.stop())
            time.sleep(1)  # the other one is alone
            instance.start()
            self.assertNotEqual((pid, user), (instance.pid, instance.user))
            time.sleep(2)
        for load in loads:
            load.stop()
        lines = (self.gateway.folder / "access.log").read_text().splitlines()
        by = {json.loads(line)["upstream"] for line in lines}
        for load in loads:
            print(f"{load.done} requests, {len(load.failed)} failed", end=" ", file=sys.stderr)
            self.assertEqual([], load.failed[:5])
            self.assertGreater(load.done, 200)
        self.assertLessEqual({f"127.0.0.1:{instance.port}" for instance in self.instances}, by)


if __name__ == "__main__":
    os.chdir(PROJECT)
    unittest.main()
