import { InvalidArgumentError } from 'commander';

/** The parser of an option that takes a whole number from `from` to `to`. */
export const wholeNumber =
  (from: number, to: number) =>
  (text: string): number => {
    const number = Number(text);
    if (!/^\d{1,9}$/.test(text) || number < from || number > to)
      throw new InvalidArgumentError(`it must be a whole number from ${from} to ${to}.`);
    return number;
  };
