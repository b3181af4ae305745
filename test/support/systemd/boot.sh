#!/bin/sh
# Becomes systemd as the first process of a process namespace, in mounts and control groups of its own.
#   boot.sh SCRATCH
# What is written to /etc, /opt, /var, /usr/local and /run goes away with it. Of systemd's units there are only the targets
# that a service needs. Network namespaces that are named later outside come in, as on a machine.
set -e
scratch=$1
mount --make-rslave /
mount -t proc proc /proc
mount -t tmpfs layers "$scratch"
for part in etc opt var usr/local; do
  mkdir -p "$scratch/$part/upper" "$scratch/$part/work"
  mount -t overlay -o "lowerdir=/$part,upperdir=$scratch/$part/upper,workdir=$scratch/$part/work" overlay "/$part"
done
# What the machine itself has of Fairway is not there.
rm -rf /etc/cni /opt/cni /var/lib/fairway
mkdir "$scratch/netns"
mount --rbind /run/netns "$scratch/netns"
mount -t tmpfs run /run
mkdir /run/netns
mount --rbind "$scratch/netns" /run/netns
umount -l "$scratch/netns"
mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
for folder in /usr/lib/systemd/system /usr/lib/systemd/system-generators /etc/systemd/system; do
  mount -t tmpfs none "$folder"
done
target() { printf '[Unit]\nDescription=%s\n' "$1" >"/usr/lib/systemd/system/$1.target"; }
for name in sysinit basic shutdown network multi-user; do target "$name"; done
printf 'Requires=sysinit.target\nAfter=sysinit.target\n' >>/usr/lib/systemd/system/basic.target
printf 'Requires=basic.target\nAfter=basic.target\nAllowIsolate=yes\n' >>/usr/lib/systemd/system/multi-user.target
# As on a machine, where systemd does it itself: what is mounted reaches the services' own mounts.
mount --make-rshared /
# In a container it leaves the machine's own settings alone.
exec env -i container=fairway-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --unit=multi-user.target --log-target=console --show-status=no
