"""The parts of a multipart/form-data body."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A field, or a file where it has a name for one."""

    data: bytes
    filename: str | None = None
    content_type: str = "text/plain"

    @property
    def text(self) -> str:
        """Its content as text; what is none shows by its replacement characters."""
        return self.data.decode(errors="replace")


def parts(content_type: str, body: bytes) -> Mapping[str, Part]:
    """Return the parts by their names; nothing where the body is not of that type."""
    form = Message()
    form["Content-Type"] = content_type
    boundary = form.get_boundary()
    if form.get_content_maintype() != "multipart" or not boundary:
        return {}
    found: dict[str, Part] = {}
    for piece in (b"\r\n" + body).split(b"\r\n--" + boundary.encode())[1:]:
        if piece.startswith(b"--"):
            break
        head, _, data = piece.partition(b"\r\n\r\n")
        headers = BytesHeaderParser().parsebytes(head.lstrip() + b"\r\n\r\n")
        name = headers.get_param("name", header="content-disposition")
        if isinstance(name, str):
            found[name] = Part(data=data, filename=headers.get_filename(), content_type=headers.get_content_type())
    return found
