#!/bin/sh
# The first process of a machine: it makes the machine's mounts, then takes up orphans until it is ended.
#   boot.sh STATE NAME
# STATE is the machine's disk: what is written to /etc, /opt and /var stays there from one boot to the next.
set -e
state=$1
hostname "$2"

# The kubelet mounts volumes, and containers have to see them.
mount --make-rshared /

# A /sys that shows this network namespace's interfaces, and the control groups from the machine's own down.
# /run/joins lists the files that a process writes itself into, to be in the machine's groups.
joins=
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mount -t sysfs none /sys
  mount -t cgroup2 none /sys/fs/cgroup
  # Version 2 lets a group hand out controllers only if no process is in the group itself.
  mkdir -p /sys/fs/cgroup/parts
  joins=/sys/fs/cgroup/parts/cgroup.procs
  echo $$ >"$joins"
  for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
  done
else
  hierarchies=
  for folder in /sys/fs/cgroup/*; do
    [ -L "$folder" ] || [ "${folder##*/}" = unified ] || hierarchies="$hierarchies ${folder##*/}"
  done
  mount -t sysfs none /sys
  mount -t tmpfs none /sys/fs/cgroup
  for each in $hierarchies; do
    mkdir "/sys/fs/cgroup/$each"
    if [ "$each" = systemd ]; then options=none,name=systemd; else options=$each; fi
    mount -t cgroup -o "$options" cgroup "/sys/fs/cgroup/$each"
    joins="$joins /sys/fs/cgroup/$each/cgroup.procs"
  done
fi

mount -t tmpfs none /run
mkdir -p /run/netns /run/lock /run/kernel
for each in $joins; do echo "$each"; done >/run/joins

# The host's files are seen there, and what is written stays with the machine.
for folder in etc opt var; do
  mkdir -p "$state/upper/$folder" "$state/work/$folder"
  mount -t overlay overlay \
    -o "lowerdir=/$folder,upperdir=$state/upper/$folder,workdir=$state/work/$folder" "/$folder"
done
# What the host itself has of a cluster is not there.
[ -e "$state/booted" ] || rm -rf /etc/cni /etc/kubernetes /opt/cni /var/lib/cni /var/lib/fairway
# These are no overlays: containerd's snapshots are overlays themselves, and the ledger wants a local file system.
for folder in containerd kubelet etcd fairway; do
  mkdir -p "$state/lib/$folder" "/var/lib/$folder"
  mount --bind "$state/lib/$folder" "/var/lib/$folder"
done
chmod 0700 /var/lib/fairway
mount --make-rshared /var/lib/kubelet
mkdir -p /etc/cni/net.d /etc/kubernetes/manifests /opt/cni/bin /var/log/pods

# The kubelet sets these for the whole host: it gets files that hold what it wants. A boot has an id of its own.
set_kernel() {
  file=/run/kernel/$(echo "$1" | tr / .)
  echo "$2" >"$file"
  mount --bind "$file" "/proc/sys/$1"
}
set_kernel vm/overcommit_memory 1
set_kernel vm/panic_on_oom 0
set_kernel kernel/panic 10
set_kernel kernel/panic_on_oops 1
set_kernel kernel/keys/root_maxkeys 1000000
set_kernel kernel/keys/root_maxbytes 25000000
set_kernel kernel/random/boot_id "$(cat /proc/sys/kernel/random/uuid)"

touch "$state/booted"
echo ready >"$state/ready"
while :; do
  sleep 86400 &
  wait
done
