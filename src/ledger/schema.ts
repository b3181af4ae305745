/** The tables of the ledger, and how an older file becomes one of this version. */
import { floorBits } from "../plan/shape.ts";
import { type SchemaVersion, schemaNumber, schemaOf } from "./schema-version.ts";

/** "FWAY". It distinguishes our file from another program's database (`file` shows it too). */
export const applicationId = 0x46574159;

/**
 * There is one entry for each format: the statements that lead to it from the one before, with all of that
 * one's additions. Never edit an entry that was released; add one. A program that does not know a format
 * refuses it, so a new entry costs every older program the ledger: a column or a table that older programs
 * need not know is an addition.
 *
 * Everything that may be alive carries its boot, and is unique within that boot. So what an earlier boot left
 * can neither block what runs now nor be mistaken for it.
 */
const migrations: readonly string[] = [
  `
CREATE TABLE attachments (
  id INTEGER PRIMARY KEY,
  boot_id TEXT NOT NULL CHECK (boot_id <> ''),
  network TEXT NOT NULL,
  container_id TEXT NOT NULL,
  ifname TEXT NOT NULL,
  netns TEXT NOT NULL,
  host_veth TEXT NOT NULL,
  pod_mac TEXT NOT NULL,
  phase TEXT NOT NULL CHECK (phase IN ('adding', 'ready', 'deleting')),
  class_minor INTEGER NOT NULL CHECK (class_minor BETWEEN 1 AND 65535),
  mtu_bytes INTEGER NOT NULL,
  promise TEXT NOT NULL CHECK (json_valid(promise)),
  asks TEXT NOT NULL CHECK (json_valid(asks)),
  routes TEXT NOT NULL CHECK (json_valid(routes)),
  pod_namespace TEXT,
  pod_name TEXT,
  created_at_ms INTEGER NOT NULL,
  UNIQUE (boot_id, network, container_id, ifname),
  UNIQUE (boot_id, class_minor),
  UNIQUE (boot_id, host_veth)
) STRICT;
CREATE INDEX attachments_by_pod ON attachments (boot_id, pod_namespace, pod_name);

CREATE TABLE leases (
  boot_id TEXT NOT NULL,
  address TEXT NOT NULL,
  prefix_length INTEGER NOT NULL,
  gateway TEXT,
  attachment_id INTEGER NOT NULL REFERENCES attachments (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  PRIMARY KEY (boot_id, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX leases_by_attachment ON leases (attachment_id, position);

CREATE TABLE cursors (
  network TEXT NOT NULL,
  set_index INTEGER NOT NULL,
  last TEXT NOT NULL,
  PRIMARY KEY (network, set_index)
) STRICT, WITHOUT ROWID;

CREATE TABLE networks (
  name TEXT PRIMARY KEY,
  boot_id TEXT NOT NULL,
  config TEXT NOT NULL CHECK (
    json_type(config) = 'object'
    AND json_type(config, '$.runtimeConfig') IS NULL
    AND json_type(config, '$.prevResult') IS NULL
    AND json_type(config, '$.args') IS NULL
  ),
  base TEXT NOT NULL CHECK (json_type(base) = 'object')
) STRICT, WITHOUT ROWID;

CREATE TABLE former_roots (
  boot_id TEXT NOT NULL,
  device TEXT NOT NULL,
  kind TEXT NOT NULL,
  handle TEXT NOT NULL,
  PRIMARY KEY (boot_id, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE facts (
  boot_id TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (boot_id, key)
) STRICT, WITHOUT ROWID;
`,
  // Reservations are addresses that were given to other plugins' attachments. They are unique per network:
  // isolated bridges may use the same subnet, as they could with host-local. No interface name means any of
  // the container's, as in host-local's older files. No prefix means that it was taken over from host-local,
  // whose files have none. A hold keeps an address for a pod that went, across reboots.
  `
CREATE TABLE reservations (
  boot_id TEXT NOT NULL,
  network TEXT NOT NULL,
  address TEXT NOT NULL,
  container_id TEXT NOT NULL,
  ifname TEXT,
  prefix_length INTEGER,
  gateway TEXT,
  pod_namespace TEXT,
  pod_name TEXT,
  sticky_ms INTEGER,
  created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (boot_id, network, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX reservations_by_holder ON reservations (boot_id, network, container_id);

CREATE TABLE holds (
  network TEXT NOT NULL,
  address TEXT NOT NULL,
  pod_namespace TEXT NOT NULL,
  pod_name TEXT NOT NULL,
  ifname TEXT NOT NULL,
  until_ms INTEGER NOT NULL,
  PRIMARY KEY (network, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX holds_by_pod ON holds (network, pod_namespace, pod_name, ifname);
`,
  // For pods whose interface another plugin made, this records what it was like before. Until this version
  // every network had a bridge of its own.
  `
ALTER TABLE attachments ADD COLUMN chained TEXT CHECK (chained IS NULL OR json_type(chained) = 'object');
UPDATE networks SET base = json_remove(
  json_set(base, '$.ingress', json_object('kind', 'bridge', 'name', base ->> '$.bridge', 'owned', json('true'))),
  '$.bridge');
`,
  // The time at which a row was recorded, by a clock that nobody sets. It can be used because rows are of one
  // boot. It is NULL in rows that an older version recorded.
  `
ALTER TABLE attachments ADD COLUMN created_up_ms INTEGER;
`,
  // These tables are updated as rows come and go, so that an ADD costs the same however many rows there are.
  // They hold what was promised, as leaf rates (loadOf in promise/capacity.ts counts the same), and how many
  // classes of each run of 256 are taken.
  `
CREATE TABLE totals (
  boot_id TEXT PRIMARY KEY,
  attachments INTEGER NOT NULL,
  egress_bits INTEGER NOT NULL,
  egress_floors INTEGER NOT NULL,
  ingress_bits INTEGER NOT NULL,
  ingress_floors INTEGER NOT NULL,
  ready_ingress_bits INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE class_blocks (
  boot_id TEXT NOT NULL,
  block INTEGER NOT NULL,
  used INTEGER NOT NULL,
  PRIMARY KEY (boot_id, block)
) STRICT, WITHOUT ROWID;
CREATE INDEX attachments_by_mtu ON attachments (boot_id, mtu_bytes);
CREATE INDEX attachments_with_target ON attachments (boot_id) WHERE promise ->> '$.latencyTargetUs' IS NOT NULL;

CREATE VIEW counted AS SELECT id, boot_id, class_minor >> 8 AS block,
  iif(egress > 0, max(egress, ${floorBits}), 0) AS egress_bits, egress = 0 AS egress_floor,
  iif(ingress > 0, max(ingress, ${floorBits}), 0) AS ingress_bits, ingress = 0 AS ingress_floor,
  iif(phase = 'ready', ingress, 0) AS ready_ingress_bits
FROM (SELECT id, boot_id, class_minor, phase, promise ->> '$.egress.guaranteeBits' AS egress,
  promise ->> '$.ingress.guaranteeBits' AS ingress FROM attachments);

INSERT INTO totals SELECT boot_id, count(*), sum(egress_bits), sum(egress_floor), sum(ingress_bits),
  sum(ingress_floor), sum(ready_ingress_bits) FROM counted GROUP BY boot_id;
INSERT INTO class_blocks SELECT boot_id, block, count(*) FROM counted GROUP BY boot_id, block;

CREATE TRIGGER attachment_came AFTER INSERT ON attachments BEGIN
  INSERT INTO totals SELECT boot_id, 1, egress_bits, egress_floor, ingress_bits, ingress_floor, ready_ingress_bits
    FROM counted WHERE id = new.id
    ON CONFLICT DO UPDATE SET attachments = attachments + 1,
      egress_bits = egress_bits + excluded.egress_bits, egress_floors = egress_floors + excluded.egress_floors,
      ingress_bits = ingress_bits + excluded.ingress_bits, ingress_floors = ingress_floors + excluded.ingress_floors,
      ready_ingress_bits = ready_ingress_bits + excluded.ready_ingress_bits;
  INSERT INTO class_blocks VALUES (new.boot_id, new.class_minor >> 8, 1) ON CONFLICT DO UPDATE SET used = used + 1;
END;
CREATE TRIGGER attachment_goes BEFORE DELETE ON attachments BEGIN
  UPDATE totals SET attachments = attachments - 1,
      egress_bits = totals.egress_bits - c.egress_bits, egress_floors = egress_floors - c.egress_floor,
      ingress_bits = totals.ingress_bits - c.ingress_bits, ingress_floors = ingress_floors - c.ingress_floor,
      ready_ingress_bits = totals.ready_ingress_bits - c.ready_ingress_bits
    FROM counted c WHERE c.id = old.id AND totals.boot_id = old.boot_id;
  UPDATE class_blocks SET used = used - 1 WHERE boot_id = old.boot_id AND block = old.class_minor >> 8;
END;
CREATE TRIGGER attachment_leaves_sums BEFORE UPDATE OF promise, phase ON attachments BEGIN
  UPDATE totals SET
      egress_bits = totals.egress_bits - c.egress_bits, egress_floors = egress_floors - c.egress_floor,
      ingress_bits = totals.ingress_bits - c.ingress_bits, ingress_floors = ingress_floors - c.ingress_floor,
      ready_ingress_bits = totals.ready_ingress_bits - c.ready_ingress_bits
    FROM counted c WHERE c.id = old.id AND totals.boot_id = old.boot_id;
END;
CREATE TRIGGER attachment_joins_sums AFTER UPDATE OF promise, phase ON attachments BEGIN
  UPDATE totals SET
      egress_bits = totals.egress_bits + c.egress_bits, egress_floors = egress_floors + c.egress_floor,
      ingress_bits = totals.ingress_bits + c.ingress_bits, ingress_floors = ingress_floors + c.ingress_floor,
      ready_ingress_bits = totals.ready_ingress_bits + c.ready_ingress_bits
    FROM counted c WHERE c.id = new.id AND totals.boot_id = new.boot_id;
END;
`,
  // A burst that was chosen for a latency target is not kept any more, since it follows from all pods that
  // have one. A burst that was asked for, by the pod, `set`, the runtime or the tier, stays.
  `
UPDATE attachments SET promise = json_set(promise, '$.egress.burstBytes', json('null'))
WHERE promise ->> '$.latencyTargetUs' IS NOT NULL
  AND promise ->> '$.egress.guaranteeBits' > 0
  AND promise ->> '$.egress.burstBytes' IS NOT NULL
  AND asks ->> '$.annotations."fairway.dev/egress-burst"' IS NULL
  AND asks ->> '$.overrides."fairway.dev/egress-burst"' IS NULL
  AND asks ->> '$.bandwidth.egressBurstBits' IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM networks n, json_each(n.config, '$.tiers') tier
    WHERE n.name = attachments.network AND tier.key = attachments.promise ->> '$.tier'
      AND tier.value ->> '$.egressBurst' IS NOT NULL);
`,
];

