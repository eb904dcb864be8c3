# card.awk: awk -v card=PLACE -v id=VENDOR:DEVICE -v driver=NAME -v dead=1 -v there=1 -v blocked=hard|soft -v channels=N
#   -v country=CC -v now=SECONDS -f card.awk FILE
# Why the Wi-Fi card does not come up: one line, the state and what there is to say of it.
#   card, id   where the card is on the PCI bus, and which one; empty when there is none
#   driver     the driver that has it
#   dead       its configuration space reads as ones
#   there      it has an interface
#   blocked    rfkill: by a key or switch (hard), or by software
#   channels   on how many the country lets it send; empty when that is not known
#   now        seconds since the start, as in the lines of FILE: the kernel's messages
# The first cause counts: what comes after it is what it leads to. A missing file is a cause only when no other file is
# taken in its place: a driver tries several names, and some files it can do without.

BEGIN { CRASHES = 3; WITHIN = 600; gsub(/0x/, "", id) }

{
  at = now + 0
  gsub(/[^ -~]/, "")
  sub(/^<[0-9]+>/, "")
  if (match($0, /^\[ *[0-9]+\.[0-9]+\](\[ *[CT][0-9]+\])? */)) {
    at = substr($0, 2) + 0
    $0 = substr($0, RLENGTH + 1)
  }
  if (ours()) look()
}

END { print verdict() }

# --- Which lines are the card's --------------------------------------------------------------------------------------

# Those that name its place, and those without a place of its driver's other parts. Sets text, without the place.
function ours(   place) {
  text = $0
  if (card == "") return 0
  place = index($0, card)
  if (place) {
    # "iwlwifi 0000:00:05.0: ..." and "iwlwifi: probe of 0000:00:05.0 ...".
    if (substr($0, place + length(card), 2) == ": ") text = substr($0, place + length(card) + 2)
    if (/^(pci|pcieport) /) return power_lost()
    family = substr($0, 1, index($0, " ") - 1)
    sub(/:$/, "", family)
    return 1
  }
  if (/[0-9a-f][0-9a-f][0-9a-f][0-9a-f]:[0-9a-f][0-9a-f]:[0-9a-f][0-9a-f]\.[0-7]/) return 0
  if (family ~ /^ath1[12]k/) return /^mhi mhi[0-9]+: /
  if (family == "brcmfmac") return /^(brcmfmac|ieee80211 phy[0-9]+): /
  if (family ~ /^rt2/) return /^ieee80211 phy[0-9]+: /
  if (family ~ /^ath9k/) return /^ath: phy[0-9]+: /
  if (family ~ /^rtw/) return /^firmware crash, start reset and recover/
  if (family == "iwlwifi") return /^Timeout waiting for hardware access /
  return 0
}

# The card cannot be switched on: the kernel says so before the driver begins.
function power_lost() {
  return /change power state from|after FLR/
}

# --- What they say ---------------------------------------------------------------------------------------------------

function look() {
  if (ended && !/probe of|probe with/) forget()
  if (power_lost()) { found("reset-failed"); last = power = text; return }
  another()
  power = ""
  last = text
  if (missing() || works()) return
  # In the order of the states; no line is of two.
  if (unsupported()) found("no-driver")
  else if (no_reset()) found("reset-failed")
  else if (crashed()) { crash(); found("firmware-crash") }
  else if (deaf()) found("interrupts")
  if (/failed with error -?[0-9]/ && /probe of|probe with/ || text ~ /^check git:/) ended = 1
}

# A driver that never said that it has failed begins once more with what it says first. Only what was said of the card's
# power just before belongs to the new attempt.
function another(   first, lost) {
  if (!match(text, /^(enabling device|Detected crf-id|ASIC revision|MSI vectors|pci irq )|brcmf_fw_alloc_request: using/)) return
  first = substr(text, RSTART, RLENGTH)
  if (attempt[first] == attempts + 1) {
    lost = power
    forget()
    if (lost != "") { cause = "reset-failed"; why = lost }
  }
  attempt[first] = attempts + 1
}

function forget() {
  cause = why = asked = last = power = ""
  ended = 0
  attempts++
}

function found(state) {
  if (cause != "") return
  if (asked != "") { cause = "firmware-missing"; why = asked }
  else { cause = state; why = text }
}

