/** In the ledger's folder: what a BandwidthClass has put into the node's configuration. */
export const classRecordName = "bandwidth-class.json";
