"""What the peers share: synthetic chains, the clock, the printing."""
import argparse
import json
import math
import os
import statistics
import time

import torch

CHAINS, RESIDUES = 8, 100
STEP, CONTACT, RADIUS = 3.8, 4.5, 16.0
MASK = (1 << 64) - 1


def walk(seed, count=RESIDUES, step=STEP, contact=CONTACT, radius=RADIUS):
    """A compact chain: steps of one length inside a ball, away from what came before. The same as in `molglot bench`."""
    state = seed

    def unit():
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        return (state >> 33) / 2147483648.0

    points = [(0.0, 0.0, 0.0)]
    while len(points) < count:
        last, best, best_score = points[-1], None, -math.inf
        for _ in range(100):
            x, y, z = 2.0 * unit() - 1.0, 2.0 * unit() - 1.0, 2.0 * unit() - 1.0
            length = math.sqrt(x * x + y * y + z * z)
            if not 0.1 < length < 1.0:
                continue
            scale = step / length
            point = (last[0] + scale * x, last[1] + scale * y, last[2] + scale * z)
            closest = contact
            for other in points[:-1]:
                dx, dy, dz = point[0] - other[0], point[1] - other[1], point[2] - other[2]
                closest = min(closest, math.sqrt(dx * dx + dy * dy + dz * dz))
            out = math.sqrt(point[0] * point[0] + point[1] * point[1] + point[2] * point[2]) - radius
            score = closest - max(out, 0.0)
            if score > best_score:
                best, best_score = point, score
            if score >= contact:
                break
        points.append(best)
    return points


def adamw(model):
    return torch.optim.AdamW(model.parameters(), lr=1e-4)


def training_step(model, inputs, optimizer):
    """One step on the mean of the squares of what the model says."""
    loss = model(*inputs).square().mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()


def run(workload, unit, peer, prepare):
    """Measures as `peers/bench.py` does: once unmeasured, then `--repeat` times."""
    parser = argparse.ArgumentParser(description=peer)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    count, model, inputs, facts = prepare()
    model.train()
    optimizer = adamw(model)
    training_step(model, inputs, optimizer)
    rates = []
    for _ in range(args.repeat):
        begin = time.perf_counter()
        training_step(model, inputs, optimizer)
        rates.append(count / (time.perf_counter() - begin))
    print(json.dumps(dict(workload=workload, unit=unit, peer=peer, **facts,
                          parameters=sum(p.numel() for p in model.parameters()),
                          median=round(statistics.median(rates), 2), min=round(min(rates), 2),
                          max=round(max(rates), 2))), flush=True)
