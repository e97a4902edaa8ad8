#!/bin/sh
# Boot a tree with systemd as PID 1; what the machine writes goes to an overlay above the tree.
# Usage: boot.sh NAME TREE[:TREE...] FOLDER CGROUP...
# The first of several trees is the uppermost.
# FOLDER keeps the machine's writes between boots. Each CGROUP is a folder that this process moves into, so that
# machines that run side by side share none. The mount is private to this process: it is gone when it is.
set -eu
name=$1 tree=$2 folder=$3
shift 3
for cgroup; do
    echo $$ >"$cgroup/cgroup.procs"
done
mkdir -p "$folder/written" "$folder/work" "$folder/root"
mount -t overlay overlay -o "lowerdir=$tree,upperdir=$folder/written,workdir=$folder/work" "$folder/root"
# nspawn's notes about running machines are of no use to anybody else and would stay behind.
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn
# Debian's systems use the unified hierarchy, whatever this host does.
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
exec systemd-nspawn --directory="$folder/root" --machine="$name" --boot --register=no \
    --keep-unit --link-journal=no --private-network --console=read-only
