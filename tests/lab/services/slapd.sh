# slapd: ldap (389, StartTLS), ldaps (636), one entry dc=lab.
# packages: slapd
slapd_server() { # HOST [PASSWORD of cn=admin,dc=lab] [empty: the entry is not there]
  local data=$services/ldap${3:+.$3}
  real_certificate
  cat >$services/slapd.conf <<X
include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile $services/slapd.pid
TLSCertificateFile $services/cert.pem
TLSCertificateKeyFile $services/key.pem
database mdb
suffix dc=lab
rootdn cn=admin,dc=lab
rootpw ${2:-s3cret-word}
directory $data
X
  if [ ! -e "$data" ]; then
    mkdir -p "$data"
    printf 'dn: dc=lab\nobjectClass: dcObject\nobjectClass: organization\no: Lab\ndc: lab\n' >$services/entry
    [ -n "${3:-}" ] || must slapadd -f $services/slapd.conf -l $services/entry
  fi
  launch slapd "$1" /usr/sbin/slapd -d 0 -h "ldap:/// ldaps:///" -f $services/slapd.conf
}
