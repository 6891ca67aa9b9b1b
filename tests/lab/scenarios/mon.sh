# checktype=mon: Debian's monitors as they are, against the servers they are for; grouped, each broken in its own way. (Its
# smtp.monitor is down with every server under perl 5.36, whose Sys::Hostname refuses its call: smtp3.monitor is the one.)
# seconds: 110
# packages: mon fping libnet-dns-perl postfix vsftpd unbound
# only: ours
lan net
host director net 10.9.0.1/24 10.9.0.80/32 fd00:9::1/64 fd00:9::80/128
host server net 10.9.0.11/24 10.9.0.12/24 fd00:9::11/64
hostname director.lab; echo 10.9.0.1 director.lab >>/etc/hosts     # smtp3.monitor says HELO with it
here=/srv/services; mkdir -p $here/ftp /run/vsftpd/empty; chmod 755 /srv $here $here/ftp

# --- the servers, on both addresses
web web server 0.0.0.0:80
printf '%s\n' listen=NO listen_ipv6=YES background=NO anonymous_enable=YES anon_root=$here/ftp seccomp_sandbox=NO \
  secure_chroot_dir=/run/vsftpd/empty xferlog_enable=NO >$here/vsftpd.conf
ftp() { launch vsftpd server /usr/sbin/vsftpd $here/vsftpd.conf; }; ftp
printf '%s\n' 'compatibility_level = 3.6' 'myhostname = mail.lab' 'mydestination =' 'inet_interfaces = all' \
  'maillog_file = /var/log/postfix.log' 'alias_maps =' >/etc/postfix/main.cf
sed -i -E 's/^(smtp +inet +n +- +)y/\1n/' /etc/postfix/master.cf
on server postfix start >>$LAB/postfix.log 2>&1
dns() { # DATA
  printf '%s\n' server: '  chroot: ""' '  username: ""' '  pidfile: ""' '  use-syslog: no' '  interface: 10.9.0.11' \
    '  interface: 10.9.0.12' '  interface: fd00:9::11' '  access-control: 0.0.0.0/0 allow' '  access-control: ::0/0 allow' \
    '  local-zone: "lab." static' "  local-data: \"$1\"" remote-control: '  control-enable: no' >$here/unbound.conf
  launch unbound server /usr/sbin/unbound -d -c $here/unbound.conf
}
dns 'www.lab. A 192.0.2.1'
for port in 21 25 53 80; do must wait_until 60 "listening server $port"; done
# A monitor that writes down how it was called is a monitor all the same.
mkdir -p /usr/local/lib/mon/mon.d
printf '#!/bin/sh\necho "$*" >>%s\nexec /usr/lib/mon/mon.d/http.monitor "$@"\n' $LAB/calls >/usr/local/lib/mon/mon.d/noted.monitor
chmod 755 /usr/local/lib/mon/mon.d/noted.monitor

# --- one virtual service each, with two real servers
service() { # PORT COMMAND [LINE]
  printf 'virtual=10.9.0.80:%s\n\treal=10.9.0.11:%s gate\n\treal=10.9.0.12:%s gate\n\tscheduler=rr\n' $1 $1 $1
  printf '\tchecktype=mon\n\tcheckcommand=%s\n\t%s\n\n' "$2" "${3:-}"
}
six() { # PORT COMMAND [LINE]
  printf 'virtual6=[fd00:9::80]:%s\n\treal6=[fd00:9::11]:%s gate\n\tchecktype=mon\n\tcheckcommand=%s\n\t%s\n\n' $1 $1 "$2" "${3:-}"
}
{
  printf 'checktimeout=25\ncheckinterval=6\nquiescent=no\nlogfile="/var/log/ldirectord.log"\n\n'
  service 80 "noted.monitor -p %p -t 5 -u /index.html"
  service 21 "ftp.monitor -p %p -t 5"
  service 25 "smtp3.monitor --port %p --timeout 5 --alarmtime 9"
  service 8025 "/usr/lib/mon/mon.d/tcp.monitor -p %p -t 5" checkport=25
  service 53 "dns.monitor -caching_only -query www.lab:A -retry 2 -retransmit 2 -timeout 3" protocol=udp
  service 7 "fping.monitor -r 1 -t 500"
  six 53 "dns.monitor -caching_only -query www.lab:A -retry 2 -retransmit 2 -timeout 3" protocol=udp
  six 7 "fping.monitor -r 1 -t 500"
} | configuration mon.cf
all="11:21 11:25 11:53 11:7 11:80 11:8025 12:21 12:25 12:53 12:7 12:80 12:8025 six:53 six:7"
up() {
  table director | sed -n 's/^  10\.9\.0\.\(1[12]\):\([0-9]*\) .*/\1:\2/p; s/^  \[fd00:9::11\]:\([0-9]*\) .*/six:\1/p' | LC_ALL=C sort | xargs
}
without() { # EXPRESSION: every real server but these
  tr ' ' '\n' <<<"$all" | grep -Evx -- "${1:-nothing}" | LC_ALL=C sort | xargs
}
ldirectord director mon.cf probe
expect "probe: everything is up" 0 $code
expect_match "probe names the check" '10\.9\.0\.11:80 +up +mon ' "$stdout"
: >$LAB/calls
ldirectord director mon.cf start
expect "start: exit code" 0 $code
expect_soon 90 "every service is up" "$(without)" up
expect_stays 8 "and stays so" "$(without)" up
both="-p 80 -t 5 -u /index.html 10.9.0.11 10.9.0.12"
expect "both hosts were one call" "$both" "$(sort $LAB/calls | uniq -c | sort -n | tail -n 1 | sed 's/^ *[0-9]* //')"

# --- each is broken in its own way, while the one before comes back
behave web 500
expect_soon 90 "http.monitor: the wrong page" "$(without '1.:80')" up
expect_log "exit code 1: HOST 10.9.0.11: "
behave web page; die vsftpd
expect_soon 90 "http is up again; ftp.monitor: refused" "$(without '1.:21')" up
ftp; on server postfix stop >>$LAB/postfix.log 2>&1
expect_soon 90 "ftp is up again; smtp3.monitor and tcp.monitor: refused" "$(without '1.:(25|8025)')" up
on server postfix start >>$LAB/postfix.log 2>&1; die unbound; dns 'other.lab. A 192.0.2.1'
expect_soon 90 "smtp is up again; dns.monitor: no such name" "$(without '.*:53')" up
die unbound; dns 'www.lab. A 192.0.2.1'; behave web silence
expect_soon 90 "dns is up again; http.monitor: silence" "$(without '1.:80')" up
behave web page; must ip -n server addr del 10.9.0.12/24 dev net
expect_soon 120 "one of two hosts is silent, for every monitor: the other one stays" "$(without '12:.*')" up
expect_stays 8 "and goes on to stay" "$(without '12:.*')" up
must ip -n server addr add 10.9.0.12/24 dev net
expect_soon 90 "it is back" "$(without)" up
expect_soon 60 "one call for both again" "$both" tail -n 1 $LAB/calls
ldirectord director mon.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
expect_soon 10 "no monitor is left" "" pgrep -f '/mon.d/'
