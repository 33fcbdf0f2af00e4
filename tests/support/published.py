"""Bundles published in a container of Azurite, as `python -m training register` does it."""

from dataclasses import dataclass
from pathlib import Path

from azure.storage.blob import ContainerClient

from captioner.model.bundle import read_manifest
from tests.support.bundles import make_bundle
from training.registry.promoting import promote
from training.registry.publishing import files_of, folder_of, make, publish


@dataclass(frozen=True, slots=True)
class Shop:
    """A container of tiny bundles of one name; `folder` is where they are made."""

    container: ContainerClient
    folder: Path

    def register(self, version: str, *, seed: int = 1, promotes: bool = True) -> Path:
        """Make and publish a bundle; give its folder."""
        bundle = make_bundle(self.folder / version, seed=seed, version=version)
        manifest = read_manifest(bundle)
        make(self.container)
        for file in files_of(bundle, manifest):
            publish(self.blob(version, file.name), file)
        if promotes:
            self.promote(version)
        return bundle

    def promote(self, version: str) -> None:
        promote(self.container, "tiny", version)

    def blob(self, version: str, file: str):
        return self.container.get_blob_client(f"{folder_of('tiny', version)}/{file}")

    def uri(self, version: str | None = None) -> str:
        return f"{self.container.url}/tiny{'' if version is None else f'/{version}'}"
