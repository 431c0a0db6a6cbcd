#!/bin/sh
# Counts the words of the file that it is given, and tells callboard how far it is and what it found.
# Lines that begin with `::callboard ` are for callboard, all others go into the job's log.
set -eu
file=$1

# 65 (EX_DATAERR): to try again would be of no use.
[ -r "$file" ] || { echo "cannot read $file" >&2; exit 65; }

lines=$(wc -l < "$file")
echo "counting $lines lines"
echo "::callboard {\"progress\":{\"processed\":0,\"total\":$((lines + 0)),\"message\":\"counting\"}}"
words=$(wc -w < "$file")
echo "::callboard {\"progress\":{\"processed\":$((lines + 0)),\"total\":$((lines + 0))}}"
echo "::callboard {\"result\":{\"words\":$((words + 0))}}"
