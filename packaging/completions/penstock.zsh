#compdef penstock
# SPDX-License-Identifier: Apache-2.0
# Words come from penstock itself, which knows its commands and options; where it knows none, files are named.
local line="${(j: :)words[2,CURRENT]}"
local -a found
found=(${(f)"$($words[1] "[suggest:${#line}]" "$line" 2>/dev/null)"})
found=(${(L)found:#(/*|-\?)})
if (( $#found )); then compadd -a found; else _files; fi
