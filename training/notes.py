"""What a bundle's graph tells of the weights in it, for who would teach it further."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

import onnx

SCALED = " scaled"
"""After the name of a kernel: the tensor has the scale of the norm behind it in it."""
_PLACES, _UNIFORM = "weights", "uniform_weights"


@dataclass(frozen=True, slots=True)
class Notes:
    """What a graph tells of its weights: places by name, or the one number that a weight is."""

    places: Mapping[str, list[tuple[str, list[int]]]]
    uniform: Mapping[str, float]

    @classmethod
    def of(cls, graph: onnx.ModelProto) -> Self:
        told = {each.key: each.value for each in graph.metadata_props}
        return cls(*(json.loads(told.get(key, "{}")) for key in (_PLACES, _UNIFORM)))

    def scaled(self, tensors: Collection[str]) -> "Notes":
        """Tell that these tensors, kernels so far, have their norms' scales in them now."""
        places = dict(self.places)
        for name, found in self.places.items():
            moved = [place for place in found if place[0] in tensors]
            kept = [place for place in found if place[0] not in tensors]
            if moved and not name.endswith(SCALED):
                del places[name]
                places |= {f"{name}{SCALED}": moved, **({name: kept} if kept else {})}
        return Notes(places, self.uniform)

    def write(self, graph: onnx.ModelProto) -> None:
        if self.places or self.uniform:
            told = {each.key: each.value for each in graph.metadata_props}
            noted = {_PLACES: json.dumps(self.places), _UNIFORM: json.dumps(self.uniform)}
            onnx.helper.set_model_props(graph, {**told, **noted})
