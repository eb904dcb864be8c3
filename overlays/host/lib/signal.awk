# signal.awk: how strong a network is and where in the air, for people.

# Four for -55 dBm and better, none below -85.
function bars(dbm) {
  return (dbm >= -85 ? "#" : ".") (dbm >= -75 ? "#" : ".") (dbm >= -67 ? "#" : ".") (dbm >= -55 ? "#" : ".")
}

function strength(dbm) { return sprintf("[%s] %4d dBm", bars(dbm), dbm) }

# Channel and band (IEEE 802.11-2020, annex E).
function channel(mhz) {
  if (mhz == 2484) return 14
  if (mhz < 2484) return (mhz - 2407) / 5
  if (mhz == 5935) return 2
  if (mhz < 5925) return (mhz - 5000) / 5
  return (mhz - 5950) / 5
}

function band(mhz) { return mhz < 3000 ? "2.4 GHz" : mhz < 5925 ? "5 GHz" : "6 GHz" }
