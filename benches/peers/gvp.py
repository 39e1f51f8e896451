#!/usr/bin/env python3
"""GVP-GNN (arXiv 2009.01411) in plain PyTorch, written from the paper: 3 layers of 100 scalars and 16 vectors, 30
neighbours, no dropout, one AdamW step. Features are random: the time does not depend on them.

Messages are made as the paper writes them, from source, edge and target side by side for every edge.
"""
import torch
from torch import nn

import common

NODE_IN, NODE, EDGE_IN, EDGE = (6, 3), (100, 16), (32, 1), (32, 1)
LAYERS, NEIGHBOURS = 3, 30


def norms(v, axis=-1, root=True):
    squares = v.square().sum(axis).clamp_min(1e-8)
    return squares.sqrt() if root else squares


class Perceptron(nn.Module):
    """Vectors are `[N, channels, 3]`."""

    def __init__(self, inputs, outputs, active):
        super().__init__()
        hidden = max(inputs[1], outputs[1])
        self.wh = nn.Linear(inputs[1], hidden, bias=False)
        self.ws = nn.Linear(inputs[0] + hidden, outputs[0])
        self.wv = nn.Linear(hidden, outputs[1], bias=False)
        self.active = active

    def forward(self, s, v):
        hidden = self.wh(v.transpose(1, 2))
        s = self.ws(torch.cat([s, norms(hidden, 1)], 1))
        v = self.wv(hidden).transpose(1, 2)
        if self.active:
            s, v = torch.relu(s), v * torch.sigmoid(norms(v).unsqueeze(-1))
        return s, v


class StateNorm(nn.Module):
    def __init__(self, scalars):
        super().__init__()
        self.norm = nn.LayerNorm(scalars)

    def forward(self, s, v):
        size = norms(v, root=False).mean(-1, keepdim=True).sqrt().unsqueeze(-1)
        return self.norm(s), v / size


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        joined = (2 * NODE[0] + EDGE[0], 2 * NODE[1] + EDGE[1])
        wide = (4 * NODE[0], 2 * NODE[1])
        self.messages = nn.ModuleList([Perceptron(joined, NODE, True), Perceptron(NODE, NODE, True),
                                       Perceptron(NODE, NODE, False)])
        self.feed = nn.ModuleList([Perceptron(NODE, wide, True), Perceptron(wide, NODE, False)])
        self.norms = nn.ModuleList([StateNorm(NODE[0]), StateNorm(NODE[0])])

    def forward(self, s, v, es, ev, source, target, counts):
        ms = torch.cat([s[source], es, s[target]], 1)
        mv = torch.cat([v[source], ev, v[target]], 1)
        for layer in self.messages:
            ms, mv = layer(ms, mv)
        rows = torch.cat([ms, mv.flatten(1)], 1)
        mean = torch.zeros(s.shape[0], rows.shape[1]).index_add(0, target, rows) / counts
        ds, dv = mean.split([NODE[0], 3 * NODE[1]], 1)
        s, v = self.norms[0](s + ds, v + dv.view_as(v))
        ds, dv = s, v
        for layer in self.feed:
            ds, dv = layer(ds, dv)
        return self.norms[1](s + ds, v + dv)


class Gvp(nn.Module):
    def __init__(self):
        super().__init__()
        self.nodes, self.node_norm = Perceptron(NODE_IN, NODE, False), StateNorm(NODE[0])
        self.edges, self.edge_norm = Perceptron(EDGE_IN, EDGE, False), StateNorm(EDGE[0])
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))

    def forward(self, s, v, es, ev, source, target, counts, owner):
        s, v = self.node_norm(*self.nodes(s, v))
        es, ev = self.edge_norm(*self.edges(es, ev))
        for layer in self.layers:
            s, v = layer(s, v, es, ev, source, target, counts)
        rows = torch.cat([s, norms(v)], 1)
        return torch.zeros(common.CHAINS, rows.shape[1]).index_add(0, owner, rows) / common.RESIDUES


def prepare():
    source, target = [], []
    for chain in range(common.CHAINS):
        points = torch.tensor(common.walk(chain + 1))
        far = torch.cdist(points, points) + torch.eye(common.RESIDUES) * 1e9
        near = far.topk(NEIGHBOURS, largest=False).indices
        source.append((near + chain * common.RESIDUES).flatten())
        target.append(torch.arange(common.RESIDUES).repeat_interleave(NEIGHBOURS) + chain * common.RESIDUES)
    source, target = torch.cat(source), torch.cat(target)
    count = common.CHAINS * common.RESIDUES
    features = [torch.randn(count, NODE_IN[0]), torch.randn(count, NODE_IN[1], 3),
                torch.randn(len(source), EDGE_IN[0]), torch.randn(len(source), EDGE_IN[1], 3)]
    counts = torch.bincount(target, minlength=count)[:, None].float()
    owner = torch.arange(count) // common.RESIDUES
    return count, Gvp(), (*features, source, target, counts, owner), dict(edges=len(source))


if __name__ == "__main__":
    common.run("gvp_step", "residues/s", "PyTorch GVP-GNN 3x(100, 16), 30 neighbours, AdamW step, batch 8 x 100", prepare)
