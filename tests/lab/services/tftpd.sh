# tftpd-hpa.
# packages: tftpd-hpa
# tftp_server NAME HOST DIRECTORY: in.tftpd on port 69 of all addresses; the files are DIRECTORY's, readable by everybody.
tftp_server() { launch "$1" "$2" in.tftpd --foreground --address :69 --user root --secure "$3"; }
