# Files that are no configuration: noise, a directory, bytes that are no text, a file that vanishes or is replaced in every way
# that editors and clusters replace files. A clear message, and the running table untouched.
# seconds: 50
# only: ours
lan net
host director net 10.9.0.1/24 10.9.0.80/32
host web1 net 10.9.0.11/24; web web1 web1 0.0.0.0:80
refused() { # refused WHAT CONFIG: check, start exit 2, in bounded time, with a message
  local verb; for verb in check start; do
    ldirectord director "$2" $verb
    expect "$1: $verb: exit code" 2 $code
    expect_match "$1: $verb: says something" . "$stderr$stdout"
    expect_no_match "$1: $verb: no panic" 'panicked|RUST_BACKTRACE' "$stderr$stdout"
  done
}
head -c 10000000 /dev/urandom >/etc/ha.d/noise.cf;                    refused "10 MB of noise" noise.cf
head -c 10000000 /dev/urandom | base64 -w 100 >/etc/ha.d/lines.cf;    refused "10 MB of lines" lines.cf
head -c 3000000 /dev/zero >/etc/ha.d/zero.cf;                         refused "zeros" zero.cf
printf 'virtual=10.9.0.80:80\n\treal=10.9.0.11:80 g\377te\n' >/etc/ha.d/bytes.cf; refused "bytes that are no UTF-8" bytes.cf
mkdir /etc/ha.d/dir.cf
for verb in check start; do
  ldirectord director /etc/ha.d/dir.cf $verb
  expect_that "a directory: $verb: refused (exit $code)" [ $code = 1 -o $code = 2 ]
  expect_match "a directory: $verb: says something" . "$stderr$stdout"
done
ldirectord director nowhere.cf start
expect "no file: exit code" 1 $code
expect_match "no file: words" "^Config file nowhere.cf not found" "$stderr"

write_configuration() { cat <<X
negotiatetimeout=2
checkinterval=1
autoreload=yes
logfile="/var/log/ldirectord.log"
virtual=10.9.0.80:80
        real=10.9.0.11:80 masq $1
        service=http
        scheduler=rr
        receive="Test Page"
X
}
write_configuration 1 >/etc/ha.d/auto.cf
record_writes
ldirectord director auto.cf start
in_table() { weight director 10.9.0.11:80; }
expect_soon 20 "a good file is loaded" 1 in_table
say "replaced in every way"
write_configuration 2 >/etc/ha.d/auto.cf;                                            expect_soon 15 "written in place" 2 in_table
write_configuration 3 >/etc/ha.d/.auto.swp; mv /etc/ha.d/.auto.swp /etc/ha.d/auto.cf; expect_soon 15 "renamed over, as editors do" 3 in_table
write_configuration 4 >/etc/ha.d/.auto.swp; mv /etc/ha.d/.auto.swp /etc/ha.d/auto.cf; expect_soon 15 "renamed over once more" 4 in_table
written=$(writes); touch /etc/ha.d/auto.cf; write_configuration 4 >/etc/ha.d/auto.cf
expect_stays 3 "touched and rewritten with the same bytes" 4 in_table
expect "which writes nothing" "$written" "$(writes)"
rm /etc/ha.d/auto.cf
expect_stays 3 "vanished: the table stays" 4 in_table
expect_that "and the log says so" wait_until 10 "tail -3 $log | grep -q auto.cf"
write_configuration 5 >/etc/ha.d/auto.cf;                                            expect_soon 15 "it comes back" 5 in_table
head -c 100000 /dev/urandom >/etc/ha.d/auto.cf
expect_stays 4 "noise: the table stays" 5 in_table
die web1; expect_soon 15 "and checks go on" absent in_table; revive web1; expect_soon 15 "both ways" 5 in_table
write_configuration 6 >/etc/ha.d/auto.cf;                                            expect_soon 15 "and good again" 6 in_table
ldirectord director auto.cf stop
expect_soon 10 "the table is empty after the stop" "" table director

say "symbolic links, as a ConfigMap is mounted"
mkdir -p /etc/ha.d/map/v1 /etc/ha.d/map/v2
write_configuration 1 >/etc/ha.d/map/v1/map.cf; write_configuration 2 >/etc/ha.d/map/v2/map.cf
ln -s v1 /etc/ha.d/map/data; ln -s data/map.cf /etc/ha.d/map/map.cf
ldirectord director /etc/ha.d/map/map.cf start
expect_soon 20 "through the links" 1 in_table
ln -s v2 /etc/ha.d/map/data.new; mv -T /etc/ha.d/map/data.new /etc/ha.d/map/data
expect_soon 15 "the links are swapped" 2 in_table
ldirectord director /etc/ha.d/map/map.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
