# Kamailio: answers OPTIONS over UDP, TCP and TLS.
# packages: kamailio kamailio-tls-modules
# kamailio_server NAME HOST DIRECTORY STATUS ADDRESS…: on port 5060 over UDP, 5062 over TCP and 5061 over TLS of each address,
# with DIRECTORY/key.pem and cert.pem; STATUS such as `200 OK` is its reply to OPTIONS.
kamailio_server() {
  local name=$1 host=$2 directory=$3 code=${4%% *} words=${4#* } address; shift 4
  {
    printf '#!KAMAILIO\ndebug=1\nlog_stderror=yes\nchildren=1\ntcp_children=1\nenable_tls=yes\nauto_aliases=no\ndns=no\nrev_dns=no\n'
    for address in "$@"; do printf 'listen=udp:%s:5060\nlisten=tcp:%s:5062\nlisten=tls:%s:5061\n' "$address" "$address" "$address"; done
    printf 'mpath="%s"\nloadmodule "sl.so"\nloadmodule "tls.so"\n' "$(dirname "$(ls /usr/lib/*/kamailio/modules/tls.so)")/"
    # Its own default is TLS 1.0 and nothing else.
    printf 'modparam("tls", "tls_method", "TLSv1.2+")\nmodparam("tls", "private_key", "%s/key.pem")\n' "$directory"
    printf 'modparam("tls", "certificate", "%s/cert.pem")\n' "$directory"
    printf 'request_route {\n  if (method == "OPTIONS") { sl_send_reply("%s", "%s"); exit; }\n' "$code" "$words"
    printf '  sl_send_reply("405", "Method Not Allowed");\n}\n'
  } >$directory/kamailio.cfg
  launch "$name" "$host" kamailio -DD -E -m 24 -M 4 -f $directory/kamailio.cfg -Y $directory -P $directory/$name.kamailio
}
# kamailio_signal NAME SIGNAL: to all its processes.
kamailio_signal() { local pid; pid=$(cat "$LAB/$1.pid"); kill "-$2" "$pid" $(pgrep -P "$pid") 2>/dev/null; }
