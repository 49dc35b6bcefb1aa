from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from optimizers.lm.gateway import Gateway
from optimizers.lm.ledger import SqliteLedger
from optimizers.offline import OfflineModel
from optimizers.protocols import LanguageModel, Transport
from optimizers.testing import JudgeWorld, LanguageModelContract, ScriptedModel
from optimizers.types import Budget, ModelRef

MODELS: dict[str, Callable[[], Transport]] = {
    "scripted": lambda: ScriptedModel(JudgeWorld().answer),
    "offline": OfflineModel,
}


@pytest.fixture
def model_ref() -> ModelRef:
    return ModelRef(name="scripted/judge")


@pytest.fixture(params=MODELS)
async def language_model(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LanguageModel]:
    """Each model behind the gateway, which is how a run meets it."""
    transport, ledger = MODELS[request.param](), SqliteLedger(tmp_path / "ledger")
    gateway = Gateway(ledger, lambda _: transport)
    yield gateway.session("run", Budget())
    await gateway.aclose()
    ledger.close()


class TestScriptedModel(LanguageModelContract):
    """The scripted model by itself."""

    @pytest.fixture
    def language_model(self) -> LanguageModel:
        return ScriptedModel(JudgeWorld().answer)


class TestLanguageModels(LanguageModelContract):
    """Everybody who answers requests."""
