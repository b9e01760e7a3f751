"""Files as functions load them and policies see them."""

from __future__ import annotations

from chalicelib.content.files.errors import FileNotFound
from chalicelib.content.files.items import FileAsset, FileStatus
from chalicelib.platform.access.resources import Entity, Resource, Thing


def asset_entity(
    asset_id: str, owner_id: str, purpose: str, *, public: bool = False, reachable: bool = False
) -> Entity:
    """A file for the policies; ``public``, ``reachable``: as far as who asks has found out (FILE-46)."""
    attributes = {"ownerId": owner_id, "purpose": purpose, "public": public, "reachable": reachable}
    return Entity("Asset", asset_id, attributes)


def _entity(asset: FileAsset) -> Entity:
    return asset_entity(str(asset.id), str(asset.created_by_user_id), str(asset.purpose))


def _is_there(asset: FileAsset) -> bool:
    return not asset.expired and asset.status != FileStatus.DELETED


UPLOADED_FILE = Resource(
    param="asset",
    item=FileAsset,
    key=lambda path, _: FileAsset.place(path["fileAssetId"]),
    entity=_entity,
    missing=FileNotFound,
    visible=_is_there,
)
FILE = Thing(
    "Asset", FileAsset, lambda asset_id, _: FileAsset.place(asset_id), _entity, FileNotFound, visible=_is_there
)
