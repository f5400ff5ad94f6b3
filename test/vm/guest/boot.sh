#!/bin/busybox sh
# First process of the guest: mounts the host's root read-only over 9p, with
# everything written kept in memory, and goes on there with run.sh.
set -e
/bin/busybox --install -s /bin
export PATH=/bin
mkdir -p /proc /sys /dev /host /memory /root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do insmod "/modules/$module"; done </modules/order

mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro host /host
mount -t tmpfs -o size=75% tmpfs /memory
mkdir /memory/upper /memory/work
mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work overlay /root

ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
ln -s fd/1 /dev/stdout
ln -s fd/2 /dev/stderr
for directory in proc sys dev; do mount --move "/$directory" "/root/$directory"; done
mkdir -p /root/dev/pts /root/dev/shm /root/lib/modules
mount -t devpts devpts /root/dev/pts
mount -t tmpfs tmpfs /root/dev/shm
mount -t bpf bpf /root/sys/fs/bpf
mount -t tmpfs tmpfs /root/run
mkdir -p /root/run/vm /root/run/lock
cp /bin/busybox /run.sh /command.sh /root/run/vm
exec switch_root /root /run/vm/busybox sh /run/vm/run.sh