# Files that were asked for and not there. A driver that gives up says so, and says which it wanted.
function missing(   file) {
  file = ""
  if (match(text, /Direct firmware load for [^ ]+ failed with error/)) file = word(substr(text, RSTART), 5)
  # As Debian's kernels say it.
  else if (match(text, /firmware: failed to load [^ ]+ \(/)) file = word(substr(text, RSTART), 5)
  if (file != "") {
    if (asked == "" && !dispensable(file)) asked = file
    return 1
  }
  if (text ~ /^(minimum|maximum) version (required|supported): /) return wanted(word(text, 4) ".ucode")
  if (text ~ /^[^ ]+ is required$/) return wanted(word(text, 1) ".ucode")
  if (match(text, /PNVM data is missing, please install /)) {
    # The firmware says itself that it has failed for that, after the driver has waited in vain.
    if (cause ~ /^(interrupts|firmware-crash)$/) cause = ""
    return wanted(substr(text, RSTART + RLENGTH))
  }
  if (asked != "" && text ~ /Failed to request Firmware$/) return wanted(asked)
  # ath10k asks for its files without a word of the kernel's: "... (N between 2 and 6) from ath10k/QCA6174/hw3.0: -2".
  if (text ~ /^Failed to find firmware-N\.bin \(N between /) {
    file = word(text, 11)
    sub(/:$/, "", file)
    return wanted(file "/firmware-" (word(text, 9) + 0) ".bin")
  }
  if (text ~ /^failed to fetch board-2\.bin or board\.bin from /) return wanted(word(text, 8) "/board-2.bin")
  if (text ~ /^failed to fetch board\.bin from /) return wanted("ath11k/" word(text, 6) "/board-2.bin")
  return 0
}

# The driver gives up for want of a file: for the first that it has asked for, or for this one. iwlwifi names the least
# version before the greatest, which is the one that it asks for first.
function wanted(file) {
  if (cause == "firmware-missing" && text ~ /^maximum version/ && asked == "") why = file
  if (cause != "") return 1
  cause = "firmware-missing"
  why = asked == "" ? file : asked
  return 1
}

# What a card works without: calibration and settings of a single machine, debugging, files for sleep, and names with a
# machine's own in them, which are tried before the common one.
function dispensable(file) {
  return file ~ /cal-pci-|fwcfg-|debug-yoyo|_wow_fw|\.txt$|_blob$|board(-2)?\.bin$|-pcie\.[^\/]*\.bin$/
}

# The firmware is there and was taken.
function works() {
  if (text ~ /^WOW /) return 0
  if (text !~ /^loaded firmware|[Ff]irmware [Vv]ersion:? |^firmware ver |fw_version 0x|: Firmware: |Firmware detected - version/) return 0
  if (cause == "") asked = ""
  return 1
}

function unsupported() {
  return text ~ /No config found for PCI dev|Only HW steps B and C|isn't supported$|is not supported by this driver|[Uu]nsupported (core )?hardware (version|revision)|Unknown PCI device found|SOC hardware version: |device ID 0x[0-9a-f]+ not supported/
}

# It cannot be woken, or reads as ones.
function no_reset() {
  return text ~ /HW_REV=0xFFFFFFFF|CSR_GP_CNTRL 0xffffffff|HARDWARE GONE|[Dd]evice (is )?gone|Couldn't prepare the card|Error while preparing HW|Unable to init nic|ASIC revision: ffff|ASIC revision: 0+$|driver own failed|Timeout for driver own|wpdma reset failed|mac power on failed|failed to power on( mac)?$|xtal si not ready|Polling WLAN PMC timeout|failed to reset chip|failed to wake up (device|target)|failed to wait for target|initialized event from target|link down error during global reset|Unstable hardware|Device failed to wakeup|Couldn't (reset|wakeup) chip|Failed to read SREV|Could not read hardware revisions|Failed to get RAM info|MMIO read failed|unable to read from the device|pci device id mismatch: 0x/
}

function crashed() {
  return text ~ /Microcode SW error detected|Hardware error detected|TOP Fatal error|firmware crashed|device has crashed during init|firmware crash, start reset|SER catches error|Firmware has halted or crashed|FW failed to initialize|chip reset failed|Firmware failed to start|Chip reset failed|Watchdog .X hung/ || there && text ~ /(Message|message) [0-9a-f]+ \(seq [0-9]+\) time/
}

# It was asked something and no answer came: without interrupts everything looks like that.
function deaf() {
  return text ~ /pci_enable_msi failed|[Ee]rror allocating IRQ|failed to (enable|get) msi|msi config|MSI assignment|msi_desc is NULL|failed to init irqs|failed to (alloc|request) .*irq|failed request irq|request_irq failed|Failed to request IRQ|failed to config irq|failed to enter MHI Ready|failed to (power up|start) mhi|Failed to load firmware chunk|Failed to (start|run) (INIT|RT) ucode: -110|(Message|message) [0-9a-f]+ \(seq [0-9]+\) time|could not execute otp|ready event not received|MCU request failed|dongle is not responding|Timeout on response/
}

# One crash has several lines.
function crash() {
  if (crashes == 0 || at >= crash_at[crashes] + 1) crash_at[++crashes] = at
  crash_text = text
}

# --- The verdict -----------------------------------------------------------------------------------------------------

function verdict(   i, recent) {
  if (dead) return "reset-failed it reads as ones"
  if (!there) {
    if (card == "") return "no-card"
    if (cause == "" && asked != "") return "firmware-missing " asked
    if (cause != "") return cause " " (cause == "no-driver" ? id : substr(why, 1, 160))
    if (driver == "" && last == "") return "no-driver " id
    return "unknown " (last == "" ? driver : substr(last, 1, 160))
  }
  for (i = crashes; i > 0 && crash_at[i] >= now - WITHIN; i--) recent++
  if (recent >= CRASHES) return "firmware-crash " substr(crash_text, 1, 160)
  # The one driver that asks for its firmware only when the interface is used.
  if (family ~ /^rt2/ && cause == "firmware-missing") return cause " " why
  if (blocked != "") return "rfkill " blocked
  if (channels != "" && channels + 0 == 0) return "country " country
  return "ok"
}

function word(line, n,   part) {
  return split(line, part, " ") >= n ? part[n] : ""
}
