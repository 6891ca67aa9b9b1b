# An authority of the laboratory's own, and certificates that it issues, bad ones too.
# packages: openssl
# authority DIRECTORY: DIRECTORY/ca.pem and what issuing needs.
authority() {
  mkdir -p "$1/issued"; : >"$1/index"; openssl rand -hex 8 >"$1/serial"
  cat >"$1/ca.cnf" <<X
[ca]
default_ca = lab
[lab]
database = $1/index
serial = $1/serial
new_certs_dir = $1/issued
certificate = $1/ca.pem
private_key = $1/ca.key
default_md = sha256
default_days = 2
policy = any
unique_subject = no
copy_extensions = copy
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
basicConstraints = critical,CA:FALSE
X
  must openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=authority of the laboratory" \
    -keyout "$1/ca.key" -out "$1/ca.pem" 2>/dev/null
}
# issue DIRECTORY NAME [OPTION…]: DIRECTORY/NAME.pem and .key for this name; options of `openssl ca` (-startdate, -enddate).
issue() {
  local directory=$1 name=$2; shift 2
  must openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$name" -addext "subjectAltName=DNS:$name" \
    -keyout "$directory/$name.key" -out "$directory/$name.csr" 2>/dev/null
  quietly openssl ca -batch -notext -config "$directory/ca.cnf" -in "$directory/$name.csr" -out "$directory/$name.pem" "$@"
}
