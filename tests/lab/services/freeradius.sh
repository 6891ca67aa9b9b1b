# FreeRADIUS: radius (1812), secret testing123, one user.
# packages: freeradius
freeradius_server() { # HOST [PASSWORD of probe] [no: unsigned requests are taken too]
  cat >$services/radiusd.conf <<X
name = freeradius
logdir = $services
run_dir = $services
libdir = /usr/lib/freeradius
log {
  destination = stdout
}
security {
  reject_delay = 0
  allow_vulnerable_openssl = yes
}
proxy_requests = no
modules {
  pap {
  }
  files {
    filename = $services/radius.users
  }
}
client four {
  ipaddr = 10.0.0.0/8
  secret = testing123
  require_message_authenticator = ${3:-yes}
}
client six {
  ipv6addr = fd00::/16
  secret = testing123
  require_message_authenticator = ${3:-yes}
}
server default {
  listen {
    type = auth
    ipaddr = *
    port = 1812
  }
  listen {
    type = auth
    ipv6addr = ::
    port = 1812
  }
  authorize {
    files
    pap
  }
  authenticate {
    pap
  }
}
X
  echo "probe Cleartext-Password := \"${2:-s3cret-word}\"" >$services/radius.users
  launch freeradius "$1" /usr/sbin/freeradius -f -l stdout -n radiusd -d $services -D /usr/share/freeradius
}
