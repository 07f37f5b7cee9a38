"""Who may do what: tokens, Basic, JSON Web Tokens made by PyJWT, signed links. Real server, real files."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives import hashes

from mandoline import PROGRAM, Server

NPY = b"\x93NUMPY\x01\0\x38\0{'descr': '<i1', 'fortran_order': False, 'shape': (2,)}\n\1\2"


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64_number(n):
    return b64(n.to_bytes((n.bit_length() + 7) // 8, "big"))


class Folder(unittest.TestCase):
    """A data folder with files of two teams, and a place for settings."""

    def setUp(self):
        self.place = tempfile.TemporaryDirectory(prefix="mandoline-access-")
        self.addCleanup(self.place.cleanup)
        self.path = pathlib.Path(self.place.name)
        self.data = self.path / "data"
        for name in ("team-a/x.npy", "team-a/deep/y.npy", "team-b/x.npy", "team-ab.npy", "all.npy"):
            (self.data / name).parent.mkdir(parents=True, exist_ok=True)
            (self.data / name).write_bytes(NPY)

    def serve(self, *flags):
        self.server = Server(self.data, *flags)
        self.addCleanup(self.server.stop)
        return self.server

    def token(self, name, *flags):
        done = subprocess.run([PROGRAM, "token", name, "--tokens", self.path / "tokens", *flags], text=True,
                              capture_output=True, check=True)
        self.assertEqual(1, done.stdout.count("\n"))
        return done.stdout.strip()

    def status(self, path, headers=None, method="GET", body=None):
        answer = self.server.request(method, path, body, headers)
        if answer.status >= 400:
            problem = json.loads(answer.body) if method != "HEAD" else {}
            if problem:
                self.assertEqual(answer.status, problem["status"])
                self.assertEqual("application/problem+json", answer.headers["Content-Type"])
        return answer.status

    def names(self, headers, **query):
        answer = self.server.get("/v1/files", headers, **query)
        self.assertEqual(200, answer.status, answer)
        return [f["name"] for f in json.loads(answer.body)["files"]]

    def reload(self):
        self.server.process.send_signal(signal.SIGHUP)

    def until(self, check, seconds=20):
        end = time.monotonic() + seconds
        while not check():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)


class Tokens(Folder):
    def test_scopes_decide_what_is_answered(self):
        reader, converter, nothing = self.token("reader", "--scopes", "read"), self.token(
            "converter", "--scopes=convert"), self.token("nobody", "--scopes", "admin")
        self.serve("--tokens", self.path / "tokens")
        convert = ("/v1/convert?from=json&to=json", "POST", b"[1]")
        rows = [
            ("/v1/files/all.npy", "GET", None, 200, 403),
            ("/v1/files/all.npy", "HEAD", None, 200, 403),
            ("/v1/data/all.npy?format=json", "GET", None, 200, 403),
            ("/v1/files", "GET", None, 200, 403),
            ("/v1/query/all.npy", "POST", b'{"a": {"slice": "0"}}', 200, 403),
            (*convert, 403, 200),
        ]
        for path, method, body, read, converted in rows:
            with self.subTest(path, method=method):
                self.assertEqual(401, self.status(path, None, method, body))
                self.assertEqual(read, self.status(path, bearer(reader), method, body))
                self.assertEqual(converted, self.status(path, bearer(converter), method, body))
                self.assertEqual(403, self.status(path, bearer(nothing), method, body))
        for path in ("/healthz", "/readyz", "/openapi.json", "/v1/formats"):
            self.assertEqual(200, self.status(path), path)
        self.assertEqual(404, self.status("/nothing"))
        self.assertEqual(204, self.status("/v1/files/all.npy", None, "OPTIONS"))

    def test_challenges_say_what_is_wrong(self):
        token = self.token("reader", "--scopes", "read")
        self.serve("--tokens", self.path / "tokens")
        answer = self.server.get("/v1/files")
        challenges = answer.headers.get_all("WWW-Authenticate")
        self.assertEqual(['Bearer realm="mandoline"', 'Basic realm="mandoline", charset="UTF-8"'], challenges)
        answer = self.server.get("/v1/files", bearer("mdl.reader.no"))
        self.assertIn('error="invalid_token"', answer.headers.get_all("WWW-Authenticate")[0])
        answer = self.server.request("POST", "/v1/convert?to=json", b"[]", bearer(token))
        self.assertEqual(403, answer.status)
        self.assertIn('error="insufficient_scope", scope="convert"', answer.headers["WWW-Authenticate"])

    def test_wrong_credentials_are_401(self):
        token = self.token("reader")
        self.token("other")
        self.serve("--tokens", self.path / "tokens", "--allow-anonymous=read")
        self.assertEqual(200, self.status("/v1/files"))
        for header in ("", "Bearer", "Bearer ", "Bearer x", f"Bearer {token}x", f"Bearer {token[:-1]}", f"Basic {token}",
                       f"Bearer {token.replace('reader', 'other')}", f"Bearer {token.replace('reader', 'nobody')}",
                       "Bearer mdl.", "Bearer mdl..", "Bearer mdl.reader.", "Bearer mdl.reader", "Basic", "Basic !",
                       "Basic " + base64.b64encode(b"reader").decode(), "Digest a=b", token, "Bearer " + "x" * 20000,
                       basic("other", token)["Authorization"], basic("reader", token + "x")["Authorization"],
                       basic("", "")["Authorization"], "Bearer \xff\xfe"):
            with self.subTest(header[:60]):
                self.assertEqual(401, self.status("/v1/files", {"Authorization": header}))
        for headers in (bearer(token), {"Authorization": f"bearer   {token}  "}, basic("reader", token)):
            self.assertEqual(200, self.status("/v1/files", headers))

    def test_names_outside_are_as_if_they_were_not_there(self):
        one = self.token("one", "--scopes", "read", "--paths", "team-a,/all.npy/")
        self.serve("--tokens", self.path / "tokens")
        self.assertEqual(["all.npy", "team-a/deep/y.npy", "team-a/x.npy"], self.names(bearer(one)))
        self.assertEqual([], self.names(bearer(one), prefix="team-b"))
        self.assertEqual(["team-a/x.npy"], self.names(bearer(one), after="team-a/deep/y.npy", limit=1))
        for path in ("/v1/files/{}", "/v1/tree/{}", "/v1/meta/{}", "/v1/attrs/{}", "/v1/data/{}?format=json",
                     "/v1/stats/{}", "/v1/preview/{}"):
            for name in ("team-a/x.npy", "team-a/deep/y.npy", "all.npy"):
                self.assertEqual(200, self.status(path.format(name), bearer(one)), path)
            bodies = set()
            for name in ("team-b/x.npy", "team-b/none.npy", "team-ab.npy", "team-a/none.npy", "none", "team-a",
                         "team-a/../team-b/x.npy", "team-a/%2e%2e/team-b/x.npy", "team-a//x.npy"):
                with self.subTest(path.format(name)):
                    answer = self.server.get(path.format(name), bearer(one))
                    self.assertEqual(404, answer.status)
                    problem = json.loads(answer.body)
                    problem["detail"] = problem["detail"].replace(urllib.parse.unquote(name), "NAME")
                    del problem["instance"]
                    bodies.add(json.dumps(problem, sort_keys=True))
            self.assertEqual(1, len(bodies), bodies)

    def test_files_behind_links_are_read_again(self):
        """As Kubernetes keeps secrets: a link to a folder is replaced. And as certbot does, elsewhere."""
        secret, store = self.path / "secret", self.path / "elsewhere"
        for folder in (secret / "..1", secret / "..2", store):
            folder.mkdir(parents=True)
        tokens = []
        for name, folder in (("one", secret / "..1"), ("two", secret / "..2"), ("three", store)):
            tokens.append(self.token(name))
            (self.path / "tokens").rename(folder / "tokens")
        (secret / "..data").symlink_to("..1")
        (secret / "tokens").symlink_to("..data/tokens")
        environment = os.environ.copy()
        environment["TMPDIR"] = "/var/tmp" # else all of this is where private files are kept
        self.server = Server(self.data, "--tokens", str(secret / "tokens"), env=environment)
        self.addCleanup(self.server.stop)
        self.assertEqual([200, 401, 401], [self.status("/v1/files", bearer(token)) for token in tokens])

        (secret / "..new").symlink_to("..2")
        (secret / "..new").rename(secret / "..data")
        self.reload()
        self.until(lambda: self.status("/v1/files", bearer(tokens[1])) == 200)
        self.assertEqual(401, self.status("/v1/files", bearer(tokens[0])))

        (secret / "new").symlink_to("../elsewhere/tokens")
        (secret / "new").rename(secret / "tokens")
        self.reload()
        self.until(lambda: self.status("/v1/files", bearer(tokens[2])) == 200)

    def test_a_pipe_is_read_once(self):
        token = self.token("a")
        script = ('exec "$0" serve --listen 127.0.0.1:0 --data "$1" --log off --tokens <(cat "$2")')
        process = subprocess.Popen(["bash", "-c", script, PROGRAM, self.data, self.path / "tokens"],
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        port = re.search(r":(\d+)\"", process.stderr.readline())[1]
        for _ in range(2): # before and after a vain try to read it again
            with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/v1/files",
                                                               headers=bearer(token)), timeout=60) as answer:
                self.assertEqual(200, answer.status)
            process.send_signal(signal.SIGHUP)

    def test_a_file_of_rows_is_read_again(self):
        old = self.token("old")
        self.serve("--tokens", self.path / "tokens")
        self.assertEqual(200, self.status("/v1/files", bearer(old)))
        (self.path / "tokens").write_text("# nothing is left\n")
        new = self.token("new")
        self.reload()
        self.until(lambda: self.status("/v1/files", bearer(new)) == 200)
        self.assertEqual(401, self.status("/v1/files", bearer(old)))
        (self.path / "tokens").write_text("damaged\n")
        self.reload()
        line = self.server.process.stderr.readline()
        while "line 1 of the tokens" not in line:
            line = self.server.process.stderr.readline()
        self.assertEqual(200, self.status("/v1/files", bearer(new)))

    def test_an_expired_token_is_refused(self):
        token = self.token("short", "--expires", "1s")
        long = self.token("long", "--expires", "1d")
        self.serve("--tokens", self.path / "tokens")
        self.until(lambda: self.status("/v1/files", bearer(token)) == 401)
        self.assertEqual(200, self.status("/v1/files", bearer(long)))

    def test_rows_that_are_wrong_are_refused_at_start(self):
        salt, digest = "00" * 16, "00" * 32
        for row in ("x", f"x read * - {salt}", f"x nothing * - {salt} {digest}", f"x read * soon {salt} {digest}",
                    f"x read * 2024-02-30 {salt} {digest}", f"x read * - {salt[1:]} {digest}", f"x read * - - {digest}",
                    f"x read * - {salt} {digest} more", f"a:b read * - {salt} {digest}", f"x read %zz - {salt} {digest}",
                    f"x read {','.join('abc' for _ in range(65))} - {salt} {digest}", f"{'x' * 129} read * - {salt} {digest}"):
            (self.path / "tokens").write_text("# first\n" + row + "\n")
            done = subprocess.run([PROGRAM, "serve", "--listen", "127.0.0.1:0", "--tokens", self.path / "tokens"],
                                  text=True, capture_output=True, timeout=60)
            self.assertEqual(1, done.returncode, row)
            self.assertIn("line 2 of the tokens", done.stderr)

    def test_the_file_holds_no_token(self):
        token = self.token("secret", "--paths", "a%20b,c")
        text = (self.path / "tokens").read_text()
        self.assertNotIn(token.rpartition(".")[2], text)
        self.assertEqual(0o600, (self.path / "tokens").stat().st_mode & 0o777)
        name, scopes, paths, expires, salt, digest = text.split()
        self.assertEqual(("secret", "read,convert", "a%20b,c", "-"), (name, scopes, paths, expires))
        self.assertEqual(digest, hashlib.sha256(bytes.fromhex(salt) + token.encode()).hexdigest())


class Policy(Folder):
    def test_the_scan_policy_is_read_again(self):
        policy = self.path / "policy"
        policy.write_text("name mine:Thing\n")
        self.serve("--scan-policy", policy)

        def verdict():
            answer = self.server.request("POST", "/v1/scan", b"cmine\nThing\n.")
            return json.loads(answer.body)["verdict"]
        self.assertEqual("safe", verdict())
        policy.write_text("dangerous mine.*:* is ours\n")
        self.reload()
        self.until(lambda: verdict() == "dangerous")
        policy.write_text("wrong\n")
        self.reload()
        while "line 1 of the scan policy" not in self.server.process.stderr.readline():
            pass
        self.assertEqual("dangerous", verdict())


class Anonymous(Folder):
    def start(self, *flags):
        return subprocess.run([PROGRAM, "serve", *flags], text=True, capture_output=True, timeout=60)

    def test_listening_wide_open_must_be_said(self):
        for flags in (["--listen", "0.0.0.0:0"], ["--listen", "[::]:0"], ["--listen", ":0"],
                      ["--allow-anonymous=none"], ["--listen", "0.0.0.0:0", "--tls-client-scopes", "fly"],
                      ["--jwt-audience", "x"]):
            done = self.start(*flags)
            self.assertEqual((1, 1), (done.returncode, done.stderr.count("\n")), done.stderr)
        self.assertEqual(2, self.start("--allow-anonymous=some").returncode)

    def test_what_everybody_may(self):
        for flag, read, convert in (("--allow-anonymous", 200, 200), ("--allow-anonymous=all", 200, 200),
                                    ("--allow-anonymous=read", 200, 403)):
            server = Server(self.data, flag)
            try:
                self.server = server
                self.assertEqual(read, self.status("/v1/files"))
                self.assertEqual(convert, self.status("/v1/convert?to=json&from=json", None, "POST", b"[]"))
                self.assertEqual(read, self.status("/v1/files", bearer("for somebody else")))
            finally:
                server.stop()


def jwk(key, name, **more):
    """The public half of a key, as PyJWT would not write it: by hand."""
    if isinstance(key, bytes):
        return {"kty": "oct", "k": b64(key), "kid": name} | more
    numbers = key.public_key()
    if isinstance(key, rsa.RSAPrivateKey):
        n = numbers.public_numbers()
        return {"kty": "RSA", "n": b64_number(n.n), "e": b64_number(n.e), "kid": name} | more
    if isinstance(key, ec.EllipticCurvePrivateKey):
        n = numbers.public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": b64(n.x.to_bytes(32, "big")), "y": b64(n.y.to_bytes(32, "big")),
                "kid": name} | more
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(numbers.public_bytes(Encoding.Raw, PublicFormat.Raw)),
            "kid": name} | more


class JsonWebTokens(Folder):
    @classmethod
    def setUpClass(cls):
        cls.keys = {"RS256": rsa.generate_private_key(65537, 2048), "ES256": ec.generate_private_key(ec.SECP256R1()),
                    "EdDSA": ed25519.Ed25519PrivateKey.generate(), "HS256": os.urandom(32)}

    def start(self, *flags, keys=None):
        keys = keys if keys is not None else [jwk(key, name) for name, key in self.keys.items()]
        (self.path / "keys").write_text(json.dumps({"keys": keys}))
        self.serve("--jwt-keys", self.path / "keys", *flags)

    def claims(self, **more):
        claims = {"sub": "someone", "scope": "openid read", "exp": int(time.time()) + 300} | more
        return {name: value for name, value in claims.items() if value is not None}

    def sign(self, algorithm="RS256", headers=None, key=None, **claims):
        headers = {"kid": algorithm} if headers is None else headers
        return jwt.encode(self.claims(**claims), key or self.keys[algorithm], algorithm, headers)

    def test_every_algorithm(self):
        self.start()
        for algorithm in self.keys:
            for i in range(40 if algorithm == "ES256" else 3):  # signatures of all lengths
                token = self.sign(algorithm, jti=str(i))
                for _ in range(2):  # the second time it is remembered
                    self.assertEqual(200, self.status("/v1/files", bearer(token)), (algorithm, i))
            self.assertEqual(200, self.status("/v1/files", bearer(self.sign(algorithm, headers={}))))
            self.assertEqual(403, self.status("/v1/files", bearer(self.sign(algorithm, scope="write files:read"))))
            self.assertEqual(403, self.status("/v1/files", bearer(self.sign(algorithm, scope=None))))
            self.assertEqual(200, self.status("/v1/files", basic("someone", self.sign(algorithm))))
            self.assertEqual(401, self.status("/v1/files", basic("another", self.sign(algorithm))))

    def test_times(self):
        self.start()
        now = int(time.time())
        for status, claims in ((401, {"exp": now - 40}), (200, {"exp": now - 5}), (401, {"exp": None}),
                               (401, {"nbf": now + 300}), (200, {"nbf": now + 10}), (200, {"nbf": now - 10}),
                               (200, {"exp": now + 300.5})):
            self.assertEqual(status, self.status("/v1/files", bearer(self.sign(**claims))), claims)
        raw = {"exp": ["1e400", "-1", '"9999999999"', "null", "[]", "99999999999999999999"], "nbf": ['""', "{}", "true"]}
        for name, values in raw.items():
            for value in values:
                text = '{"scope":"read","exp":9999999999}' if name == "nbf" else '{"scope":"read"}'
                text = text[:-1] + f',"{name}":{value}' + "}"
                self.assertEqual(401, self.status("/v1/files", bearer(self.raw({"alg": "HS256"}, text))), text)

    def test_a_remembered_token_expires(self):
        self.start()
        token = self.sign(exp=int(time.time()) - 28)  # with the leeway, two seconds from now
        self.assertEqual(200, self.status("/v1/files", bearer(token)))
        self.until(lambda: self.status("/v1/files", bearer(token)) == 401)

    def test_issuer_and_audience(self):
        self.start("--jwt-issuer", "https://id.example", "--jwt-audience", "mandoline")
        good = {"iss": "https://id.example", "aud": "mandoline"}
        for status, claims in ((200, {}), (200, {"aud": ["other", "mandoline"]}), (401, {"aud": None}),
                               (401, {"iss": None}), (401, {"iss": "https://id.example/"}), (401, {"aud": ["other"]}),
                               (401, {"aud": {"a": "mandoline"}}), (401, {"aud": []}), (401, {"aud": "mandoline2"})):
            if isinstance(claims.get("aud"), dict):
                text = json.dumps(self.claims(**good | claims))
                token = self.raw({"alg": "HS256"}, text)
            else:
                token = self.sign(**good | claims)
            self.assertEqual(status, self.status("/v1/files", bearer(token)), claims)

    def test_a_token_for_an_audience_is_not_ours(self):
        self.start()
        self.assertEqual(401, self.status("/v1/files", bearer(self.sign(aud="another service"))))

    def test_paths(self):
        self.start()
        for paths, names in ((["team-a"], ["team-a/deep/y.npy", "team-a/x.npy"]), ([], []), (["/"], None),
                             (["all.npy", "team-b/"], ["all.npy", "team-b/x.npy"])):
            for _ in range(2):
                listed = self.names(bearer(self.sign(paths=paths)))
                self.assertEqual(names if names is not None else 5, listed if names is not None else len(listed))
        for paths in ("team-a", [1], {"a": "b"}, ["a"] * 65, None):
            token = self.sign(paths=paths) if paths is not None else self.raw(
                {"alg": "HS256"}, json.dumps(self.claims() | {"paths": None}))
            self.assertEqual(401, self.status("/v1/files", bearer(token)), paths)

    def raw(self, header, claims, signature=None, secret=None):
        """A token of any header and claims, with an HS256 signature unless another is given."""
        header = header if isinstance(header, str) else json.dumps(header)
        text = f"{b64(header.encode())}.{b64(claims.encode())}"
        if signature is None:
            signature = hmac.new(secret or self.keys["HS256"], text.encode(), "sha256").digest()
        return f"{text}.{b64(signature)}"

    def test_algorithms_are_bound_to_keys(self):
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
        self.start()
        claims = json.dumps(self.claims())
        public = self.keys["RS256"].public_key()
        modulus = public.public_numbers().n.to_bytes(256, "big")
        spellings = [public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
                     public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
                     public.public_bytes(Encoding.PEM, PublicFormat.PKCS1), modulus, b"", b"\0"]
        for secret in spellings:  # the public key as the secret of an HMAC
            for header in ({"alg": "HS256"}, {"alg": "HS256", "kid": "RS256"}):
                self.assertEqual(401, self.status("/v1/files", bearer(self.raw(header, claims, None, secret or b"x"))))
        self.assertEqual(200, self.status("/v1/files", bearer(self.raw({"alg": "HS256"}, claims))))
        for algorithm in ("none", "None", "NONE", "", "hs256", "HS384", "HS512", "RS384", "PS256", "ES384", "ES256K",
                          None, 1, ["HS256"], {"a": "HS256"}):
            for signature in (None, b"", b"\0" * 32, b"\0" * 64):
                token = self.raw({"alg": algorithm}, claims, signature)
                self.assertEqual(401, self.status("/v1/files", bearer(token)), (algorithm, signature))
        text = self.sign("RS256").rpartition(".")[0]
        pss = self.keys["RS256"].sign(text.encode(), padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        self.assertEqual(401, self.status("/v1/files", bearer(f"{text}.{b64(pss)}")))
        text = self.sign("ES256").rpartition(".")[0]
        der = self.keys["ES256"].sign(text.encode(), ec.ECDSA(hashes.SHA256()))
        for signature in (der, b"\0" * 64, b"\xff" * 64, b""):
            self.assertEqual(401, self.status("/v1/files", bearer(f"{text}.{b64(signature)}")))

    def test_keys_that_are_named_are_the_only_ones(self):
        self.start()
        for headers in ({"kid": "ES256"}, {"kid": "nobody"}, {"kid": ""}):
            self.assertEqual(401, self.status("/v1/files", bearer(self.sign("RS256", headers=headers))), headers)
        other = rsa.generate_private_key(65537, 2048)
        self.assertEqual(401, self.status("/v1/files", bearer(self.sign("RS256", key=other))))
        for extra in ({"crit": ["b64"], "b64": False}, {"crit": []}, {"typ": "JWE"}, {"typ": 1}, {"kid": 1}):
            token = self.raw({"alg": "HS256"} | extra, json.dumps(self.claims()))
            self.assertEqual(401, self.status("/v1/files", bearer(token)), extra)
        for extra in ({"typ": "at+jwt"}, {"typ": "jwt"}, {"jwk": {}, "jku": "http://evil", "x5c": []}):
            token = self.raw({"alg": "HS256"} | extra, json.dumps(self.claims()))
            self.assertEqual(200, self.status("/v1/files", bearer(token)), extra)

    def test_hostile_texts(self):
        self.start()
        good = self.sign("HS256")
        head, claims, signature = good.split(".")
        deep = "[" * 3000
        for token in (f"{head}.{claims}", f"{head}.{claims}.", f".{claims}.{signature}", f"{head}..{signature}", "..",
                      f"{head}.{claims}.{signature}.", f"{good}=", f"{good}A", good[:-1], f"{head}.{claims[:-1]}.{signature}",
                      f"{head}.{claims}.{signature[:-2]}__", "a.b.c", "eyJ.eyJ.eyJ", good.replace(".", ".\u00e9"),
                      self.raw(deep, "{}"), self.raw({"alg": "HS256"}, deep), self.raw("[]", "{}"), self.raw('"alg"', "{}"),
                      self.raw({"alg": "HS256"}, "[]"), self.raw({"alg": "HS256"}, ""), self.raw({"alg": "HS256"}, "null"),
                      self.raw({"alg": "HS256"}, json.dumps(self.claims()) + "{}"),
                      self.raw({"alg": "HS256"}, json.dumps(self.claims(sub="admin\0x"))),
                      self.raw({"alg": "HS256"}, json.dumps(self.claims(sub=1))),
                      self.raw({"alg": "HS256"}, json.dumps(self.claims(sub="x" * 129))),
                      self.raw({"alg": "HS256"}, json.dumps(self.claims(scope=["read"]))),
                      self.raw({"alg": "HS256"}, json.dumps(self.claims(filler="x" * 12000)))):
            with self.subTest(token[:80]):
                self.assertEqual(401, self.status("/v1/files", {"Authorization": f"Bearer {token}".encode().decode("latin-1")}))
        self.assertEqual(200, self.status("/v1/files", bearer(good)))
        other = good[:-3] + ("AAA" if not good.endswith("AAA") else "BBB")  # a remembered one, changed
        self.assertEqual(401, self.status("/v1/files", bearer(other)))

    def test_sets_of_keys(self):
        good = jwk(self.keys["ES256"], "a")
        weak = rsa.generate_private_key(65537, 1024)
        for text in ("", "[]", "{}", '{"keys": {}}', '{"keys": []}', '{"keys": [1]}', json.dumps({"keys": [good | {"use": "enc"}]}),
                     json.dumps({"keys": [good | {"alg": "ES384"}]}), json.dumps({"keys": [good | {"key_ops": ["sign"]}]}),
                     json.dumps({"keys": [good | {"x": "AA"}]}), json.dumps({"keys": [{"kty": "EC", "crv": "P-256"}]}),
                     json.dumps({"keys": [jwk(weak, "w")]}), json.dumps({"keys": [jwk(b"short", "s")]}),
                     json.dumps({"keys": [good] * 33})):
            (self.path / "keys").write_text(text)
            done = subprocess.run([PROGRAM, "serve", "--listen", "127.0.0.1:0", "--jwt-keys", self.path / "keys"],
                                  text=True, capture_output=True, timeout=60)
            self.assertEqual((1, 1), (done.returncode, done.stderr.count("\n")), text + done.stderr)
        others = [{"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}, {"kty": "new"}, jwk(self.keys["RS256"], "r", use="enc")]
        self.start(keys=others + [good | {"use": "sig", "alg": "ES256", "key_ops": ["verify"]}])
        self.assertEqual(200, self.status("/v1/files", bearer(self.sign("ES256", headers={"kid": "a"}))))
        self.assertEqual(401, self.status("/v1/files", bearer(self.sign("RS256", headers={"kid": "r"}))))

    def test_new_keys_forget_what_the_old_ones_verified(self):
        self.start()
        token = self.sign("ES256")
        self.assertEqual(200, self.status("/v1/files", bearer(token)))
        (self.path / "keys").write_text(json.dumps({"keys": [jwk(self.keys["RS256"], "RS256")]}))
        self.reload()
        self.until(lambda: self.status("/v1/files", bearer(token)) == 401)
        self.assertEqual(200, self.status("/v1/files", bearer(self.sign("RS256"))))


def sign_link(key, target, expires):
    """Another implementation of what access/README.md says."""
    path, _, query = target.partition("?")
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True) + [("expires", str(expires))]
    pairs.sort(key=lambda pair: pair[0].encode())
    quoted = "&".join("=".join(urllib.parse.quote(part, safe="-._~") for part in pair) for pair in pairs)
    text = "GET\n" + urllib.parse.quote(urllib.parse.unquote(path), safe="/-._~") + "\n" + quoted
    signature = b64(hmac.new(key.encode(), text.encode(), "sha256").digest())
    return f"{target}{'&' if query else '?'}expires={expires}&signature={signature}"


class SignedLinks(Folder):
    KEY, OLD = "k" * 40, "o" * 32

    def start(self, *flags):
        (self.path / "key").write_text(f"# of this year\n{self.KEY}\n{self.OLD}\n")
        self.serve("--signing-key-file", self.path / "key", *flags)

    def command(self, link, *flags):
        done = subprocess.run([PROGRAM, "sign", link, "--signing-key-file", self.path / "key", *flags], text=True,
                              capture_output=True, timeout=60)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout.strip()

    def test_a_link_is_good_for_what_it_says(self):
        (self.data / "a b&c=d é.npy").write_bytes(NPY)
        self.start()
        soon = int(time.time()) + 60
        for target in ("/v1/files/all.npy", "/v1/data/all.npy?format=json&slice=0:1", "/v1/data/all.npy?slice=%3A1&format=json",
                       "/v1/files/a%20b%26c%3Dd%20%C3%A9.npy", "/v1/data/all.npy?format=json&slice=0%3a1"):
            self.assertEqual(401, self.status(target), target)
            for link in (self.command(target), sign_link(self.KEY, target, soon), sign_link(self.OLD, target, soon)):
                self.assertEqual(200, self.status(link), link)
                self.assertEqual(200, self.status(link, None, "HEAD"), link)
            link = sign_link(self.KEY, target, soon)
            for changed in (link.replace("all", "team-b/x", 1).replace("a%20b", "x", 1), link + "&slice=1", link + "&path=/",
                            link.replace(str(soon), str(soon + 1)), link.replace("v1/data", "v1/stats").replace("v1/files", "v1/tree"),
                            link[:-1] + ("A" if link[-2] != "A" else "B") + "A", link + f"&expires={soon}",
                            link + "&signature=", re.sub("expires=[^&]*&", "", link), re.sub("signature=.*", "signature=", link),
                            sign_link("x" * 40, target, soon), sign_link(self.KEY, target, soon - 3600)):
                if changed != link:
                    self.assertEqual(403, self.status(changed), changed)
                    self.assertEqual(403, self.status(changed, None, "HEAD"), changed)
        for expires in ("", "x", "1e20", "99999999999999999999", "-1", "0", " 9999999999"):
            link = sign_link(self.KEY, "/v1/files/all.npy", expires).replace(" ", "%20")
            self.assertEqual(403, self.status(link), expires)

    def test_a_header_that_nobody_reads_is_no_wrong_token(self):
        self.start()
        for headers in (None, bearer("mdl.reader.no"), {"Authorization": "Basic !"}):
            answer = self.server.get("/v1/files/all.npy", headers)
            self.assertEqual(401, answer.status)
            self.assertEqual('Bearer realm="mandoline"', answer.headers.get_all("WWW-Authenticate")[0])

    def test_a_link_is_for_reading_one_file(self):
        self.start()
        soon = int(time.time()) + 60
        self.assertEqual(401, self.status(sign_link(self.KEY, "/v1/files", soon)))
        self.assertEqual(401, self.status(sign_link(self.KEY, "/v1/query/all.npy", soon), None, "POST", b"{}"))
        self.assertEqual(404, self.status(sign_link(self.KEY, "/v1/files/nothing", soon)))
        for link in ("/v1/files", "/healthz", "nothing", "", "/v1/convert", "/v1/files/x?signature=1", "/v1/files/%zz"):
            done = subprocess.run([PROGRAM, "sign", link, "--signing-key-file", self.path / "key"], text=True,
                                  capture_output=True, timeout=60)
            self.assertEqual(1, done.returncode, link)

    def test_a_link_of_any_server_and_base_path(self):
        self.start()
        for before in ("", "https://data.example", "https://data.example:8443/base/path"):
            link = self.command(before + "/v1/data/all.npy?format=json", "--expires", "2m")
            self.assertTrue(link.startswith(before + "/v1/"), link)
            self.assertEqual(200, self.status(link[len(before):]), link)
        self.assertEqual(403, self.status(link[len(before):].replace("json", "npy")))

    def test_links_change_no_entity_tag(self):
        self.start("--allow-anonymous=read")
        target = "/v1/data/all.npy?format=json"
        plain = self.server.get(target)
        signed = self.server.get(self.command(target))
        self.assertEqual((plain.headers["ETag"], plain.body), (signed.headers["ETag"], signed.body))
        self.assertEqual(304, self.status(self.command(target), {"If-None-Match": plain.headers["ETag"]}))

    def test_without_a_key_the_parameters_are_not_known(self):
        self.serve()
        self.assertEqual(400, self.status(sign_link(self.KEY, "/v1/files/all.npy", 9999999999)))

    def test_a_key_that_is_gone_is_no_good(self):
        self.start()
        link = self.command("/v1/files/all.npy")
        self.assertEqual(200, self.status(link))
        (self.path / "key").write_text("n" * 32)
        self.reload()
        self.until(lambda: self.status(link) == 403)


if __name__ == "__main__":
    unittest.main()
