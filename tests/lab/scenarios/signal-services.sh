# Signalling, files for booting, and TLS from the first byte: Kamailio (UDP, TCP, TLS), tftpd-hpa, a scripted listener of
# Oracle's, simpletcp against socat (plain, TLS), Redis and Mosquitto over TLS, and connect over UDP.
# seconds: 120
# packages: socat redis-server mosquitto procps
# services: certificate kamailio tftpd tns
# memory: 512M
# only: ours
lan net
host director net 10.9.0.1/24 10.9.0.80/32 fd00:9::1/64 fd00:9::80/128
host server net 10.9.0.11/24 fd00:9::11/64
here=/srv/signal; mkdir -p $here/boot; chmod 755 /srv $here $here/boot
certificate $here real.lab
# Linux tells one asker of unreachable ports six times at once, then once a second; here two families ask, not hundreds.

# --- the servers
file() { echo "$1" >$here/boot/pxelinux.0; chmod 644 $here/boot/pxelinux.0; }
# Both simpletcp servers answer behind the end of what they are sent: over TLS that is a close_notify.
simple() { # ANSWER
  local shell="SYSTEM:cat >/dev/null; echo $1"
  launch simple server socat -t 30 "TCP6-LISTEN:7000,ipv6only=0,reuseaddr,fork" "$shell"
  launch simpletls server socat -t 30 "OPENSSL-LISTEN:7443,pf=ip6,ipv6only=0,reuseaddr,fork,cert=$here/cert.pem,key=$here/key.pem,verify=0" "$shell"
}
redis() { # PASSWORD
  launch redis server redis-server --port 0 --tls-port 6380 --bind 0.0.0.0 :: --protected-mode no --save '' --appendonly no \
    --requirepass "$1" --tls-cert-file $here/cert.pem --tls-key-file $here/key.pem --tls-ca-cert-file $here/cert.pem --tls-auth-clients no
}
printf 'user root\nallow_anonymous true\nlistener 8883\ncertfile %s/cert.pem\nkeyfile %s/key.pem\n' $here $here >$here/mosquitto.conf
kamailio() { kamailio_server kamailio server $here "$1" 10.9.0.11 '[fd00:9::11]'; }
listener() { tns_listener listener server 10.9.0.11:1521 '[fd00:9::11]:1521' 10.9.0.11:1522 '[fd00:9::11]:1522'; }
sink() { launch sink server socat -u UDP6-RECV:514,ipv6only=0 /dev/null; }
start_all() {
  file alive; tftp_server tftpd server $here/boot
  kamailio "200 OK"; listener; simple PONG; redis s3cret-word; sink
  launch mosquitto server mosquitto -c $here/mosquitto.conf
  local port; for port in 5060 5061 5062 69 1521 7000 7443 6380 8883 514; do must wait_until 40 "listening server $port"; done
}
start_all

# --- one virtual service each, in both families
service() { # PORT LINE…
  printf 'virtual=10.9.0.80:%s\n\treal=10.9.0.11:%s gate\n\tscheduler=rr\n' "$1" "$1"; printf '\t%s\n' "${@:2}"; echo
  printf 'virtual6=[fd00:9::80]:%s\n\treal6=[fd00:9::11]:%s gate\n\tscheduler=rr\n' "$1" "$1"; printf '\t%s\n' "${@:2}"; echo
}
tls=(tlsverify=full "tlsca=$here/cert.pem" tlsname=real.lab)
{
  printf 'negotiatetimeout=10\nchecktimeout=5\ncheckinterval=2\nquiescent=no\nlogfile="/var/log/ldirectord.log"\n\n'
  service 5060 service=sip protocol=udp
  service 5062 service=sip
  service 5061 service=sips "${tls[@]}"
  service 69 service=tftp protocol=udp 'request="pxelinux.0"' 'receive="^alive$"'
  service 1521 service=oracle 'database="shop"' 'login="scott"' 'passwd="s3cret-word"' 'request="SELECT 1 FROM dual"'
  service 7000 service=simpletcp 'request="PING\n"' 'receive="^PONG$"'
  service 7443 service=simpletcp 'request="PING\n"' 'receive="^PONG$"' tls=yes "${tls[@]}"
  service 6380 service=redis 'passwd="s3cret-word"' tls=yes "${tls[@]}"
  service 8883 service=mqtt tls=yes "${tls[@]}"
  service 514 checktype=connect protocol=udp
} | configuration signal.cf
all="5060 5062 5061 69 1521 7000 7443 6380 8883 514"
up() { table director | sed -n 's/^  10\.9\.0\.11:\([0-9]*\) .*/\1/p; s/^  \[fd00:9::11\]:\([0-9]*\) .*/six:\1/p' | sort | xargs; }
without() { # PORT…: every service but these
  local port
  for port in $all; do [[ " $* " == *" $port "* ]] || printf '%s\nsix:%s\n' "$port" "$port"; done | sort | xargs
}
ldirectord director signal.cf check
expect "check: exit code" 0 $code
expect "what is checked of oracle is said once for each service" 2 "$(grep -c 'nobody logs in, no query is run' <<<"$stdout$stderr")"
ldirectord director signal.cf start
expect "start: exit code" 0 $code
expect_match "the start says it too" 'nobody logs in, no query is run' "$stdout$stderr"
expect_soon 60 "every service is up" "$(without)" up

