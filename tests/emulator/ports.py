"""TCP ports that no other process gets."""

import socket


def reserve_port(host: str, port: int = 0) -> socket.socket:
    """Return a socket that keeps a port, 0 a free one, for a server of this computer which binds with SO_REUSEADDR.

    As it doesn't listen, connections are refused until the server does. Raises OSError if the port is in use.
    """
    reservation = socket.socket()
    try:
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reservation.bind((host, port))
    except OSError as error:
        reservation.close()
        raise OSError(error.errno, f"{host}:{port}: {error.strerror}") from error
    return reservation
