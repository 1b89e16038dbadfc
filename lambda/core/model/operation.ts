/** By the names of traces. The documents give some in full and others by their ends, so ends are compared, in any case. */
const OPERATIONS = {
  cleanFailed: /^cleanFailed/i,
  create: /^create\w*Instance(Result)?$/i,
  delete: /^delete\w*Instance(Result)?$/i,
  updateName: /^update\w*Name$/i,
  updateDescription: /^update\w*Desc(ription)?$/i,
  updateSecurityGroup: /^update\w*SecurityGroup$/i,
  updateMaintenance: /^update\w*Maintain(Time)?$/i,
  updatePublicIp: /^update\w*Eip$/i,
  update: /^update/i,
  other: /^/,
};
export type OperationKind = keyof typeof OPERATIONS;
export const OPERATION_KINDS = Object.keys(OPERATIONS) as [OperationKind, ...OperationKind[]];

export const operationOf = (name: string): OperationKind =>
  OPERATION_KINDS.find((kind) => OPERATIONS[kind].test(name)) ?? 'other';
