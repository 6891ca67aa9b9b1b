# A gRPC server by Google's own library, with a health service.
# packages: python3-grpcio
# grpc_server NAME HOST STATES ARGUMENT…: its states are read from the file STATES at each call, `NAME STATE` a line (`-` is the
# server as a whole); ARGUMENT: `PORT` in clear text, `PORT:CERTIFICATE:KEY` over TLS, `PORT:CERTIFICATE:KEY:AUTHORITY` for
# clients that show a certificate. Without a file of that name there is no health service.
grpc_server() {
  local name=$1 host=$2; shift 2
  launch "$name" "$host" /usr/bin/python3 "$LAB_ROOT/tests/lab/services/grpc-health.py" "$@"
}
