#!/usr/bin/env python3
"""protocol/schema/condense.py over a small schema written for this test (small/): the tables it has to make, and what it
has to refuse. And the committed tables are those that the overlay's lines are for: embed.py takes them."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ.get("POMONA_SOURCE", pathlib.Path(__file__).parents[2]))
SCRIPT = SOURCE / "protocol/schema/condense.py"
HERE = pathlib.Path(__file__).parent


def condense(checkout, out):
    return subprocess.run([sys.executable, SCRIPT, checkout, "--overlay", pathlib.Path(checkout) / "overlay.json",
                           "--out", out, "--schema", "small"], capture_output=True, text=True, timeout=60)


class Condense(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.out = pathlib.Path(self.folder.name) / "out"

    def tables(self):
        made = condense(HERE / "small", self.out)
        self.assertEqual(made.returncode, 0, made.stderr)
        return {f.stem: json.loads(f.read_text()) for f in self.out.glob("*.json")}

    def test_the_tables_are_those_that_are_kept(self):
        for area, table in self.tables().items():
            kept = HERE / "tables" / f"{area}.json"
            self.assertEqual((self.out / f"{area}.json").read_text(), kept.read_text(), area)
            self.assertEqual(table["area"], area)

    def test_what_each_trap_becomes(self):
        commands = self.tables()["command"]["entries"]
        self.assertEqual(sorted(commands), ["Paint", "Varnish"])  # the other is not of macOS
        paint = commands["Paint"]
        self.assertEqual((paint["right"], paint["chan"], paint["ue"], paint["needs"]),
                         (2048, "D", "no", ["supervised"]))
        keys = {n.get("k"): n for n in paint["req"]}
        self.assertEqual(keys["Colour"]["vals"], ["On", "Off", "2024-01-02"])
        self.assertEqual(keys["Stamp"]["def"], "2024-01-02")  # no date
        self.assertEqual(keys["Coats"]["os"], {"since": "10.10", "dep": "12.0", "gone": "13.0"})
        self.assertNotIn("Phone", keys)
        self.assertNotIn("Never", keys)
        self.assertNotIn("os", keys["Ever"])
        self.assertNotIn("os", keys["Older"]["sub"][0])  # as new as what is around it
        self.assertEqual(keys[None], {"wild": True, "t": "any", "req": True})
        self.assertIn("Key Type", keys)
        self.assertNotIn("k", keys["Walls"]["el"])
        self.assertEqual(keys["Walls"]["n"], [2, 2])
        self.assertEqual([m["sub"][0]["vals"] for m in keys["Jobs"]["union"]["of"]], [["Sand"], ["Dry"]])
        self.assertEqual(keys["Queries"]["el"]["enumOf"], [{"k": "Gloss", "right": 0}, {"k": "Matt"}])
        self.assertEqual(keys["Folder"]["sub"][0]["el"]["ref"], "/req/10")

    def test_what_is_not_known_is_refused(self):
        for what, old, new in (("a field", "  presence: required\n", "  presence: required\n  colour: red\n"),
                               ("a type", "type: <real>", "type: <number>"),
                               ("a right", "AllowSettings", "AllowPainting"),
                               ("a name with a space", "Key Type", "Other Type"),
                               ("a presence", "presence: required", "presence: sometimes"),
                               ("a version", "'10.9'", "'ten'"),
                               ("a second element", "- key: Walls\n  type: <array>\n  repetition: {min: 2, max: 2}\n"
                                "  subkeys:\n", "- key: Walls\n  type: <array>\n  subkeys:\n"
                                "  - {key: X, type: <string>}\n")):
            with self.subTest(what):
                checkout = pathlib.Path(self.folder.name) / what
                shutil.copytree(HERE / "small", checkout)
                file = checkout / "mdm/commands/paint.yaml"
                self.assertIn(old, file.read_text())
                file.write_text(file.read_text().replace(old, new, 1))
                made = condense(checkout, self.out)
                self.assertNotEqual(made.returncode, 0, what)
                self.assertRegex(made.stderr, r"^condense\.py: ")

    def test_an_overlay_without_a_reason_or_a_place_is_refused(self):
        for change in ({"at": "command/Paint/req/Nothing", "set": {"req": True}, "why": "x"},
                       {"at": "command/Paint/req/Coats", "set": {"req": True}},
                       {"at": "command/Paint/req", "add": [{"k": "Coats", "t": "integer"}], "why": "x"}):
            checkout = pathlib.Path(self.folder.name) / str(len(list(pathlib.Path(self.folder.name).iterdir())))
            shutil.copytree(HERE / "small", checkout)
            overlay = json.loads((checkout / "overlay.json").read_text())
            overlay["changes"].append(change)
            (checkout / "overlay.json").write_text(json.dumps(overlay))
            self.assertNotEqual(condense(checkout, self.out).returncode, 0, change)

    def test_the_committed_tables_hold_no_prose(self):
        for path in (SOURCE / "protocol/schema/tables").glob("*.json"):
            def texts(node):
                if isinstance(node, dict):
                    for v in node.values():
                        yield from texts(v)
                elif isinstance(node, list):
                    for v in node:
                        yield from texts(v)
                elif isinstance(node, str):
                    yield node
            for text in texts(json.loads(path.read_text())["entries"]):
                self.assertLess(len(text.split(" ")), 8, text)
                self.assertNotIn("\n", text)


if __name__ == "__main__":
    unittest.main()
