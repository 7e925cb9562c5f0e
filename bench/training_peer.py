#!/usr/bin/env python3
"""Steps of training in PyTorch, for bench/training.sh: LeNet and GoogLeNet as the zoo has them (lenet, googlenet_d2l), plain gradient
descent, channels last, two threads. Prints the milliseconds of each step after the first."""
import sys
import time

import torch
from torch import nn


def lenet():
    return nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Sigmoid(),
                         nn.AvgPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid(),
                         nn.Linear(84, 10))


class Inception(nn.Module):
    def __init__(self, inputs, c1, c2, c3, c4):
        super().__init__()
        self.branches = nn.ModuleList([
            nn.Sequential(nn.Conv2d(inputs, c1, 1), nn.ReLU()),
            nn.Sequential(nn.Conv2d(inputs, c2[0], 1), nn.ReLU(), nn.Conv2d(c2[0], c2[1], 3, padding=1), nn.ReLU()),
            nn.Sequential(nn.Conv2d(inputs, c3[0], 1), nn.ReLU(), nn.Conv2d(c3[0], c3[1], 5, padding=2), nn.ReLU()),
            nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(inputs, c4, 1), nn.ReLU())])

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


def googlenet_d2l():
    pool = lambda: nn.MaxPool2d(3, 2, 1)
    return nn.Sequential(
        nn.Conv2d(1, 64, 7, 2, 3), nn.ReLU(), pool(), nn.Conv2d(64, 64, 1), nn.ReLU(), nn.Conv2d(64, 192, 3, padding=1), nn.ReLU(),
        pool(), Inception(192, 64, (96, 128), (16, 32), 32), Inception(256, 128, (128, 192), (32, 96), 64), pool(),
        Inception(480, 192, (96, 208), (16, 48), 64), Inception(512, 160, (112, 224), (24, 64), 64),
        Inception(512, 128, (128, 256), (24, 64), 64), Inception(512, 112, (144, 288), (32, 64), 64),
        Inception(528, 256, (160, 320), (32, 128), 128), pool(), Inception(832, 256, (160, 320), (32, 128), 128),
        Inception(832, 384, (192, 384), (48, 128), 128), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1024, 10))


def main():
    name, batch, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(2)
    torch.manual_seed(0)
    net = {"lenet": lenet, "googlenet_d2l": googlenet_d2l}[name]().to(memory_format=torch.channels_last)
    side = 28 if name == "lenet" else 96
    images = torch.randn(batch, 1, side, side).to(memory_format=torch.channels_last)
    labels = torch.randint(0, 10, (batch,))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    loss = nn.CrossEntropyLoss()
    for step in range(steps + 1):
        start = time.perf_counter()
        optimizer.zero_grad()
        loss(net(images), labels).backward()
        optimizer.step()
        if step > 0:
            print(f"{1e3 * (time.perf_counter() - start):.3f}")


main()
