# MariaDB: mysql (3306), database shop, table health with one row, user probe.
# packages: mariadb-server
mariadb_server() { # HOST [plain: probe may come without TLS too]
  # A guest has no asynchronous input and output, and not the address space for a buffer that may grow to 8 TB.
  local small="--innodb-use-native-aio=0 --innodb-flush-method=fsync --innodb-buffer-pool-size=16M --loose-innodb-buffer-pool-size-max=16M"
  local demand="REQUIRE SSL"; [ "${2:-}" != plain ] || demand=
  real_certificate; mariadb_host=$1
  [ -e $services/mysql ] ||
    quietly mariadb-install-db --no-defaults --skip-test-db --user=root --datadir=$services/mysql $small
  cat >$services/init.sql <<X
CREATE DATABASE IF NOT EXISTS shop;
CREATE TABLE IF NOT EXISTS shop.health (id INT PRIMARY KEY);
INSERT IGNORE INTO shop.health VALUES (1);
CREATE USER IF NOT EXISTS probe IDENTIFIED BY 's3cret-word' $demand;
GRANT SELECT ON shop.* TO probe;
X
  launch mariadb "$1" /usr/sbin/mariadbd --no-defaults --user=root --datadir=$services/mysql --socket=$services/mysql.sock \
    --pid-file=$services/mysql.pid --bind-address='*' --skip-name-resolve --init-file=$services/init.sql \
    --ssl-cert=$services/cert.pem --ssl-key=$services/key.pem $small
}
mariadb_root() { on "$mariadb_host" mariadb --no-defaults -S $services/mysql.sock -u root -e "$1"; }
mariadb_password() { must mariadb_root "ALTER USER probe IDENTIFIED BY '$1'"; }
mariadb_rows() { must mariadb_root "DELETE FROM shop.health; $([ "$1" = 0 ] || echo "INSERT INTO shop.health VALUES (1)")"; } # 0 or 1
