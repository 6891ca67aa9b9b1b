# Certificates of the laboratory's own.
# packages: openssl
# certificate DIRECTORY NAME [DAYS]: DIRECTORY/key.pem and DIRECTORY/cert.pem, self-signed for NAME.
certificate() {
  mkdir -p "$1"
  must openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days "${3:-2}" -subj "/CN=$2" -addext "subjectAltName=DNS:$2" \
    -addext basicConstraints=critical,CA:FALSE -keyout "$1/key.pem" -out "$1/cert.pem" 2>/dev/null
}
# real_certificate: $services/key.pem and cert.pem for real.lab, once for all servers of a scenario.
real_certificate() { [ -e $services/cert.pem ] || certificate $services real.lab; }
