/** Also the id of a construct, so it must not be one of those that `Subscriptions` makes itself: those are capitalized. */
export const SUBSCRIPTION_NAME = /^[a-z][a-z0-9-]{0,39}$/;
export const NO_SUBSCRIPTION_NAME = 'must be small letters, digits and "-", at most 40, and begin with a letter';

/** Without a name, what release 1.0 called it, which had no names yet: its type and its place in the list. */
export const nameOfSubscription = (
  { name, type }: { readonly name?: unknown; readonly type?: unknown },
  index: number,
): string => (typeof name === 'string' ? name : `${String(type)}${index + 1}`);
