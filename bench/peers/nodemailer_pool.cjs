// nodemailer's pool, a message built per reader: PORT LETTER.eml COUNT CONNECTIONS.
const fs = require('fs');
const nodemailer = require('nodemailer');

const [port, file, count, connections] = process.argv.slice(2);
const raw = fs.readFileSync(file, 'latin1');

// The parts of the letter, by its own marks: enough of MIME for letters of ours.
function parts() {
  const found = { text: '', html: '', images: [] };
  for (const piece of raw.split(/\r\n--=_[^\r]*\r\n/)) {
    const [head, ...rest] = piece.split('\r\n\r\n');
    const body = rest.join('\r\n\r\n');
    if (/text\/plain/.test(head)) found.text = decode(body);
    else if (/text\/html/.test(head)) found.html = decode(body);
    else if (/image\/png/.test(head)) {
      const cid = /Content-ID: <([^>]+)>/.exec(head)[1];
      found.images.push({ cid, filename: `${cid}.png`, content: Buffer.from(body, 'base64') });
    }
  }
  return found;
}

function decode(text) {
  const bytes = text.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) =>
    String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

async function main() {
  const { text, html, images } = parts();
  const transport = nodemailer.createTransport({
    pool: true, host: '127.0.0.1', port: Number(port), secure: false, ignoreTLS: true,
    maxConnections: Number(connections), maxMessages: Infinity,
  });
  const began = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  let sent = 0;
  let next = 0;
  async function worker() {
    while (next < Number(count)) {
      const reader = next++;
      const link = `https://digest.example.org/u/${reader}`;
      await transport.sendMail({
        from: 'letters@example.org', to: `r${reader}@example.org`, subject: 'Momentum, and four more',
        list: { unsubscribe: link },
        text: `${text}\n${link}\n`, html: html.replace('</body>', `<a href="${link}">x</a></body>`),
        attachments: images,
      });
      sent += 1;
    }
  }
  await Promise.all(Array.from({ length: 2 * Number(connections) }, worker));
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const used = process.cpuUsage(cpu);
  transport.close();
  console.log(JSON.stringify({ sent, seconds, cpu: (used.user + used.system) / 1e6 }));
}

main();
