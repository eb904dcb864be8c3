#!/bin/sh
# Stand-in for the stock action script: a DHCP client that runs is told to renew or to let go.
pid=$(cat "/var/run/udhcpc.$1.pid" 2>/dev/null) || exit 0
case $2 in
CONNECTED) kill -USR1 "$pid" ;;
DISCONNECTED) kill -USR2 "$pid" ;;
esac
