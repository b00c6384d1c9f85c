/** CPU time of this process. */

/** The microseconds of CPU that the work takes. */
// No forced collection before it, since a full one discards compiled code, unlike in a running service.
export const cpuOf = async (work: () => Promise<void>): Promise<number> => {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/** Runs a task a number of times, with so many at once. */
export const repeat = async (times: number, atOnce: number, task: () => Promise<void>): Promise<void> => {
  let left = times
  const worker = async () => {
    while (left-- > 0) await task()
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
