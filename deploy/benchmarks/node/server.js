// A durable WeCom callback in Node.js, for comparison: node server.js PORT FILE TOKEN AES_KEY batched|naive
//   batched: appends what waits in one write and one fdatasync, then answers all of it (as well as we can in Node)
//   naive:   one appendFileSync and fsyncSync a request
'use strict';
const http = require('node:http');
const fs = require('node:fs');
const { getSignature, decrypt } = require('@wecom/crypto');

const [port, file, token, aesKey, mode] = process.argv.slice(2);
const fd = fs.openSync(file, 'a');
let waiting = [];
let writing = false;

function flush() {
  if (writing || waiting.length === 0) return;
  writing = true;
  const batch = waiting;
  waiting = [];
  fs.write(fd, Buffer.concat(batch.map((row) => row.data)), (error) => {
    const done = (failed) => {
      for (const row of batch) row.response.writeHead(failed ? 500 : 200, { 'Content-Length': 0 }).end();
      writing = false;
      flush();
    };
    if (error) done(true);
    else fs.fdatasync(fd, done);
  });
}

function store(message, response) {
  const data = Buffer.from(message + '\n');
  if (mode === 'naive') {
    fs.writeSync(fd, data);
    fs.fdatasyncSync(fd);
    response.writeHead(200, { 'Content-Length': 0 }).end();
  } else {
    waiting.push({ data, response });
    flush();
  }
}

http
  .createServer({ keepAlive: true }, (request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const query = new URL(request.url, 'http://localhost').searchParams;
      const found = /<Encrypt><!\[CDATA\[(.*?)\]\]><\/Encrypt>/.exec(Buffer.concat(chunks).toString('utf8'));
      const signed = found && getSignature(token, query.get('timestamp'), query.get('nonce'), found[1]);
      if (!found || signed !== query.get('msg_signature')) {
        response.writeHead(403, { 'Content-Length': 0 }).end();
        return;
      }
      store(decrypt(aesKey, found[1]).message, response);
    });
  })
  .listen(Number(port), '127.0.0.1', () => console.log('ready'));
