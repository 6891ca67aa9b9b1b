"""A gRPC server with grpc.health.v1 by its bytes: Debian has the library, but not its package of health checks."""
import os
import sys
from concurrent import futures

import grpc

STATES = {"UNKNOWN": 0, "SERVING": 1, "NOT_SERVING": 2}


def check(request, context):
    name = request[2:].decode() if request else "-"
    with open(sys.argv[1]) as file:
        known = dict(line.split() for line in file)
    if name not in known:
        context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
    return bytes([8, STATES[known[name]]])


class Health(grpc.GenericRpcHandler):
    def service(self, call):
        if call.method == "/grpc.health.v1.Health/Check" and os.path.exists(sys.argv[1]):
            return grpc.unary_unary_rpc_method_handler(check)
        return None


def read(path):
    with open(path, "rb") as file:
        return file.read()


server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), handlers=[Health()])
for argument in sys.argv[2:]:
    port, *files = argument.split(":")
    if files:
        certificate, key, *authority = map(read, files)
        credentials = grpc.ssl_server_credentials(
            [(key, certificate)], authority[0] if authority else None, bool(authority)
        )
        server.add_secure_port(f"[::]:{port}", credentials)
    else:
        server.add_insecure_port(f"[::]:{port}")
server.start()
server.wait_for_termination()
