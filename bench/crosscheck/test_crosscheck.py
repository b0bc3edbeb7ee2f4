"""Claims about the comparison; they need no library beyond Python's own."""

import json
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import crosscheck
import found
import pieces
import plan


class Plan(unittest.TestCase):
    def test_both_sides_have_the_same_settings(self):
        for name, attack in [*plan.ATTACKS.items(), *plan.AUTHORS.items()]:
            flags, theirs = attack["ours"], attack["theirs"]
            said = lambda flag: flags[flags.index(flag) + 1] if flag in flags else None
            steps = said("--steps") or said("--queries")
            self.assertIn(steps, [None, str(theirs["steps"])], name)
            self.assertIn(said("--norm"), [None, theirs["norm"]], name)
            searches = said("--search-steps")
            self.assertEqual(searches and int(searches), theirs.get("search_steps"), name)
            size = said("--step-size")
            if size and size.startswith("radius/"):
                self.assertEqual(float(size.removeprefix("radius/")), theirs["parts"], name)
            elif size:
                self.assertEqual(float(size), theirs["step_size"], name)

    def test_an_attack_and_a_model_can_be_asked_for(self):
        models = dict.fromkeys(plan.PUBLISHED)
        self.assertEqual(len(plan.cells(plan.ATTACKS, models, [])), 45)
        self.assertEqual(plan.cells(plan.ATTACKS, models, ["cw"]), [("cw", name) for name in plan.PUBLISHED])
        self.assertEqual(plan.cells(plan.ATTACKS, models, ["cw", "mnist_bal"]), [("cw", "mnist_bal")])
        for only, words in [(["cw", "cnn"], "'cnn' is not among mnist_erm"), (["bim"], "fgsm, pgd, deepfool-linf")]:
            with self.assertRaisesRegex(SystemExit, words):
                plan.cells(plan.ATTACKS, models, only)

    def test_the_authors_code_is_compared_in_a_record_of_its_own(self):
        self.assertEqual(set(plan.AUTHORS), {"square", "apgd-t", "autoattack-linf", "autoattack-l2"})
        for name, attacks in plan.PLANS.items():
            libraries = {attack["theirs"]["library"] for attack in attacks.values()}
            self.assertEqual(libraries, set(plan.LIBRARIES[name]) - {"torch"})
        self.assertIn("false", plan.AUTHORS["square"]["ours"], "their Square keeps the schedule of 10,000 queries")

    def test_missing_weights_are_named(self):
        results = Path(__file__).resolve().parents[2] / "results"
        self.assertEqual(list(plan.models(results, None)), ["erm", "bal-released"])
        with self.assertRaisesRegex(SystemExit, "mnist_erm.safetensors is not there"):
            plan.models(results, "/nowhere")


class Found(unittest.TestCase):
    def test_distances_are_compared_on_images_that_both_sides_broke(self):
        ours, theirs = [0.1, None, 0.0, 0.3, 0.2], [0.2, 0.5, 0.0, 0.2, None]
        result = found.distances(ours, theirs)
        self.assertEqual(result["ours"], {"broken": 4, "median": 0.2})
        self.assertEqual(result["theirs"], {"broken": 4, "median": 0.2})
        self.assertEqual((result["both"], result["ours_nearer"], result["theirs_nearer"]), (2, 1, 1))
        self.assertAlmostEqual(result["ratio"], 1.0)
        self.assertIsNone(found.reach([None, None, 0.1])["median"])
        self.assertIsNone(found.distances([None], [None])["ratio"])
        with self.assertRaises(ValueError):
            found.distances(ours, theirs[1:])

    def test_an_image_that_any_seed_broke_is_not_left_by_all(self):
        result = found.accuracy("linf", [0.1], [["1101"], ["1011"]], [["0111"], ["1111"]])
        self.assertEqual(result["ours"], [[0.75], [0.75]])
        self.assertEqual(result["together"], {"ours": [0.5], "theirs": [0.75], "both": [0.25]})
        for theirs in [[], [["011"]], [["0111", "0111"]]]:
            with self.assertRaises(ValueError):
                found.accuracy("linf", [0.1], [["1101"]], theirs)


