# A name server whose names can be changed: dnsmasq.
# packages: dnsmasq-base
# name_server HOST ADDRESS: answers there, with a TTL of one second, from $LAB/names; this machine asks it.
name_server() {
  touch $LAB/names
  rm -f /etc/resolv.conf
  printf 'nameserver %s\noptions timeout:1 attempts:1\n' "$2" >/etc/resolv.conf
  launch names "$1" dnsmasq --keep-in-foreground --user=root --pid-file= --conf-file=/dev/null --no-resolv --no-hosts \
    --addn-hosts=$LAB/names --local-ttl=1 --local=/lab/ --bind-interfaces --listen-address="$2"
  must wait_until 20 "listening $1 53"
}
# means NAME ADDRESS…: what a name means from now on; without an address there is no such name.
means() {
  local name=$1 address; shift
  say "$name means ${*:-nothing}"
  for address in "$@"; do echo "$address $name"; done >$LAB/names
  kill -HUP "$(cat $LAB/names.pid)"
}
