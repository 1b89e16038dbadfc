/** Something that happens once, in the middle of a run. */
export function signal(): { readonly raised: Promise<void>; raise(): void } {
  let raise = (): void => {};
  const raised = new Promise<void>((resolve) => (raise = resolve));
  return { raised, raise: () => raise() };
}
