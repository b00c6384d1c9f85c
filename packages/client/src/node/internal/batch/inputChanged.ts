/** The errors of an input that is not the one that its job was started with. */
import { BatchInputChangedError } from "@kimi-effect/core/BatchErrors"
import * as Effect from "effect/Effect"
import type { Input, Source } from "./input/inputSource.ts"

const nameOf = (input: Input): string => (typeof input === "string" ? input : "stream")

/** Since an earlier run. */
export const before = (input: Input): BatchInputChangedError =>
  new BatchInputChangedError({
    message: "The input is not the one that the job was started with",
    input: nameOf(input)
  })

/** What to do when rows have answers to the changed text, by what the job has. */
const advice = {
  output: "start a new job with another output file, or restore the input file if none of them was changed",
  id: "start a new job with another id, or restore the input file if none of them was changed",
  writer: "run the job again, unless none of them was changed"
}

type Job = keyof typeof advice

/** At the end of a run. */
export const during = (input: Input, job: Job): BatchInputChangedError =>
  new BatchInputChangedError({
    message: "The input was changed while the job was running",
    input: nameOf(input),
    fix: `Rows that were read after the change have answers to the changed text: ${advice[job]}.`
  })

/** Fails if the input was changed since it was opened. */
export const check = (
  input: Input,
  { isUnchanged }: Pick<Source, "isUnchanged">,
  job: Job
): Effect.Effect<void, BatchInputChangedError> =>
  Effect.suspend(() => {
    try {
      return isUnchanged() ? Effect.void : Effect.fail(during(input, job))
    } catch {
      // The input was removed.
      return Effect.fail(during(input, job))
    }
  })
