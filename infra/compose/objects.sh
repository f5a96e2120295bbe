#!/bin/sh
# The object store: each user has a key of its own, for what it needs of its own bucket; none may make others.
set -eu
umask 077
cat > /tmp/identities.json <<IDENTITIES
{"identities": [
  {"name": "recall", "credentials": [{"accessKey": "${S3_ACCESS_KEY:?}", "secretKey": "${S3_SECRET_KEY:?}"}],
   "actions": ["Read:recall", "Write:recall", "List:recall", "Tagging:recall"]},
  {"name": "papers", "credentials": [{"accessKey": "${PAPERS_S3_ACCESS_KEY:?}", "secretKey": "${PAPERS_S3_SECRET_KEY:?}"}],
   "actions": ["Read:recall", "List:recall"]},
  {"name": "mlflow", "credentials": [{"accessKey": "${MLFLOW_S3_ACCESS_KEY:?}", "secretKey": "${MLFLOW_S3_SECRET_KEY:?}"}],
   "actions": ["Read:mlflow", "Write:mlflow", "List:mlflow", "Tagging:mlflow"]}]}
IDENTITIES
(
    until echo "s3.bucket.list" | weed shell -master localhost:9333 > /dev/null 2>&1; do sleep 1; done
    for bucket in recall mlflow; do echo "s3.bucket.create -name $bucket" | weed shell -master localhost:9333 > /dev/null 2>&1 || true; done
) &
exec weed server -dir /data -ip localhost -ip.bind 0.0.0.0 -master.volumeSizeLimitMB 1024 -s3 -s3.config /tmp/identities.json -s3.port 8333
