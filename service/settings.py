"""What the environment says, read once by a composition root (API, worker, command line)."""

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from optimizers.errors import InvalidInput
from optimizers.lm.pricing import Pricing, parse_prices
from optimizers.lm.provider_limits import parse_limits

MIB = 1024 * 1024

OFFLINE = "offline"

CommaSeparated = Annotated[tuple[str, ...], NoDecode]
SecretsCommaSeparated = Annotated[tuple[SecretStr, ...], NoDecode]


class Settings(BaseSettings):
    """Variables with the prefix `CONCORD_`; `CONCORD_HOME` sets `home`.

    Keys of model providers are not among them: they keep their usual names (`OPENAI_API_KEY`, ...)
    and are read by whoever calls the provider, never stored here.
    """

    model_config = SettingsConfigDict(env_prefix="CONCORD_", frozen=True, extra="ignore")

    home: Path = Path(".concord")
    """Folder of everything that is kept: database, MLflow's store, ledger, logs."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    mlflow_port: int = Field(default=5000, ge=0, le=65535)
    mlflow_uri: str | None = None
    """An MLflow server that runs elsewhere; without it `concord up` starts one."""
    mlflow_public_url: str | None = None
    """MLflow's address as a browser reaches it, for links; `mlflow_uri` when unset."""
    database_url: str | None = None
    """`postgresql://...` or `sqlite:///...`; a SQLite file in `home` when unset."""

    model: str = OFFLINE
    """The judge's model in requests that name none."""
    proposer_model: str | None = None
    """The proposer's model in requests that name none; `model` when unset."""
    prices: str = ""
    """Prices of models that no list has, in US dollars for a million tokens of prompt and completion, as in
    `openai/qwen3:8b=0.1/0.4; openai/mine=1/2`."""
    api_bases: CommaSeparated = ()
    """OpenAI-compatible addresses that requests may name as `api_base`."""
    api_keys: SecretsCommaSeparated = ()
    """Keys that clients of this service show as `Authorization: Bearer ...`."""
    allowed_hosts: CommaSeparated = ()
    """Further names under which clients reach this service (Host headers) when no keys are set."""

    upload_max_bytes: int = Field(default=512 * MIB, gt=0)
    upload_max_rows: int = Field(default=500_000, gt=0)
    """So that storing an upload, which SQLite does alone, stays within its busy timeout."""
    cell_max_chars: int = Field(default=1_000_000, gt=0)
    body_max_bytes: int = Field(default=32 * MIB, gt=0)
    """Largest JSON body; files are bounded by `upload_max_bytes`."""

    worker_concurrency: int = Field(default=2, gt=0)
    """Runs, and as many evaluations, that one worker works on at a time."""
    global_concurrency: int | None = Field(default=None, gt=0)
    """Runs, and as many evaluations, that all workers together work on at a time; unlimited when unset."""
    max_in_flight: int = Field(default=16, gt=0)
    """Model calls that one run has open at a time, at most."""
    shard_rows: int = Field(default=500, gt=0)
    """An evaluation of more rows is spread over all workers, in shards of so many."""
    provider_limits: str = ""
    """Requests and tokens a minute that all workers together send to a provider or an address, as in
    `openai=500rpm,200000tpm;http://127.0.0.1:11434/v1=60rpm`."""
    ledger_retention_days: float | None = Field(default=None, gt=0)
    """Paid answers that no job used for so long go, except those of jobs in progress; kept when unset."""
    lease_s: float = Field(default=15.0, gt=0)
    """A worker that is silent for this long is taken for dead; its jobs go to another."""

    log_level: str = "INFO"
    log_json: bool = False

    @field_validator("api_bases", "api_keys", "allowed_hosts", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("provider_limits")
    @classmethod
    def _limits_are_readable(cls, value: str) -> str:
        try:
            parse_limits(value)
        except InvalidInput as error:
            raise ValueError(str(error)) from None
        return value

    @field_validator(
        "database_url",
        "mlflow_uri",
        "mlflow_public_url",
        "proposer_model",
        "global_concurrency",
        "ledger_retention_days",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("model", mode="before")
    @classmethod
    def _no_model_is_offline(cls, value: object) -> object:
        return value or OFFLINE

    @field_validator("model", "proposer_model")
    @classmethod
    def _names_a_provider(cls, value: str | None) -> str | None:
        provider, _, model = (value or OFFLINE).partition("/")
        if (value or OFFLINE) != OFFLINE and not (provider and model):
            raise ValueError(f"must be 'offline' or provider/model as in 'openai/gpt-4o-mini', got {value!r}")
        return value

    @field_validator("api_bases")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for base in value:
            if not base.startswith(("http://", "https://")):
                raise ValueError(f"an address begins with http:// or https://, got {base!r}")
        return value

    @field_validator("prices")
    @classmethod
    def _prices_are_readable(cls, value: str) -> str:
        parse_prices(value)  # InvalidInput is a ValueError
        return value

    @property
    def pricing(self) -> Pricing:
        """The packaged price list with `prices` before it."""
        return Pricing(parse_prices(self.prices))

    @property
    def database(self) -> str:
        """The database's address, as it was given or the SQLite file in `home`."""
        return self.database_url or f"sqlite:///{self.home.absolute() / 'concord.db'}"

    @property
    def proposer(self) -> str:
        """The proposer's model in requests that name none."""
        return self.proposer_model or self.model

    def require_safe_exposure(self) -> None:
        """Refuse to listen beyond this machine without keys: anyone there could start a paid run.

        Raises:
            InvalidInput: `host` is not a loopback address and `api_keys` is empty.
        """
        if not self.api_keys and not is_loopback(self.host):
            raise InvalidInput(
                f"CONCORD_HOST={self.host} can be reached from other machines; set CONCORD_API_KEYS "
                "to one or more keys, or listen on 127.0.0.1"
            )


def is_loopback(host: str) -> bool:
    """Whether `host` (a name or an address, without a port) reaches only this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
