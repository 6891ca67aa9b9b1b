# IPv6: virtual6, real6, fallback6, by direct routing.
# seconds: 35
lan net
host director net fd00:9::1/64 fd00:9::80/128
host client net fd00:9::100/64
for n in 1 2; do
  host web$n net fd00:9::1$n/64
  vip_on_loopback web$n fd00:9::80
  web web$n web$n [::]:80
done
web sorry director [::1]:80 [fd00:9::80]:80
for n in 1 2; do expect "web$n answers the director" web$n "$(who director [fd00:9::1$n]:80)"; done
# The original checks HTTP over IPv6 only with a module that Debian does not install with it.
perl_original && check=connect || check=negotiate
configuration six.cf <<X
negotiatetimeout=3
checkinterval=1
quiescent=no
logfile="/var/log/ldirectord.log"
fallback6=[::1]:80 gate
virtual6=[fd00:9::80]:80
        real6=[fd00:9::11]:80 gate 2
        real6=[fd00:9::12]:80 gate 1
        service=http
        checktype=$check
        scheduler=wlc
        request="/"
        receive="Test Page"
X
ldirectord director six.cf start
expect "start: exit code" 0 $code
expect_soon 20 "both servers are in the table" 'TCP [fd00:9::80]:80 wlc
  [fd00:9::11]:80 Route 2
  [fd00:9::12]:80 Route 1' table director
expect_match "a client reaches them" '^web[12] ' "$(answers client [fd00:9::80]:80 6)"
die web1
expect_soon 15 "the dead one is taken out" 'TCP [fd00:9::80]:80 wlc
  [fd00:9::12]:80 Route 1' table director
expect "only the other one answers" "web2 4" "$(answers client [fd00:9::80]:80 4)"
expect_log "Deleted real server: [fd00:9::11]:80 ([fd00:9::80]:80)"
if ours; then behave web2 500; else die web2; fi
expect_soon 15 "an error page counts as down: the fallback stands in" 'TCP [fd00:9::80]:80 wlc
  [::1]:80 Route 1' table director
expect "the fallback answers" "sorry 3" "$(answers client [fd00:9::80]:80 3)"
if ours; then behave web2 page; else revive web2; fi
expect_soon 15 "and leaves" 'TCP [fd00:9::80]:80 wlc
  [fd00:9::12]:80 Route 1' table director
ldirectord director six.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
