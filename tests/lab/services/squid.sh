# squid as one process, without a cache.
# packages: squid
# squid_server NAME HOST DIRECTORY PORT: a proxy that makes tunnels to the ports 443 and 444 only.
squid_server() {
  mkdir -p "$3/squid"; chown proxy "$3/squid"
  cat >"$3/squid.conf" <<X
http_port $4
acl tunnels port 443 444
acl CONNECT method CONNECT
http_access deny CONNECT !tunnels
http_access allow all
cache deny all
access_log stdio:$3/squid/access.log
cache_log $3/squid/cache.log
pid_filename none
coredump_dir $3/squid
netdb_filename none
pinger_enable off
shutdown_lifetime 0 seconds
connect_timeout 3 seconds
X
  launch "$1" "$2" /usr/sbin/squid -N -f "$3/squid.conf"
}
