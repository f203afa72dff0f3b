#!/bin/sh
# rabbitmq-run.sh HOME DATA BASE [EPMD]: one RabbitMQ node in the foreground. Becomes the Erlang VM by exec, so that its pid
# is this script's. DATA/rabbitmq.conf is there already. Ports from BASE on 127.0.0.1: +3 epmd, +4 distribution. EPMD is the
# port of an epmd that runs: that of a cluster, which outlives each of its nodes.
set -eu
home=$1; data=$2; base=$3; epmd=${4:-}
root=${home%/usr/lib/rabbitmq/*}
mkdir -p "$data/db" "$data/log"
export PATH="$root/usr/lib/erlang/bin:$PATH" HOME="$data" TMPDIR="$data" LANG=C.UTF-8
export ERL_CRASH_DUMP="$data/log/erl_crash.dump"
export RABBITMQ_NODENAME="mirror$base@localhost" RABBITMQ_DIST_PORT=$((base + 4))
export ERL_EPMD_PORT=${epmd:-$((base + 3))} ERL_EPMD_ADDRESS=127.0.0.1
export RABBITMQ_CONFIG_FILE="$data/rabbitmq.conf" RABBITMQ_ENABLED_PLUGINS_FILE="$data/enabled_plugins"
export RABBITMQ_CONF_ENV_FILE="$data/none" RABBITMQ_ADVANCED_CONFIG_FILE="$data/none" RABBITMQ_CONFIG_FILES="$data/none.d"
export RABBITMQ_MNESIA_BASE="$data/db" RABBITMQ_LOG_BASE="$data/log" RABBITMQ_LOGS="$data/log/rabbit.log"
export RABBITMQ_PID_FILE="$data/pid" RABBITMQ_GENERATED_CONFIG_DIR="$data" RABBITMQ_FEATURE_FLAGS_FILE="$data/db/feature_flags"
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
export RUNNING_UNDER_SYSTEMD=true                  # rabbitmq-server then becomes the VM instead of being its parent
unset NOTIFY_SOCKET || :
[ -s "$data/.erlang.cookie" ] || (umask 077; echo mirror-test > "$data/.erlang.cookie")
echo '[rabbitmq_management,rabbitmq_stream,rabbitmq_stream_management].' > "$data/enabled_plugins"
# In our own process group: the VM would start it as a daemon that outlives everything.
[ -n "$epmd" ] || epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 &
exec "$home/sbin/rabbitmq-server"
