# rc-lines.awk: awk -f rc-lines.awk FILE...
# What the files of rc(8) set, as a shell reads them. Prints for every assignment HOW, FILE, LINE, NAME and VALUE, with tabs
# between them; the value is without its quotes, with the values of variables that were set before.
#   plain     the only thing on its line, at the top level: what sysrc(8) can change without harm to anything else
#   bound     anywhere else: beside others on a line, behind a test, in an if, by export, setvar, ${NAME=...} and so on
#   computed  plain, but by a command
# and for a file that is read from there:  reads FILE LINE WHICH;  for a line that ends with a carriage return: return FILE LINE

BEGIN {
  split("if while until case for { then else elif do ! fi done esac }", list, " ")
  for (i in list) keyword[list[i]] = 1
  split("if while until case for {", list, " ")
  for (i in list) opens[list[i]] = 1
  split("fi done esac }", list, " ")
  for (i in list) closes[list[i]] = 1
  apostrophe = sprintf("%c", 39)
}

FNR == 1 { start() }
/\r$/ { print "return\t" FILENAME "\t" FNR }
# Inside of a text it is no assignment, but sysrc(8) looks at lines and would change it.
(modes != "" || in_word || here_documents > 0) && match($0, /^[ \t]*[A-Za-z_][A-Za-z0-9_]*=/) {
  print "bound\t" FILENAME "\t" FNR "\t" name_in(substr($0, 1, RLENGTH - 1)) "\t"
}
here_documents > 0 { skip_here_document(); next }
{ read_line($0 "\n") }

function start() {
  modes = ""; word = ""; in_word = 0; depth = parens = here_documents = pending = 0
  new_list()
}

function name_in(text) { sub(/^[ \t]*/, "", text); return text }

function new_list() { count = commands = bound = connected = 0; new_command() }
function new_command() { command = ""; arguments = 0; is_command = assigned = looping = redirected = 0 }

# --- Characters -----------------------------------------------------------------------------------------------------

