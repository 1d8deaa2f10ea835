"""A server on this machine that answers each connection with bytes laid out beforehand."""

import contextlib
import socket
import threading


class Wire:
    """``Wire(answers)`` as a context: the last answer is given to all further requests.

    ``requests`` holds what was asked: first line and headers in lower case, then the body.
    """

    def __init__(self, *answers):
        self._answers = list(answers)
        self.requests = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def base(self):
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_args):
        self._stop.set()
        self._thread.join(5)
        self._socket.close()

    def _serve(self):
        while not self._stop.is_set():
            try:
                connection, _address = self._socket.accept()
            except TimeoutError:
                continue
            with connection, contextlib.suppress(OSError):
                connection.settimeout(5)
                self.requests.append(self._read(connection))
                connection.sendall(self._answers[0])
                if len(self._answers) > 1:
                    del self._answers[0]

    @staticmethod
    def _read(connection):
        raw = b""
        while b"\r\n\r\n" not in raw:
            piece = connection.recv(65536)
            if not piece:
                break
            raw += piece
        head, _gap, body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:])
        while len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(65536)
        return lines[0], headers, body


def answer(status=200, body=b"{}", *headers, length=True):
    """The bytes of an answer after which the connection is closed."""
    lines = [f"HTTP/1.1 {status} Said", "Connection: close", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def chunked(*pieces, end=True):
    """An answer in chunks; without its end it is cut off."""
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    head = answer(200, b"", "Transfer-Encoding: chunked", length=False)
    return head + body + (b"0\r\n\r\n" if end else b"")
