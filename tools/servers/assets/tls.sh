#!/bin/sh
# tls.sh DIR: a CA (ca.pem) and a certificate for localhost and 127.0.0.1 (server.pem, server.key, server.p12), 60 days.
set -eu
d=$(mkdir -p "$1" && cd "$1" && pwd); umask 077
[ -e "$d/server.p12" ] && exit 0
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 60 -subj "/CN=mirror test CA" \
    -keyout "$d/ca.key" -out "$d/ca.pem" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign"
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" -keyout "$d/server.key" -out "$d/server.csr"
printf '%s\n' basicConstraints=CA:FALSE keyUsage=digitalSignature extendedKeyUsage=serverAuth \
    subjectAltName=DNS:localhost,IP:127.0.0.1 > "$d/ext"
openssl x509 -req -in "$d/server.csr" -CA "$d/ca.pem" -CAkey "$d/ca.key" -CAcreateserial -days 60 -extfile "$d/ext" -out "$d/server.pem"
openssl pkcs12 -export -in "$d/server.pem" -inkey "$d/server.key" -certfile "$d/ca.pem" -passout pass:mirror-test -out "$d/server.p12.new"
rm -f "$d/server.csr" "$d/ext" "$d/ca.srl"
mv "$d/server.p12.new" "$d/server.p12"
