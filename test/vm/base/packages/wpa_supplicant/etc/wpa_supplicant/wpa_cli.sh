#!/bin/sh
# A fake of the stock action script: it tells a running DHCP client to renew or to release its lease.
pid=$(cat "/var/run/udhcpc.$1.pid" 2>/dev/null) || exit 0
case $2 in
CONNECTED) kill -USR1 "$pid" ;;
DISCONNECTED) kill -USR2 "$pid" ;;
esac
