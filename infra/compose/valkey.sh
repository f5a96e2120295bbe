#!/bin/sh
# The server's users, each with the rights it needs and no more. Only the digests of their passwords are known here.
set -eu
umask 077
folder="${1:?the folder of the data}"
port="${2:-6379}"
cat > "${USERS_FILE:?}" <<USERS
user default off
user publisher on #${REDIS_PUBLISHER_SHA256:?} ~recall:* resetchannels -@all +@connection +@read +@write +eval -@dangerous -scan -randomkey -dbsize +info +memory|usage
user reader on #${REDIS_READER_SHA256:?} %R~recall:* resetchannels -@all +@connection +@read -@dangerous -scan -randomkey -dbsize
user broker on #${REDIS_BROKER_SHA256:?} ~celery:* &* -@all +@connection +@read +@write +@pubsub +@transaction +@scripting -@dangerous -scan -randomkey -dbsize +info +time
USERS
exec "${VALKEY_SERVER:-valkey-server}" --port "$port" --bind "${BIND:-0.0.0.0}" --dir "$folder" --aclfile "$USERS_FILE" --appendonly yes --save "" \
    --maxmemory-policy noeviction --hash-max-listpack-value 1024 --protected-mode yes
