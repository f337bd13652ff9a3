"""A web server for a folder of pages, for as long as a `with` block lasts."""

import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and writes no log."""

    def log_message(self, *_):
        """Say nothing."""


class QuietServer(ThreadingHTTPServer):
    """A browser that leaves before a file has arrived is no error."""

    def handle_error(self, *_):
        """Say nothing."""


@contextmanager
def serve(folder):
    """Serve a folder on a free port of this machine; gives the address."""
    server = QuietServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
