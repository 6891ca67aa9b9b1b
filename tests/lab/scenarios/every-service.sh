# One configuration with a virtual service of each kind: all are up; each is broken in turn and only its real goes down.
# seconds: 240
# services: certificate kamailio tftpd tns nginx squid grpc postfix dovecot vsftpd leafnode redis memcached openssh unbound slapd freeradius mariadb postgresql chrony mosquitto
# packages: socat perl mon
# memory: 1536M
# packets: no
# only: ours
lan net
host director net 10.9.0.1/24 fd00:9::1/64
host server net 10.9.0.11/24 fd00:9::11/64
host silent net 10.9.0.12/24
postfix_server server; dovecot_server server; vsftpd_server server; redis_server server; memcached_server server; openssh_server server
leafnode_server server; unbound_server server; slapd_server server; freeradius_server server; mariadb_server server
postgresql_server server; chrony_server server; mosquitto_server server
web page server 0.0.0.0:80; web combined server 0.0.0.0:8081; web connected server 0.0.0.0:8082; web six server '[::]:8083'; web monitored server 0.0.0.0:8084; web origin server 0.0.0.0:8085
# nginx over TLS, with an API server's readiness behind it; squid; gRPC.
mkdir -p $services/www $services/tokens; real_certificate; echo "Test Page" >$services/www/index.html
echo first-token >$services/token; : >"$services/tokens/Bearer first-token"
secure() { echo "server { listen [::]:$1 ssl ipv6only=off; ssl_certificate $services/cert.pem; ssl_certificate_key $services/key.pem; root $services/www; ${2:-} }"; }
{ secure 443; secure 6443 "location = /readyz { if (!-f '$services/tokens/\$http_authorization') { return 401; } return 200 ok; }"; } >$services/servers.conf
nginx_server nginx server $services; squid_server squid server $services 3128
echo '- SERVING' >$services/states; grpc_server grpc server $services/states 50051
# Kamailio has sip and sips; its ports tell them apart.
kamailio_server kamailio server $services "200 OK" 10.9.0.11
mkdir -p $services/boot; echo alive >$services/boot/pxelinux.0; chmod 755 $services/boot; tftp_server tftpd server $services/boot
tns_listener listener server 10.9.0.11:1521
datagrams() { launch datagrams server socat -u UDP-RECV:5000 /dev/null; }
datagrams
echo_server() { launch echo server socat -t 20 TCP-LISTEN:7,fork,reuseaddr EXEC:cat; }; echo_server
printf '#!/bin/sh\n[ -e /srv/external.up ] || { echo "the file is not there"; exit 1; }\n' >/srv/external; chmod 755 /srv/external
printf 'exit(-e "/srv/perl.up" ? 0 : 1);\n' >/srv/external.pl
touch /srv/external.up /srv/perl.up

