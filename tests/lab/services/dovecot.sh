# dovecot: pop (110), imap (143), both with STARTTLS and no password before it, pops (995), imaps (993).
# packages: dovecot-imapd dovecot-pop3d
dovecot_server() { # HOST [plain: passwords are taken without TLS too]
  local plain=yes; [ "${2:-}" != plain ] || plain=no
  real_certificate; mkdir -p $services/home; chown nobody $services/home
  [ -e $services/dovecot.users ] || dovecot_password s3cret-word
  cat >$services/dovecot.conf <<X
protocols = imap pop3
listen = *, ::
base_dir = /run/dovecot
log_path = $services/dovecot.log
ssl = yes
ssl_cert = <$services/cert.pem
ssl_key = <$services/key.pem
disable_plaintext_auth = $plain
auth_mechanisms = plain
passdb {
  driver = passwd-file
  args = scheme=plain username_format=%u $services/dovecot.users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=$services/home
}
# Nobody is made to wait for having failed: scenarios do enough of that.
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  service_count = 0
}
service pop3-login {
  service_count = 0
}
service imap {
  service_count = 100
}
service pop3 {
  service_count = 100
}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:~/Maildir
X
  launch dovecot "$1" /usr/sbin/dovecot -F -c $services/dovecot.conf
}
dovecot_password() { echo "probe:{PLAIN}$1" >$services/dovecot.users; chmod 644 $services/dovecot.users; }
