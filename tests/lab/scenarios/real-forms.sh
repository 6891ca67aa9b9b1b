# Forms of real: a range, thresholds, weights, per-real request and receive, a host name.
# seconds: 30
lan net
host director net 10.9.0.1/24 10.9.0.80/32
host client net 10.9.0.100/24
for n in 1 2 3 4 5; do
  host web$n net 10.9.0.1$n/24
  vip_on_loopback web$n 10.9.0.80
  web web$n web$n 0.0.0.0:80
done
echo "10.9.0.14 four.lab" >>/etc/hosts
configuration forms.cf <<'X'
negotiatetimeout=3
checkinterval=1
quiescent=no
logfile="/var/log/ldirectord.log"
virtual=10.9.0.80:80
        real=10.9.0.11->10.9.0.13:80 gate 2 l:5 u:10
        real=four.lab:http gate
        real=10.9.0.15:80 gate 4 "own", "real web5"
        service=http
        scheduler=wrr
        request="/"
        receive="Test Page"
X
ldirectord director forms.cf start
expect "start: exit code" 0 $code
expect_soon 20 "all five are in the table" 'TCP 10.9.0.80:80 wrr
  10.9.0.11:80 Route 2
  10.9.0.12:80 Route 2
  10.9.0.13:80 Route 2
  10.9.0.14:80 Route 1
  10.9.0.15:80 Route 4' table director
thresholds() { on director ipvsadm -L -n --thresholds | awk '$1 == "->" && NR > 3 { print $2, $3, $4 }' | sort; }
expect "thresholds, upper and lower" "10.9.0.11:80 10 5
10.9.0.12:80 10 5
10.9.0.13:80 10 5
10.9.0.14:80 0 0
10.9.0.15:80 0 0" "$(thresholds)"
expect "all answer" 5 "$(answers client 10.9.0.80:80 22 | wc -l)"
since=$(milliseconds)
expect_that "the fifth is asked for its own page" wait_until 10 "awk '\$1 > $since && \$5 == \"/own\"' $LAB/web5.requests | grep -q ."
die web4
expect_soon 15 "the named one is taken out" absent weight director 10.9.0.14:80
die web2
expect_soon 15 "one of the range is taken out" absent weight director 10.9.0.12:80
expect "its neighbours stay" "2 2" "$(weight director 10.9.0.11:80) $(weight director 10.9.0.13:80)"
revive web2
expect_soon 15 "it comes back" 2 weight director 10.9.0.12:80
expect_match "with its thresholds" '^10.9.0.12:80 10 5$' "$(thresholds)"
ldirectord director forms.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
