/** What the hosts of a schedule record of their attempts. */
import type { HostAction } from "../../schedule/CallSchedule.ts"

/** One attempt, as its host observed it. Times are monotonic milliseconds from the start of the run. */
export interface LoggedAttempt {
  readonly number: number
  /** The index of the call that made it; -1 if none of the schedule did. */
  readonly call: number
  readonly tenant: string
  readonly account: string
  readonly provider: string
  readonly model: string
  /** The host and model that were called. */
  readonly target: string
  readonly prompt: string
  /** The beginning of a response that the request asks to continue. */
  readonly partial: string | undefined
  readonly action: HostAction
  readonly startedAt: number
  /** Absent while the connection is open. */
  endedAt: number | undefined
  /** Words that were generated. */
  generated: number
  /** Whether the whole response was sent, which includes its usage. */
  isWhole: boolean
  failure: { readonly tag: string; readonly at: number } | undefined
}

/** The tokens that a host counts for a prompt of any length. */
export const promptTokens = 1

/** A word that names its attempt and its position in the response. */
export const word = ({ number }: LoggedAttempt, position: number): string => `<${number}.${position}>`

/** The text of the first words of an attempt. */
export const textOf = (attempt: LoggedAttempt, words: number): string =>
  Array.from({ length: words }, (_, position) => word(attempt, position)).join("")
