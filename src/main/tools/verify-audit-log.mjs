// Verifies a tenant's audit log without believing the host that keeps it.
//   node verify-audit-log.mjs <base URL> <API key with audit:read> [<public key> [<saved export>]]
// The public key is base64 of an Ed25519 SPKI, kept from when it was trusted; without it the one the
// host advertises is taken, and only the log is verified, not who signed it. A saved export of
// checkpoints (GET /v1/host/heddle/audit/checkpoints) must still be in the log: it shows a rewind.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';

const [base, apiKey, trusted, saved] = process.argv.slice(2);
if (!base || !apiKey) throw new Error('usage: verify-audit-log.mjs <base URL> <API key> [<public key> [<saved export>]]');

const get = async (path) => {
  const answer = await fetch(base + path, { headers: { authorization: `Bearer ${apiKey}` } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
};

const sha256 = (text) => createHash('sha256').update(text, 'utf8').digest('hex');

// RFC 8785: this language prints numbers and strings as it asks, and sorts by UTF-16 code units.
const canonical = (value) =>
  Array.isArray(value) ? `[${value.map(canonical)}]`
    : value !== null && typeof value === 'object'
      ? `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`)}}`
      : JSON.stringify(value);

const merkleRoot = (leaves) => {
  let level = leaves;
  while (level.length > 1) {
    const above = [];
    for (let i = 0; i < level.length; i += 2) {
      above.push(i + 1 < level.length ? sha256(level[i] + level[i + 1]) : level[i]);
    }
    level = above;
  }
  return level[0];
};

const faults = [];
const { auth } = await get('/.well-known/openwop');
const spki = trusted ?? auth.auditLogIntegrity.checkpointPublicKey;
const key = createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' });

const pages = async (path, items, place) => {
  const all = [];
  for (let page; !page || page.length > 0;) {
    const from = all.length === 0 ? 1 : place(all[all.length - 1]) + 1;
    page = items(await get(`${path}?fromSeq=${from}`));
    all.push(...page);
  }
  return all;
};
const entries = await pages('/v1/host/heddle/audit/entries', (it) => it.entries, (it) => it.entry.atSequence);
const checkpoints = await pages('/v1/host/heddle/audit/checkpoints', (it) => it.checkpoints, (it) => it.atSequence);

const hashes = [];
let previous = null;
entries.forEach(({ entry }, index) => {
  if (entry.atSequence !== index + 1) faults.push(`entry ${index + 1}: found ${entry.atSequence}`);
  if (entry.prevHash !== previous) faults.push(`entry ${entry.atSequence}: does not follow the one before it`);
  previous = sha256(canonical(entry));
  hashes.push(previous);
});

let anchored = 0;
for (const { checkpointId, atSequence, merkleRoot: root, signature } of checkpoints) {
  const leaves = hashes.slice(anchored, atSequence);
  if (leaves.length === 0 || leaves.length !== atSequence - anchored || merkleRoot(leaves) !== root) {
    faults.push(`checkpoint ${checkpointId} at ${atSequence}: is not over these entries`);
  }
  if (!verify(null, Buffer.from(root, 'hex'), key, Buffer.from(signature, 'base64'))) {
    faults.push(`checkpoint ${checkpointId} at ${atSequence}: was not signed with this key`);
  }
  anchored = atSequence;
}

for (const kept of saved ? JSON.parse(readFileSync(saved, 'utf8')).checkpoints : []) {
  const same = checkpoints.find((it) => it.checkpointId === kept.checkpointId);
  if (!same || same.merkleRoot !== kept.merkleRoot || same.atSequence !== kept.atSequence) {
    faults.push(`checkpoint ${kept.checkpointId} at ${kept.atSequence}: was saved, and is not in the log`);
  }
}

faults.forEach((fault) => console.error(fault));
console.log(`${entries.length} entries, ${checkpoints.length} checkpoints, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
