# mosquitto: mqtt (1883) with a login.
# packages: mosquitto
mosquitto_server() { # HOST
  [ -e $services/mosquitto.users ] || must mosquitto_passwd -c -b $services/mosquitto.users probe s3cret-word
  printf 'user root\nallow_anonymous false\npassword_file %s\nlistener 1883\n' $services/mosquitto.users >$services/mosquitto.conf
  launch mosquitto "$1" /usr/sbin/mosquitto -c $services/mosquitto.conf
}
mosquitto_password() { must mosquitto_passwd -b $services/mosquitto.users probe "$1"; kill -HUP "$(cat $LAB/mosquitto.pid)"; }
