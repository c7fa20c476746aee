# SPDX-License-Identifier: Apache-2.0
# Words come from penstock itself, which knows its commands and options; where it knows none, files are named.
function __penstock_words
    set -l words (commandline -opc)
    set -l line (string join ' ' -- $words[2..] (commandline -ct))
    $words[1] "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null | string lower | string match -v -r '^(/.*|-\?|)$'
end
complete -c penstock -f -a '(__penstock_words; or __fish_complete_path (commandline -ct))'
