"""Checkpoints written here by hand, with classes that pickle takes for PyTorch's."""

import pickle
import sys
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np
import pytest

from training.encoders.torch_checkpoint import read_state_dict

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


@dataclass
class Storage:
    """What torch keeps the numbers of one or more tensors in."""

    key: str
    numbers: np.ndarray


@dataclass
class Tensor:
    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild = sys.modules["torch._utils"]._rebuild_tensor_v2
        arguments = (self.storage, self.offset, self.shape, self.strides, False, OrderedDict())
        return rebuild, arguments


@pytest.fixture(autouse=True)
def torch(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put modules of PyTorch's names where pickle looks for them when it writes."""
    names = {
        "torch": ("FloatStorage", "LongStorage", "load"),
        "torch._utils": ("_rebuild_tensor_v2",),
    }
    for module_name, parts in names.items():
        module = ModuleType(module_name)
        for part in parts:
            setattr(module, part, type(part, (), {"__module__": module_name}))
        monkeypatch.setitem(sys.modules, module_name, module)
    return


class _Pickler(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, Storage):
            return None
        kind = "LongStorage" if obj.numbers.dtype == np.int64 else "FloatStorage"
        storage_class = getattr(sys.modules["torch"], kind)
        return ("storage", storage_class, obj.key, "cpu", len(obj.numbers), None)


def write(path: Path, state: Any, *storages: Storage) -> Path:
    """Write a file as torch.save did before version 1.6."""

    def dump(file: BinaryIO, value: Any) -> None:
        _Pickler(file, protocol=2).dump(value)

    with path.open("wb") as file:
        dump(file, _MAGIC)
        dump(file, _PROTOCOL)
        dump(file, {"protocol_version": _PROTOCOL, "little_endian": True})
        dump(file, state)
        dump(file, [storage.key for storage in storages])
        for storage in storages:
            file.write(len(storage.numbers).to_bytes(8, "little") + storage.numbers.tobytes())
    return path


@pytest.fixture
def numbers() -> Storage:
    return Storage("140", np.arange(24, dtype=np.float32))


def test_tensors_come_by_name_in_their_own_type(tmp_path: Path, numbers: Storage) -> None:
    steps = Storage("7", np.array([9], np.int64))
    state = OrderedDict(
        weight=Tensor(numbers, 0, (2, 3, 4), (12, 4, 1)), steps=Tensor(steps, 0, (), ())
    )
    found = read_state_dict(write(tmp_path / "w.pth", state, numbers, steps))
    assert list(found) == ["weight", "steps"]
    assert np.array_equal(found["weight"], np.arange(24).reshape(2, 3, 4))
    assert (found["weight"].dtype, found["steps"].dtype) == (np.float32, np.int64)
    assert found["steps"] == 9


def test_strides_are_honoured(tmp_path: Path, numbers: Storage) -> None:
    """The ImageNet weights are stored in another order of axes than they are named in."""
    expected = np.arange(24).reshape(2, 3, 4).transpose(2, 0, 1)
    state = {"weight": Tensor(numbers, 0, (4, 2, 3), (1, 12, 4))}
    found = read_state_dict(write(tmp_path / "w.pth", state, numbers))
    assert np.array_equal(found["weight"], expected)
    assert found["weight"].flags.c_contiguous


def test_tensors_share_storages_from_their_own_offsets(tmp_path: Path, numbers: Storage) -> None:
    state = {"a": Tensor(numbers, 4, (3,), (1,)), "b": Tensor(numbers, 20, (2, 2), (2, 1))}
    found = read_state_dict(write(tmp_path / "w.pth", state, numbers))
    assert found["a"].tolist() == [4, 5, 6]
    assert found["b"].tolist() == [[20, 21], [22, 23]]


@pytest.mark.parametrize("foreign", ["class of another module", "other part of torch"])
def test_foreign_classes_are_refused(tmp_path: Path, foreign: str) -> None:
    value = Path("x") if foreign.startswith("class") else sys.modules["torch"].load
    path = write(tmp_path / "w.pth", {"weight": value})
    with pytest.raises(pickle.UnpicklingError, match="has no place in a state dict"):
        read_state_dict(path)


def test_a_tensor_beyond_its_storage_is_refused(tmp_path: Path, numbers: Storage) -> None:
    state = {"weight": Tensor(numbers, 20, (5,), (1,))}
    with pytest.raises(pickle.UnpicklingError, match="reaches beyond its storage"):
        read_state_dict(write(tmp_path / "w.pth", state, numbers))


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, numbers: Storage) -> None:
    state = {"weight": Tensor(numbers, 0, (24,), (1,))}
    path = write(tmp_path / "w.pth", state, numbers)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(pickle.UnpicklingError, match="reaches beyond its storage"):
        read_state_dict(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torch's second format", b"\x80\x02N."])
def test_files_of_other_formats_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(pickle.UnpicklingError, match="not a checkpoint of torch's first format"):
        read_state_dict(tmp_path / "w.pth")
