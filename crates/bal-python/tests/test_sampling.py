"""Chains on energies in Python: their laws, and diagnostics that arviz agrees with."""

import numpy as np
import pytest
import torch

import bal


def gaussian(x):
    """Independent, of variances 1 and 4."""
    return 0.5 * (x[0] ** 2 + x[1] ** 2 / 4)


def test_draws_have_the_law_of_the_energy():
    start = [torch.randn(2, generator=torch.Generator().manual_seed(i)) for i in range(4)]
    found = bal.sample(gaussian, start, "sghmc", step_size=0.02, friction=0.2, steps=4000, burn_in=500, progress=False)
    (draws,) = found.draws
    assert draws.shape == (4, 3500, 2) and found.energies.shape == (4, 3500)
    for part, variance in ((0, 1.0), (1, 4.0)):
        one = draws[:, :, part]
        ess = bal.ess_bulk(one)
        assert bal.r_hat(one) < 1.05 and ess > 100
        # The variance of a variance of so many independent draws is 2 v^2 / n.
        assert abs(one.var() - variance) < 5 * variance * (2 / bal.ess_bulk(one**2)) ** 0.5 + 0.05 * variance
        assert abs(one.mean()) < 5 * (variance / ess) ** 0.5


def test_a_chain_is_the_same_whatever_others_there_are():
    start = [torch.zeros(2), torch.ones(2)]
    settings = {"step_size": 0.05, "steps": 50, "progress": False}
    both = bal.sample(gaussian, start, "sgld", **settings).draws[0]
    one = bal.sample(gaussian, start[:1], "sgld", **settings).draws[0]
    assert torch.equal(both[:1], one) and not torch.equal(both[0], both[1])
    assert torch.equal(start[0], torch.zeros(2)), "the start is left as it was"
    other = bal.sample(gaussian, start[:1], "sgld", seed=1, **settings).draws[0]
    assert not torch.equal(one, other)


def test_several_parts_and_thinning():
    start = [[torch.zeros(3), torch.zeros(2, 2)]]
    found = bal.sample(
        lambda a, b: a.square().sum() + b.square().sum(), start, "psgld", step_size=0.01, steps=20, burn_in=5, thin=3, progress=False
    )
    assert [tuple(part.shape) for part in found.draws] == [(1, 5, 3), (1, 5, 2, 2)]


def test_faults_are_told():
    start = [torch.zeros(2)]
    for arguments, words in [
        ({"sampler": "nuts", "step_size": 0.1}, "nuts"),
        ({"sampler": "sgld"}, "step_size"),
        ({"sampler": "sgld", "step_size": -1.0}, "step_size"),
        ({"sampler": "sgld", "step_size": 0.1, "burn_in": 10}, "burn_in"),
    ]:
        with pytest.raises(ValueError, match=words):
            bal.sample(gaussian, start, steps=10, progress=False, **arguments)
    with pytest.raises(RuntimeError, match="smaller step size"):
        bal.sample(gaussian, [torch.ones(2)], "sgld", step_size=50.0, steps=200, progress=False)
    with pytest.raises(ZeroDivisionError):
        bal.sample(lambda x: x.sum() / (1 // 0), start, "sgld", step_size=0.1, steps=5, progress=False)
    with pytest.raises(ValueError, match="one number"):
        bal.sample(lambda x: x, start, "sgld", step_size=0.1, steps=5, progress=False)


def test_diagnostics_are_those_of_arviz():
    arviz = pytest.importorskip("arviz")
    generator = np.random.default_rng(0)
    noise = generator.standard_normal((4, 500))
    chains = np.empty_like(noise)
    chains[:, 0] = noise[:, 0]
    for i in range(1, 500):
        chains[:, i] = 0.6 * chains[:, i - 1] + noise[:, i]
    chains[0] += 0.2
    draws = torch.from_numpy(chains)
    assert bal.r_hat(draws) == pytest.approx(float(arviz.rhat(chains)), abs=2e-3)
    assert bal.ess_bulk(draws) == pytest.approx(float(arviz.ess(chains, method="bulk")), rel=0.02)
    assert bal.ess_tail(draws) == pytest.approx(float(arviz.ess(chains, method="tail")), rel=0.05)