# row NAME REAL BREAK MEND LINE…: a virtual service NAME whose real server is REAL; BREAK and MEND are commands. Ports of the
# virtual services are only numbers here: 1000 and up, in the order of the rows.
rows=(); declare -A breaks mends
row() {
  local port=$(( 1000 + ${#rows[@]} )) six=
  case $2 in '['*) six=6; printf 'virtual6=[fd00:9::80]:%s\n' $port ;; *) printf 'virtual=10.9.0.80:%s\n' $port ;; esac
  printf '\treal%s=%s masq\n' "$six" "$2"; printf '\t%s\n' "${@:5}"; echo
  rows+=("$1"); breaks[$1]=$3; mends[$1]=$4
}
login=('login="probe"' 'passwd="s3cret-word"'); tls=(tlsverify=full "tlsca=$services/cert.pem" tlsname=real.lab)
entry=('login="cn=admin,dc=lab"' 'passwd="s3cret-word"' 'request="dc=lab"' 'receive="^dc=lab$"' "${tls[@]}")
# A filtered port costs the whole deadline.
short=negotiatetimeout=6
four() { echo "10.9.0.11:$1"; }
filter() { echo "filter_port server $1"; }
unfilter() { echo "unfilter_port server $1"; }
{
  printf 'negotiatetimeout=15\nchecktimeout=15\ncheckinterval=3\nquiescent=no\nlogfile="/var/log/ldirectord.log"\n\n'
  row http       $(four 80)    "behave page wrong" "behave page page" service=http 'receive="Test Page"'
  row https      $(four 443)   "mv $services/www/index.html $services/page" "mv $services/page $services/www/index.html" service=https 'receive="Test Page"' "${tls[@]}"
  row kube       $(four 6443)  "echo second-token >$services/token" "echo first-token >$services/token" service=kube "tokenfile=\"$services/token\"" "${tls[@]}"
  row http_proxy $(four 3128)  "die squid" "squid_server squid server $services 3128" service=http_proxy 'request="http://10.9.0.11:8085/"' 'receive="Test Page"'
  row grpc       $(four 50051) "echo '- NOT_SERVING' >$services/states" "echo '- SERVING' >$services/states" service=grpc
  row smtp       $(four 25)    "$(filter 25)" "$(unfilter 25)" $short service=smtp 'receive="^220 real.lab"'
  row submission $(four 587)   "$(filter 587)" "$(unfilter 587)" $short service=submission starttls=yes "${tls[@]}"
  row pop        $(four 110)   "$(filter 110)" "$(unfilter 110)" $short service=pop starttls=yes "${login[@]}" "${tls[@]}"
  row pops       $(four 995)   "$(filter 995)" "$(unfilter 995)" $short service=pops "${login[@]}" "${tls[@]}"
  row imap       $(four 143)   "$(filter 143)" "$(unfilter 143)" $short service=imap starttls=yes "${login[@]}" "${tls[@]}"
  row imaps      $(four 993)   "$(filter 993)" "$(unfilter 993)" $short service=imaps "${login[@]}" "${tls[@]}"
  row ftp        $(four 21)    "vsftpd_file lost" "vsftpd_file well" service=ftp 'request="/alive.txt"' 'receive="well"'
  row nntp       $(four 119)   "leafnode_name lab" "leafnode_name news.real-lab.net" service=nntp
  row ldap       $(four 389)   "$(filter 389)" "$(unfilter 389)" $short service=ldap starttls=yes "${entry[@]}"
  row ldaps      $(four 636)   "$(filter 636)" "$(unfilter 636)" $short service=ldaps "${entry[@]}"
  row mysql      $(four 3306)  "mariadb_rows 0" "mariadb_rows 1" service=mysql 'database="shop"' 'request="SELECT id FROM health"' "${login[@]}"
  row pgsql      $(four 5432)  "postgresql_rows 0" "postgresql_rows 1" service=pgsql 'database="postgres"' 'request="SELECT id FROM health"' "${login[@]}"
  row radius     $(four 1812)  "die freeradius" "freeradius_server server" service=radius protocol=udp 'secret="testing123"' "${login[@]}"
  row dns        $(four 53)    "die unbound; unbound_server server none" "die unbound; unbound_server server" service=dns protocol=udp 'request="www.lab"'
  row sip        $(four 5060)  "$(filter 5060)" "$(unfilter 5060)" $short service=sip protocol=udp 'login="lab@real.lab"'
  row sips       $(four 5061)  "$(filter 5061)" "$(unfilter 5061)" $short service=sips 'login="lab@real.lab"' "${tls[@]}"
  row tftp       $(four 69)    "mv $services/boot/pxelinux.0 $services/kept" "mv $services/kept $services/boot/pxelinux.0" service=tftp protocol=udp 'request="pxelinux.0"' 'receive="^alive"'
  row oracle     $(four 1521)  "behave listener 'refuse 12528'" "behave listener accept" service=oracle 'database="shop"' 'login="scott"' 'passwd="s3cret-word"' 'request="SELECT 1 FROM dual"'
  row simpletcp  $(four 7)     "die echo" "echo_server" service=simpletcp 'request="hello\n"' 'receive="^hello"'
  row redis      $(four 6379)  "die redis" "redis_server server" service=redis 'passwd="s3cret-word"'
  row memcached  $(four 11211) "die memcached" "memcached_server server" service=memcached
  row ssh        $(four 22)    "die openssh" "openssh_server server" service=ssh 'receive="OpenSSH"'
  row ntp        $(four 123)   "die chrony" "chrony_server server" service=ntp protocol=udp
  row mqtt       $(four 1883)  "mosquitto_password other" "mosquitto_password s3cret-word" service=mqtt "${login[@]}"
  row connect    $(four 8082)  "die connected" "revive connected" checktype=connect
  row udp        $(four 5000)  "die datagrams" "datagrams" protocol=udp checktype=connect
  row mon        $(four 8084)  "die monitored" "revive monitored" checktype=mon 'checkcommand=tcp.monitor -p %p -t 4'
  row combined   $(four 8081)  "die combined" "revive combined" service=http checktype=3 'receive="Test Page"'
  row ping       10.9.0.12:9   "setting silent net.ipv4.icmp_echo_ignore_all=1" "setting silent net.ipv4.icmp_echo_ignore_all=0" checktype=ping
  row external   $(four 9001)  "rm /srv/external.up" "touch /srv/external.up" checktype=external 'checkcommand="/srv/external"'
  row perl       $(four 9002)  "rm /srv/perl.up" "touch /srv/perl.up" checktype=external-perl 'checkcommand="/srv/external.pl"'
  row six        '[fd00:9::11]:8083' "behave six 500" "behave six page" service=http 'receive="Test Page"'
  row on         $(four 9003)  "" "" checktype=on
  row none       $(four 9004)  "" "" service=none
} >$LAB/every.cf
configuration every.cf <$LAB/every.cf
for port in 443 6443 3128 50051 5060 5061 69 1521 53 389 636 1812 3306 5432 123 1883 21 22 25 110 119 143 587 993 995 6379 11211; do must wait_until 60 "listening server $port"; done

# up: names of the rows whose virtual service has its real; without NAME…: of all rows but these.
up() {
  table director | awk '/^[^ ]/ { n = split($2, part, ":"); port = part[n] } /^ / && $3 > 0 { print port - 1000 }' | sort -n |
    while read -r index; do printf '%s ' "${rows[index]}"; done
}
without() { local name; for name in "${rows[@]}"; do [[ " $* " == *" $name "* ]] || printf '%s ' "$name"; done; }

say "${#rows[@]} virtual services"
expect_that "at least 25 virtual services" [ ${#rows[@]} -ge 25 ]
ldirectord director every.cf check
expect "check: exit code" 0 $code
ldirectord director every.cf start
expect "start: exit code" 0 $code
expect_soon 180 "every service is up" "$(without)" up
expect_stays 6 "and stays so" "$(without)" up

# --- each in turn, while the one before comes back
for name in "${rows[@]}"; do
  [ -n "${breaks[$name]}" ] || continue
  eval "${breaks[$name]}"
  expect_soon 60 "$name is broken: only its real is down" "$(without "$name")" up
  eval "${mends[$name]}"
done
expect_soon 60 "every service is up again" "$(without)" up
ldirectord director every.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
