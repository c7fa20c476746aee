# SPDX-License-Identifier: Apache-2.0
# Words come from penstock itself, which knows its commands and options; where it knows none, files are named.
_penstock() {
  local line=${COMP_LINE:0:COMP_POINT}
  line=${line#*[[:space:]]}
  mapfile -t COMPREPLY < <(compgen -W "$("$1" "[suggest:${#line}]" "$line" 2>/dev/null | tr '[:upper:]' '[:lower:]' | grep -v '^/\|^-?$')" -- "$2")
}
complete -o default -F _penstock penstock
