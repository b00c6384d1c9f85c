/**
 * The expected result of one hedged stream, computed from the times of its two
 * attempts only, without fibers or scopes.
 */
import type { Play } from "./hedge.ts"

export interface Scenario {
  /** When the stream is late. */
  readonly after: number
  readonly plays: readonly [Play, Play]
  /** Whether the budget allows a hedge. */
  readonly isPaid: boolean
  /** When the caller is interrupted. */
  readonly interruptAt: number
}

export interface Outcome {
  /** The attempt whose events arrive, and how many of the two pairs; `undefined` if none does. */
  readonly winner: 0 | 1 | undefined
  readonly pairs: number
  /** When each pair arrives. */
  readonly times: ReadonlyArray<number>
  /** The attempt whose error the stream ends with. */
  readonly failedWith: 0 | 1 | undefined
  readonly end: number
  readonly opened: number
  /** Whether the budget was used. */
  readonly isAsked: boolean
  readonly isHedgeWin: boolean
}

/** One attempt, in the caller's time. */
const lifeOf = (play: Play, startedAt: number) => {
  const settled = startedAt + (play.first ?? Infinity)
  const closing = play.closing ?? 0
  const isBroken = play.isBroken === true
  return {
    success: isBroken ? Infinity : settled,
    /** When it fails, which is after it was closed. */
    failure: isBroken ? settled + closing : Infinity,
    /** When it is closed, if it is interrupted before it has won. */
    closedBy: (now: number): number => {
      if (now >= settled) return settled + closing
      return (play.isStubborn === true ? settled : now) + closing
    }
  }
}

export const computeOutcome = ({ after, interruptAt, isPaid, plays }: Scenario): Outcome => {
  const first = lifeOf(plays[0], 0)
  const isAsked = Math.min(first.success, first.failure) > after && interruptAt > after
  const isHedged = isAsked && isPaid
  const second = isHedged ? lifeOf(plays[1], after) : undefined
  const hedgeSuccess = second?.success ?? Infinity
  const won = Math.min(first.success, hedgeSuccess)
  const bothFailed = second === undefined ? first.failure : Math.max(first.failure, second.failure)
  const facts = { opened: isHedged ? 2 : 1, isAsked }
  const nothing = { winner: undefined, pairs: 0, times: [], failedWith: undefined, isHedgeWin: false } as const

  // No attempt has won before the caller is interrupted.
  if (interruptAt < Math.min(won, bothFailed)) {
    const running = [first, second].filter((life) => life !== undefined)
    const ends = running.map((life) => (life.failure <= interruptAt ? 0 : life.closedBy(interruptAt)))
    return { ...nothing, ...facts, end: Math.max(interruptAt, ...ends) }
  }
  if (won === Infinity) return { ...nothing, ...facts, failedWith: 0, end: bothFailed }

  // Of two at the same time, the first.
  const winner = first.success <= hedgeSuccess ? 0 : 1
  const play = plays[winner]
  const closing = play.closing ?? 0
  const loser = winner === 0 ? second : first
  const isLoserRunning = loser !== undefined && loser.failure > won
  const begins = isLoserRunning ? Math.max(won, loser.closedBy(won)) : won
  const rest = begins + (play.rest ?? 0)
  const win = { ...facts, isHedgeWin: winner === 1 }
  if (interruptAt < begins) return { ...nothing, ...win, end: begins + closing }
  if (interruptAt < rest) {
    return { ...win, winner, pairs: 1, times: [begins], failedWith: undefined, end: interruptAt + closing }
  }
  return play.isCut === true
    ? { ...win, winner, pairs: 1, times: [begins], failedWith: winner, end: rest + closing }
    : { ...win, winner, pairs: 2, times: [begins, rest], failedWith: undefined, end: rest + closing }
}
