# memcached (11211).
# packages: memcached
memcached_server() { launch memcached "$1" memcached -u nobody -l 0.0.0.0,::; } # HOST
