#!/bin/sh
# guard.sh PIDFILE LOG COMMAND...: runs COMMAND so that it cannot outlive its owner.
# The owner keeps this script's stdin open (a pipe). When it closes - because the owner let go, ended or was killed - all that
# COMMAND started is killed. PIDFILE holds COMMAND's own pid. In a pid namespace where that is possible (root, or user
# namespaces), so that daemons die too; else in a session of its own, whose group is killed.
# Not by the death signal of a process spawned from the owner: that fires when the spawning *thread* ends.
set -eu
exec 3<&0                                          # a background job's own stdin is /dev/null
pidfile=$1; log=$2; shift 2
rm -f "$pidfile"

space=${MIRROR_SERVERS_GUARD:-}
if [ -z "$space" ]; then
    if unshare --pid --fork --mount-proc true 2>/dev/null; then space=root
    elif unshare --user --map-current-user --pid --fork --mount-proc true 2>/dev/null; then space=user
    else space=group; fi
fi
case $space in
    root) set -- unshare --pid --fork --kill-child=KILL --mount-proc -- "$@" ;;
    user) set -- unshare --user --map-current-user --pid --fork --kill-child=KILL --mount-proc -- "$@" ;;
    *) set -- setsid -- "$@" ;;
esac
setpriv --pdeathsig KILL "$@" >> "$log" 2>&1 3<&- < /dev/null &
child=$!
record() { echo "$1" > "$pidfile.new" && mv "$pidfile.new" "$pidfile"; }
if [ "$space" = group ]; then
    record "$child"; all="-$child"
else
    all=$child
    while [ -d /proc/$child ]; do                  # until the namespace's first process is there
        inner=$(tr -d ' ' < /proc/$child/task/$child/children 2>/dev/null || :)
        [ -z "$inner" ] || { record "$inner"; break; }
        sleep 0.02
    done
fi
setpriv --pdeathsig KILL sh -c 'while read -r _; do :; done; kill -s KILL -- "$0"' "$all" <&3 3<&- &
watcher=$!
exec 3<&-
code=0; wait $child || code=$?
[ "$space" != group ] || kill -s KILL -- "$all" 2>/dev/null || :
kill $watcher 2>/dev/null || :
exit $code
