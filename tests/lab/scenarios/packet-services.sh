# The conversations in packets against the servers they are for: unbound, slapd, freeradius, MariaDB, PostgreSQL, chronyd, mosquitto.
# seconds: 90
# packages: unbound slapd freeradius mariadb-server postgresql chrony mosquitto openssl
# memory: 1024M
# only: ours
lan net
host director net 10.9.0.1/24 10.9.0.80/32 fd00:9::1/64 fd00:9::80/128
host server net 10.9.0.11/24 fd00:9::11/64
here=/srv/services; mkdir -p $here/ldap $here/pgsql; chmod 755 /srv $here
must openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=real.lab -addext subjectAltName=DNS:real.lab \
  -addext basicConstraints=critical,CA:FALSE -keyout $here/key.pem -out $here/cert.pem 2>/dev/null

# --- the servers
dns() { # ADDRESS of www.lab
  cat >$here/unbound.conf <<X
server:
  directory: "$here"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  interface: 0.0.0.0
  interface: ::0
  access-control: 0.0.0.0/0 allow
  access-control: ::0/0 allow
  local-zone: "lab." static
  local-data: "www.lab. A $1"
remote-control:
  control-enable: no
X
  launch unbound server /usr/sbin/unbound -d -c $here/unbound.conf
}
cat >$here/slapd.conf <<X
include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile $here/slapd.pid
TLSCertificateFile $here/cert.pem
TLSCertificateKeyFile $here/key.pem
database mdb
suffix dc=lab
rootdn cn=admin,dc=lab
rootpw s3cret-word
directory $here/ldap
X
printf 'dn: dc=lab\nobjectClass: dcObject\nobjectClass: organization\no: Lab\ndc: lab\n' >$here/entry
must slapadd -f $here/slapd.conf -l $here/entry
cat >$here/radiusd.conf <<X
name = freeradius
logdir = $here
run_dir = $here
libdir = /usr/lib/freeradius
log {
  destination = stdout
}
security {
  reject_delay = 0
  allow_vulnerable_openssl = yes
}
proxy_requests = no
modules {
  pap {
  }
  files {
    filename = $here/users
  }
}
client four {
  ipaddr = 10.9.0.0/24
  secret = testing123
  require_message_authenticator = yes
}
client six {
  ipv6addr = fd00:9::/64
  secret = testing123
  require_message_authenticator = yes
}
server default {
  listen {
    type = auth
    ipaddr = 10.9.0.11
    port = 1812
  }
  listen {
    type = auth
    ipv6addr = fd00:9::11
    port = 1812
  }
  authorize {
    files
    pap
  }
  authenticate {
    pap
  }
}
X
radius_server() { # PASSWORD
  echo "probe Cleartext-Password := \"$1\"" >$here/users
  launch freeradius server /usr/sbin/freeradius -f -l stdout -n radiusd -d $here -D /usr/share/freeradius
}
# A guest has no asynchronous input and output, and not the address space for a buffer that may grow to 8 TB.
small="--innodb-use-native-aio=0 --innodb-flush-method=fsync --innodb-buffer-pool-size=16M --loose-innodb-buffer-pool-size-max=16M"
quietly mariadb-install-db --no-defaults --skip-test-db --user=root --datadir=$here/mysql $small
cat >$here/init.sql <<X
CREATE DATABASE IF NOT EXISTS shop;
CREATE TABLE IF NOT EXISTS shop.health (id INT);
INSERT INTO shop.health VALUES (1);
CREATE USER IF NOT EXISTS probe IDENTIFIED BY 's3cret-word' REQUIRE SSL;
GRANT SELECT ON shop.* TO probe;
X
mysql_root() { on server mariadb --no-defaults -S $here/mysql.sock -u root -e "$1"; }
postgres=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
cp $here/cert.pem $here/pgsql.crt; cp $here/key.pem $here/pgsql.key; chmod 600 $here/pgsql.key
chown -R nobody:nogroup $here/pgsql $here/pgsql.crt $here/pgsql.key
demoted="setpriv --reuid=nobody --regid=nogroup --clear-groups"
quietly $demoted $postgres/initdb -A trust -U postgres -N -D $here/pgsql
printf '%s\n' "CREATE ROLE probe LOGIN PASSWORD 's3cret-word';" "CREATE TABLE health (id INT);" \
  "INSERT INTO health VALUES (1);" "GRANT SELECT ON health TO probe;" >$here/pgsql.sql
quietly $demoted $postgres/postgres --single -D $here/pgsql postgres <$here/pgsql.sql
printf 'hostssl all probe all scram-sha-256\nhost all postgres 127.0.0.1/32 trust\n' >$here/pgsql/pg_hba.conf
pgsql_root() { on server $postgres/psql -h 127.0.0.1 -U postgres -qc "$1"; }
must mosquitto_passwd -c -b $here/passwords probe s3cret-word
printf 'user root\nallow_anonymous false\npassword_file %s\nlistener 1883\n' $here/passwords >$here/mosquitto.conf
printf 'port 123\ncmdport 0\nbindcmdaddress /\npidfile %s\nallow all\nlocal stratum 5\n' $here/chrony.pid >$here/chrony.conf
chrony_server() { rm -f $here/chrony.pid; launch chronyd server /usr/sbin/chronyd -x -d -u root -f $here/chrony.conf; }
dns 192.0.2.1
launch slapd server /usr/sbin/slapd -d 0 -h "ldap:/// ldaps:///" -f $here/slapd.conf
radius_server s3cret-word
launch mariadb server /usr/sbin/mariadbd --no-defaults --user=root --datadir=$here/mysql --socket=$here/mysql.sock \
  --pid-file=$here/mysql.pid --bind-address='*' --skip-name-resolve --init-file=$here/init.sql --ssl-cert=$here/cert.pem \
  --ssl-key=$here/key.pem $small