function read_line(text,  i, sign, mode) {
  for (i = 1; i <= length(text); i++) {
    sign = substr(text, i, 1)
    mode = modes == "" ? "" : substr(modes, length(modes), 1)
    if (sign == "\\" && mode != apostrophe) {
      # With the end of the line behind it both are gone.
      if (substr(text, i + 1, 1) != "\n") add(sign substr(text, i + 1, 1))
      i++
    } else if (mode == apostrophe) {
      add(sign)
      if (sign == apostrophe) leave()
    } else if (sign == "$" && substr(text, i + 1, 1) ~ /[({]/) {
      enter(substr(text, ++i, 1))
      add(sign substr(text, i, 1))
    } else if (mode == "") read_base(text, i, sign)
    else read_quoted(mode, sign)
    i += skipped
    skipped = 0
  }
}

function read_quoted(mode, sign) {
  add(sign)
  if (sign == mode || (mode == "(" && sign == ")") || (mode == "{" && sign == "}")) leave()
  else if (sign == "\"" || sign == "`" || (sign == apostrophe && mode != "\"") || (sign == "(" && mode == "(")) enter(sign)
}

function read_base(text, at, sign,  rest) {
  if (sign == "\"" || sign == apostrophe || sign == "`") { add(sign); enter(sign); return }
  if (sign == "#" && !in_word) { skipped = length(text) - at - 1; return }
  if (sign !~ /[ \t\n;&|()<>]/) { add(sign); return }
  if ((sign == "<" || sign == ">") && word ~ /^[0-9]+$/) { word = ""; in_word = 0 }
  end_word()
  rest = substr(text, at + 1, 2)
  if (sign == "\n") end_line()
  else if (sign == ";") { if (rest ~ /^;/) skipped = 1; end_command() }
  else if (sign == "&" || sign == "|") {
    if (substr(rest, 1, 1) == sign) skipped = 1
    end_command()
    bound = 1
    if (sign == "|" || skipped) connected = 1
  } else if (sign == "(") { end_command(); depth++; parens++ }
  else if (sign == ")") { end_command(); if (parens > 0) { parens--; depth-- } }
  else if (sign == "<" || sign == ">") {
    redirected = 1
    if (sign == "<" && rest ~ /^</) { redirected = rest == "<-" ? 3 : 2; skipped = redirected - 1 }
    else if (rest ~ /^[>&|]/) skipped = 1
  }
}

function add(text) { if (!in_word) { in_word = 1; began = FNR } word = word text }
function enter(mode) { modes = modes mode }
function leave() { modes = substr(modes, 1, length(modes) - 1) }

# --- Words ----------------------------------------------------------------------------------------------------------

function end_word(  now) {
  if (!in_word) return
  now = word
  word = ""
  in_word = 0
  connected = 0
  look_inside(now)
  if (redirected) {
    if (redirected > 1) { ends[++here_documents] = value_of(now); tabs[here_documents] = redirected == 3 }
    redirected = 0
  } else if (looping) { note(now, "", "bound"); looping = 0; command = "for" }
  else if (!is_command && (now in keyword)) take_keyword(now)
  else if (!is_command && now ~ /^[A-Za-z_][A-Za-z0-9_]*[+]?=/) { assigned = 1; assign(now, "") }
  else if (!is_command) { is_command = 1; command = value_of(now) }
  else take_argument(now, ++arguments)
}

function take_keyword(now) {
  bound = 1
  if (now in opens) depth++
  if ((now in closes) && depth > 0) depth--
  if (now == "for") looping = is_command = 1
  if (now == "case") { is_command = 1; command = now }
}

function take_argument(now, number) {
  if (command ~ /^(export|readonly|local|declare|typeset|builtin|command|env)$/) {
    if (now ~ /^[A-Za-z_][A-Za-z0-9_]*[+]?=/) assign(now, "bound")
  } else if (command == "setvar" && number == 1) setting = value_of(now)
  else if (command == "setvar" && number == 2) note(setting, value_of(now), "bound")
  else if (command == "unset" || command == "read") note(now, "", "bound")
  else if (command == "eval") look_for_assignments(value_of(now))
  else if ((command == "." || command == "source") && number == 1) print "reads\t" FILENAME "\t" began "\t" clean(value_of(now))
  # With a space before the sign it is a command.
  else if (number == 1 && now ~ /^=/) note(command, value_of(substr(now, 2)), "bound")
}

function look_for_assignments(text) {
  while (match(text, /[A-Za-z_][A-Za-z0-9_]*[+]?=/)) {
    note(substr(text, RSTART, RLENGTH - 1), "", "bound")
    text = substr(text, RSTART + RLENGTH)
  }
}

function look_inside(text,  name) {
  while (match(text, /[$][{][A-Za-z_][A-Za-z0-9_]*:?=/)) {
    name = substr(text, RSTART + 2, RLENGTH - 3)
    sub(/:$/, "", name)
    note(name, substr(text, RSTART + RLENGTH, index(substr(text, RSTART + RLENGTH) "}", "}") - 1), "bound")
    text = substr(text, RSTART + RLENGTH)
  }
}

function assign(text, how,  at, name, value) {
  at = index(text, "=")
  name = substr(text, 1, at - 1)
  value = value_of(substr(text, at + 1))
  if (sub(/[+]$/, "", name)) { how = "bound"; value = values[name] value }
  if (how == "" && substr(text, at + 1) ~ /[$][(]|`/) how = "computed"
  note(name, value, how)
}

function note(name, value, how) {
  sub(/[+]$/, "", name)
  if (name !~ /^[A-Za-z_][A-Za-z0-9_]*$/) return
  values[name] = value
  names[++count] = name
  texts[count] = clean(value)
  hows[count] = how
  lines[count] = began
  depths[count] = depth
}

function clean(text) { gsub(/[\t\n\r]/, " ", text); return text }

# --- Ends -----------------------------------------------------------------------------------------------------------

function end_command() {
  end_word()
  if (is_command && assigned) bound = 1
  if (is_command || assigned) commands++
  if (is_command) others = 1
  new_command()
}

# An operator at the end of a line goes on in the next one.
function end_line(  i, how) {
  if (modes != "") return
  end_command()
  if (connected) return
  for (i = 1; i <= count; i++) {
    how = hows[i]
    if (how != "bound" && (bound || others || depths[i] > 0 || count > 1 || commands > 1)) how = "bound"
    print (how == "" ? "plain" : how) "\t" FILENAME "\t" lines[i] "\t" names[i] "\t" texts[i]
  }
  others = 0
  new_list()
}

function skip_here_document(  text, i) {
  text = $0
  if (tabs[1]) sub(/^\t+/, "", text)
  if (text != ends[1]) return
  for (i = 1; i < here_documents; i++) { ends[i] = ends[i + 1]; tabs[i] = tabs[i + 1] }
  here_documents--
}

# --- Values ---------------------------------------------------------------------------------------------------------

function value_of(text,  i, sign, result, quote, name) {
  for (i = 1; i <= length(text); i++) {
    sign = substr(text, i, 1)
    if (quote == apostrophe) { if (sign == apostrophe) quote = ""; else result = result sign; continue }
    if (sign == "\\") { result = result substr(text, ++i, 1); continue }
    if (sign == quote) { quote = ""; continue }
    if (quote == "" && (sign == "\"" || sign == apostrophe)) { quote = sign; continue }
    if (sign == "$" && match(substr(text, i), /^[$][A-Za-z_][A-Za-z0-9_]*/)) {
      result = result values[substr(text, i + 1, RLENGTH - 1)]
      i += RLENGTH - 1
    } else if (sign == "$" && match(substr(text, i), /^[$][{][A-Za-z_][A-Za-z0-9_]*[}]/)) {
      result = result values[substr(text, i + 2, RLENGTH - 3)]
      i += RLENGTH - 1
    } else result = result sign
  }
  return result
}
