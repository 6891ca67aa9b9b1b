# The same web, SIP and plain servers under the Perl ldirectord and under ours: both decide alike, but for what is declared.
# seconds: 160
# services: certificate
# packages: ldirectord nginx-light socat libio-socket-ssl-perl libwww-perl liblwp-protocol-https-perl libmailtools-perl
# packets: no
# memory: 1024M
# only: ours
lan net; directors net; host server net 10.9.0.11/24
# nginx over http and https; the second https port has a certificate that nobody knows. The original believes those it is given
# by SSL_CERT_FILE.
real_certificate; certificate $services/unknown unknown.lab; export SSL_CERT_FILE=$services/cert.pem
mkdir -p $services/www; chmod 755 $services/www
content() { echo "<title>$1</title>" >$services/www/index.html; echo "$1" >/srv/answer; }
https_server() { # [STATUS of every page]
  cat >$services/nginx.conf <<X
daemon off;
master_process off;
error_log stderr;
pid $services/nginx.pid;
events {
}
http {
  access_log off;
  client_body_temp_path $services/body;
  root $services/www;
  server {
    listen 80;
    listen 443 ssl;
    ssl_certificate $services/cert.pem;
    ssl_certificate_key $services/key.pem;
    ${1:+return $1;}
  }
  server {
    listen 8443 ssl;
    ssl_certificate $services/unknown/cert.pem;
    ssl_certificate_key $services/unknown/key.pem;
    ${1:+return $1;}
  }
}
X
  launch nginx server /usr/sbin/nginx -p $services -c $services/nginx.conf
}
printf '#!/bin/sh\nread -r line; cat /srv/answer\n' >/srv/plain; chmod 755 /srv/plain
plain_server() { launch plain server socat -t 20 TCP-LISTEN:7,fork,reuseaddr EXEC:/srv/plain; }
content "Test Page"; https_server; plain_server; sip sip server 10.9.0.11:5060
pair http          10.9.0.11:80   service=http 'request="/index.html"' 'receive="Test Page"'
pair https         10.9.0.11:443  service=https 'request="/index.html"' 'receive="Test Page"'
pair https-unknown 10.9.0.11:8443 service=https 'request="/index.html"' 'receive="Test Page"'
pair sip           10.9.0.11:5060 service=sip protocol=udp 'login="lab@real.lab"'
pair simpletcp     10.9.0.11:7    service=simpletcp 'request="hello\n"' 'receive="^Test"'
pair simpletcp-any 10.9.0.11:7    service=simpletcp 'request="hello\n"'
for port in 80 443 8443 7 5060; do must wait_until 60 "listening server $port"; done

for state in up up-again; do differs https-unknown $state B23 down up "nothing is verified unless tlsverify asks for it"; done
for state in up content error missing up-again; do differs simpletcp-any $state B14 down up "without receive any data is an answer"; done

start_directors
compare up
content "Another Page"
compare content http https https-unknown simpletcp
content "Test Page"; die nginx; https_server 503; behave sip 503
compare error http https https-unknown sip
die nginx; https_server; rm $services/www/index.html; behave sip 200
compare missing http https https-unknown
content "Test Page"
for name in nginx plain sip; do pause $name; done
compare silent http https https-unknown sip simpletcp simpletcp-any
for name in nginx plain sip; do die $name; done
compare refused http https https-unknown sip simpletcp simpletcp-any
https_server; plain_server; sip sip server 10.9.0.11:5060
compare up-again
all_declared
stop_directors
