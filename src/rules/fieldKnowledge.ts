// What the lint is told of a field. Who knows the mappings says it (`fields/knownFields.ts`); rules know no mapping.

/**
 * Whether anything fills a field. `looked_up`: Elastic's pipeline adds it by a lookup (the network of an address, the
 * parts of a user agent), and no mapping of the rule's datasets does.
 */
export type FieldKnowledge = (
  field: string,
  datasets: readonly string[],
) => 'known' | 'unknown' | 'looked_up';
