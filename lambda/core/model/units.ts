/** Request units that a recorder has consumed, as the database reported them. */
export interface Units {
  readonly write: number;
  readonly read: number;
}
