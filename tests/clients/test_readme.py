"""The README's examples, pasted in order into one folder, work as they stand."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from mandoline import PROGRAM, PROJECT, Server


class Readme(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROJECT / "samples", "--log", "off")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def test_examples(self):
        text = (PROJECT / "README.md").read_text(encoding="utf-8")
        blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        self.assertEqual(len(blocks), 10)
        here = f"http://{self.server.host}:{self.server.port}"
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(PROJECT / "samples", pathlib.Path(folder, "samples"))
            for number, block in enumerate(blocks, 1):
                with self.subTest(example=number):
                    commands = block.replace("curl ", "curl -sS --fail-with-body ")
                    commands = commands.replace("http://127.0.0.1:8080", here).replace("python3 ", "/usr/bin/python3 ")
                    done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=folder, text=True,
                                          capture_output=True, timeout=60)
                    self.assertEqual(done.returncode, 0, f"{block}{done.stdout}{done.stderr}")
                    for shown in re.findall(r"^# (.*)$", block, re.MULTILINE):
                        self.assertIn(shown.removesuffix("..."), done.stdout)


class Output(unittest.TestCase):
    def test_a_device_is_written_to_and_not_replaced(self):
        with tempfile.TemporaryDirectory() as folder:
            link = pathlib.Path(folder, "null")
            link.symlink_to("/dev/null")
            subprocess.run([PROGRAM, "convert", PROJECT / "samples/dict.pickle", "--to", "json", "-o", link], check=True)
            self.assertTrue(link.is_symlink())


if __name__ == "__main__":
    unittest.main()
