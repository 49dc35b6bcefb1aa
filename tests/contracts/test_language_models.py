from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from optimizers.lm.gateway import Gateway
from optimizers.lm.ledger import SqliteLedger
from optimizers.protocols import LanguageModel
from optimizers.testing import JudgeWorld, LanguageModelContract, ScriptedModel
from optimizers.types import Budget, ModelRef

MODELS = ["scripted", "gateway"]


@pytest.fixture
def model_ref() -> ModelRef:
    return ModelRef(name="scripted/judge")


@pytest.fixture(params=MODELS)
async def language_model(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LanguageModel]:
    scripted = ScriptedModel(JudgeWorld().answer)
    if request.param == "scripted":
        yield scripted
        return
    ledger = SqliteLedger(tmp_path / "ledger")
    gateway = Gateway(ledger, lambda _: scripted)
    yield gateway.session("run", Budget())
    await gateway.aclose()
    ledger.close()


class TestLanguageModels(LanguageModelContract):
    """Everybody who answers requests."""