launch postgres server $demoted $postgres/postgres -D $here/pgsql -c listen_addresses='*' -c unix_socket_directories= \
  -c ssl=on -c ssl_cert_file=$here/pgsql.crt -c ssl_key_file=$here/pgsql.key
launch mosquitto server /usr/sbin/mosquitto -c $here/mosquitto.conf
chrony_server
for port in 53 389 636 1812 3306 5432 123 1883; do must wait_until 60 "listening server $port"; done

# --- one virtual service each, in both families
service() { # PORT LINE…
  printf 'virtual=10.9.0.80:%s\n\treal=10.9.0.11:%s gate\n\tscheduler=rr\n' "$1" "$1"; printf '\t%s\n' "${@:2}"; echo
  printf 'virtual6=[fd00:9::80]:%s\n\treal6=[fd00:9::11]:%s gate\n\tscheduler=rr\n' "$1" "$1"; printf '\t%s\n' "${@:2}"; echo
}
tls=(tlsverify=full "tlsca=$here/cert.pem" tlsname=real.lab)
login=('login="probe"' 'passwd="s3cret-word"')
entry=('login="cn=admin,dc=lab"' 'passwd="s3cret-word"' 'request="dc=lab"' 'receive="^dc=lab$"' "${tls[@]}")
query=('request="SELECT id FROM health"' "${login[@]}" "${tls[@]}")
{
  printf 'negotiatetimeout=6\ncheckinterval=3\nquiescent=no\nlogfile="/var/log/ldirectord.log"\n\n'
  service 53 service=dns protocol=udp 'request="www.lab"' 'receive="^192\.0\.2\.1$"'
  service 389 service=ldap starttls=yes "${entry[@]}"
  service 636 service=ldaps "${entry[@]}"
  service 1812 service=radius protocol=udp 'secret="testing123"' "${login[@]}"
  service 3306 service=mysql 'database="shop"' "${query[@]}"
  service 5432 service=pgsql 'database="postgres"' "${query[@]}"
  service 123 service=ntp protocol=udp
  service 1883 service=mqtt "${login[@]}"
} | configuration packets.cf
all="53 389 636 1812 3306 5432 123 1883"
up() { table director | sed -n 's/^  10\.9\.0\.11:\([0-9]*\) .*/\1/p; s/^  \[fd00:9::11\]:\([0-9]*\) .*/six:\1/p' | sort | xargs; }
without() { # PORT…: every service but these
  local port
  for port in $all; do [[ " $* " == *" $port "* ]] || printf '%s\nsix:%s\n' "$port" "$port"; done | sort | xargs
}
ldirectord director packets.cf check
expect "check: exit code" 0 $code
ldirectord director packets.cf start
expect "start: exit code" 0 $code
expect_soon 60 "every service is up" "$(without)" up
expect_stays 8 "and stays so" "$(without)" up

# --- each is broken in its own way
say "wrong content"
die unbound; dns 192.0.2.2; die chronyd; must mysql_root "DELETE FROM shop.health"; must pgsql_root "DELETE FROM health"
expect_soon 40 "another address, no clock, no row: down" "$(without 53 123 3306 5432)" up
expect_log "the query finds no row"
die unbound; dns 192.0.2.1; chrony_server
must mysql_root "INSERT INTO shop.health VALUES (1)"; must pgsql_root "INSERT INTO health VALUES (1)"
expect_soon 60 "all are back" "$(without)" up

say "wrong password"
must mysql_root "ALTER USER probe IDENTIFIED BY 'other'"; must pgsql_root "ALTER ROLE probe PASSWORD 'other'"
die freeradius; radius_server other
expect_soon 40 "those that log in are down" "$(without 1812 3306 5432)" up
expect_log "login refused: Access denied for user 'probe'"
expect_log "login refused: password authentication failed"
expect_no_match "no password in the log" 's3cret' "$(cat $log)"
must mysql_root "ALTER USER probe IDENTIFIED BY 's3cret-word'"; must pgsql_root "ALTER ROLE probe PASSWORD 's3cret-word'"
die freeradius; radius_server s3cret-word
expect_soon 60 "they come back" "$(without)" up

for stopped in "unbound 53" "slapd 389 636" "freeradius 1812" "mariadb 3306" "mosquitto 1883" "chronyd 123"; do
  set -- $stopped; name=$1; shift
  say "$name accepts and never answers"; kill -STOP "$(cat $LAB/$name.pid)"
  expect_soon 40 "$name stopped: only its services are down" "$(without "$@")" up
  kill -CONT "$(cat $LAB/$name.pid)"
  expect_soon 40 "$name goes on: up again" "$(without)" up
done
die postgres
expect_soon 40 "no postgres: only its service is down" "$(without 5432)" up
ldirectord director packets.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
