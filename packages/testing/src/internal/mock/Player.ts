/** Plays a script: gives each request its answer. */
import * as Duration from "effect/Duration"
import type { Answer, AnswerFunction, Combination, ReceivedRequest, Script } from "../../Script.ts"

/** How a script treats a request. */
type Move =
  | { readonly _tag: "Answer"; readonly answer: Answer; readonly delay: number }
  | { readonly _tag: "Call"; readonly answer: AnswerFunction; readonly delay: number }
  /** This script does not answer this request, but may answer others. */
  | { readonly _tag: "NoMatch" }
  /** This script answers no further request. */
  | { readonly _tag: "UsedUp" }

/** The state of one script. */
export interface Player {
  readonly next: (received: ReceivedRequest) => Move
}

const usedUp: Move = { _tag: "UsedUp" }
const noMatch: Move = { _tag: "NoMatch" }

/** A script, and not a single answer. */
const isScript = (item: Answer | Script): item is Script =>
  Array.isArray(item) ||
  typeof item === "function" ||
  (typeof item === "object" && "_tag" in item && combinations.has(item._tag))

const combinations: ReadonlySet<string> = new Set<Combination["_tag"]>([
  "Sequence",
  "Repeat",
  "Take",
  "When",
  "OrElse",
  "Wait"
])

/** Answers one request. */
const once = (answer: Answer): Player => {
  let isLeft = true
  return {
    next: () => {
      if (!isLeft) return usedUp
      isLeft = false
      return { _tag: "Answer", answer, delay: 0 }
    }
  }
}

/** Moves to the next player when one is used up. Players are made when they are reached. */
const inOrder = (items: ReadonlyArray<Answer | Script>): Player => {
  let position = 0
  let current: Player | undefined
  return {
    next: (received) => {
      for (;;) {
        const item = items[position]
        if (item === undefined) return usedUp
        current ??= isScript(item) ? make(item) : once(item)
        const move = current.next(received)
        if (move._tag !== "UsedUp") return move
        position += 1
        current = undefined
      }
    }
  }
}

const repeated = (script: Script, times: number): Player => {
  let round = 1
  let current = make(script)
  return {
    next: (received) => {
      const move = times < 1 ? usedUp : current.next(received)
      if (move._tag !== "UsedUp" || round >= times) return move
      round += 1
      current = make(script)
      // A script without any answer is used up in each round.
      return current.next(received)
    }
  }
}

const limited = (script: Script, count: number): Player => {
  const inner = make(script)
  let left = count
  return {
    next: (received) => {
      if (left <= 0) return usedUp
      const move = inner.next(received)
      if ("delay" in move) left -= 1
      return move
    }
  }
}

const delayed = (move: Move, millis: number): Move => ("delay" in move ? { ...move, delay: move.delay + millis } : move)

const fromCombination = (script: Combination): Player => {
  switch (script._tag) {
    case "Sequence":
      return inOrder(script.scripts)
    case "Repeat":
      return repeated(script.script, script.times)
    case "Take":
      return limited(script.script, script.count)
    case "When": {
      const inner = make(script.script)
      return { next: (received) => (script.matches(received) ? inner.next(received) : noMatch) }
    }
    case "OrElse": {
      const first = make(script.script)
      const second = make(script.otherwise)
      return {
        next: (received) => {
          const move = first.next(received)
          return "delay" in move ? move : orOpen(move, second.next(received))
        }
      }
    }
    case "Wait": {
      const inner = make(script.script)
      const millis = Duration.toMillis(script.duration)
      return { next: (received) => delayed(inner.next(received), millis) }
    }
  }
}

/** A pair of scripts is used up only when both are. */
const orOpen = (first: Move, second: Move): Move => (second._tag === "UsedUp" ? first : second)

/** Plays a script from its start. */
export const make = (script: Script): Player => {
  if (typeof script === "function") return { next: () => ({ _tag: "Call", answer: script, delay: 0 }) }
  return "_tag" in script ? fromCombination(script) : inOrder(script)
}
