// A durable WeCom callback in Node.js, for comparison: node server.js PORT FILE TOKEN AES_KEY equal|batched|naive
//   batched: appends what waits in one write and one fdatasync, then answers all of it (as well as we can in Node)
//   equal:   batched, and with LeadBridge's other duties: reads the clear text, knows repeats by key and keyed body hash, seals the body
//            (AES-256-GCM). Its keys live in memory only: it would forget them in a crash. It still runs no intake and has no index.
//   naive:   one appendFileSync and fsyncSync a request
'use strict';
const http = require('node:http');
const fs = require('node:fs');
const crypto = require('node:crypto');
const { getSignature, decrypt } = require('@wecom/crypto');

const [port, file, token, aesKey, mode] = process.argv.slice(2);
const fd = fs.openSync(file, 'a');
const sealingKey = crypto.randomBytes(32);
const hashKey = crypto.randomBytes(32);
const seen = new Map(); // dedupe key -> body hash
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

// The row to append, or null for a repeat.
function equalDuty(message) {
  const fields = {};
  for (const [, name, cdata, text] of message.matchAll(/<(\w+)>(?:<!\[CDATA\[([\s\S]*?)\]\]>|([^<]*))<\/\1>/g)) fields[name] = cdata ?? text;
  const key = fields.CreateTime + crypto.createHash('sha256').update('wecom|').update(message).digest('base64');
  const hash = crypto.createHmac('sha256', hashKey).update(message).digest('base64');
  if (seen.get(key) === hash) return null;
  seen.set(key, hash);
  const nonce = crypto.randomBytes(12);
  const cipher = crypto.createCipheriv('aes-256-gcm', sealingKey, nonce);
  const head = JSON.stringify({ key, hash, kind: fields.Event + '.' + fields.ChangeType, at: Date.now() }) + '\n';
  return Buffer.concat([Buffer.from(head), nonce, cipher.update(message, 'utf8'), cipher.final(), cipher.getAuthTag()]);
}

function store(message, response) {
  const data = mode === 'equal' ? equalDuty(message) : Buffer.from(message + '\n');
  if (data === null) {
    response.writeHead(200, { 'Content-Length': 0 }).end();
    return;
  }
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
