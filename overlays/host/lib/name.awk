# name.awk: awk -v want=shown|setting|json -v hex=... -f ssid.awk -f name.awk
# One name for a terminal, for wpa_supplicant.conf(5), or for JSON.

BEGIN { print (want == "json" ? json_of(hex) : want == "setting" ? setting(hex) : shown(hex)) }
