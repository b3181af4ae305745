/**
 * What a class or a queue has counted since it was made; the backlog is that of the moment.
 */
export interface Counters {
  /** Ethernet frames, headers of every segment included, as HTB counts them. */
  bytes: number;
  packets: number;
  drops: number;
  backlogBytes: number;
  /** The count is in the queue's own unit: a GSO unit counts as one. */
  backlogPackets: number;
}
