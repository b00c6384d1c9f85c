/** Counts in messages. */

/** A count with its noun, such as `1 row` and `2 rows`. */
export const counted = (count: number, noun: string, plural: string = `${noun}s`): string =>
  `${count} ${count === 1 ? noun : plural}`
