/** What the numbers of flags must be. Others are usage errors, before anything is read or sent. */
import * as Flag from "effect/cli/Flag"

export const positive = Flag.filter(
  (count: number) => count > 0,
  () => "a whole number over zero"
)

export const port = Flag.filter(
  (number: number) => number >= 0 && number < 65_536,
  () => "a port from 0 to 65535"
)
