# Networks are bridges, hosts are network namespaces; an interface has the name of the network it is on.

# lan NAME…
lan() {
  local name; for name in "$@"; do
    must ip link add "$name" type bridge; ip link set "$name" up
    echo "$name" >>$LAB/lans; capture "$name"
  done
}
# host NAME LAN ADDRESS/LENGTH…: makes the host if it is new, and puts it on the network with these addresses.
host() {
  local name=$1 lan=$2 address; shift 2
  if ! grep -qx "$name" $LAB/hosts 2>/dev/null; then
    must ip netns add "$name"; ip -n "$name" link set lo up; echo "$name" >>$LAB/hosts
  fi
  must ip link add "$name.$lan" type veth peer name "$lan" netns "$name"
  ip link set "$name.$lan" master "$lan" up
  for address in "$@"; do address "$name" "$lan" "$address"; done
  ip -n "$name" link set "$lan" up
}
# address HOST INTERFACE ADDRESS/LENGTH. A single IPv6 address (/128) is a virtual one: deprecated, so that the host does not
# choose it as its own source (with IPv4 the first address of the network is chosen anyway).
address() {
  case $3 in *:*/128) must ip -n "$1" addr add "$3" dev "$2" nodad preferred_lft 0 ;;
    *:*) must ip -n "$1" addr add "$3" dev "$2" nodad ;; *) must ip -n "$1" addr add "$3" dev "$2" ;; esac
}
# on HOST COMMAND…
on() { local host=$1; shift; ip netns exec "$host" "$@"; }
# setting HOST NAME=VALUE…: kernel settings, as sysctl names them.
setting() {
  local host=$1 pair; shift
  for pair in "$@"; do on "$host" sh -c "echo '${pair#*=}' >'/proc/sys/$(echo "${pair%%=*}" | tr . /)'"; done
}
# vip_on_loopback HOST ADDRESS…: what direct routing asks of a real server: it accepts packets for the virtual address and
# neither answers nor announces it by ARP.
vip_on_loopback() {
  local host=$1 vip; shift
  setting "$host" net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
  for vip in "$@"; do case $vip in *:*) address "$host" lo "$vip/128" ;; *) address "$host" lo "$vip/32" ;; esac; done
}
# router HOST: forwards between its networks.
router() { setting "$1" net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1; }
# route HOST DESTINATION via|dev WHERE
route() { local host=$1; shift; must ip -n "$host" route add "$@"; }

# filter_port HOST PORT, unfilter_port HOST PORT: packets to this port of the host, of both families, TCP and UDP, vanish on
# arrival: a firewall that drops. Connections that are open stall as well.
filter_port() {
  local interface matching
  say "$1: packets to port $2 are dropped"
  for interface in $(interfaces "$1"); do
    on "$1" tc qdisc add dev "$interface" ingress 2>/dev/null
    for matching in "0x40 0xf0 at 0 match u16 $2 0xffff at 22" "0x60 0xf0 at 0 match u16 $2 0xffff at 42"; do
      must on "$1" tc filter add dev "$interface" parent ffff: protocol all pref "$2" u32 match u8 $matching action drop
    done
  done
}
unfilter_port() {
  local interface
  say "$1: packets to port $2 arrive again"
  for interface in $(interfaces "$1"); do must on "$1" tc filter del dev "$interface" parent ffff: protocol all pref "$2"; done
}
# interfaces HOST: those that are on a network.
interfaces() { ip -n "$1" -o link show type veth | sed 's/^[0-9]*: \([^@:]*\).*/\1/'; }

# capture LAN: a ring of the last packets, read when the scenario failed. `# packets: no` in the head turns it off.
capture() {
  grep -q '^# packets: no' "$LAB_SCENARIOS/$SCENARIO.sh" && return
  command -v tcpdump >/dev/null || { say "no packet view: tcpdump is not installed"; return; }
  tcpdump -i "$1" -n -s 160 -U -Z root -C 2 -W 2 -w "$LAB/packets.$1" >/dev/null 2>&1 &
  echo $! >>$LAB/pids
}
# leave_evidence: tables of every host, the program's logs and configurations, packets.
leave_evidence() {
  local host lan file
  for host in $(cat $LAB/hosts 2>/dev/null); do
    echo "=== $host"; on "$host" ip -br addr; on "$host" ipvsadm -L -n 2>&1; on "$host" ipvsadm -L -n --thresholds 2>/dev/null
  done >"$LAB_OUT/tables"
  for file in /var/log/ldirectord*.log $LAB/*.log $LAB/*.states $LAB/*.record $LAB/*.stdout $LAB/*.stderr /etc/ha.d/*.cf; do
    [ -f "$file" ] && { echo "=== $file"; tail -c 200000 "$file"; }
  done >"$LAB_OUT/files"
  for lan in $(cat $LAB/lans 2>/dev/null); do
    for file in $LAB/packets."$lan"*; do [ -f "$file" ] && { echo "=== $lan"; timeout 60 tcpdump -n -tt -r "$file" 2>/dev/null | tail -3000; }; done
  done >"$LAB_OUT/packets"
}
# stop_everything: natively nothing may stay behind (in a guest the end of the guest does the same).
stop_everything() {
  local pid host
  for pid in $(cat $LAB/pids 2>/dev/null); do kill -9 "$pid" 2>/dev/null; done
  for host in $(cat $LAB/hosts 2>/dev/null); do
    for pid in $(ip netns pids "$host" 2>/dev/null); do kill -9 "$pid" 2>/dev/null; done
    ip netns del "$host"
  done
}
