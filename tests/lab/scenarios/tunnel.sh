# ipip: real servers on another network, reached by a tunnel.
# seconds: 30
lan front far
host director front 10.9.0.1/24 10.9.0.80/32
host client front 10.9.0.100/24
host router front 10.9.0.254/24; host router far 10.20.0.254/24; router router
route director 10.20.0.0/24 via 10.9.0.254
for n in 1 2; do
  host web$n far 10.20.0.1$n/24
  route web$n default via 10.20.0.254
  vip_on_loopback web$n 10.9.0.80
  must ip -n web$n link set tunl0 up
  setting web$n net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.tunl0.rp_filter=0
  web web$n web$n 0.0.0.0:80
done
configuration tunnel.cf <<'X'
negotiatetimeout=3
checkinterval=1
quiescent=yes
logfile="/var/log/ldirectord.log"
virtual=10.9.0.80:80
        real=10.20.0.11:80 ipip 5
        real=10.20.0.12:80 ipip 5
        service=http
        scheduler=rr
        receive="Test Page"
X
ldirectord director tunnel.cf start
expect "start: exit code" 0 $code
expect_soon 20 "both servers are in the table" 'TCP 10.9.0.80:80 rr
  10.20.0.11:80 Tunnel 5
  10.20.0.12:80 Tunnel 5' table director
expect "a client reaches both through the tunnel" "web1 3
web2 3" "$(answers client 10.9.0.80:80 6)"
die web2
expect_soon 15 "the dead one has weight 0" 0 weight director 10.20.0.12:80
expect "only the other one answers" "web1 4" "$(answers client 10.9.0.80:80 4)"
ldirectord director tunnel.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