class Sides(unittest.TestCase):
    """What either side is asked for."""

    def comparison(self, **options):
        comparison = object.__new__(crosscheck.Comparison)
        comparison.options = SimpleNamespace(images=16, threads=2, bal="bal", mnist="mnist", **options)
        return comparison

    def test_commands_say_everything(self):
        with tempfile.TemporaryDirectory() as scratch:
            scratch, comparison, said = Path(scratch), self.comparison(), []

            def run(command, **_):
                said.append(" ".join(command).replace(str(scratch), "/t"))
                (scratch / "evaluation.json").write_text("{}")
                return SimpleNamespace(returncode=0)

            with mock.patch("subprocess.run", run):
                comparison.evaluate(plan.ATTACKS["apgd-dlr"], "/r/erm.safetensors", 1, scratch, [])
                comparison.evaluate(plan.ATTACKS["pgd"], "/r/erm.safetensors", 0, scratch, ["--save", "/t/x"], 3)
                comparison.evaluate(plan.ATTACKS["cw"], "/r/erm.safetensors", 0, scratch, [])
        common = (
            "bal evaluate --weights /r/erm.safetensors --architecture cnn --dataset mnist --prediction mean-probability "
            "--limit 16 --threads 2 --attack "
        )
        flags = "apgd-dlr --steps 100 --ensemble-gradient predictive --radius 0.1,0.15 --seed 1 --json /t/evaluation.json"
        self.assertEqual(said[0], common + flags)
        self.assertIn("--attack ifgsm --steps 3 --step-size radius/16 ", said[1])
        self.assertTrue(said[1].endswith("--radius 0.1 --seed 0 --json /t/evaluation.json --save /t/x"))
        self.assertNotIn("--radius", said[2])

    def test_a_request_says_all_that_the_attack_needs_and_answers_for_other_images_are_refused(self):
        asked, comparison = [], self.comparison()
        library = SimpleNamespace(attack=lambda request, folder: asked.append(request) or {"correct": ["1" * 15]})
        part = {"first": 0, "images": 15, "radii": [0.1], "seed": 0}
        with mock.patch.dict("sys.modules", theirs=library):
            comparison.theirs(plan.ATTACKS["pgd"], "/r/mnist_bal.safetensors", part)
            with self.assertRaises(ValueError):
                comparison.theirs(plan.ATTACKS["pgd"], "/r/mnist_bal.safetensors", {**part, "images": 16})
        settings = {"library": "torchattacks", "attack": "pgd", "norm": "linf", "steps": 40, "parts": 16.0}
        self.assertEqual(asked[0], {**settings, "weights": "/r/mnist_bal.safetensors", **part})


class Kept(unittest.TestCase):
    def test_a_piece_comes_back_as_long_as_nothing_changed(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            refuse = lambda: self.fail("made anew")
            kept = pieces.Pieces(folder, "a processor", 0.2)
            kept.or_make("a", [16], lambda: (0.5,))
            self.assertEqual(kept.or_make("a", [16], refuse), ([0.5], 0.2))
            for other, made_of in [(kept, [32]), (pieces.Pieces(folder, "another", 0.2), [16])]:
                with self.assertRaises(AssertionError):
                    other.or_make("a", made_of, refuse)
            (folder / "b.json").write_text("{")
            with self.assertRaises(AssertionError):
                kept.or_make("b", [16], refuse)
            kept.clear()
            # A file that is no piece is not ours to remove.
            self.assertEqual([path.name for path in folder.iterdir()], ["b.json"])

    def test_what_a_busy_machine_timed_is_timed_again_on_a_quiet_one(self):
        self.assertFalse(pieces.stands(3.0, 0.1))
        for then, now in [(0.1, 3.0), (3.0, 2.0), (0.1, 0.2), (None, 0.1), (3.0, None)]:
            self.assertTrue(pieces.stands(then, now))


class Record(unittest.TestCase):
    def test_cells_add_up_in_the_order_of_the_plan_and_never_with_those_of_another_processor(self):
        cell = lambda attack, model, found: {"attack": attack, "model": model, "found": found}
        cells = crosscheck.put(plan.ATTACKS, [], cell("autoattack-linf", "mnist_erm", 1))
        for more in [("apgd-ce", "erm", 2), ("apgd-ce", "mnist_erm", 3), ("apgd-ce", "erm", 4)]:
            cells = crosscheck.put(plan.ATTACKS, cells, cell(*more))
        self.assertEqual([each["found"] for each in cells], [3, 1, 4])
        with tempfile.TemporaryDirectory() as folder:
            record, now = Path(folder) / "crosscheck.json", {"cpu": "a processor", "cells": []}
            self.assertEqual(crosscheck.begun(record, now), [])
            record.write_text(json.dumps({**now, "cells": cells}))
            self.assertEqual(crosscheck.begun(record, now), cells)
            self.assertEqual(crosscheck.begun(record, {**now, "cpu": "another"}), [])


if __name__ == "__main__":
    unittest.main()
