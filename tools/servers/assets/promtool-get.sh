#!/bin/sh
# promtool-get.sh DIR: unpacks promtool, of the Debian suite that the host runs, under DIR and prints where it is.
# Uses the host's own apt and dpkg-deb alone: no root, nothing installed or changed outside DIR.
set -eu
dir=$(mkdir -p "$1" && cd "$1" && pwd)
exec 9> "$dir/.lock"; flock 9                      # two sessions at once: the second waits, then finds it ready
[ -e "$dir/.ready" ] && { echo "$dir/promtool"; exit 0; }
rm -rf "$dir/deb"; mkdir -p "$dir/deb"
get() { (cd "$dir/deb" && apt-get -qq download prometheus >&2); }
get || { apt-get -qq update >&2; get; }            # lists are empty until the host's first update
dpkg-deb --fsys-tarfile "$dir"/deb/prometheus_*.deb | tar -x -C "$dir" --strip-components=3 ./usr/bin/promtool
rm -rf "$dir/deb"
"$dir/promtool" --version >&2
touch "$dir/.ready"
echo "$dir/promtool"
