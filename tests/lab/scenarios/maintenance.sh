# A file in maintenancedir takes a real out of the kernel's table and its removal brings it back; verdicts are in the monitorfile.
# seconds: 30
# only: ours
lan net
host director net 10.9.0.1/24 10.9.0.80/32
host client net 10.9.0.100/24
for number in 1 2; do
  host web$number net 10.9.0.1$number/24; vip_on_loopback web$number 10.9.0.80; web web$number web$number 0.0.0.0:80
done
mkdir -p /srv/down; touch /srv/down/10.9.0.12
configuration web.cf <<'X'
checkinterval=1
checktimeout=5
quiescent=yes
maintenancedir=/srv/down
logfile="/var/log/ldirectord.log"

virtual=10.9.0.80:80
        real=10.9.0.11:80 gate 1
        real=10.9.0.12:80 gate 1
        service=http
        scheduler=rr
        receive="Test Page"
        monitorfile="/srv/monitor"
X
ldirectord director web.cf start
expect "start: exit code" 0 $code
expect_soon 30 "the one in maintenance has no weight" 'TCP 10.9.0.80:80 rr
  10.9.0.11:80 Route 1
  10.9.0.12:80 Route 0' table director
expect "clients reach the other one" "web1 4" "$(answers client 10.9.0.80:80 4)"
must wait_until 30 "grep -q ' 10.9.0.12 80 .*\[down\] Server in maintenance' /srv/monitor"
rm /srv/down/10.9.0.12; touch /srv/down/10.9.0.11:80
expect_soon 30 "they change places" 'TCP 10.9.0.80:80 rr
  10.9.0.11:80 Route 0
  10.9.0.12:80 Route 1' table director
expect "and clients follow" "web2 4" "$(answers client 10.9.0.80:80 4)"
rm /srv/down/10.9.0.11:80
expect_soon 30 "both are back" 'TCP 10.9.0.80:80 rr
  10.9.0.11:80 Route 1
  10.9.0.12:80 Route 1' table director
expect_no_match "no failure was counted" 'Soft failure' "$(cat $log)"
