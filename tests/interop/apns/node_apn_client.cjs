// @parse/node-apn as npm ships it. Reads {port, ca, cert, key, token?, pushes: [{token, fields}]} and prints what it says of each.
'use strict';
const { createRequire } = require('node:module');
const { readFileSync } = require('node:fs');

const load = createRequire(process.argv[2] + '/package.json');
const apn = load('@parse/node-apn');
const given = JSON.parse(readFileSync(0, 'utf8'));

async function main() {
  const { port, ca, cert, key, token, pushes } = given;
  const provider = new apn.Provider({
    address: 'localhost', port, ca, ...(token ? { token } : { cert, key }), requestTimeout: 30000,
  });
  const answers = await Promise.all(pushes.map(async ({ token, magic, fields }) => {
    const notification = new apn.Notification();
    notification.rawPayload = { mdm: magic };
    Object.assign(notification, { pushType: 'mdm' }, fields);
    const { sent, failed } = await provider.send(notification, token);
    return { sent: sent.map(s => s.device), failed: failed.map(f => ({ ...f, error: f.error && String(f.error) })) };
  }));
  await provider.shutdown();
  console.log(JSON.stringify({ version: load('@parse/node-apn/package.json').version, answers }));
}

main().catch(problem => {
  console.error(problem);
  process.exitCode = 1;
});
