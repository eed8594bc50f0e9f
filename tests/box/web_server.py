"""Web servers that tests play themselves."""

import contextlib
import http.server
import socketserver
import threading


class _Server(http.server.ThreadingHTTPServer):
    def server_bind(self):
        """Without asking DNS for the name of its address, which nobody in the laboratory's network has: ten seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def handle_error(self, request, client_address):
        pass  # a client that did not trust us, or has gone


class Handler(http.server.BaseHTTPRequestHandler):
    """Says nothing about what it is asked for."""

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def serving(network, address, handler, tls=None):
    """A server at `address`, a pair with the port; `network`: a context in which sockets belong to that address's network; `tls`:
    with https. Gives the port."""
    with network:
        server = _Server(address, handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
