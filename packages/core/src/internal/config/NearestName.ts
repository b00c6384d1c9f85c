/**
 * The known name that was probably meant by an unknown one.
 *
 * @since 0.1.0
 */

/** The least number of characters to insert, remove, replace or swap with a neighbour. */
const distance = (a: string, b: string): number => {
  let beforeLast: ReadonlyArray<number> = []
  let last: ReadonlyArray<number> = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isEqual = a[i - 1] === b[j - 1]
      const isSwap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = Math.min(
        (row[j - 1] ?? 0) + 1,
        (last[j] ?? 0) + 1,
        (last[j - 1] ?? 0) + (isEqual ? 0 : 1),
        isSwap ? (beforeLast[j - 2] ?? 0) + 1 : Infinity
      )
    }
    beforeLast = last
    last = row
  }
  return last.at(-1) ?? 0
}

/**
 * The known name that is nearest, where at most a third of the letters differ.
 * Letters of a common prefix are not counted.
 *
 * @category getters
 * @since 0.1.0
 */
export const nearestTo = (name: string, known: Iterable<string>, prefixLength = 0): string | undefined => {
  let nearest: string | undefined
  let least = Math.max(1, Math.floor((name.length - prefixLength) / 3)) + 1
  for (const candidate of known) {
    // Fewer changes than the lengths differ by are never enough.
    if (Math.abs(candidate.length - name.length) >= least) continue
    const changes = distance(name, candidate)
    if (changes >= least) continue
    least = changes
    nearest = candidate
  }
  return nearest
}
