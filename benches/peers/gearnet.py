#!/usr/bin/env python3
"""GearNet-Edge (arXiv 2203.06125) in plain PyTorch, written from the paper: 6 layers of 512, one AdamW step.

Messages are products with sparse 0/1 matrices in CSR, whose transposes are made once too: the fastest way on a CPU that
PyTorch has for it (`--sums index_add` and `--sums scatter` are the others).
"""
import math
import sys

import torch
from torch import nn

import common

RELATIONS, BINS, TYPES = 7, 8, 21
WIDTHS = [512] * 6
EDGE_WIDTH = 59


def residue_graph(points):
    """Edges `(source, target, relation)`: offsets -2..2, 10 angstrom, 10 nearest; the last two at least 5 apart."""
    n = len(points)
    squared = [[sum((a - b) ** 2 for a, b in zip(p, q)) for q in points] for p in points]
    edges = [(i, j, j - i + 2) for i in range(n) for j in range(max(i - 2, 0), min(i + 3, n))]
    for target in range(n):
        near = sorted((j for j in range(n) if j != target), key=lambda j: (squared[target][j], j))
        within = sorted([j for j in near if squared[target][j] <= 100.0][:32])
        edges += [(j, target, 5) for j in within if abs(j - target) >= 5]
        edges += [(j, target, 6) for j in near[:10] if abs(j - target) >= 5]
    return edges


def angle(a, b):
    cross = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    return math.atan2(math.sqrt(sum(c * c for c in cross)), sum(x * y for x, y in zip(a, b)))


def line_graph(points, edges):
    """Arcs `(edge k->j, edge j->i, bin of the angle at j)`."""
    outgoing = [[] for _ in points]
    for number, (source, _, _) in enumerate(edges):
        outgoing[source].append(number)
    arcs = []
    for first, (k, j, _) in enumerate(edges):
        back = [a - b for a, b in zip(points[k], points[j])]
        for second in outgoing[j]:
            on = [a - b for a, b in zip(points[edges[second][1]], points[j])]
            arcs.append((first, second, min(int(BINS * angle(on, back) / math.pi), BINS - 1)))
    return arcs


class SparseSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, matrix, transposed):
        ctx.transposed = transposed
        return matrix @ x

    @staticmethod
    def backward(ctx, grad):
        return ctx.transposed @ grad, None, None


class Sums:
    """Rows of `sources` summed by target."""

    def __init__(self, sources, targets, rows, columns, way):
        self.way, self.rows = way, rows
        self.sources, self.targets = torch.tensor(sources), torch.tensor(targets)
        ones = torch.ones(len(sources))

        def csr(i, j, shape):
            return torch.sparse_coo_tensor(torch.stack([i, j]), ones, shape).coalesce().to_sparse_csr()

        self.matrix = csr(self.targets, self.sources, (rows, columns))
        self.transposed = csr(self.sources, self.targets, (columns, rows))

    def __call__(self, x):
        if self.way == "csr":
            return SparseSum.apply(x, self.matrix, self.transposed)
        zeros = x.new_zeros(self.rows, x.shape[1])
        if self.way == "index_add":
            return zeros.index_add(0, self.targets, x[self.sources])
        return zeros.scatter_add(0, self.targets[:, None].expand(-1, x.shape[1]), x[self.sources])


class Conv(nn.Module):
    def __init__(self, inputs, outputs, relations):
        super().__init__()
        self.linear, self.self_loop = nn.Linear(relations * inputs, outputs), nn.Linear(inputs, outputs)
        self.batch_norm = nn.BatchNorm1d(outputs)

    def forward(self, h, sums):
        update = self.linear(sums(h).view(h.shape[0], -1))
        return torch.relu(self.batch_norm(update + self.self_loop(h)))


class GearnetEdge(nn.Module):
    def __init__(self):
        super().__init__()
        widths = [TYPES] + WIDTHS
        self.layers = nn.ModuleList(Conv(a, b, RELATIONS) for a, b in zip(widths, widths[1:]))
        edge_widths = [EDGE_WIDTH] + widths[:-1]
        self.edge_layers = nn.ModuleList(Conv(a, b, BINS) for a, b in zip(edge_widths, edge_widths[1:]))
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for width in WIDTHS)

    def forward(self, h, m, node_sums, arc_sums, edge_sums, owner):
        hidden = []
        for layer, edge_layer, norm in zip(self.layers, self.edge_layers, self.norms):
            out = layer(h, node_sums)
            if out.shape == h.shape:
                out = out + h
            m = edge_layer(m, arc_sums)
            update = layer.linear(edge_sums(m).view(h.shape[0], -1))
            h = norm(out + torch.relu(update))
            hidden.append(h)
        nodes = torch.cat(hidden, dim=1)
        return torch.zeros(common.CHAINS, nodes.shape[1]).index_add(0, owner, nodes)


def prepare(way):
    edges, arcs = [], []
    for chain in range(common.CHAINS):
        points = common.walk(chain + 1)
        own = residue_graph(points)
        arcs += [(len(edges) + a, len(edges) + b, bin) for a, b, bin in line_graph(points, own)]
        first = chain * common.RESIDUES
        edges += [(first + i, first + j, r) for i, j, r in own]
    count = common.CHAINS * common.RESIDUES
    node_sums = Sums([e[0] for e in edges], [e[1] * RELATIONS + e[2] for e in edges], count * RELATIONS, count, way)
    arc_sums = Sums([a[0] for a in arcs], [a[1] * BINS + a[2] for a in arcs], len(edges) * BINS, len(edges), way)
    edge_sums = Sums(list(range(len(edges))), [e[1] * RELATIONS + e[2] for e in edges], count * RELATIONS, len(edges), way)
    types = torch.arange(count) % 20
    h = torch.nn.functional.one_hot(types, TYPES).float()
    m = torch.rand(len(edges), EDGE_WIDTH)
    owner = torch.arange(count) // common.RESIDUES
    facts = dict(edges=len(edges), arcs=len(arcs))
    return count, GearnetEdge(), (h, m, node_sums, arc_sums, edge_sums, owner), facts


if __name__ == "__main__":
    way = "csr"
    if "--sums" in sys.argv:
        at = sys.argv.index("--sums")
        way = sys.argv[at + 1]
        del sys.argv[at : at + 2]
    common.run("gearnet_step", "residues/s", f"PyTorch GearNet-Edge 6x512, sums by {way}, AdamW step, batch 8 x 100",
               lambda: prepare(way))
