"""What happens between Python and Rust: exceptions, signals, autograd, threads."""

import signal
import threading
import time

import pytest
import torch

import bal


def test_an_exception_of_the_model_comes_as_itself(networks, mnist):
    class Mine(Exception):
        pass

    calls = []

    def model(x):
        calls.append(len(x))
        if len(calls) > 3:
            raise Mine("my model fails")
        return networks[0](x)

    with pytest.raises(Mine, match="my model fails"):
        bal.evaluate(model, mnist[0][:8], mnist[1][:8], "pgd", [0.1], progress=False)
    # And nothing is left behind.
    assert bal.evaluate(networks[0], mnist[0][:8], mnist[1][:8], "fgsm", [0.1], progress=False).accuracy


def test_a_model_that_changes_its_mind_is_told_so(networks, mnist):
    calls = []

    def model(x):
        calls.append(len(x))
        return networks[0](x)[:, : 10 if len(calls) < 3 else 9]

    with pytest.raises(RuntimeError, match=r"logits of shape \[8, 9\] where \[8, 10\]"):
        bal.evaluate(model, mnist[0][:8], mnist[1][:8], "pgd", [0.1], progress=False)


@pytest.mark.parametrize("of", ["module", "posterior"])
def test_ctrl_c_is_heard_within_half_a_second(networks, posterior_file, mnist, of):
    model = networks[0] if of == "module" else bal.Posterior.load(posterior_file)
    sent = []

    def interrupt():
        time.sleep(1.0)
        sent.append(time.monotonic())
        signal.raise_signal(signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        bal.evaluate(model, mnist[0][:500], mnist[1][:500], "autoattack", [0.1], progress=False)
    heard = time.monotonic() - sent[0]
    thread.join()
    assert heard < 0.5, heard
    assert bal.evaluate(networks[0], mnist[0][:4], mnist[1][:4], "fgsm", [0.1], progress=False).accuracy


def test_a_function_of_autograd_written_in_python_is_differentiated(networks, mnist):
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, gradient):
            return gradient * 2

    x, y = mnist[0][:8], mnist[1][:8]
    plain = bal.PGD(lambda x: networks[0](x), eps=0.1, steps=5)(x, y)
    through = bal.PGD(lambda x: networks[0](Twice.apply(x) / 2), eps=0.1, steps=5)(x, y)
    assert torch.equal(plain, through)


def test_it_works_where_gradients_are_off_and_from_other_threads(networks, mnist):
    x, y = mnist[0][:8], mnist[1][:8]
    attack = bal.PGD(networks[0], eps=0.1, steps=5)
    expected = attack(x, y)
    with torch.no_grad():
        assert torch.equal(attack(x, y), expected)
    found = []
    threads = [threading.Thread(target=lambda: found.append(attack(x, y))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3 and all(torch.equal(one, expected) for one in found)


def test_an_interrupted_evaluation_goes_on_where_it_ended(networks, mnist, tmp_path):
    x, y = mnist[0][:200], mnist[1][:200]
    folder = tmp_path / "kept"
    options = {"steps": 5, "progress": False, "keep": True}
    whole = bal.evaluate(networks[0], x, y, "pgd", [0.1], **options)
    # Of the four groups some are made before the model fails.
    calls = []

    def failing(x):
        calls.append(len(x))
        if len(calls) > 24:
            raise ArithmeticError("enough")
        return networks[0](x)

    with pytest.raises(ArithmeticError):
        bal.evaluate(failing, x, y, "pgd", [0.1], resume=folder, **options)
    assert 0 < len(list(folder.glob("shard-*"))) < 4
    calls.clear()

    def counted(x):
        calls.append(len(x))
        return networks[0](x)

    resumed = bal.evaluate(counted, x, y, "pgd", [0.1], resume=folder, **options)
    assert torch.equal(resumed.x, whole.x) and torch.equal(resumed.predicted, whole.predicted)
    some = len(calls)
    again = bal.evaluate(counted, x, y, "pgd", [0.1], resume=str(folder), **options)
    assert torch.equal(again.x, whole.x) and len(calls) - some < some
    for change, words in [({"seed": 1}, "seed"), ({"steps": 6}, "settings"), ({"radii": [0.2]}, "radii")]:
        arguments = {"radii": [0.1]} | options | change
        with pytest.raises(ValueError, match=f"part of another evaluation: its {words}"):
            bal.evaluate(networks[0], x, y, "pgd", resume=folder, **arguments)
    with pytest.raises(ValueError, match="its logits of the first images"):
        bal.evaluate(networks[1], x, y, "pgd", [0.1], resume=folder, **options)
    with pytest.raises(ValueError, match="training mode"):
        bal.evaluate(lambda x: networks[0](x) + torch.rand(1), x, y, "pgd", [0.1], resume=folder, **options)


def test_progress_is_told(networks, mnist):
    tqdm = pytest.importorskip("tqdm")
    assert tqdm
    bal.evaluate(networks[0], mnist[0][:70], mnist[1][:70], "fgsm", [0.1])


def test_the_torch_that_is_named_is_the_one_of_the_compiled_part():
    from bal import _bal

    assert _bal.TORCH.rsplit(".", 1)[0] == bal._built_for
