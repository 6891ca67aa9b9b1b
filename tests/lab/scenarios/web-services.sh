# HTTP and its relatives against the servers they are for: nginx, OpenSSL's own, squid, gRPC; certificates good and bad.
# seconds: 90
# services: certificate authority nginx squid grpc
# packages: openssl
# only: ours
lan net
host director net 10.9.0.1/24 10.9.0.80/32 fd00:9::1/64 fd00:9::80/128
host server net 10.9.0.11/24 fd00:9::11/64
# Where the proxy finds what it is asked for; the director has no way there.
address server lo 10.7.0.1/32
here=/srv/services; mkdir -p $here/www $here/tokens; chmod 755 /srv $here

# --- the servers
authority $here
issue $here web.lab; issue $here other.lab; issue $here director
issue $here old.lab -startdate 20010101000000Z -enddate 20020101000000Z
certificate $here/own web.lab
page() { echo "<h1>$1</h1>" >$here/www/new; mv $here/www/new $here/www/index.html; }
page "Test Page"; echo "Test Page" | gzip >$here/www/packed
echo first-token >$here/token; : >"$here/tokens/Bearer first-token"
common="root $here/www;
  location = /moved { return 302 /; }
  location = /nothing { return 204; }
  location = /packed { add_header Content-Encoding gzip; }
  location = /chunked { echo Test; echo_flush; echo Page; }"
secure() { # PORT CERTIFICATE LINE…: a server over TLS
  echo "server { listen [::]:$1 ssl http2 ipv6only=off; ssl_certificate $2.pem; ssl_certificate_key $2.key; ${*:3} $common }"
}
cp $here/own/cert.pem $here/own.pem; cp $here/own/key.pem $here/own.key
{
  echo "server { listen [::]:80 ipv6only=off; $common }"
  secure 443 $here/web.lab "ssl_protocols TLSv1.2;"
  secure 444 $here/web.lab "ssl_protocols TLSv1.3;"
  secure 445 $here/old.lab; secure 446 $here/own; secure 447 $here/other.lab
  secure 448 $here/web.lab "ssl_client_certificate $here/ca.pem; ssl_verify_client on;"
  # What an API server does with a bearer token.
  secure 6443 $here/web.lab "location = /readyz { if (!-f '$here/tokens/\$http_authorization') { return 401; } return 200 ok; }"
} >$here/servers.conf
nginx() { nginx_server nginx server $here; }
openssl_server() { # PORT VERSION: it ends the handshake of who shows no certificate
  launch openssl$1 server openssl s_server -accept $1 -$2 -www -quiet -cert $here/web.lab.pem -key $here/web.lab.key \
    -CAfile $here/ca.pem -Verify 1 -verify_return_error
}
printf -- '- SERVING\nshop.Basket SERVING\n' >$here/states
state() { sed "s/^$1 .*/$1 $2/" $here/states >$here/states.new; mv $here/states.new $here/states; }
grpc() { grpc_server grpc server $here/states 50051 50052:$here/web.lab.pem:$here/web.lab.key:$here/ca.pem; }
squid() { squid_server squid server $here 3128; }
nginx; openssl_server 452 tls1_2; openssl_server 453 tls1_3; squid; grpc; grpc_server nothing server $here/absent 50054
for port in 80 443 444 445 446 447 448 452 453 3128 6443 50051 50052 50054; do must wait_until 60 "listening server $port"; done

