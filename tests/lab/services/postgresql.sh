# PostgreSQL: pgsql (5432), database postgres, table health with one row, user probe, TLS demanded.
# packages: postgresql
postgresql_server() { # HOST
  local demoted="setpriv --reuid=nobody --regid=nogroup --clear-groups"
  postgresql_programs=$(ls -d /usr/lib/postgresql/*/bin | tail -1) postgresql_host=$1
  if [ ! -e $services/pgsql ]; then
    real_certificate; mkdir -p $services/pgsql
    cp $services/cert.pem $services/pgsql.crt; cp $services/key.pem $services/pgsql.key; chmod 600 $services/pgsql.key
    chown -R nobody:nogroup $services/pgsql $services/pgsql.crt $services/pgsql.key
    quietly $demoted $postgresql_programs/initdb -A trust -U postgres -N -D $services/pgsql
    printf '%s\n' "CREATE ROLE probe LOGIN PASSWORD 's3cret-word';" "CREATE TABLE health (id INT);" \
      "INSERT INTO health VALUES (1);" "GRANT SELECT ON health TO probe;" >$services/pgsql.sql
    quietly $demoted $postgresql_programs/postgres --single -D $services/pgsql postgres <$services/pgsql.sql
    printf 'hostssl all probe all scram-sha-256\nhost all postgres 127.0.0.1/32 trust\n' >$services/pgsql/pg_hba.conf
  fi
  rm -f $services/pgsql/postmaster.pid
  launch postgresql "$1" $demoted $postgresql_programs/postgres -D $services/pgsql -c listen_addresses='*' \
    -c unix_socket_directories= -c ssl=on -c ssl_cert_file=$services/pgsql.crt -c ssl_key_file=$services/pgsql.key
}
postgresql_root() { on "$postgresql_host" $postgresql_programs/psql -h 127.0.0.1 -U postgres -qc "$1"; }
postgresql_password() { must postgresql_root "ALTER ROLE probe PASSWORD '$1'"; }
postgresql_rows() { must postgresql_root "DELETE FROM health; $([ "$1" = 0 ] || echo "INSERT INTO health VALUES (1)")"; } # 0 or 1
