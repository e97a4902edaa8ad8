#!/bin/sh
# Run a command in a tree, without a network; what it writes goes to an overlay above the tree.
# Usage: chroot.sh TREE FOLDER [SOURCE=INSIDE]... -- COMMAND...
# FOLDER keeps the writes. Each folder SOURCE is seen as INSIDE. The mounts are private to this process and go with it.
set -eu
tree=$1 folder=$2
shift 2
root=$folder/root
mkdir -p "$folder/written" "$folder/work" "$root"
mount -t overlay overlay -o "lowerdir=$tree,upperdir=$folder/written,workdir=$folder/work" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do
    mkdir -p "$root${1#*=}"
    mount --bind "${1%%=*}" "$root${1#*=}"
    shift
done
shift
exec chroot "$root" "$@"
