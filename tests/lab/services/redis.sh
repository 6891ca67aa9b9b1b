# redis (6379) with a password.
# packages: redis-server
redis_server() { # HOST [PASSWORD]
  launch redis "$1" redis-server --port 6379 --bind 0.0.0.0 :: --requirepass "${2:-s3cret-word}" --save '' --dir $services
}
