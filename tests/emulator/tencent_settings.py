"""What can be set about Tencent's API beyond what all services share."""

from dataclasses import dataclass
from enum import StrEnum

from .settings import Behaviour

SECRET_ID = "AKIDdemo0000000000000000000000000000"
SECRET_KEY = "demo-secret-key"
SDK_APP_ID = 1400000000

CHINA = ("ap-beijing", "ap-guangzhou", "ap-shanghai")
INTERNATIONAL = ("ap-singapore",)


class Dialect(StrEnum):
    """What the events of a stream call their type: documents and clients differ."""

    AUDIO = "audio"
    """As every client that is known to work expects it."""
    CHUNK = "chunk"
    """As the documents have it."""


class Ending(StrEnum):
    """How a stream says that it is whole."""

    LAST_AUDIO = "last_audio"
    """The last audio chunk has a true IsEnd."""
    EMPTY_AUDIO = "empty_audio"
    """A chunk with an empty Audio follows that has it."""
    NO_AUDIO = "no_audio"
    """A chunk without Audio follows that has it."""
    END_EVENT = "end_event"
    """An event of `Type` "end" follows, and no chunk has it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TencentBehaviour(Behaviour):
    """The behaviour of Tencent's API."""

    secret_id: str = SECRET_ID
    secret_key: str = SECRET_KEY
    token: str = ""
    """The token that has to come with the key where it is a temporary one."""
    sdk_app_ids: tuple[int, ...] = (SDK_APP_ID,)
    unknown_app_code: str = "FailedOperation.SdkAppIdNotExist"
    """What is said to any other: no document says which code it is."""
    refused_with: str = ""
    """A code that every request is refused with once it is signed right: no policy, no package, arrears."""

    regions: tuple[str, ...] = (*CHINA, *INTERNATIONAL)
    """Where it is. In reality they are on hosts of their own, China and the rest."""
    rate_limit: int | None = None
    """Requests a second, per action and region; None is what the documents say."""
    concurrency_limit: int = 100
    older_limits: bool = False
    """Whether the limits of the international documents hold: texts up to 255 and streams of pcm only."""

    dialect: Dialect = Dialect.AUDIO
    ending: Ending = Ending.LAST_AUDIO
    crlf: bool = False
    """Whether the lines of a stream end with CR LF."""
    comments: bool = False
    """Whether comment lines come between the events."""

    clone_limit: int | None = None
    """Voices that may have been cloned; None is as many as one likes."""
