if [ -f /mnt/host/source/.sdkenv ]; then
  . /mnt/host/source/.sdkenv
fi
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cd /mnt/host/source/src/scripts
