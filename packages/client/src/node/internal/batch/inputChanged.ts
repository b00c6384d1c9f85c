/** The errors of an input that is not the one that its job was started with. */
import { BatchInputChangedError } from "@kimi-effect/core/BatchErrors"
import { counted } from "@kimi-effect/core/internal/Counted"
import * as Effect from "effect/Effect"
import * as FileFailure from "../FileFailure.ts"
import type { ChangedRows } from "./changedRows.ts"
import * as damage from "./damage.ts"
import * as jobRecord from "./jobRecord.ts"
import type { Difference, Input, Source } from "./input/inputSource.ts"

const isRemoved = (error: unknown): boolean => ["ENOENT", "ENOTDIR"].includes(FileFailure.codeOf(error) ?? "")

const nameOf = (input: Input): string => (typeof input === "string" ? input : "stream")

/** Since an earlier run. */
export const before = (input: Input): BatchInputChangedError =>
  new BatchInputChangedError({
    message: "The input is not the one that the job was started with",
    input: nameOf(input)
  })

/** What to do when rows have answers to the changed text, by what the job has. */
const advice = {
  host: "start a new job with another output file, or restore the input file if none of them was changed",
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

/** What is known of an input that other programs may change. */
export class InputWatch {
  readonly #source: Pick<Source, "difference" | "digest">
  /** Absent for a large file. */
  readonly #digest: string | undefined
  /** The time of an equal copy. */
  #equalAt: bigint | undefined = undefined
  #hasOtherText = false
  #hasOtherTime = false

  /** To be made when the input is opened. Throws if it cannot be read. */
  constructor(source: Pick<Source, "difference" | "digest">) {
    this.#source = source
    this.#digest = source.digest()
  }

  /** Whether it had another text at any check, also if it was restored since. */
  hasOtherText(): boolean {
    this.mayHaveOtherText()
    return this.#hasOtherText
  }

  /** The same, and whether it is a large file that was written again. */
  mayHaveOtherText(): boolean {
    this.isChanged()
    return this.#hasOtherText || this.#hasOtherTime
  }

  /** The same, and whether it is removed. One that cannot be read for another reason is not known to differ. */
  isChanged(): boolean {
    if (this.#hasOtherText) return true
    try {
      this.#check(this.#source.difference())
    } catch (error) {
      if (isRemoved(error)) return true
    }
    return this.#hasOtherText || this.#hasOtherTime
  }

  #check(difference: Difference): void {
    if (difference._tag === "Text") this.#hasOtherText = true
    if (difference._tag !== "Time" || difference.writtenAt === this.#equalAt) return
    if (this.#digest === undefined) this.#hasOtherTime = true
    else if (this.#source.digest() === this.#digest) this.#equalAt = difference.writtenAt
    else this.#hasOtherText = true
  }
}

const isUnsure = ({ difference }: Pick<Source, "difference">): boolean => {
  try {
    return difference()._tag !== "None"
  } catch {
    return true
  }
}

/** Fails before rows are sent that may have another text than the input. */
export const checkUnsent = (
  input: Input,
  source: Pick<Source, "difference">
): Effect.Effect<void, BatchInputChangedError> =>
  Effect.suspend(() =>
    isUnsure(source)
      ? Effect.fail(
          new BatchInputChangedError({
            message: "The input was changed while the job read it",
            input: nameOf(input),
            fix: "Nothing was sent: run the job again with the input that it is to have."
          })
        )
      : Effect.void
  )

/** Rows after which the input is checked again: each check reads its start. */
const uncheckedRows = 256

/** Whether a further row of an input is to be run: none is when the input is found changed, since each run of the job then fails. */
export const untilChanged = (hasOtherText: () => boolean): (() => boolean) => {
  let rows = 0
  return () => {
    rows += 1
    return rows % uncheckedRows !== 0 || !hasOtherText()
  }
}

/** At the end of a run in this program without rows. */
const withoutRows = (input: Input): BatchInputChangedError =>
  new BatchInputChangedError({ message: "The input was changed while the job was running", input: nameOf(input) })

/** The rows of a run, of which it is not known which ones were read after the change. */
const ofRows = (
  message: string,
  input: Input,
  output: string,
  { before, rows }: ChangedRows
): BatchInputChangedError => {
  const repaired = damage.repairedOf(output)
  const left =
    before === undefined
      ? "start a new job with another output file"
      : `restore the input file, leave them out with BatchJob.repair(${damage.quoted(output)}, ${damage.quoted(repaired)}), and continue the job with that`
  return new BatchInputChangedError({
    message,
    input: nameOf(input),
    fix: `The ${counted(rows, "row")} of that run may have answers to the changed text: ${left}. If none of them was changed, restore the input file and delete the member "changed" of the record ${damage.quoted(jobRecord.pathOf(output))}.`
  })
}

/** At the end of a run in this program. */
export const duringRun = (input: Input, output: string, changed: ChangedRows | undefined): BatchInputChangedError =>
  changed === undefined
    ? withoutRows(input)
    : ofRows("The input was changed while the job was running", input, output, changed)

/** In each later run, also if the input was restored. */
export const duringEarlierRun = (input: Input, output: string, changed: ChangedRows): BatchInputChangedError =>
  ofRows("The input was changed while an earlier run of the job read it", input, output, changed)
