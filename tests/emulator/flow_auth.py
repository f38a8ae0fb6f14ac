"""The sign-in service beside Flow TTS: a Supabase project's token endpoint (docs/dev/protocols.md C3).

Access tokens are JWTs that live an hour on the emulator's clock. A refresh token is used once: the answer carries its
successor. Who asks with the used one again within ten seconds gets the same successor; later it is refused, and with it
every refresh token of that session (two who share one both lose it).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
import hmac
import secrets
import uuid

from . import flow_jwt

REUSE_SECONDS = 10.0


class SignInError(Exception):
    """A grant is refused: the code of today's answers, the one of the older shape, and the message of both."""

    def __init__(self, error_code: str, message: str, *, oauth_error: str = "invalid_grant") -> None:
        """Keep what both shapes of the answer need."""
        super().__init__(message)
        self.error_code = error_code
        self.oauth_error = oauth_error
        self.message = message


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """One who can sign in; `provider` is what they signed up with."""

    user_id: str
    email: str
    password: str
    provider: str = "email"


@dataclass(kw_only=True, slots=True)
class _Session:
    session_id: str
    user: User
    live: bool = True
    refreshable: bool = True


@dataclass(kw_only=True, slots=True)
class _RefreshToken:
    session: _Session
    successor: str | None = None
    used_at: float = 0.0


@dataclass(kw_only=True, slots=True)
class SignIn:
    """Users, their sessions and the tokens given out.

    `now` gives unix seconds, `issuer` the address of this service for `iss`, `lifetime` that of an access token in
    seconds. Access tokens of a session that was ended are refused, as the real service asks the sign-in service about
    each token.
    """

    now: Callable[[], float]
    issuer: Callable[[], str]
    lifetime: Callable[[], int]
    users: Sequence[User]
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _sessions: dict[str, _Session] = field(default_factory=dict)
    _refresh_tokens: dict[str, _RefreshToken] = field(default_factory=dict)

    def new_session(self, user: User) -> dict[str, object]:
        """Sign a user in without a password; return the session as supabase-js keeps it."""
        session = _Session(session_id=str(uuid.uuid4()), user=user)
        self._sessions[session.session_id] = session
        return self._grant(session, self._new_refresh_token(session))

    def by_password(self, email: object, password: object) -> dict[str, object]:
        """Return a new session for an e-mail address and its password."""
        for user in self.users:
            if user.email == email and isinstance(password, str) and hmac.compare_digest(user.password, password):
                return self.new_session(user)
        raise SignInError("invalid_credentials", "Invalid login credentials")

    def by_refresh_token(self, token: object) -> dict[str, object]:
        """Return the session anew, with the successor of this refresh token."""
        known = self._refresh_tokens.get(token) if isinstance(token, str) else None
        if known is None or not known.session.live:
            raise SignInError("refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
        if known.successor is not None and not 0 <= self.now() - known.used_at < REUSE_SECONDS:
            known.session.refreshable = False
        if not known.session.refreshable:
            raise SignInError("refresh_token_already_used", "Invalid Refresh Token: Already Used")
        if known.successor is None:
            known.successor, known.used_at = self._new_refresh_token(known.session), self.now()
        return self._grant(known.session, known.successor)

    def verify(self, token: str) -> User:
        """Return whose access token this is, or raise JwtError."""
        claims = flow_jwt.verify(token, self._secret, self.now())
        session = self._sessions.get(str(claims.get("session_id")))
        if session is None or not session.live:
            raise flow_jwt.JwtError("Session from session_id claim in JWT does not exist")
        return session.user

    def sign_out(self, user: User) -> None:
        """End every session of a user: none of the tokens given out until now works any longer."""
        for session in self._sessions.values():
            if session.user is user:
                session.live = False

    def reinstate(self) -> None:
        """Undo what ended sessions, so that those who were signed in at the start are again."""
        for session in self._sessions.values():
            session.live = session.refreshable = True

    def _new_refresh_token(self, session: _Session) -> str:
        token = secrets.token_urlsafe(9)
        self._refresh_tokens[token] = _RefreshToken(session=session)
        return token

    def _grant(self, session: _Session, refresh_token: str) -> dict[str, object]:
        issued, lifetime = int(self.now()), self.lifetime()
        expires = issued + lifetime
        user = {
            "id": session.user.user_id,
            "aud": "authenticated",
            "role": "authenticated",
            "email": session.user.email,
        }
        claims = {
            "iss": self.issuer(),
            "sub": session.user.user_id,
            "aud": "authenticated",
            "exp": expires,
            "iat": issued,
            "email": session.user.email,
            "role": "authenticated",
            "session_id": session.session_id,
            "jti": secrets.token_hex(8),
        }
        return {
            "access_token": flow_jwt.sign(claims, self._secret),
            "token_type": "bearer",
            "expires_in": lifetime,
            "expires_at": expires,
            "refresh_token": refresh_token,
            "user": user,
        }
