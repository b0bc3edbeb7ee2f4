"""Bayesian adversarial learning, preset `released`, on one batch: what our sweep computes, as PyTorch code."""

import torch
import torch.nn.functional as F

STEPS = 15
COST_WEIGHT = 1e-4
DATA_TEMPERATURE = 1e-7
STEP_SIZE = 0.015
TEMPERATURE = 1e-5
FRICTION = 1.0
INITIAL_SECOND_MOMENT = 1e-5


def data_gradient(networks, z, x, y):
    """Gradient of - sum_s [ mean_i l(z_i; w_s) - alpha sum_i |z_i - x_i|^2 ]."""
    z = z.detach().requires_grad_(True)
    energy = 0.0
    for network in networks:
        energy = energy - F.cross_entropy(network(z), y) + COST_WEIGHT * (z - x).square().sum()
    return torch.autograd.grad(energy, z)[0]


def data_steps(networks, x, y, steps=STEPS):
    """Langevin dynamics of the images, with steps 75, 18.75, .."""
    for network in networks:
        network.eval().requires_grad_(False)
    z = x
    for k in range(steps):
        step_size = 75.0 * 0.25**k
        noise = torch.randn_like(z) * (2 * step_size * DATA_TEMPERATURE) ** 0.5
        z = z - step_size * data_gradient(networks, z, x, y) + noise
    return z


def parameter_gradient(network, z, x, y):
    """Gradient of the mean of adversarial and clean loss."""
    loss = (F.cross_entropy(network(z), y) + F.cross_entropy(network(x), y)) / 2
    return torch.autograd.grad(loss, list(network.parameters()))


def parameter_steps(networks, z, x, y, steps=STEPS):
    """SGAdaLD of the weights; V restarts in each step, noise is multiplied by a variance."""
    for network in networks:
        network.train().requires_grad_(True)
        for _ in range(steps):
            gradients = parameter_gradient(network, z, x, y)
            with torch.no_grad():
                for w, g in zip(network.parameters(), gradients):
                    v = 0.5 * INITIAL_SECOND_MOMENT + 0.5 * g * g
                    variance = 2 * TEMPERATURE * FRICTION * STEP_SIZE**3 / v - TEMPERATURE * STEP_SIZE**4
                    w -= STEP_SIZE**2 * g / v.sqrt() - variance.clamp_min(0) * torch.randn_like(w)


def sweep(networks, x, y):
    """15 steps of the images given all networks, then 15 of each network given the images."""
    z = data_steps(networks, x, y)
    parameter_steps(networks, z, x, y)
