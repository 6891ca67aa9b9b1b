# postfix: smtp (25), submission (587, TLS demanded); both offer STARTTLS with the certificate of real.lab.
# packages: postfix
postfix_server() { # HOST
  if [ ! -e $services/postfix.ready ]; then
    real_certificate
    cat >/etc/postfix/main.cf <<X
compatibility_level = 3.6
myhostname = real.lab
mydestination =
inet_interfaces = all
inet_protocols = all
maillog_file = /var/log/postfix.log
smtpd_tls_cert_file = $services/cert.pem
smtpd_tls_key_file = $services/key.pem
smtpd_tls_security_level = may
smtpd_delay_reject = no
smtpd_peername_lookup = no
alias_maps =
X
    sed -i -E 's/^(smtp +inet +n +- +)y/\1n/' /etc/postfix/master.cf
    must postconf -M submission/inet="submission inet n - n - - smtpd"
    must postconf -P submission/inet/smtpd_tls_security_level=encrypt
    quietly postfix check
    touch $services/postfix.ready
  fi
  rm -f /var/lib/postfix/master.lock /var/spool/postfix/pid/master.pid
  launch postfix "$1" /usr/lib/postfix/sbin/master -d
}
# postfix_set NAME=VALUE: from the next connection on: smtpd_banner, smtpd_client_restrictions=reject (554 for a greeting).
postfix_set() { say "postfix: $1"; must postconf -e "$1"; kill -HUP "$(cat $LAB/postfix.pid)"; }