/**
 * Additions to a format, by the format's number, in their order. A program that knows the format and not the
 * addition goes on using the file, so an addition may only be: a table, an index, a column that may be NULL
 * or has a default, a trigger or a view for these. It changes nothing of what is there, since others read and
 * write that as before. Never edit one that was released; add one.
 */
const additions: Readonly<Record<number, readonly string[]>> = {
  // The first: one name may belong to another pod by now. NULL means that the runtime did not tell it, or that an older
  // version recorded the row.
  6: [
    "ALTER TABLE attachments ADD COLUMN pod_uid TEXT",
    // What pods were given by claims (ledger/claims.ts). It is of the pods of this boot: the kubelet has every claim
    // prepared anew before the first sandbox after a boot.
    `
CREATE TABLE claims (
  id INTEGER PRIMARY KEY,
  boot_id TEXT NOT NULL,
  claim_uid TEXT NOT NULL,
  claim_namespace TEXT NOT NULL,
  claim_name TEXT NOT NULL,
  pod_uid TEXT NOT NULL,
  request TEXT NOT NULL,
  device TEXT NOT NULL,
  share_id TEXT,
  uplink TEXT NOT NULL,
  direction TEXT NOT NULL CHECK (direction IN ('egress', 'ingress')),
  rate_bits INTEGER NOT NULL CHECK (rate_bits > 0),
  created_up_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX claims_by_claim ON claims (boot_id, claim_uid);
CREATE INDEX claims_by_pod ON claims (boot_id, pod_uid)
`,
  ],
};

interface Step extends SchemaVersion {
  sql: string;
}

/** From an empty file on. */
const steps: readonly Step[] = migrations.flatMap((sql, index) => {
  const format = index + 1;
  const added = additions[format] ?? [];
  return [sql, ...added].map((each, count) => ({ format, additions: count, sql: each }));
});

const last: SchemaVersion = steps.at(-1) ?? { format: 0, additions: 0 };

/** The number that a file has which this program has made. */
export const schemaVersion = schemaNumber(last);

const isAfter = (a: SchemaVersion, b: SchemaVersion): boolean =>
  a.format === b.format ? a.additions > b.additions : a.format > b.format;

/**
 * The statements that make a file of version `from` (0 for an empty file) one of ours. They belong in one
 * transaction.
 */
export function upgradeFrom(from: number, to = schemaVersion): string {
  const [first, end] = [schemaOf(from), schemaOf(to)];
  return [
    ...steps.filter((step) => isAfter(step, first) && !isAfter(step, end)).map(({ sql }) => sql),
    `PRAGMA user_version = ${to}`,
    `PRAGMA application_id = ${applicationId}`,
  ].join(";\n");
}
