// Finds a counter whose derived key begins as the challenge asks (see subscriptions/proof.py): the
// password is the nonce and the counter in four bytes, the key is PBKDF2 of it.
"use strict";

const from_hex = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
const to_hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

async function derive(parameters, salt, password) {
  const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: parameters.cost };
  return to_hex(new Uint8Array(await crypto.subtle.deriveBits(how, key, parameters.keyLength * 8)));
}

async function prove(challenge) {
  const parameters = challenge.parameters;
  const salt = from_hex(parameters.salt);
  const nonce = from_hex(parameters.nonce);
  const password = new Uint8Array(nonce.length + 4);
  password.set(nonce);
  const end = new DataView(password.buffer, nonce.length);
  for (let counter = 0; ; counter += 1) {
    end.setUint32(0, counter);
    const derivedKey = await derive(parameters, salt, password);
    if (derivedKey.startsWith(parameters.keyPrefix)) {
      const proof = btoa(JSON.stringify({ challenge, solution: { counter, derivedKey } }));
      return { proof, expires: parameters.expiresAt };
    }
  }
}

// Null where the browser lacks what it takes, as it does on a page that came without HTTPS.
onmessage = ({ data }) => prove(data).then(postMessage, () => postMessage(null));
