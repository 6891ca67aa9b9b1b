# The same directories, databases, radius and name servers under the Perl ldirectord and under ours: both decide alike, but for
# what is declared.
# seconds: 160
# services: certificate slapd mariadb postgresql freeradius unbound
# packages: ldirectord libnet-ldap-perl libdbd-mysql-perl libdbd-pg-perl libauthen-radius-perl libnet-dns-perl libwww-perl libmailtools-perl
# packets: no
# memory: 1024M
# only: ours
lan net; directors net; host server net 10.9.0.11/24
slapd_server server; mariadb_server server plain; postgresql_server server; freeradius_server server s3cret-word no; unbound_server server
login=('login="probe"' 'passwd="s3cret-word"'); query='request="SELECT id FROM health"'
pair ldap    10.9.0.11:389  service=ldap 'login="cn=admin,dc=lab"' 'passwd="s3cret-word"' 'request="dc=lab"' 'receive="^dc=lab$"'
pair mysql   10.9.0.11:3306 service=mysql 'database="shop"' "$query" "${login[@]}"
pair pgsql   10.9.0.11:5432 service=pgsql 'database="postgres"' "$query" "${login[@]}"
pair radius  10.9.0.11:1812 service=radius protocol=udp 'secret="testing123"' "${login[@]}"
pair dns     10.9.0.11:53   service=dns protocol=udp 'request="www.lab"' 'receive="^192\.0\.2\.1$"'
pair dns-any 10.9.0.11:53   service=dns protocol=udp 'request="www.lab"'
for port in 389 3306 5432 1812 53; do must wait_until 60 "listening server $port"; done

for state in up password content up-again; do differs dns-any $state B25 down up "without receive no answer is good enough"; done
differs mysql silent B7 hangs down "it waits without a deadline"
differs pgsql silent B7 hangs down "it waits without a deadline"

start_directors
compare up
die slapd; slapd_server server other; mariadb_password other; postgresql_password other; die freeradius; freeradius_server server other no
compare password ldap mysql pgsql radius
die slapd; slapd_server server s3cret-word empty; mariadb_password s3cret-word; postgresql_password s3cret-word
die freeradius; freeradius_server server s3cret-word no; mariadb_rows 0; postgresql_rows 0; die unbound; unbound_server server 192.0.2.2
compare content ldap mysql pgsql dns
die slapd; slapd_server server; mariadb_rows 1; postgresql_rows 1; die unbound; unbound_server server none
compare refusal dns dns-any
die unbound; unbound_server server
for name in slapd mariadb postgresql freeradius unbound; do pause $name; done
compare silent ldap radius dns dns-any
for name in slapd mariadb postgresql freeradius unbound; do die $name; done
compare refused ldap mysql pgsql radius dns dns-any
slapd_server server; mariadb_server server plain; postgresql_server server; freeradius_server server s3cret-word no; unbound_server server
compare up-again
all_declared
stop_directors
