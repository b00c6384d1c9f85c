/** The input and the output of a batch from the arguments of a command. `-` is a standard stream. */
import { resolve } from "node:path"
import type * as BatchJob from "@kimi-effect/client/node/BatchJob"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stdio from "effect/Stdio"
import * as Terminal from "effect/Terminal"
import { UsageError, wrongFlag } from "../commandError.ts"
import * as InputFile from "../inputFile.ts"
import { flagOf } from "../optionFlags.ts"
import * as Output from "../output.ts"

export interface InputFlags {
  readonly format: Option.Option<BatchJob.Format>
  readonly separator: Option.Option<string>
  readonly column: Option.Option<string>
  readonly template: Option.Option<string>
  readonly idColumn: Option.Option<string>
  readonly system: Option.Option<string>
  readonly maxTokens: Option.Option<number>
  readonly effort: Option.Option<string>
}

interface Paths {
  readonly input: string
  readonly output: string
}

export const isStandard = (path: string): boolean => path === "-"

/** Whether the lines have columns of texts, and are no requests. */
export const isOfPrompts = ({ column, template }: InputFlags): boolean =>
  Option.isSome(column) || Option.isSome(template)

/** Members of each request. None where no flag sets one: the options of a job are compared when it continues. */
export const membersOf = ({ effort, maxTokens }: InputFlags): BatchJob.Prompts["request"] =>
  Option.isNone(effort) && Option.isNone(maxTokens)
    ? undefined
    : {
        ...(Option.isNone(effort) ? {} : { reasoning_effort: effort.value }),
        ...(Option.isNone(maxTokens) ? {} : { max_completion_tokens: maxTokens.value })
      }

const promptsOf = (flags: InputFlags): BatchJob.Prompts | undefined =>
  isOfPrompts(flags)
    ? {
        column: Option.getOrUndefined(flags.column),
        template: Option.getOrUndefined(flags.template),
        id: Option.getOrUndefined(flags.idColumn),
        system: Option.getOrUndefined(flags.system),
        request: membersOf(flags)
      }
    : undefined

/** A flag of prompts, where the lines are requests, which have these members themselves. */
const misplaced = (flags: InputFlags): string | undefined => {
  if (isOfPrompts(flags)) return undefined
  const given = (["system", "idColumn", "maxTokens", "effort"] as const).find((name) => flags[name]._tag === "Some")
  return given === undefined ? undefined : `--${flagOf(given)}`
}

/** Whether a separator is given for a file of JSONL, which would be read as CSV for it without a word. */
const isUnseparated = (input: string, { format, separator }: InputFlags): boolean =>
  Option.isSome(separator) && Option.isNone(format) && /\.jsonl(?:\.gz)?$/i.test(input)

const twoPrompts = wrongFlag("--column", "no --template, which names the columns of the prompt itself")

/** How the input is read. */
export const jobInput = Effect.fnUntraced(function* (input: string, flags: InputFlags) {
  const unused = misplaced(flags)
  if (unused !== undefined) return yield* Effect.fail(wrongFlag(unused, "a --column or a --template with it"))
  if (Option.isSome(flags.column) && Option.isSome(flags.template)) return yield* Effect.fail(twoPrompts)
  if (isUnseparated(input, flags)) {
    return yield* Effect.fail(wrongFlag("--separator", "a CSV input: another file than one of JSONL, or --format csv"))
  }
  if (!isStandard(input)) yield* InputFile.checkRows(input)
  const { stdin } = yield* Stdio.Stdio
  return {
    input: isStandard(input) ? stdin : input,
    format: Option.getOrUndefined(flags.format),
    separator: Option.getOrUndefined(flags.separator),
    prompts: promptsOf(flags)
  } satisfies BatchJob.RowOptions
})

const oneFile = new UsageError("The output is the file of the input", "Name another file for the answers.")

/** Options of the job. Lines that are no rows are written to stderr when there is no reject file. */
export const jobFiles = Effect.fnUntraced(function* ({ input, output }: Paths, flags: InputFlags) {
  if (!isStandard(output) && resolve(input) === resolve(output)) return yield* Effect.fail(oneFile)
  const read = yield* jobInput(input, flags)
  const terminal = yield* Terminal.Terminal
  const write = (line: string) => Effect.provideService(Output.print(line), Terminal.Terminal, terminal)
  return {
    ...read,
    ...(isStandard(output)
      ? {
          output: write,
          onReject: ({ line, message }: { readonly line: number; readonly message: string }) =>
            Output.note(`Line ${line} is no row: ${message}`)
        }
      : { output })
  } satisfies Pick<BatchJob.Options, "input" | "output" | "format" | "separator" | "prompts" | "onReject">
})
