# The conversations in packets against the servers they are for: unbound, slapd, freeradius, MariaDB, PostgreSQL, chronyd, mosquitto.
# seconds: 90
# services: certificate unbound slapd freeradius mariadb postgresql chrony mosquitto
# memory: 1024M
# only: ours
lan net
host director net 10.9.0.1/24 10.9.0.80/32 fd00:9::1/64 fd00:9::80/128
host server net 10.9.0.11/24 fd00:9::11/64
unbound_server server; slapd_server server; freeradius_server server; mariadb_server server; postgresql_server server
mosquitto_server server; chrony_server server
for port in 53 389 636 1812 3306 5432 123 1883; do must wait_until 60 "listening server $port"; done

# --- one virtual service each, in both families
tls=(tlsverify=full "tlsca=$services/cert.pem" tlsname=real.lab)
login=('login="probe"' 'passwd="s3cret-word"')
entry=('login="cn=admin,dc=lab"' 'passwd="s3cret-word"' 'request="dc=lab"' 'receive="^dc=lab$"' "${tls[@]}")
query=('request="SELECT id FROM health"' "${login[@]}" "${tls[@]}")
{
  printf 'negotiatetimeout=6\ncheckinterval=3\nquiescent=no\nlogfile="/var/log/ldirectord.log"\n\n'
  virtual_both 53 service=dns protocol=udp 'request="www.lab"' 'receive="^192\.0\.2\.1$"'
  virtual_both 389 service=ldap starttls=yes "${entry[@]}"
  virtual_both 636 service=ldaps "${entry[@]}"
  virtual_both 1812 service=radius protocol=udp 'secret="testing123"' "${login[@]}"
  virtual_both 3306 service=mysql 'database="shop"' "${query[@]}"
  virtual_both 5432 service=pgsql 'database="postgres"' "${query[@]}"
  virtual_both 123 service=ntp protocol=udp
  virtual_both 1883 service=mqtt "${login[@]}"
} | configuration packets.cf
all=$(for port in 53 389 636 1812 3306 5432 123 1883; do echo $port six:$port; done | xargs)
# but PORT…: all without these, in both families.
but() { local port; without $(for port in "$@"; do echo "$port" "six:$port"; done); }
ldirectord director packets.cf check
expect "check: exit code" 0 $code
ldirectord director packets.cf start
expect "start: exit code" 0 $code
expect_soon 60 "every service is up" "$(without)" up
expect_stays 8 "and stays so" "$(without)" up

# --- each is broken in its own way
say "wrong content"
die unbound; unbound_server server 192.0.2.2; die chrony; die slapd; slapd_server server s3cret-word empty; mariadb_rows 0; postgresql_rows 0
expect_soon 40 "another address, no clock, no entry, no row: down" "$(but 53 123 389 636 3306 5432)" up
expect_log "the query finds no row"
die unbound; unbound_server server; chrony_server server; die slapd; slapd_server server; mariadb_rows 1; postgresql_rows 1
expect_soon 60 "all are back" "$(but)" up

say "wrong password"
mariadb_password other; postgresql_password other; die freeradius; freeradius_server server other; mosquitto_password other
die slapd; slapd_server server other
expect_soon 40 "those that log in are down" "$(but 389 636 1812 1883 3306 5432)" up
expect_log "login refused: Access denied for user 'probe'"
expect_log "login refused: password authentication failed"
expect_no_match "no password in the log" 's3cret' "$(cat $log)"
mariadb_password s3cret-word; postgresql_password s3cret-word; die freeradius; freeradius_server server; mosquitto_password s3cret-word
die slapd; slapd_server server
expect_soon 60 "they come back" "$(but)" up

say "a name that does not exist, a clock that knows no time"
die unbound; unbound_server server none; die chrony; chrony_server server unsynchronised
expect_soon 40 "NXDOMAIN and stratum 0: down" "$(but 53 123)" up
die unbound; unbound_server server; die chrony; chrony_server server
expect_soon 60 "they come back" "$(but)" up

for stopped in "unbound 53" "slapd 389 636" "freeradius 1812" "mariadb 3306" "mosquitto 1883" "chrony 123" "postgresql 5432"; do
  set -- $stopped; name=$1; shift
  pause $name
  expect_soon 40 "$name is silent: only its services are down" "$(but "$@")" up
  resume $name
  expect_soon 40 "$name goes on: up again" "$(but)" up
done
die postgresql
expect_soon 40 "no postgres: only its service is down" "$(but 5432)" up
postgresql_server server
expect_soon 60 "postgres again" "$(but)" up
ldirectord director packets.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
