# A scheduler that the kernel does not have: its service is named, the others are served.
# seconds: 20
# only: ours
lan net
host director net 10.9.0.1/24
configuration odd.cf <<'X'
logfile="/var/log/ldirectord.log"
checkinterval=1
virtual=10.9.0.80:80
        real=10.9.0.11:80 masq
        checktype=on
        scheduler=nosuch
virtual=10.9.0.81:80
        real=10.9.0.12:80 masq
        checktype=on
        scheduler=wrr
X
ldirectord director odd.cf start
expect "start: exit code" 0 $code
expect_soon 10 "the other service is served" 'TCP 10.9.0.81:80 wrr
  10.9.0.12:80 Masq 1' table director
named() { grep -E '10\.9\.0\.80:80' $log | grep -q nosuch; }
expect_that "the log names the service and its scheduler" wait_until 10 named
sed 's/nosuch/lc/' /etc/ha.d/odd.cf | configuration odd.cf
ldirectord director odd.cf reload
expect "reload: exit code" 0 $code
expect_soon 15 "mended by a reload" 'TCP 10.9.0.80:80 lc
  10.9.0.11:80 Masq 1
TCP 10.9.0.81:80 wrr
  10.9.0.12:80 Masq 1' table director
ldirectord director odd.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
