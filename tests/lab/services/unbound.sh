# unbound: dns (53, UDP and TCP) with one name, www.lab; every other name below lab does not exist.
# packages: unbound
unbound_server() { # HOST [ADDRESS of www.lab, or none]
  local data="local-data: \"www.lab. A ${2:-192.0.2.1}\""; [ "${2:-}" != none ] || data=
  cat >$services/unbound.conf <<X
server:
  directory: "$services"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  interface: 0.0.0.0
  interface: ::0
  access-control: 0.0.0.0/0 allow
  access-control: ::0/0 allow
  local-zone: "lab." static
  $data
remote-control:
  control-enable: no
X
  launch unbound "$1" /usr/sbin/unbound -d -c $services/unbound.conf
}
