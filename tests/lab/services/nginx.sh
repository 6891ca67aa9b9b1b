# nginx as one process, so that a signal reaches all of it.
# packages: nginx-light
# nginx_server NAME HOST DIRECTORY: a web server with the servers (`server { … }`) of DIRECTORY/servers.conf; its requests in
# DIRECTORY/access.log, each with the version of HTTP.
nginx_server() {
  local name=$1 host=$2 directory=$3
  cat >"$directory/nginx.conf" <<X
daemon off;
master_process off;
pid $directory/nginx.pid;
error_log stderr;
load_module /usr/lib/nginx/modules/ngx_http_echo_module.so;
events {
}
http {
  log_format asked '\$server_port \$server_protocol \$request_method \$uri \$status';
  access_log $directory/access.log asked;
  client_body_temp_path $directory/temporary;
  proxy_temp_path $directory/temporary;
  fastcgi_temp_path $directory/temporary;
  uwsgi_temp_path $directory/temporary;
  scgi_temp_path $directory/temporary;
  default_type text/html;
  include $directory/servers.conf;
}
X
  launch "$name" "$host" /usr/sbin/nginx -p "$directory" -c "$directory/nginx.conf"
}
