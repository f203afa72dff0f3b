#!/bin/sh
# cassandra-run.sh HOME DATA: one Cassandra node in the foreground. Becomes java by exec, so that its pid is this script's.
set -eu
home=$1; data=$2
jars=$(printf '%s:' "$home"/lib/*.jar)
mkdir -p "$data/storage"
# With this capability mlockall makes the whole heap resident: 1.2 GiB instead of 0.4.
unlocked=; [ "$(id -u)" != 0 ] || unlocked="setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock"
exec $unlocked java "@$data/jvm.options" \
    "-Dcassandra.config=file://$data/cassandra.yaml" "-Dlogback.configurationFile=file://$data/logback.xml" \
    "-Dcassandra.storagedir=$data/storage" -cp "${jars%:}" org.apache.cassandra.service.CassandraDaemon
