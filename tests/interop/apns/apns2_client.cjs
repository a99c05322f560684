// apns2 as npm ships it: provider tokens only, always to port 443 of `host`. Reads {host, team, keyId, signingKey, topic, pushes:
// [{token, options}]} and prints the status and reason of each; NODE_EXTRA_CA_CERTS has the root.
'use strict';
const { createRequire } = require('node:module');
const { readFileSync } = require('node:fs');

const load = createRequire(process.argv[2] + '/package.json');
const { ApnsClient, Notification } = load('apns2');
const given = JSON.parse(readFileSync(0, 'utf8'));

async function main() {
  const { host, team, keyId, signingKey, topic, pushes } = given;
  const client = new ApnsClient({ host, team, keyId, signingKey, defaultTopic: topic, requestTimeout: 30000 });
  const answers = [];
  for (const { token, options } of pushes) { // one at a time: so many does Apple allow before the first good token
    const one = new Notification(token, options);
    answers.push(await client.send(one).then(() => ({ status: 200 }), problem => ({
      status: problem.statusCode, reason: problem.reason, timestamp: problem.timestamp, problem: problem.statusCode ? undefined : String(problem),
    })));
  }
  const first = await client.sendMany(pushes.slice(0, 1).flatMap(p => Array(20).fill(new Notification(p.token, p.options))));
  console.log(JSON.stringify({ answers, many: first.filter(one => !one.error).length }));
  process.exit(0); // it keeps its connection
}

main().catch(problem => {
  console.error(problem);
  process.exit(1);
});
