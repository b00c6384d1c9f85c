/** The smallest input that fails, as far as removing ranges of bytes finds it. */
const maxRuns = 5_000

/** Removes ranges of bytes, large ones first, while the rest still fails. */
export const shrink = async (
  input: Uint8Array,
  fails: (candidate: Uint8Array) => Promise<boolean>
): Promise<Uint8Array> => {
  let smallest = input
  let runs = 0
  for (let size = Math.ceil(input.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < smallest.length && runs < maxRuns;) {
      const candidate = new Uint8Array([...smallest.subarray(0, start), ...smallest.subarray(start + size)])
      runs += 1
      if (await fails(candidate)) smallest = candidate
      else start += size
    }
  }
  return smallest
}