# --- one virtual service each, named by its port
full=(tlsverify=full "tlsca=$here/ca.pem" tlsname=web.lab); chain=(tlsverify=chain "tlsca=$here/ca.pem")
mine=("tlscert=\"$here/director.pem\"" "tlskey=\"$here/director.key\"")
page='receive="Test Page"'; pages='receive="Test\s+Page"'
service() { # PORT REAL-PORT LINE…
  printf 'virtual=10.9.0.80:%s\n\treal=10.9.0.11:%s gate\n\tscheduler=rr\n' "$1" "$2"; printf '\t%s\n' "${@:3}"; echo
}
six() { # PORT REAL-PORT LINE…
  printf 'virtual6=[fd00:9::80]:%s\n\treal6=[fd00:9::11]:%s gate\n\tscheduler=rr\n' "$1" "$2"; printf '\t%s\n' "${@:3}"; echo
}
{
  printf 'negotiatetimeout=6\ncheckinterval=3\nquiescent=no\nlogfile="/var/log/ldirectord.log"\n\n'
  service 80 80 service=http "$page"
  service 81 80 service=http 'request="/moved"' "$page"
  service 82 80 service=http 'request="/moved"' httpredirect=none
  service 83 80 service=http 'request="/nothing"'
  service 84 80 service=http 'request="/packed"' "$page"
  service 85 80 service=http 'request="/chunked"' "$pages"
  service 86 80 service=http httpmethod=HEAD
  service 443 443 service=https "$page" "${full[@]}"
  service 444 444 service=https "$page" "${full[@]}"
  service 1443 443 service=https httpversion=2 'request="/moved"' "$page" "${full[@]}" virtualhost=web.lab
  service 1444 444 service=https httpversion=2 'request="/packed"' "$page" "${full[@]}" virtualhost=other.lab
  service 1445 445 service=https tlsverify=none
  service 2445 445 service=https "${chain[@]}"
  service 1446 446 service=https tlsverify=none
  service 2446 446 service=https "${chain[@]}"
  service 3446 446 service=https tlsverify=full "tlsca=$here/own.pem" tlsname=web.lab
  service 1447 447 service=https "${chain[@]}"
  service 2447 447 service=https "${full[@]}"
  service 1448 448 service=https "${full[@]}" "${mine[@]}"
  service 2448 448 service=https "${full[@]}"
  service 1452 452 service=https "${full[@]}" "${mine[@]}"
  service 2452 452 service=https "${full[@]}"
  service 1453 453 service=https "${full[@]}" "${mine[@]}"
  service 2453 453 service=https "${full[@]}"
  service 3128 3128 service=http_proxy 'request="http://10.7.0.1/"' "$page"
  service 3129 3128 service=http_proxy 'request="https://10.7.0.1/moved"' "$page" "${full[@]}"
  service 3130 3128 service=http_proxy 'request="https://10.7.0.1:447/"'
  service 6443 6443 service=kube "tokenfile=\"$here/token\"" 'receive="^ok$"' "${full[@]}"
  service 6444 6443 service=kube "${full[@]}"
  service 50051 50051 service=grpc
  service 50052 50052 service=grpc tls=yes "${full[@]}" "${mine[@]}"
  service 50053 50051 service=grpc 'request="shop.Basket"'
  service 50054 50054 service=grpc
  service 50055 50052 service=grpc tls=yes "${full[@]}"
  six 80 80 service=http "$page"
  six 443 443 service=https httpversion=2 "$page" "${full[@]}"
  six 3128 3128 service=http_proxy 'request="https://10.7.0.1/"' "$page" "${full[@]}"
  six 6443 6443 service=kube "tokenfile=\"$here/token\"" "${full[@]}"
  six 50051 50051 service=grpc
} | configuration web.cf
http="80 81 83 84 85 86 six:80"; https="1443 1444 1445 1446 1447 1448 3446 443 444 six:443"; kube="6443 six:6443"
proxy="3128 3129 six:3128"; grpc="50051 50052 50053 six:50051"; openssl="1452 1453"
up() {
  table director | awk '/^TCP/ { n = split($2, part, ":"); name = ($2 ~ /^\[/ ? "six:" : "") part[n] } /^  / { print name }' | sort | xargs
}
without() { # NAME…: every service but these
  local name; for name in $http $https $kube $proxy $grpc $openssl; do [[ " $* " == *" $name "* ]] || echo "$name"; done | sort | xargs
}
ldirectord director web.cf check
expect "check: exit code" 0 $code
ldirectord director web.cf start
expect "start: exit code" 0 $code
expect_soon 60 "what is good is up" "$(without)" up
expect_stays 7 "and stays so, and what is not stays down" "$(without)" up
for words in "302 Moved Temporarily to" "certificate expired " "certificate of an authority itself\|certificate signed by an unknown authority" \
  "certificate is for other.lab, not web.lab" "400 Bad Request" "or it requires a client certificate" \
  "the server requires a client certificate" "403 Forbidden to CONNECT 10.7.0.1:447" "401 Unauthorized" \
  "the server has no health service (UNIMPLEMENTED)"; do
  expect_that "the log says: $words" grep -q "$words" $log
done
expect_match "HTTP/2 was spoken" '^443 HTTP/2.0 GET /moved 302' "$(cat $here/access.log)"
expect_match "a tunnel was made" 'CONNECT 10.7.0.1:443' "$(cat $here/squid/access.log)"

# --- each is broken in its own way
say "wrong content"; page "Sorry"; state - NOT_SERVING
expect_soon 30 "pages and states that are not the wanted ones" "$(without 80 81 443 444 1443 3128 3129 six:80 six:443 six:3128 50051 50052 six:50051)" up
expect_log "the server is NOT_SERVING"
page "Test Page"; state - SERVING; state shop.Basket NOT_SERVING
expect_soon 30 "one service of the gRPC server is not serving" "$(without 50053)" up
state shop.Basket SERVING
expect_soon 30 "they are back" "$(without)" up

say "wrong token"; echo second-token >$here/token
expect_soon 30 "a token that the server does not know" "$(without $kube)" up
mv "$here/tokens/Bearer first-token" "$here/tokens/Bearer second-token"
expect_soon 30 "tokens rotate: up again without a reload" "$(without)" up
expect_no_match "no token in the log" "(first|second)-token" "$(cat $log)"

for stopped in "nginx $http $https $kube $proxy" "squid $proxy" "grpc $grpc"; do
  set -- $stopped; name=$1; shift
  say "$name accepts and never answers"; kill -STOP "$(cat $LAB/$name.pid)"
  expect_soon 40 "$name stopped: only its services are down" "$(without "$@")" up
  kill -CONT "$(cat $LAB/$name.pid)"
  expect_soon 40 "$name goes on: up again" "$(without)" up
done

for port in 443 3128 50051; do filter_port server $port; done
expect_soon 40 "packets to three ports are dropped" "$(without 443 1443 six:443 $proxy 50051 50053 six:50051)" up
expect_log "connect: no answer within 6 s"
for port in 443 3128 50051; do unfilter_port server $port; done
expect_soon 40 "they arrive again" "$(without)" up

for name in nginx squid grpc; do die $name; done
expect_soon 40 "nobody there but OpenSSL" "$openssl" up
expect_log "connect: connection refused"
nginx; squid; grpc
expect_soon 60 "restarted: up again" "$(without)" up
ldirectord director web.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
