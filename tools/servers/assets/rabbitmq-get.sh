#!/bin/sh
# rabbitmq-get.sh DIR SUITE: unpacks RabbitMQ and Erlang of a Debian suite under DIR and prints the server's home.
# Uses the host's own apt mirror and keyring and dpkg-deb alone: no root, no chroot, nothing installed or changed outside DIR.
set -eu
dir=$(mkdir -p "$1" && cd "$1" && pwd); suite=$2
exec 9> "$dir/.lock"; flock 9                      # two sessions at once: the second waits, then finds it ready
home() { echo "$dir"/root/usr/lib/rabbitmq/lib/rabbitmq_server-*; }
[ -e "$dir/.ready" ] && { home; exit 0; }
rm -rf "$dir/root" "$dir/apt" "$dir/deb"; mkdir -p "$dir/root" "$dir/deb"

apt="$dir/apt"; mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"; : > "$apt/status"
codename=$(. /etc/os-release; echo "$VERSION_CODENAME")
find_mirror() { apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $codename" | head -n 1; }
mirror=$(find_mirror)
[ -n "$mirror" ] || { apt-get -qq update >&2; mirror=$(find_mirror); }     # empty until the host's first update
key=/usr/share/keyrings/debian-archive-keyring.gpg
[ -n "$mirror" ] && [ -e "$key" ] || { echo "no Debian mirror is configured: run apt-get update as root first" >&2; exit 1; }
echo "deb [signed-by=$key] $mirror $suite main" > "$apt/sources.list"
cat > "$apt/apt.conf" <<C
Dir::State "$apt/state"; Dir::State::status "$apt/status"; Dir::Cache "$apt/cache";
Dir::Etc::sourcelist "$apt/sources.list"; Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null"; Dir::Etc::preferences "/dev/null";
Acquire::Languages "none"; Acquire::Retries "3"; APT::Install-Recommends "false"; APT::Sandbox::User "root"; Debug::NoLocking "true";
C
export APT_CONFIG="$apt/apt.conf"
apt-get -qq update >&2
# What rabbitmq-server pulls in, less what only a running Debian system needs.
want=$(apt-get -s install rabbitmq-server | awk '$1=="Inst"{print $2}' |
    grep -E '^(rabbitmq-server|erlang-.*|libc6|libgcc-s1|libstdc\+\+6|libtinfo6|zlib1g|libssl3t64|libzstd1|libsystemd0|libcap2|libsctp1)$')
(cd "$dir/deb" && apt-get -qq download $want >&2)
for package in "$dir"/deb/*.deb; do dpkg-deb -x "$package" "$dir/root"; done

# Every ELF program of Erlang runs through the suite's own loader and libraries: the host's may be older.
root="$dir/root"; lib=$(echo "$root"/usr/lib/*-linux-gnu*); loader=$(ls "$lib"/ld-linux-*.so.* | head -n 1)
for program in "$root"/usr/lib/erlang/erts-*/bin/* "$root"/usr/lib/erlang/lib/os_mon-*/priv/bin/*; do
    [ "$(head -c 4 "$program" | tail -c 3)" = ELF ] || continue
    mv "$program" "$program.elf"
    printf '#!/bin/sh\nexec "%s" --library-path "%s" --argv0 "$0" "%s.elf" "$@"\n' "$loader" "$lib" "$program" > "$program"
    chmod 755 "$program"
done
erts=$(basename "$root"/usr/lib/erlang/erts-*)
rm -f "$root/usr/bin/erl" "$root/usr/lib/erlang/bin/erl" "$root/usr/lib/erlang/$erts/bin/erl"
cat > "$root/usr/lib/erlang/bin/erl" <<W
#!/bin/sh
export ROOTDIR="$root/usr/lib/erlang" BINDIR="$root/usr/lib/erlang/$erts/bin" EMU=beam PROGNAME=erl
exec "\$BINDIR/erlexec" \${1+"\$@"}
W
chmod 755 "$root/usr/lib/erlang/bin/erl"
cp "$root/usr/lib/erlang/bin/erl" "$root/usr/lib/erlang/$erts/bin/erl"
ln -sf "../$erts/bin/epmd" "$root/usr/lib/erlang/bin/epmd"
ln -sf "../$erts/bin/escript" "$root/usr/lib/erlang/bin/escript"
rm -rf "$apt" "$dir/deb"
touch "$dir/.ready"
home
