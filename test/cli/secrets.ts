import { generateKeyPairSync } from 'node:crypto';

export const PASSPHRASE = 'correct-horse-battery';
export const PRIVATE = 'b3BlbnNzaC1rZXktdjEAAAAA';
export const HOST_KEY = `-----BEGIN OPENSSH PRIVATE KEY-----\n${PRIVATE}\n-----END OPENSSH PRIVATE KEY-----\n`;
export const PUBLIC_KEY = `ssh-ed25519 ${generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).toString('base64').replace(/^.{4}/, 'AAAA')} me`;
export const SECRETS = `networks:
  - ssid: home
    passphrase: ${PASSPHRASE}
admin_keys:
  - ${PUBLIC_KEY}
ssh_host_ed25519_key: |
${HOST_KEY.replace(/^(?=.)/gm, '  ')}`;
