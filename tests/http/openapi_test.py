#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Holds what milepost-server answers against the document that it serves: each answer's status must
# be in there, each body must fit the schema that stands beside it, read as JSON Schema 2020-12. The
# programs are named by MILEPOST_SERVER and MILEPOST_EXECUTOR, which makes the store.
import hashlib
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

try:
    import jsonschema
except ImportError:
    jsonschema = None

KEY = "mpk_" + "A" * 43
SCOPELESS = "mpk_" + "B" * 43
ORGANIZATION = "00000000-0000-0000-0000-000000000000"
RUN = "/api/v1/public/journeys/runs/"
UNKNOWN = "3c90c3cc-0d44-4b50-8888-8dd25736052a"


def key_line(number, key, scopes):
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f"{number:016x} {digest} {ORGANIZATION} {scopes} 2026-01-01T00:00:00Z -\n"


@unittest.skipIf(jsonschema is None, "not run: python3-jsonschema is not installed")
class OpenapiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="milepost-openapi-")
        cls.store = os.path.join(cls.scratch.name, "store")
        made = subprocess.run(
            [os.environ["MILEPOST_EXECUTOR"], "--count", "300", "--directory", cls.scratch.name],
            check=True, capture_output=True, text=True)
        cls.runs = sorted(set(re.findall(r'"runId":"([^"]+)"', made.stdout)))
        keys = os.path.join(cls.scratch.name, "keys")
        with open(os.open(keys, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write("milepost-keys 1\n" + key_line(1, KEY, "journeys:read")
                       + key_line(2, SCOPELESS, "metrics:read"))
        cls.server = subprocess.Popen(
            [os.environ["MILEPOST_SERVER"], "--directory", cls.store, "--keys", keys, "--port",
             "0", "--rate", "1", "--burst", "200"], stdout=subprocess.PIPE, text=True)
        cls.port = int(cls.server.stdout.readline().rsplit(":", 1)[1])
        cls.document = json.loads(cls.ask("GET", "/openapi.json")[2])
        # What the document's $refs point to is the document itself.
        cls.resolver = jsonschema.RefResolver("", cls.document)

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        cls.server.communicate()
        cls.scratch.cleanup()
        assert cls.server.returncode == 0

    @classmethod
    def ask(cls, method, path, headers=None, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", cls.port, timeout=60)
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        answer = (response.status, response.headers, response.read().decode())
        connection.close()
        return answer

    def deref(self, node):
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def valid(self, value, schema):
        validator = jsonschema.Draft202012Validator(
            schema, resolver=self.resolver, format_checker=jsonschema.FormatChecker())
        validator.validate(value)

    def holds(self, path, answer, method="get"):
        """The answer is one that the document has for this path."""
        status, headers, body = answer
        operation = self.document["paths"][path][method]
        self.assertIn(str(status), operation["responses"], f"{status} is not documented")
        response = self.deref(operation["responses"][str(status)])
        for name, header in response.get("headers", {}).items():
            header = self.deref(header)
            if name in headers:
                value = headers[name]
                integer = header["schema"].get("type") == "integer"
                self.valid(int(value) if integer else value, header["schema"])
        content = response.get("content")
        if method == "head" or content is None:
            self.assertEqual(body, "")
            return None
        media = headers["Content-Type"].split(";")[0]
        self.assertIn(media, content)
        value = json.loads(body) if media == "application/json" else body
        self.valid(value, content[media]["schema"])
        return value

    def run_answer(self, run, **headers):
        return self.ask("GET", RUN + run, {"x-api-key": KEY, **headers})

    def test_schemas_are_themselves_valid(self):
        for schema in self.document["components"]["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)

    def test_schemas_refuse_what_is_not_so(self):
        run = self.document["components"]["schemas"]["Run"]
        good = json.loads(self.run_answer(self.runs[0])[2])
        self.valid(good, run)
        for change in ({"status": "done"}, {"runId": "x"}, {"triggeredAt": "2023-02-30T00:00:00Z"},
                       {"completedAt": 5}, {"error": 5}, {"more": 1},
                       {"status": "queued", "completedAt": "2023-01-01T00:00:00Z"},
                       {"status": "failed", "error": None}):
            with self.assertRaises(jsonschema.ValidationError, msg=str(change)):
                self.valid({**good, **change}, run)

    def test_runs_of_every_status(self):
        path = RUN + "{runId}"
        statuses = {self.holds(path, self.run_answer(run))["status"] for run in self.runs}
        self.assertLessEqual({"completed", "failed", "exited"}, statuses)
        etag = self.run_answer(self.runs[0])[1]["ETag"]
        answer = self.run_answer(self.runs[0], **{"If-None-Match": etag})
        self.assertEqual(answer[0], 304)
        self.holds(path, answer)
        head = self.ask("HEAD", RUN + self.runs[0], {"x-api-key": KEY})
        self.assertEqual(head[0], 200)
        self.holds(path, head, "head")

    def test_errors(self):
        path = RUN + "{runId}"
        known = RUN + self.runs[0]
        key = {"x-api-key": KEY}
        cases = [
            (400, "validation_failed", self.ask("GET", RUN + "x", key)),
            (400, "bad_request", self.ask("GET", known, {**key, "X-A": "a\x01"})),
            (401, "unauthorized", self.ask("GET", known)),
            (403, "insufficient_scope", self.ask("GET", known, {"x-api-key": SCOPELESS})),
            (404, "not_found", self.ask("GET", RUN + UNKNOWN, key)),
            (405, "method_not_allowed", self.ask("DELETE", known, key)),
            (413, "payload_too_large", self.ask("GET", known, key, body="x")),
            (414, "uri_too_long", self.ask("GET", known + "?" + "x" * 3000, key)),
            (431, "headers_too_large", self.ask("GET", known, {**key, "X-A": "a" * 9000})),
        ]
        for status, code, answer in cases:
            self.assertEqual(answer[0], status, code)
            self.assertEqual(self.holds(path, answer)["error"], code)

    def test_the_rest(self):
        for path in ("/healthz", "/metrics", "/openapi.json"):
            for method in ("GET", "HEAD"):
                answer = self.ask(method, path)
                self.assertEqual(answer[0], 200)
                self.holds(path, answer, method.lower())
        self.assertEqual(self.ask("GET", "/")[0], 404)

    def test_zz_rates(self):
        for _ in range(2000):
            answer = self.run_answer(self.runs[0])
            if answer[0] == 429:
                break
        self.assertEqual(self.holds(RUN + "{runId}", answer)["error"], "rate_limited")
        self.assertIn("Retry-After", answer[1])

    def test_every_route_and_nothing_else_is_documented(self):
        self.assertEqual(set(self.document["paths"]),
                         {RUN + "{runId}", "/healthz", "/metrics", "/openapi.json"})
        for operations in self.document["paths"].values():
            self.assertEqual(set(operations), {"get", "head"})
        self.assertEqual(self.document["openapi"], "3.1.0")


if __name__ == "__main__":
    if jsonschema is None:
        print("not run: python3-jsonschema is not installed")
        sys.exit(0)
    unittest.main()
