#!/bin/sh
# Redis as a city has it: a data server by its name, of which the first is the primary, or a Sentinel (`sentinel`).
# Nobody gets in unencrypted, or without a certificate of the city's authority. `ready PORT` asks whether one answers.
set -eu
umask 077
tls="--tls --cert /certificates/authority-server.pem --key /certificates/authority-server.pem --cacert /certificates/authority.pem"
if [ "$1" = ready ]; then
  if [ "$2" = 6379 ]; then user="--user operator"; else user=""; fi
  # shellcheck disable=SC2086
  REDISCLI_AUTH="$SECRET" redis-cli $tls $user --no-auth-warning -p "$2" ping | grep -qx PONG
  exit
fi
cat >/tmp/redis.conf <<CONF
bind * -::*
port 0
dir /tmp
tls-cert-file /certificates/authority-server.pem
tls-key-file /certificates/authority-server.pem
tls-ca-cert-file /certificates/authority.pem
tls-auth-clients yes
tls-replication yes
CONF
if [ "$1" = sentinel ]; then
  cat >>/tmp/redis.conf <<CONF
tls-port 26379
requirepass $SECRET
sentinel sentinel-pass $SECRET
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel monitor luotsi city-redis-a 6379 2
sentinel auth-user luotsi sentinel
sentinel auth-pass luotsi $SECRET
sentinel down-after-milliseconds luotsi 2000
sentinel failover-timeout luotsi 20000
CONF
  exec redis-server /tmp/redis.conf --sentinel
fi
cat >>/tmp/redis.conf <<CONF
tls-port 6379
appendonly yes
save ""
maxmemory-policy noeviction
repl-diskless-sync-delay 0
replica-announce-ip $1
aclfile /certificates/users.acl
masteruser replica
masterauth $SECRET
CONF
if [ "$1" != city-redis-a ]; then echo "replicaof city-redis-a 6379" >>/tmp/redis.conf; fi
exec redis-server /tmp/redis.conf