say "wrong content, and refusals in the protocol"
file dead; behave listener "refuse 12528"
kamailio_signal kamailio KILL; kamailio "503 Maintenance"
die simple; die simpletls; simple PANG; die redis; redis other
expect_soon 60 "only mqtt and connect are up" "$(without 5060 5062 5061 69 1521 7000 7443 6380)" up
rm $here/boot/pxelinux.0
ldirectord director signal.cf probe
for words in "503 Maintenance" "file refused: File not found" "pattern not found" "database refused: ORA-12528: all instances" \
  "login refused: WRONGPASS"; do expect_match "the reason: $words" "$words" "$stdout"; done
expect_no_match "no password in the log, nor in the reasons" 's3cret' "$(cat $log)$stdout"
file alive; behave listener "redirect 1522"
kamailio_signal kamailio KILL; kamailio "200 OK"; die simple; die simpletls; simple PONG; die redis; redis s3cret-word
expect_soon 60 "all are back, oracle by way of a redirect" "$(without)" up
behave listener resend
ldirectord director signal.cf probe
expect "a connect packet wanted again is sent again" 2 "$(grep -c 'connection to service shop accepted' <<<"$stdout")"
behave listener "refuse 12514"
expect_soon 40 "a service that it does not know: down" "$(without 1521)" up
expect_log "ORA-12514: the listener does not know"
behave listener accept

say "servers that accept and never answer"
kamailio_signal kamailio STOP; for name in tftpd listener sink; do kill -STOP "$(cat $LAB/$name.pid)"; done
expect_soon 60 "sip, tftp and oracle are down; of a silent port nothing is known" "$(without 5060 5062 5061 69 1521)" up
kamailio_signal kamailio CONT; for name in tftpd listener sink; do kill -CONT "$(cat $LAB/$name.pid)"; done
expect_soon 60 "they come back" "$(without)" up
for name in simple simpletls redis mosquitto; do kill -STOP "$(cat $LAB/$name.pid)"; done
expect_soon 60 "the others over TCP and TLS are down" "$(without 7000 7443 6380 8883)" up
for name in simple simpletls redis mosquitto; do kill -CONT "$(cat $LAB/$name.pid)"; done
expect_soon 60 "and come back" "$(without)" up

say "servers that are not there"
kamailio_signal kamailio KILL
for name in tftpd listener sink simple simpletls redis mosquitto; do die $name; done
expect_soon 60 "all are down" "" up
expect_log "port unreachable"
start_all
expect_soon 60 "all are back" "$(without)" up

say "a firewall that drops"
for port in $all; do filter_port server $port; done
expect_soon 60 "silence: only what a ping decides is up" "$(without 5060 5062 5061 69 1521 7000 7443 6380 8883)" up
for port in $all; do unfilter_port server $port; done
expect_soon 60 "up again" "$(without)" up
ldirectord director signal.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
