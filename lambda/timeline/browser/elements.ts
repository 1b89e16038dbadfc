/** An element that the page always has. */
export const element = (id: string): HTMLElement => document.getElementById(id) as HTMLElement;
export const field = (id: string): HTMLInputElement => element(id) as HTMLInputElement;
export const every = (selector: string): readonly HTMLElement[] => [
  ...document.querySelectorAll<HTMLElement>(selector),
];

/** To those who do not see the page. */
export const say = (words: string): void => {
  element('said').textContent = words;
};
