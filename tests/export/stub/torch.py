"""As much of torch as an exported file uses, with shapes instead of numbers: it counts parameters and
refuses maps that don't fit. For machines without the real one."""

import contextlib
import types


class Tensor:
    def __init__(self, *shape):
        self.shape = shape

    def numel(self):
        count = 1
        for size in self.shape:
            count *= size
        return count

    def mean(self, axes):
        assert axes == (2, 3) and len(self.shape) == 4
        return Tensor(*self.shape[:2])

    def __add__(self, other):
        assert self.shape == other.shape, f"{self.shape} + {other.shape}"
        return self

    def __mul__(self, gate):
        assert gate.shape == (*self.shape[:2], 1, 1), f"{self.shape} * {gate.shape}"
        return self


randn = Tensor
no_grad = contextlib.nullcontext


def relu(x):
    return x


class Module:
    def __init__(self):
        self.is_ready = True

    def __call__(self, *inputs):
        return self.forward(*inputs)

    def __setattr__(self, name, value):
        assert name == "is_ready" or self.is_ready, "super().__init__() comes first"
        object.__setattr__(self, name, value)

    def children(self):
        return [value for value in vars(self).values() if isinstance(value, Module)]

    def parameters(self):
        own = [value for value in vars(self).values() if isinstance(value, Tensor)]
        return own + [p for child in self.children() for p in child.parameters()]

    def apply(self, function):
        for child in self.children():
            child.apply(function)
        function(self)

    def eval(self):
        return self


class Sequential(Module):
    def __init__(self, *modules):
        super().__init__()
        for index, module in enumerate(modules):
            setattr(self, str(index), module)

    def forward(self, x):
        for module in self.children():
            x = module(x)
        return x


class Conv2d(Module):
    def __init__(self, inputs, outputs, kernel, stride=1, padding=0, groups=1, bias=True):
        super().__init__()
        assert inputs % groups == 0 and outputs % groups == 0
        self.inputs, self.stride, self.padding, self.groups = inputs, stride, padding, groups
        self.out_channels, self.kernel_size = outputs, (kernel, kernel)
        self.weight = Tensor(outputs, inputs // groups, kernel, kernel)
        self.bias = Tensor(outputs) if bias else None

    def forward(self, x):
        batch, channels, height, width = x.shape
        assert channels == self.inputs, f"{channels} channels into a conv of {self.inputs}"
        side = lambda n: (n + 2 * self.padding - self.kernel_size[0]) // self.stride + 1
        return Tensor(batch, self.out_channels, side(height), side(width))


class BatchNorm2d(Module):
    def __init__(self, channels, eps=1e-5):
        super().__init__()
        self.weight, self.bias = Tensor(channels), Tensor(channels)

    def forward(self, x):
        assert x.shape[1:2] == self.weight.shape and len(x.shape) == 4
        return x


class MaxPool2d(Module):
    def __init__(self, kernel, stride, padding=0):
        super().__init__()
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def forward(self, x):
        side = lambda n: (n + 2 * self.padding - self.kernel) // self.stride + 1
        return Tensor(*x.shape[:2], *map(side, x.shape[2:]))


class Linear(Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight, self.bias = Tensor(outputs, inputs), Tensor(outputs)

    def forward(self, x):
        assert x.shape[1:] == self.weight.shape[1:]
        return Tensor(x.shape[0], self.weight.shape[0])


class Identity(Module):
    def forward(self, x):
        return x


class ReLU(Identity):
    def __init__(self, inplace=False):
        super().__init__()


class Sigmoid(Identity):
    pass


class AdaptiveAvgPool2d(Module):
    def __init__(self, side):
        super().__init__()
        self.side = side

    def forward(self, x):
        return Tensor(*x.shape[:2], self.side, self.side)


Module.is_ready = False


def nothing(tensor, std=None):
    assert isinstance(tensor, Tensor)


init = types.SimpleNamespace(normal_=nothing, zeros_=nothing)
nn = types.SimpleNamespace(
    AdaptiveAvgPool2d=AdaptiveAvgPool2d,
    BatchNorm2d=BatchNorm2d,
    Conv2d=Conv2d,
    Identity=Identity,
    Linear=Linear,
    MaxPool2d=MaxPool2d,
    Module=Module,
    ReLU=ReLU,
    Sequential=Sequential,
    Sigmoid=Sigmoid,
    init=init,
)
