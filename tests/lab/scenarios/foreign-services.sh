# Services that are not in the configuration are never touched: not at the start, not on a flip, a reload or a stop.
# seconds: 35
lan net
host director net 10.9.0.1/24 10.9.0.80/32
host web1 net 10.9.0.11/24
web web1 web1 0.0.0.0:80
foreign() { on director ipvsadm "$@"; }
must foreign -A -t 10.9.0.90:80 -s wlc -p 120 -M 255.255.255.0
must foreign -a -t 10.9.0.90:80 -r 10.9.0.31:80 -m -w 7
must foreign -a -t 10.9.0.90:80 -r 10.9.0.32:80 -g -w 0
must foreign -A -u 10.9.0.80:80 -s rr
must foreign -a -u 10.9.0.80:80 -r 10.9.0.33:80 -i -w 2
must foreign -A -f 80 -s sh
must foreign -A -t [fd00:9::80]:80 -s wrr
must foreign -a -t [fd00:9::80]:80 -r [fd00:9::31]:80 -m -w 3
theirs() { saved director | grep -v -- '-t 10.9.0.80:80 '; }
before=$(theirs)
configuration own.cf <<'X'
negotiatetimeout=2
checkinterval=1
quiescent=no
logfile="/var/log/ldirectord.log"
virtual=10.9.0.80:80
        real=10.9.0.11:80 gate
        service=http
        scheduler=rr
        receive="Test Page"
X
ldirectord director own.cf start
expect_soon 15 "our service is served" 1 weight director 10.9.0.11:80
expect "the others after the start" "$before" "$(theirs)"
behave web1 wrong
expect_soon 15 "our real is out" absent weight director 10.9.0.11:80
expect "the others after a flip" "$before" "$(theirs)"
ldirectord director own.cf reload
expect_stays 3 "the others after a reload" "$before" theirs
behave web1 page
expect_soon 15 "our real is back" 1 weight director 10.9.0.11:80
ldirectord director own.cf stop
expect_soon 10 "the others after the stop, and only they" "$before" saved director
