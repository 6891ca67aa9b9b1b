# A firewall that drops what goes to one port: only the real of that service goes down, in both families, and comes back.
# seconds: 90
# services: certificate dovecot redis openssh unbound slapd chrony
# only: ours
lan net
host director net 10.9.0.1/24 10.9.0.80/32 fd00:9::1/64 fd00:9::80/128
host server net 10.9.0.11/24 fd00:9::11/64
dovecot_server server; redis_server server; openssh_server server; unbound_server server; slapd_server server; chrony_server server
web four server 0.0.0.0:80; web six server '[::]:8080'
for port in 22 53 80 123 143 389 6379 8080; do must wait_until 60 "listening server $port"; done
{
  printf 'negotiatetimeout=6\nchecktimeout=6\ncheckinterval=2\nquiescent=no\nlogfile="/var/log/ldirectord.log"\n\n'
  virtual_four 80 service=http 'receive="Test Page"'
  virtual_six 8080 service=http 'receive="Test Page"'
  virtual_both 22 service=ssh
  virtual_both 53 service=dns protocol=udp 'request="www.lab"'
  virtual_both 123 service=ntp protocol=udp
  virtual_both 143 service=imap
  virtual_both 389 service=ldap 'request="dc=lab"'
  virtual_both 6379 checktype=connect
} | configuration filtered.cf
all="80 six:8080 $(for port in 22 53 123 143 389 6379; do echo $port six:$port; done | xargs)"
ldirectord director filtered.cf start
expect "start: exit code" 0 $code
expect_soon 60 "every service is up" "$(without)" up
for filtered in 80 8080 22 53 123 143 389 6379; do
  filter_port server $filtered
  expect_soon 40 "port $filtered filtered: only its reals are down" "$(without $filtered six:$filtered)" up
  unfilter_port server $filtered
done
expect_soon 60 "all are back" "$(without)" up
expect_log "10.9.0.11:80 (10.9.0.80:80) failed: connect"
expect_log "[fd00:9::11]:22 ([fd00:9::80]:22) failed: connect"
for port in $all; do
  case $port in six:*) virtual="[fd00:9::80]:${port#six:}" ;; *) virtual="10.9.0.80:$port" ;; esac
  expect "$virtual: its real went down once" 1 "$(grep -F "Deleted real server" $log | grep -cF "($virtual)")"
done
ldirectord director filtered.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
