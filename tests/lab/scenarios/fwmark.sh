# A virtual by firewall mark: two ports of one address in one persistent service; marks are set at the interface.
# seconds: 35
lan net
host director net 10.9.0.1/24 10.9.0.80/32
host client net 10.9.0.100/24
must on director tc qdisc add dev net ingress
must on director tc filter add dev net parent ffff: protocol ip u32 match ip dst 10.9.0.80/32 action skbedit mark 7
for n in 1 2; do
  host web$n net 10.9.0.1$n/24
  vip_on_loopback web$n 10.9.0.80
  web web$n web$n 0.0.0.0:80 0.0.0.0:8080
done
configuration mark.cf <<'X'
negotiatetimeout=3
checkinterval=1
quiescent=no
logfile="/var/log/ldirectord.log"
virtual=7
        real=10.9.0.11 gate
        real=10.9.0.12 gate 2
        service=http
        checkport=80
        scheduler=wlc
        protocol=fwm
        persistent=300
        request="/"
        receive="Test Page"
X
ldirectord director mark.cf start
expect "start: exit code" 0 $code
expect_soon 20 "both servers are in the table" 'FWM 7 wlc persistent 300
  10.9.0.11:0 Route 1
  10.9.0.12:0 Route 2' table director
first=$(who client 10.9.0.80:80); n=${first#web}
expect_match "a client reaches one" '^web[12]$' "$first"
expect "and the same one on the other port" "$first 3" "$(answers client 10.9.0.80:8080 3)"
behave $first wrong
expect_soon 15 "its page goes wrong: it is taken out" absent weight director 10.9.0.1$n:0
expect "the other one answers on both ports" "web$((3 - n)) web$((3 - n))" "$(who client 10.9.0.80:80) $(who client 10.9.0.80:8080)"
expect_log "Deleted real server: 10.9.0.1$n:0 (7)"
behave $first page
expect_soon 15 "it is back" $n weight director 10.9.0.1$n:0
ldirectord director mark.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
