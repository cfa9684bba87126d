"""The sealed texts of a referral: all free text that anybody wrote about it, sealed as one value."""

from pydantic import BaseModel, ConfigDict

from services.referral.tables import Referral
from services.referral.unit_of_work import UnitOfWork
from services.referral.vault import seal, unseal


class Texts(BaseModel):
    """`legal_basis` is the whole structure as it was recorded, for its scope and statute are free text too."""

    model_config = ConfigDict(extra="forbid")

    reason: str | None = None
    shareable_note: str | None = None
    private_note: str | None = None
    legal_basis: dict[str, object] | None = None
    status_reason: str | None = None
    outcome: str | None = None


async def read_texts(work: UnitOfWork, referral: Referral) -> Texts:
    """Open the texts of `referral`; there are none any more once its client was erased."""
    if not referral.texts:
        return Texts()
    key = await work.key_of(referral.client_id)
    return Texts.model_validate(unseal(key, referral.texts, _associated_data(referral)))


async def write_texts(work: UnitOfWork, referral: Referral, texts: Texts) -> None:
    """Seal `texts` into `referral`, whose texts these were before. Raises 409 for words about an erased client."""
    if referral.texts or texts != Texts():
        await seal_texts(work, referral, texts)


async def seal_texts(work: UnitOfWork, referral: Referral, texts: Texts) -> None:
    """Seal `texts` into a new `referral`: even none, so that nobody sees without the key whether there are any."""
    key = await work.key_of(referral.client_id)
    referral.texts = seal(key, texts.model_dump(mode="json", exclude_none=True), _associated_data(referral))


def _associated_data(referral: Referral) -> str:
    return f"referral:{referral.id}:texts"
