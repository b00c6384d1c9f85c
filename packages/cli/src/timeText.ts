/** Times in what a command writes for a person. */

/** A time to the second, and longer ones to the minute or to a tenth of an hour. */
export const timeText = (milliseconds: number): string => {
  const seconds = Math.ceil(milliseconds / 1000)
  if (seconds < 100) return `${seconds} s`
  return seconds < 6_000 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`
}
