/**
 * Makes a certificate for the webhook, and an authority that has signed this one and never signs another: its key is
 * kept nowhere. ECDSA on P-256 with SHA-256, as of RFC 5280 and RFC 5758.
 */
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import {
  bits,
  boolean,
  type Der,
  identifier,
  implicit,
  integer,
  octets,
  sequence,
  set,
  tagged,
  time,
  utf8,
} from "./der.ts";

/** All as PEM. */
export interface KeyPair {
  certificate: string;
  key: string;
  /** Of the authority, by which the certificate is trusted. */
  authority: string;
}

export interface CertificateAsk {
  /** Of DNS; the first is the subject's, too. */
  names: readonly [string, ...string[]];
  fromMs: number;
  untilMs: number;
}

const algorithm = sequence(identifier("1.2.840.10045.4.3.2"));
const version3 = tagged(0, integer([2]));
/** 159 bits, of which RFC 5280, 4.1.2.2 wants no more than 20 bytes, above zero. */
const newSerial = (): Der => {
  const number = randomBytes(20);
  number[0] = ((number[0] ?? 0) & 0x7f) | 0x40;
  return integer(number);
};
const named = (commonName: string): Der =>
  sequence(set(sequence(identifier("2.5.4.3"), utf8(commonName))));
const extension = (id: string, isCritical: boolean, value: Der): Der =>
  sequence(identifier(id), ...(isCritical ? [boolean(true)] : []), octets(value));

const pem = (label: string, der: Uint8Array): string => {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
};

const spki = (key: KeyObject): Uint8Array => key.export({ type: "spki", format: "der" });
/** A name of a key for whoever builds a chain; RFC 5280, 4.2.1.2 leaves it open how it is made. */
const keyName = (key: KeyObject): Uint8Array =>
  createHash("sha256").update(spki(key)).digest().subarray(0, 20);

interface Signed {
  issuer: string;
  subject: string;
  publicKey: KeyObject;
  signer: KeyObject;
  extensions: readonly Der[];
}

function signed({ issuer, subject, publicKey, signer, extensions }: Signed, ask: CertificateAsk) {
  const signerName = keyName(createPublicKey(signer));
  const content = sequence(
    version3,
    newSerial(),
    algorithm,
    named(issuer),
    sequence(time(ask.fromMs), time(ask.untilMs)),
    named(subject),
    spki(publicKey),
    tagged(
      3,
      sequence(
        ...extensions,
        // subjectKeyIdentifier, authorityKeyIdentifier
        extension("2.5.29.14", false, octets(keyName(publicKey))),
        extension("2.5.29.35", false, sequence(implicit(0, signerName))),
      ),
    ),
  );
  const signature = sign("sha256", content, signer);
  return pem("CERTIFICATE", sequence(content, algorithm, bits(signature)));
}

const newKeys = () => generateKeyPairSync("ec", { namedCurve: "P-256" });

/** The longest subject that a common name may be (RFC 5280, upper bounds); the names themselves may be longer. */
const longestSubject = 64;

/** Bits of keyUsage and their number that is unused: keyCertSign, and digitalSignature (RFC 5280, 4.2.1.3). */
const [signsCertificates, signsHandshakes] = [bits([0b0000_0100], 2), bits([0b1000_0000], 7)];

export function makeCertificate(ask: CertificateAsk): KeyPair {
  const [authority, own] = [newKeys(), newKeys()];
  // A name that no other authority has: those of before are trusted beside it for a while.
  const issuer = `fairway webhook ${randomBytes(8).toString("hex")}`;
  const ofAuthority = signed(
    {
      ...{ issuer, subject: issuer, publicKey: authority.publicKey, signer: authority.privateKey },
      extensions: [
        // Of no further authorities: pathLenConstraint is 0.
        extension("2.5.29.19", true, sequence(boolean(true), integer([0]))),
        extension("2.5.29.15", true, signsCertificates),
      ],
    },
    ask,
  );
  const alternatives = ask.names.map((name) => implicit(2, new TextEncoder().encode(name)));
  const certificate = signed(
    {
      ...{ issuer, publicKey: own.publicKey, signer: authority.privateKey },
      subject: ask.names[0].slice(0, longestSubject),
      extensions: [
        extension("2.5.29.19", true, sequence()),
        extension("2.5.29.15", true, signsHandshakes),
        // serverAuth
        extension("2.5.29.37", false, sequence(identifier("1.3.6.1.5.5.7.3.1"))),
        extension("2.5.29.17", false, sequence(...alternatives)),
      ],
    },
    ask,
  );
  const key = own.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return { certificate, key, authority: ofAuthority };
}
