#!/usr/bin/env python3
"""Uni-Mol (ICLR 2023) in plain PyTorch, written from the paper: 6 layers, 64 heads of 8, feed-forward 2048, 128 kernels,
no dropout, one AdamW step on 8 molecules of 64 atoms between [CLS] and [SEP].
"""
import math

import torch
from torch import nn
from torch.nn import functional

import common

LAYERS, HEADS, HEAD, INNER, KERNELS, TYPES = 6, 64, 8, 2048, 128, 31
BATCH, ATOMS = 8, 64
WIDTH, LENGTH = HEADS * HEAD, ATOMS + 2


class Gaussians(nn.Module):
    def __init__(self):
        super().__init__()
        self.means = nn.Parameter(torch.rand(1, KERNELS) * 3)
        self.stds = nn.Parameter(torch.rand(1, KERNELS) * 3)
        self.mul, self.bias = nn.Embedding(TYPES * TYPES, 1), nn.Embedding(TYPES * TYPES, 1)
        nn.init.constant_(self.mul.weight, 1.0)
        nn.init.constant_(self.bias.weight, 0.0)

    def forward(self, distances, types):
        x = self.mul(types) * distances.unsqueeze(-1) + self.bias(types)
        std = self.stds.abs() + 1e-5
        return torch.exp(-0.5 * ((x - self.means) / std).square()) / (math.sqrt(2 * math.pi) * std)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.in_proj, self.out_proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.fc1, self.fc2 = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)

    def forward(self, x, pairs):
        b, t, _ = x.shape
        q, k, v = self.in_proj(self.norm1(x)).view(b, t, 3, HEADS, HEAD).permute(2, 0, 3, 1, 4)
        scores = (q * HEAD**-0.5) @ k.transpose(2, 3) + pairs
        mixed = (torch.softmax(scores, -1) @ v).transpose(1, 2).reshape(b, t, WIDTH)
        x = x + self.out_proj(mixed)
        return x + self.fc2(functional.gelu(self.fc1(self.norm2(x)))), scores


class Unimol(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.gaussians = nn.Embedding(TYPES, WIDTH), Gaussians()
        self.project = nn.Sequential(nn.Linear(KERNELS, KERNELS), nn.GELU(), nn.Linear(KERNELS, HEADS))
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.first, self.last = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)

    def forward(self, tokens, distances, types):
        x = self.first(self.embed(tokens))
        pairs = self.project(self.gaussians(distances, types)).permute(0, 3, 1, 2).contiguous()
        for layer in self.layers:
            x, pairs = layer(x, pairs)
        return self.last(x)[:, 1:-1]


def prepare():
    tokens = torch.full((BATCH, LENGTH), 4)
    tokens[:, 0], tokens[:, -1] = 1, 2
    distances = torch.zeros(BATCH, LENGTH, LENGTH)
    for row in range(BATCH):
        points = torch.tensor([(0.0, 0.0, 0.0), *common.walk(row + 1, ATOMS, 1.5, 2.4, 6.0), (0.0, 0.0, 0.0)])
        distances[row] = torch.cdist(points, points)
    types = tokens.unsqueeze(2) * TYPES + tokens.unsqueeze(1)
    return BATCH, Unimol(), (tokens, distances, types), dict(edges=BATCH * LENGTH * LENGTH)


if __name__ == "__main__":
    common.run("unimol_step", "molecules/s", "PyTorch Uni-Mol 6 layers, 64 heads of 8, AdamW step, batch 8 x 64 atoms", prepare)
