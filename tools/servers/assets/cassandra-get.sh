#!/bin/sh
# cassandra-get.sh DIR: Apache Cassandra's jars from its Maven artifact into DIR/lib. DIR/pom.xml names the version.
set -eu
dir=$1
exec 9> "$dir/.lock"; flock 9                      # two sessions at once: the second waits, then finds it ready
[ -e "$dir/.ready" ] && exit 0
rm -rf "$dir/lib"
mvn -B -q -f "$dir/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$dir/lib" >&2
touch "$dir/.ready"
